// What examples/packet_filter.ks means, by hand: drop frames that are longer than `max`, count them.
#include "peer.h"

const volatile struct {
    __u32 max;
} filter = { .max = 1500 };

__u64 dropped = 0;

SEC("xdp")
int drop_long(struct xdp_md *ctx)
{
    __u64 len = ctx->data_end - ctx->data;

    if (len > filter.max) {
        __sync_fetch_and_add(&dropped, 1);
        return XDP_DROP;
    }
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
