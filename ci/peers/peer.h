// The declarations of the peers, in both styles of BPF C: with -DPEER_VMLINUX from the running kernel's vmlinux.h, else
// from the UAPI headers.
#ifdef PEER_VMLINUX
#include "vmlinux.h"
#define ETH_P_IP 0x0800
#define ETH_ALEN 6
#define ICMP_ECHO 8
#define ICMP_ECHOREPLY 0
#define TC_ACT_OK 0
#else
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
// The UAPI's own headers include one of glibc here, which needs files for 32-bit machines.
#define _LINUX_IF_H
#define IFNAMSIZ 16
#include <linux/icmp.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#endif
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// The first bytes of a packet of TC may lie in pages of their own: this moves them to where the program reads.
#ifdef PEER_VMLINUX
// Inline, clang would keep the offsets of the context's fields, which it relocates, in registers: no kernel takes that.
static __noinline
#else
static __always_inline
#endif
void make_readable(struct __sk_buff *ctx, __u32 length)
{
    if ((void *)(long)ctx->data + length > (void *)(long)ctx->data_end)
        bpf_skb_pull_data(ctx, length);
}
