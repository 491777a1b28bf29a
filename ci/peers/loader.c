// The plainest loader over a libbpf skeleton: open, set the limit, load, attach to an interface, say so, wait for
// Ctrl-C, print how many frames were dropped.
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <bpf/libbpf.h>
#include PEER_SKELETON

#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)
#define SKELETON(what) PASTE(PEER_NAME, what)

static int fail(const char *what)
{
    perror(what);
    return 1;
}

int main(int argc, char **argv)
{
    struct PEER_NAME *skeleton;
    struct bpf_link *link;
    sigset_t stop;
    int ifindex, received;

    if (argc < 3 || !(ifindex = if_nametoindex(argv[1])))
        return fail("usage: loader INTERFACE MAX");
    skeleton = SKELETON(__open)();
    if (!skeleton)
        return fail("open");
    skeleton->rodata->filter.max = strtoul(argv[2], NULL, 0);
    if (SKELETON(__load)(skeleton))
        return fail("load");
    link = bpf_program__attach_xdp(bpf_object__next_program(skeleton->obj, NULL), ifindex);
    if (!link)
        return fail("attach");
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    puts("attached");
    fflush(stdout);
    sigwait(&stop, &received);
    printf("%llu dropped\n", (unsigned long long)skeleton->bss->dropped);
    bpf_link__destroy(link);
    SKELETON(__destroy)(skeleton);
    return 0;
}
