// What decapsulate.ks means, by hand: tunnels that end here, without their outer headers.
#include "peer.h"

#ifdef PEER_VMLINUX
#define ETH_P_8021Q 0x8100
#endif

#define CHECKSUM 0x8000
#define KEY 0x2000
#define SEQUENCE 0x1000

struct tag {
    __be16 control;
    __be16 protocol;
};

struct gre {
    __be16 flags;
    __be16 protocol;
};

struct tunnel {
    __be32 outer;
    __be32 key;
};

struct counters {
    __u64 packets;
    __u64 bytes;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __be32);
    __type(value, __u32);
} ends SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, struct tunnel);
    __type(value, struct counters);
} tunnels SEC(".maps");

__u64 unknown = 0;

SEC("xdp")
int unpack(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data, header;
    void *at = eth + 1;
    struct tunnel tunnel = {};
    struct counters *counters;
    bool is_tagged = false, has_key = false;
    struct iphdr *ip, *within;
    __be16 ethertype;
    void *inner;

    if (at > data_end)
        return XDP_DROP;
    ethertype = eth->h_proto;
    if (ethertype == bpf_htons(ETH_P_8021Q)) {
        struct tag *tag = at;

        if ((void *)(tag + 1) > data_end)
            return XDP_DROP;
        ethertype = tag->protocol;
        at += sizeof(*tag);
        is_tagged = true;
    }
    if (ethertype != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    ip = at;
    if ((void *)(ip + 1) > data_end || ip->ihl < 5)
        return XDP_DROP;
    if (!bpf_map_lookup_elem(&ends, &ip->daddr))
        return XDP_PASS;
    tunnel.outer = ip->saddr;
    inner = at + ip->ihl * 4;
    if (ip->protocol == IPPROTO_GRE) {
        struct gre *gre = inner;

        if ((void *)(gre + 1) > data_end)
            return XDP_DROP;
        if (gre->protocol != bpf_htons(ETH_P_IP))
            return XDP_PASS;
        inner += sizeof(*gre);
        if (gre->flags & bpf_htons(CHECKSUM))
            inner += 4;
        if (gre->flags & bpf_htons(KEY)) {
            if (inner + 4 > data_end)
                return XDP_DROP;
            tunnel.key = *(__be32 *)inner;
            has_key = true;
            inner += 4;
        }
        if (gre->flags & bpf_htons(SEQUENCE))
            inner += 4;
    } else if (ip->protocol != IPPROTO_IPIP) {
        return XDP_PASS;
    }
    within = inner;
    if ((void *)(within + 1) > data_end || within->version != 4)
        return XDP_DROP;
    counters = bpf_map_lookup_elem(&tunnels, &tunnel);
    if (counters) {
        __sync_fetch_and_add(&counters->packets, 1);
        __sync_fetch_and_add(&counters->bytes, bpf_ntohs(within->tot_len));
    } else {
        __sync_fetch_and_add(&unknown, 1);
        if (has_key || is_tagged)
            return XDP_DROP;
    }
    header = *eth;
    header.h_proto = bpf_htons(ETH_P_IP);
    if (bpf_xdp_adjust_head(ctx, inner - data - (int)sizeof(*eth)))
        return XDP_ABORTED;
    data = (void *)(long)ctx->data;
    data_end = (void *)(long)ctx->data_end;
    eth = data;
    if ((void *)(eth + 1) > data_end)
        return XDP_ABORTED;
    *eth = header;
    return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
