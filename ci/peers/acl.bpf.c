// What acl.ks means, by hand: the first rule that fits a packet decides.
#include "peer.h"

#define MAX_RULES 32

struct prefix {
    __u32 prefixlen;
    __be32 address;
};

struct rule {
    __u32 group;
    __u8 protocol;
    bool drops;
    __u16 first;
    __u16 last;
    __u64 hits;
};

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, 1024);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct prefix);
    __type(value, __u32);
} groups SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, MAX_RULES);
    __type(key, __u32);
    __type(value, struct rule);
} rules SEC(".maps");

__u32 rule_count = 0;
__u64 unmatched = 0;

SEC("xdp")
int check(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    struct udphdr *ports;
    struct prefix prefix;
    __u32 *group, i;
    __u16 port;

    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    if (ip->ihl < 5)
        return XDP_DROP;
    if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
        return XDP_PASS;
    ports = (void *)ip + ip->ihl * 4;
    if ((void *)(ports + 1) > data_end)
        return XDP_DROP;
    prefix.prefixlen = 32;
    prefix.address = ip->saddr;
    group = bpf_map_lookup_elem(&groups, &prefix);
    if (!group)
        return XDP_PASS;
    port = bpf_ntohs(ports->dest);
    for (i = 0; i < MAX_RULES; i++) {
        __u32 number = i;
        struct rule *rule;

        if (i >= rule_count)
            break;
        rule = bpf_map_lookup_elem(&rules, &number);
        if (!rule)
            break;
        if (rule->group != *group || rule->protocol != ip->protocol)
            continue;
        if (port < rule->first || port > rule->last)
            continue;
        __sync_fetch_and_add(&rule->hits, 1);
        return rule->drops ? XDP_DROP : XDP_PASS;
    }
    __sync_fetch_and_add(&unmatched, 1);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
