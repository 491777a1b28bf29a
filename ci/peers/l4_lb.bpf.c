// What examples/l4_lb.ks means, by hand: sends what arrives for a service to one of its backends, in IPIP.
#include "peer.h"

#define LONGEST_FRAME 1514
#define IP_FRAGMENT 0x3fff

struct service {
    __be32 vip;
    __be16 port;
    __u8 protocol;
};

struct pool {
    __u32 first;
    __u32 count;
};

struct backend {
    __be32 address;
    __u32 unused;
    __u64 packets;
    __u64 bytes;
};

const volatile struct {
    __be32 address;
} tunnel = { .address = bpf_htonl(0xc0000201) };

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, struct service);
    __type(value, struct pool);
} services SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1024);
    __type(key, __u32);
    __type(value, struct backend);
} backends SEC(".maps");

__u64 too_long = 0;

static __always_inline __u32 flow_hash(struct iphdr *ip, struct udphdr *ports)
{
    __u32 h = ip->saddr * 0x9e3779b1;

    h = (h ^ (h >> 15) ^ ip->daddr) * 0x85ebca77;
    h = (h ^ (h >> 13) ^ ((__u32)ports->source << 16) ^ ports->dest) * 0xc2b2ae3d;
    return h ^ (h >> 16) ^ ip->protocol;
}

static __always_inline int encapsulate(struct xdp_md *ctx, __be32 address, __u16 length)
{
    struct ethhdr *eth, *old;
    struct iphdr *ip;
    void *data, *data_end;
    __u16 *word;
    __u32 sum = 0;
    int i;

    if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
        return XDP_DROP;
    data = (void *)(long)ctx->data;
    data_end = (void *)(long)ctx->data_end;
    eth = data;
    ip = data + sizeof(*eth);
    old = data + sizeof(*ip);
    if ((void *)(ip + 1) > data_end || (void *)(old + 1) > data_end)
        return XDP_DROP;
    __builtin_memmove(eth->h_dest, old->h_source, ETH_ALEN);
    __builtin_memmove(eth->h_source, old->h_dest, ETH_ALEN);
    eth->h_proto = bpf_htons(ETH_P_IP);
    __builtin_memset(ip, 0, sizeof(*ip));
    ip->version = 4;
    ip->ihl = 5;
    ip->tot_len = bpf_htons(length + sizeof(*ip));
    ip->ttl = 64;
    ip->protocol = IPPROTO_IPIP;
    ip->saddr = tunnel.address;
    ip->daddr = address;
    word = (__u16 *)ip;
#pragma unroll
    for (i = 0; i < sizeof(*ip) / 2; i++)
        sum += word[i];
    sum = (sum & 0xffff) + (sum >> 16);
    ip->check = ~((sum & 0xffff) + (sum >> 16));
    return XDP_TX;
}

SEC("xdp")
int balance(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    struct udphdr *ports = (void *)(ip + 1);
    struct service service;
    struct backend *backend;
    struct pool *pool;
    __u32 number;
    __u16 length;

    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > data_end || ip->version != 4 || ip->ihl != 5)
        return XDP_PASS;
    if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
        return XDP_PASS;
    if (ip->frag_off & bpf_htons(IP_FRAGMENT))
        return XDP_PASS;
    if ((void *)(ports + 1) > data_end)
        return XDP_PASS;
    __builtin_memset(&service, 0, sizeof(service));
    service.vip = ip->daddr;
    service.port = ports->dest;
    service.protocol = ip->protocol;
    pool = bpf_map_lookup_elem(&services, &service);
    if (!pool || pool->count == 0)
        return XDP_PASS;
    if (data_end - data > LONGEST_FRAME - sizeof(*ip)) {
        __sync_fetch_and_add(&too_long, 1);
        return XDP_DROP;
    }
    length = bpf_ntohs(ip->tot_len);
    number = pool->first + flow_hash(ip, ports) % pool->count;
    backend = bpf_map_lookup_elem(&backends, &number);
    if (!backend)
        return XDP_DROP;
    __sync_fetch_and_add(&backend->packets, 1);
    __sync_fetch_and_add(&backend->bytes, length);
    return encapsulate(ctx, backend->address, length);
}

char LICENSE[] SEC("license") = "GPL";
