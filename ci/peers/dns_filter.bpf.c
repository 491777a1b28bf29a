// What examples/dns_filter.ks means, by hand: drop DNS queries for one name, and count queries.
#include "peer.h"

#define UDP_OFFSET (sizeof(struct ethhdr) + sizeof(struct iphdr))
// Behind UDP's header and the 12 bytes of DNS's.
#define NAME_OFFSET (UDP_OFFSET + sizeof(struct udphdr) + 12)

char blocked[64] = "";
__u64 dropped = 0;
__u64 passed = 0;

SEC("xdp")
int filter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);
    struct udphdr *udp = data + UDP_OFFSET;
    __u8 *name = data + NAME_OFFSET;
    // How many bytes of the label are left; none before the first length.
    __u32 left = 0;
    bool first = true;
    __u32 i;

    if ((void *)(udp + 1) > data_end)
        return XDP_PASS;
    if (ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(53))
        return XDP_PASS;

    // The name's first length has no dot before it: byte i of the query is compared with byte i - 1 of the name.
    for (i = 0; i <= sizeof(blocked); i++) {
        char wanted = i == 0 ? '.' : blocked[i - 1];
        // Behind the packet there are zeros.
        __u8 byte = (void *)(name + i + 1) > data_end ? 0 : name[i];

        if (left == 0) {
            if (byte == 0) {
                if (first ? wanted == '.' && blocked[0] == 0 : wanted == 0) {
                    __sync_fetch_and_add(&dropped, 1);
                    return XDP_DROP;
                }
                break;
            }
            if (!first && wanted != '.')
                break;
            left = byte;
            first = false;
        } else {
            // No label has the zeros behind the name.
            if (byte != wanted || wanted == 0)
                break;
            left--;
        }
    }
    __sync_fetch_and_add(&passed, 1);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
