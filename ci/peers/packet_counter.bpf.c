// What examples/packet_counter.ks means, by hand: drop what is too long, count the rest by source.
#include "peer.h"

struct traffic {
    __u64 packets;
    __u64 bytes;
};

const volatile struct {
    __u32 max;
} filter = { .max = 1500 };

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, __be32);
    __type(value, struct traffic);
} by_source SEC(".maps");

__u64 dropped = 0;

static void account(const struct iphdr *ip, __u64 len)
{
    __be32 source = ip->saddr;
    struct traffic *t = bpf_map_lookup_elem(&by_source, &source);

    if (!t) {
        struct traffic none = {};

        bpf_map_update_elem(&by_source, &source, &none, BPF_NOEXIST);
        t = bpf_map_lookup_elem(&by_source, &source);
        if (!t)
            return;
    }
    __sync_fetch_and_add(&t->packets, 1);
    __sync_fetch_and_add(&t->bytes, len);
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    __u64 len = data_end - data;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);

    if (len > filter.max) {
        __sync_fetch_and_add(&dropped, 1);
        return XDP_DROP;
    }
    if ((void *)(eth + 1) > data_end)
        return XDP_PASS;
    if (eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) <= data_end)
        account(ip, len);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
