// What flow_table.ks means, by hand: each flow of IPv4 with its packets, bytes, first and last time.
#include "peer.h"

struct flow {
    __be32 source;
    __be32 target;
    __u8 protocol;
};

struct seen {
    __u64 packets;
    __u64 bytes;
    __u64 first_ns;
    __u64 last_ns;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct flow);
    __type(value, struct seen);
} flows SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u64);
} by_protocol SEC(".maps");

__u64 full = 0;

SEC("xdp")
int watch(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    __u64 len = data_end - data;
    struct flow flow;
    struct seen *seen;
    __u32 protocol;
    __u64 *count, now;

    if ((void *)(eth + 1) > data_end)
        return XDP_PASS;
    if (eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    protocol = ip->protocol;
    count = bpf_map_lookup_elem(&by_protocol, &protocol);
    if (count)
        __sync_fetch_and_add(count, 1);
    __builtin_memset(&flow, 0, sizeof(flow));
    flow.source = ip->saddr;
    flow.target = ip->daddr;
    flow.protocol = ip->protocol;
    now = bpf_ktime_get_ns();
    seen = bpf_map_lookup_elem(&flows, &flow);
    if (seen) {
        __sync_fetch_and_add(&seen->packets, 1);
        __sync_fetch_and_add(&seen->bytes, len);
        seen->last_ns = now;
    } else {
        struct seen first = { .packets = 1, .bytes = len, .first_ns = now, .last_ns = now };

        if (bpf_map_update_elem(&flows, &flow, &first, BPF_ANY))
            __sync_fetch_and_add(&full, 1);
    }
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
