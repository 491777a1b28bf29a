// Types of all forms, for an object and for a program of C that shows where their parts are.

enum kind { KIND_NONE, KIND_SOME = 3, KIND_MORE = 0x80000001u };
enum sign { MINUS = -2, PLUS = 1 };
typedef unsigned long long be64_like;

struct inner {
    unsigned char a;
    unsigned long long b;
};

struct flags {
    unsigned char before;
    unsigned int low : 3;
    int middle : 11;
    unsigned int : 4;
    _Bool yes : 1;
    unsigned long long wide : 37;
    enum kind kind : 32;
    unsigned short after;
};

struct __attribute__((packed)) tight {
    unsigned char tag;
    unsigned int word;
    struct inner inner;
    unsigned long long last;
};

union either {
    unsigned int word;
    unsigned char bytes[12];
    struct inner inner;
    unsigned int bits : 5;
};

struct value {
    char text[10];
    unsigned char mac[6];
    short matrix[2][3];
    enum kind kind;
    enum sign sign;
    _Bool ok;
    __int128 big;
    struct {
        unsigned int first;
        union {
            unsigned int four;
            unsigned char one;
        };
    };
    struct tight tight;
    struct flags flags;
    union either either;
    struct inner inners[2];
    void *pointer;
    signed char type;
    double real;
    unsigned int none[0];
};
