// What ipv6_headers.ks means, by hand: ports behind the extension headers of IPv6.
#include "peer.h"

#ifndef PEER_VMLINUX
#include <linux/ipv6.h>
#else
#define ETH_P_IPV6 0x86dd
#define IPPROTO_HOPOPTS 0
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_DSTOPTS 60
#endif

#define AUTHENTICATION 51
#define MOST_HEADERS 8

struct extension {
    __u8 next;
    __u8 length;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __be16);
    __type(value, __u64);
} closed SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u64);
} by_protocol SEC(".maps");

__u64 refused = 0;

static __always_inline void count(__u32 protocol)
{
    __u64 *packets = bpf_map_lookup_elem(&by_protocol, &protocol);

    if (packets)
        __sync_fetch_and_add(packets, 1);
}

SEC("xdp")
int walk(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct ipv6hdr *ip = data + sizeof(*eth);
    void *header = ip + 1;
    __u8 next;
    int i;

    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IPV6))
        return XDP_PASS;
    if ((void *)(ip + 1) > data_end)
        return XDP_DROP;
    next = ip->nexthdr;
#pragma clang loop unroll(disable)
    for (i = 0; i < MOST_HEADERS; i++) {
        struct extension *extension = header;

        if (next == IPPROTO_TCP || next == IPPROTO_UDP) {
            struct udphdr *ports = header;
            __be16 port;
            __u64 *hits;

            count(next);
            if ((void *)(ports + 1) > data_end)
                return XDP_DROP;
            port = ports->dest;
            hits = bpf_map_lookup_elem(&closed, &port);
            if (!hits)
                return XDP_PASS;
            __sync_fetch_and_add(hits, 1);
            return XDP_DROP;
        }
        if ((void *)(extension + 1) > data_end)
            return XDP_DROP;
        switch (next) {
        case IPPROTO_ROUTING:
            __sync_fetch_and_add(&refused, 1);
            return XDP_DROP;
        case IPPROTO_HOPOPTS:
        case IPPROTO_DSTOPTS:
            header += extension->length * 8 + 8;
            break;
        case IPPROTO_FRAGMENT:
            header += 8;
            break;
        case AUTHENTICATION:
            header += extension->length * 4 + 8;
            break;
        default:
            count(next);
            return XDP_PASS;
        }
        next = extension->next;
    }
    __sync_fetch_and_add(&refused, 1);
    return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
