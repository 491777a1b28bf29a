/* Declares what unions.ks declares. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;
typedef long long i64;
enum Mode { OFF, ON = 1, AUTO = 5 };
struct A { u32 a:5; u8 b; u16 c:9; u16 d:9; u64 e:40; u32 f:24; } a;
struct B { i32 a:3; u32 :2; i32 b:7; u32 :0; _Bool c:1; enum Mode m:3; i64 n:50; } b;
struct __attribute__((packed)) C { u8 v:4, h:4; u16 t:3, x:13; u64 z:60; u8 w:4; } c;
struct D { u32 a:1; u64 :50; u8 b; } d;
union U { u32 word; u8 bytes[4]; u16 half[2]; u32 low:5; };
union V { u64 wide; struct A s; char text[16]; };
struct E { u8 kind; union U u; union V v; u16 tail:3; } e;
