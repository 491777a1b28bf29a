#include "shapes.h"
#include <stdio.h>
#include <string.h>

static void show(const char *what, const void *bytes, unsigned size)
{
    printf("%s", what);
    for (unsigned i = 0; i < size; i++)
        printf(" %02x", ((const unsigned char *)bytes)[i]);
    printf("\n");
}

int main(void)
{
    struct value v;
    memset(&v, 0, sizeof v);
    strcpy(v.text, "hello");
    memcpy(v.mac, "\1\2\3\4\5\6", 6);
    v.matrix[1][2] = -2;
    v.kind = KIND_MORE;
    v.sign = MINUS;
    v.ok = 1;
    v.big = 0x1122334455667788;
    v.first = 7;
    v.four = 0x01020304;
    v.tight.word = 0xa1b2c3d4;
    v.tight.inner.b = 0x1234567890abcdef;
    v.tight.last = 9;
    v.flags.before = 1;
    v.flags.low = 5;
    v.flags.middle = -700;
    v.flags.yes = 1;
    v.flags.wide = 0x1234567890ull;
    v.flags.kind = KIND_SOME;
    v.flags.after = 0xbeef;
    v.either.inner.b = 77;
    v.either.bits = 0x15;
    v.inners[1].a = 3;
    v.inners[1].b = 4;
    v.pointer = (void *)0x5555;
    v.type = -1;
    v.real = 1.5;
    show("value", &v, sizeof v);
    show("flags", &v.flags, sizeof v.flags);
    printf("%u %d %d %llx %x\n", v.flags.low, v.flags.middle, v.flags.yes, (unsigned long long)v.flags.wide, v.flags.kind);
    printf("%x %u %u %llu\n", v.either.word, v.either.bits, v.either.bytes[8], v.either.inner.b);
    return 0;
}
