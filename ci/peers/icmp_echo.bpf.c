// What examples/icmp_echo.ks means, by hand: answer pings whose checksum holds, and count the answers.
#include "peer.h"

#define IP_OFFSET sizeof(struct ethhdr)
#define ICMP_OFFSET (IP_OFFSET + sizeof(struct iphdr))

__u64 answered = 0;

static __always_inline __u16 fold(__u32 sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

// RFC 1624, equation 3.
static __always_inline __u16 update(__u16 check, __u16 old, __u16 fresh)
{
    return fold((__u16)~check + (__u16)~old + (__u32)fresh);
}

struct covered {
    __u8 *message;
    void *end;
    __u32 length;
    __u32 sum;
};

static long add_word(__u32 at, struct covered *covered)
{
    __u32 offset = at * 2;
    __u8 *word;

    if (offset >= covered->length || offset > 0xffc0)
        return 1;
    word = covered->message + offset;
    if ((void *)(word + 1) > covered->end)
        return 1;
    covered->sum += word[0];
    if (offset + 1 >= covered->length || (void *)(word + 2) > covered->end)
        return 1;
    covered->sum += (__u32)word[1] << 8;
    return 0;
}

SEC("xdp")
int answer(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + IP_OFFSET;
    struct icmphdr *icmp = data + ICMP_OFFSET;
    struct covered covered = { .message = data + ICMP_OFFSET, .end = data_end };
    __u8 sender[ETH_ALEN];
    __be32 source;
    __u16 old, fresh;

    if ((void *)(icmp + 1) > data_end)
        return XDP_PASS;
    if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->version != 4 || ip->ihl != 5)
        return XDP_PASS;
    if (ip->protocol != IPPROTO_ICMP || icmp->type != ICMP_ECHO)
        return XDP_PASS;

    covered.length = (__u16)(bpf_ntohs(ip->tot_len) - 20);
    bpf_loop(1 << 15, add_word, &covered, 0);
    if (fold(covered.sum) != 0)
        return XDP_DROP;

    old = icmp->type | icmp->code << 8;
    icmp->type = ICMP_ECHOREPLY;
    fresh = icmp->type | icmp->code << 8;
    icmp->checksum = update(icmp->checksum, old, fresh);

    source = ip->saddr;
    ip->saddr = ip->daddr;
    ip->daddr = source;
    __builtin_memcpy(sender, eth->h_source, ETH_ALEN);
    __builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
    __builtin_memcpy(eth->h_dest, sender, ETH_ALEN);
    __sync_fetch_and_add(&answered, 1);
    return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
