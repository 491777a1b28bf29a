#include <stdbool.h>
#include <stdint.h>
#include <string.h>
struct point { int32_t x; uint8_t tag; uint64_t y; };
uint64_t area(struct point *p) { p->x += 1; return (uint64_t)p->x * p->y + p->tag; }
bool odd(uint8_t a) { return a & 1; }
int8_t neg(int8_t a) { return -a; }
double mean(double a, int32_t b) { return (a + b) / 2; }
void shout(char *s) { for (; *s; s++) if (*s >= 'a' && *s <= 'z') *s -= 32; }
void fill(char *s, uint32_t n) { memset(s, 'x', n); }
const char *greet(void) { return "hello from C"; }
const char *nothing(void) { return 0; }
int32_t each(int32_t n, int32_t (*f)(int32_t, bool), uint32_t *sum) { int32_t r = 0; for (int i = 0; i < n; i++) { r += f(i, i & 1); *sum += 1; } return r; }
