// What policy.ks means, by hand: rules over flags of a packet.
#include "peer.h"

const volatile struct {
    bool strict, dns_only_local;
} policy = { .strict = true, .dns_only_local = true };

struct facts {
    bool local, tcp, opening, privileged, small, fragment;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, __be32);
    __type(value, __u8);
} trusted SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u64);
} verdicts SEC(".maps");

static __always_inline struct facts facts_of(struct xdp_md *ctx, struct iphdr *ip)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct tcphdr *tcp = data + 34;
    struct udphdr *udp = data + 34;
    struct facts facts = {
        .local = (ip->saddr & bpf_htonl(0xff000000)) == bpf_htonl(0x0a000000),
        .tcp = ip->protocol == IPPROTO_TCP,
        .small = ctx->data_end - ctx->data < 128,
        .fragment = ip->frag_off & bpf_htons(0x3fff),
    };

    if (facts.fragment || ip->ihl != 5)
        return facts;
    if (facts.tcp) {
        if ((void *)(tcp + 1) <= end) {
            facts.opening = tcp->syn && !tcp->ack;
            facts.privileged = bpf_ntohs(tcp->dest) < 1024;
        }
    } else if ((void *)(udp + 1) <= end) {
        facts.privileged = bpf_ntohs(udp->dest) < 1024;
    }
    return facts;
}

static __always_inline __u32 rule_of(struct facts *facts, bool trusts)
{
    if (facts->fragment && policy.strict)
        return 1;
    if (facts->opening && facts->privileged && !trusts)
        return 2;
    if (!facts->tcp && facts->privileged && !facts->local && policy.dns_only_local)
        return 3;
    if (facts->tcp && facts->small && !facts->opening && !facts->local)
        return 4;
    if (trusts && facts->local)
        return 5;
    return 0;
}

SEC("xdp")
int decide(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    struct facts facts;
    __be32 source;
    __u64 *count;
    bool trusts;
    __u32 rule;

    if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > end)
        return XDP_PASS;
    facts = facts_of(ctx, ip);
    source = ip->saddr;
    trusts = bpf_map_lookup_elem(&trusted, &source);
    rule = rule_of(&facts, trusts);
    count = bpf_map_lookup_elem(&verdicts, &rule);
    if (count)
        __sync_fetch_and_add(count, 1);
    return rule >= 1 && rule <= 3 ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
