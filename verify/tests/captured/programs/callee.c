#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, long); __uint(max_entries, 4); } m SEC(".maps");
static __noinline long read(long *place) {
    return *place;
}
SEC("xdp") int p(struct xdp_md *ctx) {
    int key = ctx->ingress_ifindex;
    long *entry = bpf_map_lookup_elem(&m, &key);
    return read(entry) ? XDP_DROP : XDP_PASS;
}
char _license[] SEC("license") = "GPL";
