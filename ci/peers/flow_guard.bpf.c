// What flow_guard.ks means, by hand: follows flows of TCP and UDP that the inside opens, and counts why packets are refused.
#include "peer.h"

enum why { SHORT = 1, NOT_IP, FRAGMENT, OTHER, BLOCKED, NO_ROOM, UNKNOWN };

struct flow {
    __be32 source, target;
    __be16 source_port, target_port;
    __u8 protocol;
};

struct seen {
    __u64 packets, bytes, last_ns;
    __u32 closing;
};

struct packet {
    __be32 source, target;
    __u32 ports;
    __u8 protocol;
    bool closing;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct flow);
    __type(value, struct seen);
} flows SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, __be16);
    __type(value, __u32);
} blocked SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u64);
} refused SEC(".maps");

static __always_inline int parse(struct xdp_md *ctx, struct packet *packet)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    struct tcphdr *tcp;

    if ((void *)(eth + 1) > end)
        return SHORT;
    if (eth->h_proto != bpf_htons(ETH_P_IP))
        return NOT_IP;
    if ((void *)(ip + 1) > end || ip->ihl < 5)
        return SHORT;
    if (ip->frag_off & bpf_htons(0x3fff))
        return FRAGMENT;
    packet->source = ip->saddr;
    packet->target = ip->daddr;
    packet->ports = sizeof(*eth) + ip->ihl * 4;
    packet->protocol = ip->protocol;
    packet->closing = false;
    if (ip->protocol == IPPROTO_TCP) {
        tcp = data + packet->ports;
        if ((void *)(tcp + 1) > end)
            return SHORT;
        packet->closing = tcp->fin || tcp->rst;
    } else if (ip->protocol != IPPROTO_UDP) {
        return OTHER;
    }
    return 0;
}

static __always_inline int flow_of(struct xdp_md *ctx, struct packet *packet, bool inside, struct flow *flow)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct udphdr *ports = data + packet->ports;
    __be16 service;

    if ((void *)(ports + 1) > end)
        return SHORT;
    service = inside ? ports->dest : ports->source;
    if (bpf_map_lookup_elem(&blocked, &service))
        return BLOCKED;
    flow->source = inside ? packet->source : packet->target;
    flow->target = inside ? packet->target : packet->source;
    flow->source_port = inside ? ports->source : ports->dest;
    flow->target_port = service;
    flow->protocol = packet->protocol;
    return 0;
}

static __always_inline int verdict(struct flow *flow, struct packet *packet, __u64 len, bool inside, int *action)
{
    __u64 now = bpf_ktime_get_ns();
    struct seen *seen = bpf_map_lookup_elem(&flows, flow);
    struct seen first = { .packets = 1, .bytes = len, .last_ns = now };

    if (seen) {
        __sync_fetch_and_add(&seen->packets, 1);
        __sync_fetch_and_add(&seen->bytes, len);
        seen->last_ns = now;
        if (packet->closing)
            seen->closing = 1;
        *action = seen->closing == 1 && !packet->closing ? XDP_DROP : XDP_PASS;
        return 0;
    }
    if (!inside)
        return UNKNOWN;
    if (bpf_map_update_elem(&flows, flow, &first, BPF_ANY))
        return NO_ROOM;
    *action = XDP_PASS;
    return 0;
}

static __always_inline int judge(struct xdp_md *ctx, bool inside)
{
    struct packet packet;
    struct flow flow = {};
    int action = XDP_PASS;
    __u32 why;
    __u64 *count;

    why = parse(ctx, &packet);
    if (!why)
        why = flow_of(ctx, &packet, inside, &flow);
    if (!why)
        why = verdict(&flow, &packet, ctx->data_end - ctx->data, inside, &action);
    if (!why)
        return action;
    count = bpf_map_lookup_elem(&refused, &why);
    if (count)
        __sync_fetch_and_add(count, 1);
    return why == BLOCKED || why == UNKNOWN ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int leave(struct xdp_md *ctx)
{
    return judge(ctx, true);
}

SEC("xdp")
int enter(struct xdp_md *ctx)
{
    return judge(ctx, false);
}

char LICENSE[] SEC("license") = "GPL";
