#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int p(struct xdp_md *ctx) {
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    unsigned char *b = data;
    if (data + 14 > data_end)
        return XDP_PASS;
    if (b[12] != 8)
        return XDP_DROP;
    return b[20] == 6 ? XDP_DROP : XDP_PASS;
}
char _license[] SEC("license") = "GPL";
