// What examples/vlan_firewall.ks means, by hand: rules for each VLAN, behind up to two tags.
#include "peer.h"

#ifndef PEER_VMLINUX
#include <linux/ipv6.h>
#endif

#define VLAN_VID_MASK 0x0fff
#define IP_OFFSET_MASK 0x1fff
#define TAG_LENGTH 4

struct tag {
    __be16 tci;
    __be16 protocol;
};

struct vlan {
    __u16 outer;
    __u16 inner;
};

struct rule {
    struct vlan vlan;
    __u8 protocol;
    __be16 port;
};

struct counters {
    __u64 passed;
    __u64 dropped;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct rule);
    __type(value, __u64);
} rules SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, struct vlan);
    __type(value, struct counters);
} counters SEC(".maps");

__u64 malformed = 0;

static __always_inline bool is_tag(__be16 protocol)
{
    return protocol == bpf_htons(0x8100) || protocol == bpf_htons(0x88a8);
}

static __always_inline bool is_allowed(struct vlan vlan, __u8 protocol, __be16 port)
{
    struct rule rule;
    __u64 *hits;

    __builtin_memset(&rule, 0, sizeof(rule));
    rule.vlan = vlan;
    rule.protocol = protocol;
    rule.port = port;
    hits = bpf_map_lookup_elem(&rules, &rule);
    if (!hits)
        return false;
    __sync_fetch_and_add(hits, 1);
    return true;
}

static __always_inline bool port_allowed(struct udphdr *ports, void *data_end, struct vlan vlan, __u8 protocol)
{
    if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
        return is_allowed(vlan, protocol, 0);
    if ((void *)(ports + 1) > data_end)
        return false;
    return is_allowed(vlan, protocol, ports->dest);
}

static __always_inline bool frame_allowed(void *header, void *data_end, struct vlan vlan, __be16 ethertype)
{
    if (ethertype == bpf_htons(0x0806))
        return true;
    if (ethertype == bpf_htons(ETH_P_IP)) {
        struct iphdr *ip = header;

        if ((void *)(ip + 1) > data_end)
            return false;
        if (ip->version != 4 || ip->ihl < 5 || ip->frag_off & bpf_htons(IP_OFFSET_MASK))
            return false;
        return port_allowed(header + ip->ihl * 4, data_end, vlan, ip->protocol);
    }
    if (ethertype == bpf_htons(0x86dd)) {
        struct ipv6hdr *ip6 = header;

        if ((void *)(ip6 + 1) > data_end)
            return false;
        return port_allowed((void *)(ip6 + 1), data_end, vlan, ip6->nexthdr);
    }
    return false;
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct vlan vlan = {};
    struct counters *seen;
    void *header = eth + 1;
    __be16 ethertype;
    bool passes;
    int depth;

    if ((void *)(eth + 1) > data_end)
        return XDP_DROP;
    ethertype = eth->h_proto;
    if (!is_tag(ethertype))
        return XDP_PASS;
#pragma unroll
    for (depth = 0; depth < 2; depth++) {
        struct tag *tag = header;
        __u16 id;

        if (!is_tag(ethertype))
            continue;
        if ((void *)(tag + 1) > data_end) {
            __sync_fetch_and_add(&malformed, 1);
            return XDP_DROP;
        }
        id = bpf_ntohs(tag->tci) & VLAN_VID_MASK;
        if (depth == 0)
            vlan.outer = id;
        else
            vlan.inner = id;
        ethertype = tag->protocol;
        header += TAG_LENGTH;
    }
    passes = frame_allowed(header, data_end, vlan, ethertype);
    seen = bpf_map_lookup_elem(&counters, &vlan);
    if (!seen) {
        struct counters none = {};

        bpf_map_update_elem(&counters, &vlan, &none, BPF_NOEXIST);
        seen = bpf_map_lookup_elem(&counters, &vlan);
    }
    if (seen) {
        if (passes)
            __sync_fetch_and_add(&seen->passed, 1);
        else
            __sync_fetch_and_add(&seen->dropped, 1);
    }
    return passes ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
