// What exit_log.ks means; the bytes behind a text are left as they are.
#include "traced.h"

struct exit {
    __u64 lived_ns;
    pid_t pid;
    pid_t parent;
    __u32 user;
    __u8 code;
    __u8 signal;
    bool dumped;
    char name[16];
    char parent_name[16];
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
} exits SEC(".maps");

__u32 watched;
__u64 lost;

SEC("tp_btf/sched_process_exit")
int BPF_PROG(ended, struct task_struct *p)
{
    struct task_struct *parent;
    struct exit *e;
    __u32 code;

    if (p->pid != p->tgid)
        return 0;
    parent = p->real_parent;
    if (parent->tgid != watched)
        return 0;
    e = bpf_ringbuf_reserve(&exits, sizeof(*e), 0);
    if (!e) {
        __sync_fetch_and_add(&lost, 1);
        return 0;
    }
    code = p->exit_code;
    e->lived_ns = bpf_ktime_get_ns() - p->start_time;
    e->pid = p->tgid;
    e->parent = parent->tgid;
    e->user = p->cred->uid.val;
    e->code = code >> 8;
    e->signal = code & 0x7f;
    e->dumped = code & 0x80;
    bpf_probe_read_kernel_str(e->name, sizeof(e->name), p->comm);
    bpf_probe_read_kernel_str(e->parent_name, sizeof(e->parent_name), parent->comm);
    bpf_ringbuf_submit(e, 0);
    return 0;
}
