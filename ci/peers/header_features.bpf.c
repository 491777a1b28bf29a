// What header_features.ks means, by hand: eight features of the headers of packets.
#include "peer.h"

#ifndef PEER_VMLINUX
#include <linux/ipv6.h>
#else
#define ETH_P_8021Q 0x8100
#define ETH_P_IPV6 0x86dd
#endif

#define SHORT 1
#define ODD 2
#define EMPTY 3

struct features {
    bool tagged;
    bool v6;
    bool fragment;
    bool options;
    bool syn;
    bool dns;
    bool small;
    bool local;
};

struct tag {
    __be16 control;
    __be16 protocol;
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, struct features);
    __type(value, __u64);
} seen SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, __u64);
} scores SEC(".maps");

__u64 refused = 0;

static __always_inline int parse(struct xdp_md *ctx, struct features *f)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    void *at = eth + 1;
    __be16 kind;
    __u8 protocol;

    if (at > data_end)
        return SHORT;
    kind = eth->h_proto;
    if (kind == bpf_htons(ETH_P_8021Q)) {
        struct tag *tag = at;

        if ((void *)(tag + 1) > data_end)
            return SHORT;
        kind = tag->protocol;
        at += sizeof(*tag);
        f->tagged = true;
    }
    if (kind == bpf_htons(ETH_P_IP)) {
        struct iphdr *ip = at;

        if ((void *)(ip + 1) > data_end)
            return SHORT;
        if (ip->ihl < 5)
            return ODD;
        f->options = ip->ihl > 5;
        f->fragment = ip->frag_off & bpf_htons(0x1fff);
        f->local = (ip->saddr & bpf_htonl(0xff000000)) == bpf_htonl(0x0a000000);
        f->small = bpf_ntohs(ip->tot_len) < 64;
        protocol = ip->protocol;
        at += ip->ihl * 4;
    } else if (kind == bpf_htons(ETH_P_IPV6)) {
        struct ipv6hdr *ip = at;

        if ((void *)(ip + 1) > data_end)
            return SHORT;
        f->v6 = true;
        if (!ip->payload_len)
            return EMPTY;
        f->small = bpf_ntohs(ip->payload_len) < 24;
        protocol = ip->nexthdr;
        at += sizeof(*ip);
    } else {
        return ODD;
    }
    if (f->fragment)
        return 0;
    if (protocol == IPPROTO_TCP) {
        struct tcphdr *tcp = at;

        if ((void *)(tcp + 1) > data_end)
            return SHORT;
        f->syn = tcp->syn && !tcp->ack;
    } else if (protocol == IPPROTO_UDP) {
        struct udphdr *udp = at;

        if ((void *)(udp + 1) > data_end)
            return SHORT;
        f->dns = udp->dest == bpf_htons(53) || udp->source == bpf_htons(53);
    }
    return 0;
}

SEC("xdp")
int classify(struct xdp_md *ctx)
{
    struct features f = {};
    __u32 score = 0, key;
    __u64 *packets, one = 1;
    int why = parse(ctx, &f);

    if (why) {
        __sync_fetch_and_add(&refused, why);
        return XDP_DROP;
    }
    packets = bpf_map_lookup_elem(&seen, &f);
    if (packets)
        __sync_fetch_and_add(packets, 1);
    else
        bpf_map_update_elem(&seen, &f, &one, BPF_ANY);
    if (f.tagged)
        score += 1;
    if (f.v6)
        score += 2;
    if (f.fragment)
        score += 16;
    if (f.options)
        score += 8;
    if (f.syn && !f.local)
        score += 4;
    if (f.dns)
        score += 1;
    if (f.small)
        score += 1;
    key = score & 63;
    packets = bpf_map_lookup_elem(&scores, &key);
    if (packets)
        __sync_fetch_and_add(packets, 1);
    return score > 20 ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
