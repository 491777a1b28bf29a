// What disk_times.ks means; of a histogram the sum is not kept, and the bytes behind a text are left as they are.
#include "traced.h"

#define MAX_SLOTS 64

struct request_key {
    __u32 dev;
    __u64 sector;
};

struct issued {
    __u64 at_ns;
    __u32 bytes;
    char kind[8];
    char name[16];
};

struct slow {
    __u64 took_ns;
    __u64 sector;
    __u32 dev;
    __u32 bytes;
    int error;
    char kind[8];
    char name[16];
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __type(key, struct request_key);
    __type(value, struct issued);
} issued SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
} slow SEC(".maps");

__u64 took[MAX_SLOTS] = {};
__u32 watched;
__u64 slow_ns;
__u64 lost;

SEC("tracepoint/block/block_rq_issue")
int issue(struct trace_event_raw_block_rq *ctx)
{
    struct request_key key = { .dev = ctx->dev, .sector = ctx->sector };
    struct issued begun = {};

    if (ctx->dev != watched)
        return 0;
    begun.at_ns = bpf_ktime_get_ns();
    begun.bytes = ctx->bytes;
    bpf_probe_read_kernel_str(begun.kind, sizeof(begun.kind), ctx->rwbs);
    bpf_probe_read_kernel_str(begun.name, sizeof(begun.name), ctx->comm);
    bpf_map_update_elem(&issued, &key, &begun, BPF_ANY);
    return 0;
}

SEC("tracepoint/block/block_rq_complete")
int complete(struct trace_event_raw_block_rq_completion *ctx)
{
    struct request_key key = { .dev = ctx->dev, .sector = ctx->sector };
    struct issued *begun;
    struct slow *e;
    __u64 ns, slot;

    begun = bpf_map_lookup_elem(&issued, &key);
    if (!begun)
        return 0;
    ns = bpf_ktime_get_ns() - begun->at_ns;
    slot = log2l(ns / 1000);
    if (slot >= MAX_SLOTS)
        slot = MAX_SLOTS - 1;
    __sync_fetch_and_add(&took[slot], 1);
    if (ns >= slow_ns) {
        e = bpf_ringbuf_reserve(&slow, sizeof(*e), 0);
        if (!e) {
            __sync_fetch_and_add(&lost, 1);
            goto out;
        }
        e->took_ns = ns;
        e->sector = ctx->sector;
        e->dev = ctx->dev;
        e->bytes = begun->bytes;
        e->error = ctx->error;
        __builtin_memcpy(e->kind, begun->kind, sizeof(e->kind));
        __builtin_memcpy(e->name, begun->name, sizeof(e->name));
        bpf_ringbuf_submit(e, 0);
    }
out:
    bpf_map_delete_elem(&issued, &key);
    return 0;
}
