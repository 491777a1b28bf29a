// loader.c: loads ports.ks by libbpf, with a skeleton.
//
//     ksc --target=bpf ports.ks
//     ksc --emit=header ports.ks -o ports.h
//     bpftool gen skeleton ports.bpf.o name ports > ports.skel.h
//     cc -I. c/loader.c -o loader -lbpf
//     sudo ./loader eth0 53
#include <arpa/inet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <bpf/bpf.h>

// The types first: the skeleton has variables of them.
#include "ports.h"
#include "ports.skel.h"

static volatile sig_atomic_t ended;

static void end(int number)
{
    (void)number;
    ended = 1;
}

static int show(void *context, void *data, size_t size)
{
    const ports_seen_value *seen = data;
    char source[INET_ADDRSTRLEN];

    (void)context;
    (void)size;
    inet_ntop(AF_INET, &seen->source, source, sizeof(source));
    printf("%s:%u sent %u bytes\n", source, seen->from, seen->length);
    fflush(stdout);
    return 0;
}

static void show_ports(int map)
{
    ports_by_port_key key, *before = NULL;
    ports_by_port_value traffic;

    for (; bpf_map_get_next_key(map, before, &key) == 0; before = &key)
        if (bpf_map_lookup_elem(map, &key, &traffic) == 0)
            printf("port %u: %llu packets, %llu bytes\n", key, (unsigned long long)traffic.packets,
                   (unsigned long long)traffic.bytes);
}

static int watch(struct ports *ports, const char *interface)
{
    struct ring_buffer *ring;

    ports->links.count = bpf_program__attach_xdp(ports->progs.count, if_nametoindex(interface));
    if (!ports->links.count)
        return 1;
    ring = ring_buffer__new(bpf_map__fd(ports->maps.seen), show, NULL, NULL);
    if (!ring)
        return 1;
    ports->data->paused = false;
    printf("watching port %u\n", ports->rodata->watch.port);
    fflush(stdout);
    while (!ended)
        ring_buffer__poll(ring, 100);
    ring_buffer__consume(ring);
    ring_buffer__free(ring);
    show_ports(bpf_map__fd(ports->maps.by_port));
    printf("%llu others\n", (unsigned long long)ports->bss->others);
    return 0;
}

int main(int argc, char **argv)
{
    struct ports *ports;
    int status = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: %s INTERFACE PORT\n", argv[0]);
        return 2;
    }
    signal(SIGINT, end);
    signal(SIGTERM, end);
    ports = ports__open();
    if (!ports)
        return 1;
    ports->rodata->watch.port = atoi(argv[2]);
    if (ports__load(ports) == 0)
        status = watch(ports, argv[1]);
    ports__destroy(ports);
    return status;
}
