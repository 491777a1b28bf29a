// What hist_keys.ks means, as the tools of bcc's libbpf-tools count: an entry with slots for each key, made where there is none, the number of
// the highest bit, and an atomic addition.
#include "peer.h"

#define MAX_SLOTS 64

struct hist {
    __u64 slots[MAX_SLOTS];
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, __u8);
    __type(value, struct hist);
} sizes SEC(".maps");

static struct hist no_values;

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

static __always_inline void add(__u8 key, __u64 value)
{
    struct hist *hist = bpf_map_lookup_elem(&sizes, &key);
    __u64 slot;

    if (!hist) {
        bpf_map_update_elem(&sizes, &key, &no_values, BPF_NOEXIST);
        hist = bpf_map_lookup_elem(&sizes, &key);
        if (!hist)
            return;
    }
    slot = log2l(value);
    if (slot >= MAX_SLOTS)
        slot = MAX_SLOTS - 1;
    __sync_fetch_and_add(&hist->slots[slot], 1);
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);

    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    add(ip->protocol, data_end - data);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
