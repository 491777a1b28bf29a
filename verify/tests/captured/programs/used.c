#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
SEC("xdp") int p(struct xdp_md *ctx) {
    long *record = bpf_ringbuf_reserve(&events, 16, 0);
    if (!record)
        return XDP_PASS;
    record[0] = 1;
    bpf_ringbuf_submit(record, 0);
    return *(volatile long *)record ? XDP_DROP : XDP_PASS;
}
char _license[] SEC("license") = "GPL";
