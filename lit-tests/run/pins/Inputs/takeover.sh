# Runs the program of takeover.ks in a namespace of its own: it pins, takes over, detaches, unpins. No process has its programs in between: those
# that are there are attached. The kernel removes others after a while.
programs() {
    for i in $(seq 50); do
        count=$(bpftool prog show | grep -c "name taken_over\|name a_program_with_")
        [ "$count" = "$1" ] && break
        sleep 0.1
    done
    echo "programs: $count"
}
ip link set lo up
$1
$1
programs 2
$1 --ends
programs 1
$1 --removes
programs 0
