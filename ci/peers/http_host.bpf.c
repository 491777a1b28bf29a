// What http_host.ks means, by hand: drop the requests of HTTP for one host.
#include "peer.h"

#define SEARCHED 160
#define NOWHERE 1024

char refused[32] = "";
__u64 dropped = 0;
__u64 others = 0;

struct search {
    __u8 *request;
    void *end;
    __u32 found;
};

static __always_inline bool begins_with(__u8 *at, void *data_end, const char *text, __u32 length)
{
    return (void *)(at + length) <= data_end && !__builtin_memcmp(at, text, length);
}

static long find_host(__u32 at, struct search *search)
{
    if (at >= SEARCHED || !begins_with(search->request + at, search->end, "\nHost: ", 7))
        return 0;
    search->found = at + 7;
    return 1;
}

static __always_inline bool is_refused(__u8 *text, void *data_end)
{
    __u32 i;

    for (i = 0; i < sizeof(refused); i++) {
        char wanted = refused[i];

        if ((void *)(text + i + 1) > data_end)
            return false;
        if (wanted == 0)
            return text[i] == '\r';
        if (text[i] != wanted)
            return false;
    }
    return false;
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);
    struct tcphdr *tcp = (void *)(ip + 1);
    struct search search = { .end = data_end, .found = NOWHERE };

    if ((void *)(tcp + 1) > data_end)
        return XDP_PASS;
    if (ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_TCP || tcp->dest != bpf_htons(80))
        return XDP_PASS;
    if (tcp->doff < 5)
        return XDP_PASS;
    search.request = (void *)tcp + tcp->doff * 4;
    if (!begins_with(search.request, data_end, "GET ", 4) && !begins_with(search.request, data_end, "POST ", 5))
        return XDP_PASS;
    bpf_loop(SEARCHED, find_host, &search, 0);
    if (search.found < NOWHERE && is_refused(search.request + search.found, data_end)) {
        __sync_fetch_and_add(&dropped, 1);
        return XDP_DROP;
    }
    __sync_fetch_and_add(&others, 1);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
