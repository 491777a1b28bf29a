// What run_queue.ks means; of a histogram the sum is not kept.
#include "traced.h"

#define MAX_SLOTS 64

struct name {
    char text[16];
};

struct slots {
    __u64 counts[MAX_SLOTS];
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 10240);
    __type(key, __u32);
    __type(value, __u64);
} since SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, struct name);
    __type(value, struct slots);
} waited SEC(".maps");

__u32 watched;
static const struct slots none;

static __always_inline void could_run(struct task_struct *p)
{
    __u32 thread = p->pid;
    __u64 now;

    if (p->tgid != watched)
        return;
    now = bpf_ktime_get_ns();
    bpf_map_update_elem(&since, &thread, &now, BPF_ANY);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(woken, struct task_struct *p)
{
    could_run(p);
    return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(made, struct task_struct *p)
{
    could_run(p);
    return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *before, struct task_struct *after)
{
    struct name name = {};
    struct slots *slots;
    __u32 thread;
    __u64 *began, slot;

    if (before->__state == 0)
        could_run(before);
    thread = after->pid;
    began = bpf_map_lookup_elem(&since, &thread);
    if (!began)
        return 0;
    bpf_probe_read_kernel_str(name.text, sizeof(name.text), after->comm);
    slots = bpf_map_lookup_elem(&waited, &name);
    if (!slots) {
        bpf_map_update_elem(&waited, &name, &none, BPF_NOEXIST);
        slots = bpf_map_lookup_elem(&waited, &name);
    }
    if (slots) {
        slot = log2l((bpf_ktime_get_ns() - *began) / 1000);
        if (slot >= MAX_SLOTS)
            slot = MAX_SLOTS - 1;
        __sync_fetch_and_add(&slots->counts[slot], 1);
    }
    bpf_map_delete_elem(&since, &thread);
    return 0;
}
