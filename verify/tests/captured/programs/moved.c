#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int p(struct xdp_md *ctx) {
    unsigned char *b = (void *)(long)ctx->data;
    if (b + 14 > (unsigned char *)(long)ctx->data_end)
        return XDP_PASS;
    if (bpf_xdp_adjust_head(ctx, -8))
        return XDP_DROP;
    return b[0] == 6 ? XDP_DROP : XDP_PASS;
}
char _license[] SEC("license") = "GPL";
