// What the peers that trace the kernel share: the kernel's types, and what libbpf has for such programs.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define RING_BYTES 1048576

char LICENSE[] SEC("license") = "GPL";

// The number of the highest bit, as the tools of bcc's libbpf-tools find it.
static __always_inline __u64 log2(__u32 value)
{
    __u32 shift, result;

    result = (value > 0xffff) << 4;
    value >>= result;
    shift = (value > 0xff) << 3;
    value >>= shift;
    result |= shift;
    shift = (value > 0xf) << 2;
    value >>= shift;
    result |= shift;
    shift = (value > 0x3) << 1;
    value >>= shift;
    result |= shift;
    result |= (value >> 1);
    return result;
}

static __always_inline __u64 log2l(__u64 value)
{
    __u32 high = value >> 32;

    return high ? log2(high) + 32 : log2(value);
}
