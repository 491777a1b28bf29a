// What rate_limit.ks means, by hand: a bucket of tokens for each source.
#include "peer.h"

struct source_bucket {
    __u64 tokens;
    __u64 filled_ns;
};

const volatile struct {
    __u64 per_minute;
    __u64 burst;
} limit = { .per_minute = 6, .burst = 4 };

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 65536);
    __type(key, __be32);
    __type(value, struct source_bucket);
} buckets SEC(".maps");

__u64 dropped = 0;

static __always_inline bool takes_token(__be32 source)
{
    __u64 now = bpf_ktime_get_ns();
    struct source_bucket *bucket = bpf_map_lookup_elem(&buckets, &source);
    __u64 fresh;

    if (!bucket) {
        struct source_bucket first = { .tokens = limit.burst - 1, .filled_ns = now };

        bpf_map_update_elem(&buckets, &source, &first, BPF_ANY);
        return true;
    }
    fresh = (now - bucket->filled_ns) * limit.per_minute / 60000000000;
    if (fresh > 0) {
        __u64 tokens = bucket->tokens + fresh;

        bucket->tokens = tokens > limit.burst ? limit.burst : tokens;
        bucket->filled_ns = now;
    }
    if (bucket->tokens == 0)
        return false;
    __sync_fetch_and_sub(&bucket->tokens, 1);
    return true;
}

SEC("xdp")
int limit_rate(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);

    if ((void *)(eth + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    if (takes_token(ip->saddr))
        return XDP_PASS;
    __sync_fetch_and_add(&dropped, 1);
    return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
