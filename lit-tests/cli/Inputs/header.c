// Prints sizes and offsets of the types of header.ks, as its `main` does.
#include <stdio.h>

int main(void) {
    printf("%zu %zu %zu %zu\n", sizeof(struct Inner), sizeof(struct Tight), sizeof(header_m_value), sizeof(struct Locked));
    printf("%zu %zu %zu\n", offsetof(struct Inner, b), offsetof(struct Inner, text), offsetof(struct Inner, mac));
    printf("%zu %zu\n", offsetof(struct Tight, b), offsetof(struct Tight, c));
    printf("%zu %zu %zu %zu %zu\n", offsetof(struct Value, rest), offsetof(struct Value, tight), offsetof(struct Value, int_),
           offsetof(struct Value, ok), offsetof(struct Value, grid));
    printf("%zu\n", offsetof(struct Locked, n));
    printf("%d\n", ON);
    return 0;
}
