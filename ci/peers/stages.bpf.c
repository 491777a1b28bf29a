// What examples/stages.ks means, by hand: a pipeline of programs that hand over by tail calls.
#include "peer.h"

enum { STAGE_IPV4, STAGE_ICMP, STAGE_UDP, STAGES };

const volatile struct {
    __u32 ttl;
} limits = { .ttl = 2 };

__u64 icmp = 0;
__u64 udp = 0;
__u64 expired = 0;

int count_icmp(struct xdp_md *ctx);
int count_udp(struct xdp_md *ctx);
int ipv4(struct xdp_md *ctx);

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, STAGES);
    __type(key, __u32);
    __array(values, int(void *));
} stages SEC(".maps") = {
    .values = {
        [STAGE_IPV4] = (void *)&ipv4,
        [STAGE_ICMP] = (void *)&count_icmp,
        [STAGE_UDP] = (void *)&count_udp,
    },
};

SEC("xdp")
int count_icmp(struct xdp_md *ctx)
{
    __sync_fetch_and_add(&icmp, 1);
    return XDP_PASS;
}

SEC("xdp")
int count_udp(struct xdp_md *ctx)
{
    __sync_fetch_and_add(&udp, 1);
    return XDP_PASS;
}

SEC("xdp")
int ipv4(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);

    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    if (ip->ttl < limits.ttl) {
        __sync_fetch_and_add(&expired, 1);
        return XDP_DROP;
    }
    switch (ip->protocol) {
    case IPPROTO_ICMP:
        bpf_tail_call(ctx, &stages, STAGE_ICMP);
        return XDP_ABORTED;
    case IPPROTO_UDP:
        bpf_tail_call(ctx, &stages, STAGE_UDP);
        return XDP_ABORTED;
    }
    return XDP_PASS;
}

SEC("xdp")
int classify(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;

    if ((void *)(eth + 1) > data_end)
        return XDP_PASS;
    if (eth->h_proto == bpf_htons(ETH_P_IP)) {
        bpf_tail_call(ctx, &stages, STAGE_IPV4);
        return XDP_ABORTED;
    }
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
