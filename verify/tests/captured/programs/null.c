#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, long); __uint(max_entries, 4); } m SEC(".maps");
static __noinline long touch(int k) {
    long *v = bpf_map_lookup_elem(&m, &k);
    return *v;
}
SEC("xdp") int p(struct xdp_md *ctx) {
    int k = ctx->ingress_ifindex;
    long *e = bpf_map_lookup_elem(&m, &k);
    if (k == 7) return touch(k);
    *e += 1;
    return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
