#include "shapes.h"
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name

struct {
    __uint(type, 1);
    __uint(max_entries, 1);
    __type(key, unsigned);
    __type(value, struct value);
} shapes __attribute__((section(".maps"), used));

const volatile struct flags limits;
struct tight kept = {1};
unsigned char odd[3] = {1, 2, 3};

__attribute__((section("xdp"), used)) int match(void *ctx)
{
    return 2;
}
