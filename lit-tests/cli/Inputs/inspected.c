// A BPF object by hand, without headers.
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
typedef unsigned int u32;
struct key {
    int a;
    char name[8];
};
struct {
    __uint(type, 1);
    __uint(max_entries, 12);
    __type(key, struct key);
    __type(value, u32[4]);
    __uint(map_flags, 1);
    __uint(pinning, 1);
} table SEC(".maps");
struct {
    __uint(type, 4);
    __uint(key_size, 4);
    __uint(value_size, 4);
} events SEC(".maps");
const volatile int limit = 3;
long long counts[3][4] = {{1}};
struct key mine SEC(".data.mine");
enum mode { OFF, ON } mode = ON;
static int hidden;

static __attribute__((noinline)) int helper(void *ctx) {
    hidden++;
    return limit + counts[1][2] + mode;
}
SEC("xdp") int program(void *ctx) { return helper(ctx) + hidden + mine.a; }
char _license[] SEC("license") = "Dual BSD/GPL";
