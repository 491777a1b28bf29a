// What latency.ks means, by hand: a histogram of the times of probes, for each path.
#include "peer.h"

#define PROBES 8620
#define MAX_SLOTS 27

struct timed_probe {
    __be32 path;
    __be64 sent_ns;
    __be64 answered_ns;
} __attribute__((packed));

struct times {
    __u64 slots[MAX_SLOTS];
    __u64 total_us;
    __u64 longest_us;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, __be32);
    __type(value, struct times);
} by_path SEC(".maps");

__u64 unknown = 0;

static __always_inline __u32 log2(__u32 value)
{
    __u32 shift, result;

    result = (value > 0xffff) << 4;
    value >>= result;
    shift = (value > 0xff) << 3;
    value >>= shift;
    result |= shift;
    shift = (value > 0xf) << 2;
    value >>= shift;
    result |= shift;
    shift = (value > 0x3) << 1;
    value >>= shift;
    result |= shift;
    return result | (value >> 1);
}

SEC("tc")
int measure(struct __sk_buff *ctx)
{
    void *data, *data_end;
    struct ethhdr *eth;
    struct iphdr *ip;
    struct udphdr *udp;
    struct timed_probe *probe;
    struct times *times;
    __u32 path, slot;
    __u64 us;

    make_readable(ctx, sizeof(*eth) + sizeof(*ip) + sizeof(*udp) + sizeof(*probe));
    data = (void *)(long)ctx->data;
    data_end = (void *)(long)ctx->data_end;
    eth = data;
    ip = data + sizeof(*eth);
    udp = (void *)(ip + 1);
    probe = (void *)(udp + 1);
    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return TC_ACT_OK;
    if ((void *)(ip + 1) > data_end || ip->protocol != IPPROTO_UDP || ip->ihl != 5)
        return TC_ACT_OK;
    if ((void *)(udp + 1) > data_end || udp->dest != bpf_htons(PROBES))
        return TC_ACT_OK;
    if ((void *)(probe + 1) > data_end)
        return TC_ACT_OK;
    path = probe->path;
    times = bpf_map_lookup_elem(&by_path, &path);
    if (!times) {
        __sync_fetch_and_add(&unknown, 1);
        return TC_ACT_OK;
    }
    us = (bpf_be64_to_cpu(probe->answered_ns) - bpf_be64_to_cpu(probe->sent_ns)) / 1000;
    slot = us > 0xffffffff ? MAX_SLOTS - 1 : log2(us);
    if (slot >= MAX_SLOTS)
        slot = MAX_SLOTS - 1;
    __sync_fetch_and_add(&times->slots[slot], 1);
    __sync_fetch_and_add(&times->total_us, us);
    if (us > times->longest_us)
        times->longest_us = us;
    return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
