// What examples/packet_sizes.ks means, by hand: how many packets there are of each size.
#include "peer.h"

#define MAX_SLOTS 12

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, MAX_SLOTS);
    __type(key, __u32);
    __type(value, __u64);
} sizes SEC(".maps");

SEC("socket")
int measure(struct __sk_buff *ctx)
{
    __u32 slot = 0, limit = 64;
    __u64 *packets;

    while (slot < MAX_SLOTS - 1 && ctx->len > limit) {
        slot++;
        limit *= 2;
    }
    packets = bpf_map_lookup_elem(&sizes, &slot);
    if (packets)
        *packets += 1;
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
