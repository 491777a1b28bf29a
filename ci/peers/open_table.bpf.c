// What open_table.ks means, by hand: a table of slots, which is probed from the hash of a connection on.
#include "peer.h"

struct slot {
    __be32 source;
    __be32 ports;
    __u32 backend;
    __u32 hits;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 65536);
    __type(key, __u32);
    __type(value, struct slot);
} slots SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u64);
} sent SEC(".maps");

__u32 probes = 0;
__u64 absent = 0;

SEC("xdp")
int forward(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    __be32 *ports = (void *)(ip + 1);
    __u32 at, key, backend = 0, i;
    __u64 *packets;

    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
        return XDP_PASS;
    if (ip->ihl != 5)
        return XDP_PASS;
    if ((void *)(ports + 1) > data_end)
        return XDP_DROP;
    at = (ip->saddr ^ *ports) * 0x9E3779B1;
    at ^= at >> 15;
    /* As many as a table would be given: a number that the verifier has to see. */
#pragma clang loop unroll(disable)
    for (i = 0; i < 64 && i < probes; i++) {
        struct slot *slot;

        key = (at + i) & 65535;
        slot = bpf_map_lookup_elem(&slots, &key);
        if (!slot)
            break;
        if (slot->source == ip->saddr && slot->ports == *ports) {
            __sync_fetch_and_add(&slot->hits, 1);
            backend = slot->backend;
            break;
        }
        if (!slot->source)
            break;
    }
    if (!backend) {
        __sync_fetch_and_add(&absent, 1);
        return XDP_PASS;
    }
    key = backend & 255;
    packets = bpf_map_lookup_elem(&sent, &key);
    if (packets)
        __sync_fetch_and_add(packets, 1);
    return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
