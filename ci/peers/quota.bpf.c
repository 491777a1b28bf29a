// What quota.ks means, by hand: connections have a budget, which each packet uses.
#include "peer.h"

struct peer {
    __be32 address;
    __be16 port;
};

struct budget {
    __u64 packets, bytes;
    __u32 warned, limit;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct peer);
    __type(value, struct budget);
} budgets SEC(".maps");

__u64 unknown = 0;
__u64 warnings = 0;

static __always_inline void charge(struct budget *budget, __u64 len)
{
    __sync_fetch_and_add(&budget->packets, 1);
    __sync_fetch_and_add(&budget->bytes, len);
}

static __always_inline void warn(struct budget *budget)
{
    if (budget->warned)
        return;
    budget->warned = 1;
    __sync_fetch_and_add(&warnings, 1);
}

SEC("xdp")
int meter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    struct udphdr *udp = (void *)(ip + 1);
    struct peer peer = {};
    struct budget *budget;

    if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP || ip->ihl != 5)
        return XDP_PASS;
    if ((void *)(udp + 1) > end)
        return XDP_PASS;
    peer.address = ip->saddr;
    peer.port = udp->dest;
    budget = bpf_map_lookup_elem(&budgets, &peer);
    if (!budget) {
        __sync_fetch_and_add(&unknown, 1);
        return XDP_PASS;
    }
    charge(budget, ctx->data_end - ctx->data);
    if (budget->packets <= budget->limit)
        return XDP_PASS;
    warn(budget);
    return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
