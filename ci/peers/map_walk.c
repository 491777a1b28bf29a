// What map_walk.ks does, by hand: a walk over a hash map in batches of libbpf.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <errno.h>
#include <bpf/bpf.h>

#define ENTRIES 1000000
#define BATCH 4096

static unsigned long long now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000ull + at.tv_nsec;
}

int main(void)
{
    static __u32 keys[BATCH];
    static __u64 values[BATCH];
    __u64 entries = 0, sum = 0, begun;
    __u32 position, count;
    int failed = 0;
    int map = bpf_map_create(BPF_MAP_TYPE_HASH, "table", sizeof(__u32), sizeof(__u64), 1048576, NULL);

    if (map < 0) {
        perror("bpf_map_create");
        return 1;
    }
    for (__u32 i = 0; i < ENTRIES; i++) {
        __u64 value = i * 3ull;

        if (bpf_map_update_elem(map, &i, &value, BPF_ANY))
            return 1;
    }
    begun = now();
    for (int first = 1; !failed; first = 0) {
        count = BATCH;
        failed = bpf_map_lookup_batch(map, first ? NULL : &position, &position, keys, values, &count, NULL);
        if (failed && errno != ENOENT) {
            perror("bpf_map_lookup_batch");
            return 1;
        }
        for (__u32 i = 0; i < count; i++) {
            entries++;
            sum += values[i] + keys[i];
        }
    }
    printf("%llu ns, %llu entries, sum %llu\n", now() - begun, (unsigned long long)entries, (unsigned long long)sum);
    return 0;
}
