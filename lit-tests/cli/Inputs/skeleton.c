// Prints the initial values of the variables of header_skeleton.ks, and where those without one are.
#include <arpa/inet.h>
#include <endian.h>
#include <stddef.h>
#include <stdio.h>

int main(void) {
    struct skeleton *opened = skeleton__open();
    if (!opened)
        return 1;
#define DATA(name) ((long long)opened->data->v_##name)
    printf("%lld %lld %lld %lld %lld %lld %lld %lld\n", DATA(u8), DATA(u16), DATA(u32), DATA(u64), DATA(i8), DATA(i16), DATA(i32), DATA(i64));
    printf("%x %x %llx %d %c %s\n", ntohs(opened->data->v_be16), ntohl(opened->data->v_be32), (unsigned long long)be64toh(opened->data->v_be64),
           opened->data->v_bool, opened->data->v_char, opened->data->v_text);
    opened->bss->v_pair.b = 7;
    opened->bss->v_numbers[3] = 9;
    const struct header_skeleton_bss *bss = (const struct header_skeleton_bss *)opened->bss;
    printf("%lld %lld %lld %lld %lld %lld %lld %d\n", DATA(small), DATA(wide), DATA(signed), DATA(plain), DATA(big), DATA(long),
           (long long)bss->v_pair.b, bss->v_numbers[3]);
    skeleton__destroy(opened);
    return 0;
}
