// What exec_log.ks means; the bytes behind a text are left as they are.
#include "traced.h"

struct exec {
    __u64 at_ns;
    pid_t pid;
    pid_t parent;
    __u32 user;
    pid_t old_pid;
    char name[16];
    char path[64];
    char interpreter[64];
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
} execs SEC(".maps");

__u32 watched;
__u64 lost;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(executed, struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm)
{
    pid_t parent = p->real_parent->tgid;
    struct exec *e;

    if (parent != watched)
        return 0;
    e = bpf_ringbuf_reserve(&execs, sizeof(*e), 0);
    if (!e) {
        __sync_fetch_and_add(&lost, 1);
        return 0;
    }
    e->at_ns = bpf_ktime_get_ns();
    e->pid = p->tgid;
    e->parent = parent;
    e->user = bpf_get_current_uid_gid();
    e->old_pid = old_pid;
    bpf_get_current_comm(e->name, sizeof(e->name));
    bpf_probe_read_kernel_str(e->path, sizeof(e->path), bprm->filename);
    bpf_probe_read_kernel_str(e->interpreter, sizeof(e->interpreter), bprm->interp);
    bpf_ringbuf_submit(e, 0);
    return 0;
}
