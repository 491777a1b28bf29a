#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
SEC("xdp") int p(struct xdp_md *ctx) {
    long *record = bpf_ringbuf_reserve(&events, 16, 0);
    if (!record)
        return XDP_PASS;
    record[0] = ctx->ingress_ifindex;
    record[1] = 0;
    if (ctx->rx_queue_index > 3)
        return XDP_DROP;
    bpf_ringbuf_submit(record, 0);
    return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
