// What packet_log.ks means, by hand: a record for the first packet of each TCP connection.
#include "peer.h"

struct opened {
    __u64 seen_ns;
    __be32 source;
    __be32 target;
    __be16 source_port;
    __be16 target_port;
    __u32 length;
    __u8 ttl;
    __u16 window;
    __u32 ifindex;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 20);
} opened SEC(".maps");

__u64 lost = 0;

SEC("tc")
int log_opened(struct __sk_buff *ctx)
{
    void *data, *data_end;
    struct ethhdr *eth;
    struct iphdr *ip;
    struct tcphdr *tcp;
    struct opened *e;

    make_readable(ctx, sizeof(*eth) + sizeof(*ip) + sizeof(*tcp));
    data = (void *)(long)ctx->data;
    data_end = (void *)(long)ctx->data_end;
    eth = data;
    ip = data + sizeof(*eth);
    tcp = (void *)(ip + 1);
    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return TC_ACT_OK;
    if ((void *)(ip + 1) > data_end || ip->protocol != IPPROTO_TCP || ip->ihl != 5)
        return TC_ACT_OK;
    if ((void *)(tcp + 1) > data_end || !tcp->syn || tcp->ack)
        return TC_ACT_OK;
    e = bpf_ringbuf_reserve(&opened, sizeof(*e), 0);
    if (!e) {
        __sync_fetch_and_add(&lost, 1);
        return TC_ACT_OK;
    }
    __builtin_memset(e, 0, sizeof(*e));
    e->seen_ns = bpf_ktime_get_ns();
    e->source = ip->saddr;
    e->target = ip->daddr;
    e->source_port = tcp->source;
    e->target_port = tcp->dest;
    e->length = ctx->len;
    e->ttl = ip->ttl;
    e->window = bpf_ntohs(tcp->window);
    e->ifindex = ctx->ifindex;
    bpf_ringbuf_submit(e, 0);
    return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
