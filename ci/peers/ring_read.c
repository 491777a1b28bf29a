// What ring_read.ks does in user space, by hand: libbpf reads a ring buffer to its end. Takes the object that ksc made.
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

struct event {
    __u64 number;
    __u64 twice;
};

static __u64 taken, sum;

static int take(void *context, void *data, size_t size)
{
    const struct event *event = data;

    taken++;
    sum += event->number + event->twice;
    return 0;
}

static unsigned long long now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000ull + at.tv_nsec;
}

int main(int argc, char **argv)
{
    struct bpf_object *object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
    struct ring_buffer *ring;
    unsigned long long begun;
    sigset_t signals;
    int signal;

    if (!object || bpf_object__load(object)) {
        perror("ring_read: loading");
        return 1;
    }
    ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "events"), take, NULL, NULL);
    if (!ring) {
        perror("ring_read: ring_buffer__new");
        return 1;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    puts("ready");
    fflush(stdout);
    sigwait(&signals, &signal);
    begun = now();
    if (ring_buffer__consume(ring) < 0)
        return 1;
    printf("%llu ns, %llu values, sum %llu\n", now() - begun, (unsigned long long)taken, (unsigned long long)sum);
    return 0;
}
