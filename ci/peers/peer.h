// The declarations of the peers, in both styles of BPF C: with -DPEER_VMLINUX from the running kernel's vmlinux.h, else
// from the UAPI headers.
#ifdef PEER_VMLINUX
#include "vmlinux.h"
#define ETH_P_IP 0x0800
#else
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#endif
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
