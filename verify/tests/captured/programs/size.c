#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char values[64];
SEC("xdp") int p(struct xdp_md *ctx) {
    int index = ctx->rx_queue_index;
    if (index > 60)
        return XDP_DROP;
    return values[index] ? XDP_DROP : XDP_PASS;
}
char _license[] SEC("license") = "GPL";
