# two_in_qdisc.sh ONE OTHER: ends ONE, which has made the qdisc, while OTHER has a filter in it, and shows the qdisc.
export KS_TC=clsact
ip link set lo up
start() {
    "$1" --ms=60000 > "$1.log" &
    until grep -q attached "$1.log"; do kill -0 $! || exit 1; sleep 0.05; done
}
start "$1"
one=$!
start "$2"
other=$!
kill -INT $one
wait $one
echo used
tc qdisc show dev lo
kill -INT $other
wait $other
