// count_loader.c: loads count.bpf.o attaches it and prints the table.
#include <arpa/inet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

struct traffic {
    unsigned long long packets;
    unsigned long long bytes;
};

static void stop(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    struct bpf_object *object;
    struct bpf_program *program;
    struct bpf_link *link;
    unsigned int source, *before = NULL;
    struct traffic traffic;
    int map, interface;

    if (argc != 2 || !(interface = if_nametoindex(argv[1]))) {
        fprintf(stderr, "usage: count INTERFACE\n");
        return 2;
    }
    object = bpf_object__open_file("count.bpf.o", NULL);
    if (!object || bpf_object__load(object)) {
        fprintf(stderr, "cannot load count.bpf.o\n");
        return 1;
    }
    program = bpf_object__find_program_by_name(object, "count");
    link = bpf_program__attach_xdp(program, interface);
    if (!link) {
        fprintf(stderr, "cannot attach\n");
        return 1;
    }
    signal(SIGINT, stop);
    pause();
    map = bpf_object__find_map_fd_by_name(object, "by_source");
    while (!bpf_map_get_next_key(map, before, &source)) {
        struct in_addr address = { .s_addr = source };

        before = &source;
        if (!bpf_map_lookup_elem(map, &source, &traffic))
            printf("%s %llu packets %llu bytes\n", inet_ntoa(address), traffic.packets, traffic.bytes);
    }
    bpf_link__destroy(link);
    bpf_object__close(object);
    return 0;
}
