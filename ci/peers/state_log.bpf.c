// What state_log.ks means; the bytes behind a text are left as they are.
#include "traced.h"

struct change {
    __u64 at_ns;
    __u64 in_state_ns;
    __u64 socket;
    __u16 family;
    __u16 from_port;
    __u16 to_port;
    __u32 pid;
    __u8 from[16];
    __u8 to[16];
    __u8 old_state;
    __u8 new_state;
    char name[16];
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, __u64);
} since SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
} changes SEC(".maps");

__u32 watched;
__u64 lost;

SEC("tracepoint/sock/inet_sock_set_state")
int changed(struct trace_event_raw_inet_sock_set_state *ctx)
{
    __u64 socket, now, in_state = 0, *began;
    struct change *e;

    if (ctx->protocol != IPPROTO_TCP)
        return 0;
    if (ctx->sport != watched && ctx->dport != watched)
        return 0;
    socket = (__u64)ctx->skaddr;
    now = bpf_ktime_get_ns();
    began = bpf_map_lookup_elem(&since, &socket);
    if (began)
        in_state = now - *began;
    if (ctx->newstate == TCP_CLOSE)
        bpf_map_delete_elem(&since, &socket);
    else
        bpf_map_update_elem(&since, &socket, &now, BPF_ANY);
    e = bpf_ringbuf_reserve(&changes, sizeof(*e), 0);
    if (!e) {
        __sync_fetch_and_add(&lost, 1);
        return 0;
    }
    e->at_ns = now;
    e->in_state_ns = in_state;
    e->socket = socket;
    e->family = ctx->family;
    e->from_port = ctx->sport;
    e->to_port = ctx->dport;
    e->pid = bpf_get_current_pid_tgid() >> 32;
    bpf_probe_read_kernel(e->from, sizeof(e->from), ctx->saddr_v6);
    bpf_probe_read_kernel(e->to, sizeof(e->to), ctx->daddr_v6);
    e->old_state = ctx->oldstate;
    e->new_state = ctx->newstate;
    bpf_get_current_comm(e->name, sizeof(e->name));
    bpf_ringbuf_submit(e, 0);
    return 0;
}
