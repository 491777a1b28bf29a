#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define MAP __attribute__((section(".maps"), used))

struct list {
    unsigned from;
    unsigned __private;
    unsigned lambda : 3;
};

struct _Int {
    struct list list_;
    unsigned list;
};

enum Shape { None, name };

union shape {
    enum Shape shape;
    struct _Int ints[2];
};

struct {
    __uint(type, 1);
    __uint(max_entries, 1);
    __type(key, unsigned);
    __type(value, struct list);
} open MAP;

struct {
    __uint(type, 1);
    __uint(max_entries, 1);
    __type(key, union shape);
    __type(value, struct _Int);
} class MAP;

struct {
    __uint(type, 27);
    __uint(max_entries, 4096);
} list MAP;

struct {
    __uint(type, 2);
    __uint(max_entries, 1);
    __type(key, unsigned);
    __type(value, unsigned long);
} _libc MAP;

int from = 1;
int zero;
