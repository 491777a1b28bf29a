// count.bpf.c: counts packets and bytes by source address.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct traffic {
    __u64 packets;
    __u64 bytes;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __be32);
    __type(value, struct traffic);
} by_source SEC(".maps");

const volatile __u32 longest = 1500;
__u64 dropped;

SEC("xdp")
int count(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip;
    struct traffic *traffic;
    __u64 length = data_end - data;

    if (length > longest) {
        __sync_fetch_and_add(&dropped, 1);
        return XDP_DROP;
    }
    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    ip = (void *)(eth + 1);
    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    traffic = bpf_map_lookup_elem(&by_source, &ip->saddr);
    if (!traffic) {
        struct traffic none = {};
        __be32 source = ip->saddr;

        bpf_map_update_elem(&by_source, &source, &none, BPF_NOEXIST);
        traffic = bpf_map_lookup_elem(&by_source, &source);
        if (!traffic)
            return XDP_PASS;
    }
    __sync_fetch_and_add(&traffic->packets, 1);
    __sync_fetch_and_add(&traffic->bytes, length);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
