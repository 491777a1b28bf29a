// What payload_sum.ks means, by hand: drop the datagrams whose checksum is wrong.
#include "peer.h"

__u64 dropped = 0;
__u64 passed = 0;

#define MAX_DATAGRAM 1480

SEC("xdp")
int check(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);
    struct udphdr *udp = (void *)(ip + 1);
    __u32 *word = (void *)udp;
    __u32 length, i;
    __u8 *rest;
    __u64 sum;

    if ((void *)(ip + 1) > data_end)
        return XDP_PASS;
    if (ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
        return XDP_PASS;
    if ((void *)(udp + 1) > data_end)
        return XDP_PASS;
    length = bpf_ntohs(udp->len);
    if (length > MAX_DATAGRAM || (void *)udp + length > data_end)
        goto drop;

    sum = (__u64)ip->saddr + ip->daddr + udp->len + bpf_htons(IPPROTO_UDP);
    for (i = 0; i < MAX_DATAGRAM / 4; i++) {
        if (i * 4 + 4 > length || (void *)(word + 1) > data_end)
            break;
        sum += *word++;
    }
    rest = (void *)word;
    if ((length & 2) && (void *)(rest + 2) <= data_end) {
        sum += *(__u16 *)rest;
        rest += 2;
    }
    if ((length & 1) && (void *)(rest + 1) <= data_end)
        sum += *rest;
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    if (sum == 0xffff) {
        __sync_fetch_and_add(&passed, 1);
        return XDP_PASS;
    }
drop:
    __sync_fetch_and_add(&dropped, 1);
    return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
