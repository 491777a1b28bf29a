// What connect_log.ks means; what a record does not hold is zero, but for the bytes behind a text.
#include "traced.h"
#include <bpf/bpf_endian.h>

#define AF_INET6 10

struct connect {
    __u64 at_ns;
    __u32 pid;
    __u32 user;
    __u16 family;
    __u16 from_port;
    __be16 to_port;
    __u32 mark;
    __be32 from;
    __be32 to;
    __u8 from6[16];
    __u8 to6[16];
    char name[16];
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
} connects SEC(".maps");

__u32 watched;
__u64 lost;

SEC("kprobe/tcp_connect")
int BPF_KPROBE(connecting, struct sock *sk)
{
    struct connect *e;

    if (bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)) != watched)
        return 0;
    e = bpf_ringbuf_reserve(&connects, sizeof(*e), 0);
    if (!e) {
        __sync_fetch_and_add(&lost, 1);
        return 0;
    }
    e->at_ns = bpf_ktime_get_ns();
    e->pid = bpf_get_current_pid_tgid() >> 32;
    e->user = bpf_get_current_uid_gid();
    e->family = BPF_CORE_READ(sk, __sk_common.skc_family);
    e->from_port = BPF_CORE_READ(sk, __sk_common.skc_num);
    e->to_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
    e->mark = BPF_CORE_READ(sk, sk_mark);
    e->from = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
    e->to = BPF_CORE_READ(sk, __sk_common.skc_daddr);
    if (e->family == AF_INET6) {
        BPF_CORE_READ_INTO(&e->from6, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
        BPF_CORE_READ_INTO(&e->to6, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
    } else {
        __builtin_memset(e->from6, 0, sizeof(e->from6));
        __builtin_memset(e->to6, 0, sizeof(e->to6));
    }
    bpf_get_current_comm(e->name, sizeof(e->name));
    bpf_ringbuf_submit(e, 0);
    return 0;
}
