// The declarations of the peers, in both styles of BPF C: with -DPEER_VMLINUX from the running kernel's vmlinux.h, else
// from the UAPI headers.
#ifdef PEER_VMLINUX
#include "vmlinux.h"
#define ETH_P_IP 0x0800
#define ETH_ALEN 6
#define ICMP_ECHO 8
#define ICMP_ECHOREPLY 0
#else
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
// The UAPI's own headers include one of glibc here, which needs files for 32-bit machines.
#define _LINUX_IF_H
#define IFNAMSIZ 16
#include <linux/icmp.h>
#include <linux/udp.h>
#include <stdbool.h>
#endif
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
