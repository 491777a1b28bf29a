// What call_log.ks means; the bytes behind a text are left as they are.
#include "traced.h"

#define BEGIN "/nowhere/guarded/"
#define VERDICT "not allowed"
#define UNLINKAT 263

struct attempt {
    __u64 at_ns;
    __u32 pid;
    __u32 tid;
    int folder_fd;
    int flags;
    char verdict[16];
    char name[16];
    char path[64];
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
} attempts SEC(".maps");

__u32 watched;
__u64 others;
__u64 lost;

SEC("raw_tp/sys_enter")
int BPF_PROG(called, struct pt_regs *regs, long id)
{
    __u64 thread;
    char path[64] __attribute__((aligned(8))) = {};
    struct attempt *e;

    if (id != UNLINKAT)
        return 0;
    thread = bpf_get_current_pid_tgid();
    if (thread >> 32 != watched)
        return 0;
    bpf_probe_read_user_str(path, sizeof(path), (const void *)PT_REGS_PARM2_CORE_SYSCALL(regs));
    if (bpf_strncmp(path, sizeof(BEGIN) - 1, BEGIN) != 0) {
        __sync_fetch_and_add(&others, 1);
        return 0;
    }
    e = bpf_ringbuf_reserve(&attempts, sizeof(*e), 0);
    if (!e) {
        __sync_fetch_and_add(&lost, 1);
        return 0;
    }
    e->at_ns = bpf_ktime_get_ns();
    e->pid = thread >> 32;
    e->tid = thread;
    e->folder_fd = PT_REGS_PARM1_CORE_SYSCALL(regs);
    e->flags = PT_REGS_PARM3_CORE_SYSCALL(regs);
    __builtin_memcpy(e->verdict, VERDICT, sizeof(VERDICT));
    bpf_get_current_comm(e->name, sizeof(e->name));
    __builtin_memcpy(e->path, path, sizeof(e->path));
    bpf_ringbuf_submit(e, 0);
    return 0;
}
