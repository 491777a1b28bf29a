// What hist_add.ks means, as the tools of bcc's libbpf-tools count: the number of the highest bit, and an atomic addition to an array of
// slots.
#include "peer.h"

#define MAX_SLOTS 64

__u64 slots[MAX_SLOTS] = {};

static __always_inline __u64 log2(__u32 value)
{
    __u32 shift, result;

    result = (value > 0xffff) << 4;
    value >>= result;
    shift = (value > 0xff) << 3;
    value >>= shift;
    result |= shift;
    shift = (value > 0xf) << 2;
    value >>= shift;
    result |= shift;
    shift = (value > 0x3) << 1;
    value >>= shift;
    result |= shift;
    result |= (value >> 1);
    return result;
}

static __always_inline __u64 log2l(__u64 value)
{
    __u32 high = value >> 32;

    return high ? log2(high) + 32 : log2(value);
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
    __u64 slot = log2l((__u64)ctx->data_end - ctx->data);

    if (slot >= MAX_SLOTS)
        slot = MAX_SLOTS - 1;
    __sync_fetch_and_add(&slots[slot], 1);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
