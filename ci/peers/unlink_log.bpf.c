// What unlink_log.ks means; the bytes behind a text are left as they are.
#include "traced.h"

#define BEGIN "spool-"

struct removed {
    __u64 inode;
    __s64 bytes;
    __u32 pid;
    __u32 user;
    char folder[32];
    char name[64];
    __u16 mode;
};

struct process {
    __u32 pid;
    char name[16];
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
} removals SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 10240);
    __type(key, struct process);
    __type(value, __u64);
} by_process SEC(".maps");

__u64 lost;

static __always_inline void count(void)
{
    struct process of = { .pid = bpf_get_current_pid_tgid() >> 32 };
    __u64 one = 1, *count;

    bpf_get_current_comm(of.name, sizeof(of.name));
    count = bpf_map_lookup_elem(&by_process, &of);
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        bpf_map_update_elem(&by_process, &of, &one, BPF_NOEXIST);
}

SEC("kprobe/vfs_unlink")
int BPF_KPROBE(removing, struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry)
{
    struct inode *inode;
    struct removed *e;
    char folder[32] __attribute__((aligned(8))) = {};

    bpf_probe_read_kernel_str(folder, sizeof(folder), BPF_CORE_READ(dentry, d_parent, d_name.name));
    if (bpf_strncmp(folder, sizeof(BEGIN) - 1, BEGIN) != 0)
        return 0;
    count();
    inode = BPF_CORE_READ(dentry, d_inode);
    e = bpf_ringbuf_reserve(&removals, sizeof(*e), 0);
    if (!e) {
        __sync_fetch_and_add(&lost, 1);
        return 0;
    }
    e->inode = BPF_CORE_READ(inode, i_ino);
    e->bytes = BPF_CORE_READ(inode, i_size);
    e->pid = bpf_get_current_pid_tgid() >> 32;
    e->user = BPF_CORE_READ(inode, i_uid.val);
    e->mode = BPF_CORE_READ(inode, i_mode);
    __builtin_memcpy(e->folder, folder, sizeof(e->folder));
    bpf_probe_read_kernel_str(e->name, sizeof(e->name), BPF_CORE_READ(dentry, d_name.name));
    bpf_ringbuf_submit(e, 0);
    return 0;
}
