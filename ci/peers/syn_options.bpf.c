// What syn_options.ks means, by hand: the options of segments that open connections.
#include "peer.h"

struct option {
    __u8 kind;
    __u8 length;
};

struct stack {
    __be16 mss;
    __u8 scale;
    bool sack;
    bool stamps;
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, struct stack);
    __type(value, __u64);
} stacks SEC(".maps");

__u64 malformed = 0;

SEC("xdp")
int inspect(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    struct stack stack;
    struct tcphdr *tcp;
    __u64 *packets, one = 1;
    __u8 *at;
    int left, i;

    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > data_end || ip->protocol != IPPROTO_TCP || ip->ihl < 5)
        return XDP_PASS;
    tcp = (void *)ip + ip->ihl * 4;
    if ((void *)(tcp + 1) > data_end)
        return XDP_DROP;
    if (!tcp->syn)
        return XDP_PASS;
    __builtin_memset(&stack, 0, sizeof(stack));
    at = (void *)(tcp + 1);
    left = tcp->doff * 4 - (int)sizeof(*tcp);
#pragma clang loop unroll(disable)
    for (i = 0; i < 16; i++) {
        struct option *option = (void *)at;

        if (left <= 0 || (void *)(at + 1) > data_end || *at == 0)
            break;
        if (*at == 1) {
            at++;
            left--;
            continue;
        }
        if ((void *)(option + 1) > data_end || option->length < 2) {
            __sync_fetch_and_add(&malformed, 1);
            return XDP_DROP;
        }
        switch (option->kind) {
        case 2:
            if ((void *)(at + 4) > data_end)
                return XDP_DROP;
            stack.mss = *(__be16 *)(at + 2);
            break;
        case 3:
            if ((void *)(at + 3) > data_end)
                return XDP_DROP;
            stack.scale = at[2];
            break;
        case 4:
            stack.sack = true;
            break;
        case 8:
            stack.stamps = true;
            break;
        }
        left -= option->length;
        at += option->length;
    }
    packets = bpf_map_lookup_elem(&stacks, &stack);
    if (packets)
        __sync_fetch_and_add(packets, 1);
    else
        bpf_map_update_elem(&stacks, &stack, &one, BPF_ANY);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
