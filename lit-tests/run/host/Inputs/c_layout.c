/* Declares what c_layout.ks declares, and prints what its `main` does. */
#include <stdio.h>
#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
typedef uint32_t u32; typedef uint8_t u8; typedef uint16_t u16; typedef uint64_t u64; typedef int32_t i32; typedef int64_t i64;
struct A { u32 a:5; u8 b; u16 c:9; u16 d:9; u64 e:40; u32 f:24; };
struct B { i32 a:3; u32 :2; i32 b:7; u32 :0; bool c:1; u32 m:3; i64 n:50; };
struct __attribute__((packed)) C { u8 v:4, h:4; u16 t:3, x:13; u64 z:60; u8 w:4; };
struct D { u32 a:1; u64 :50; u8 b; };
union U { u32 word; u8 bytes[4]; u16 half[2]; u32 low:5; };
union V { u64 wide; struct A s; char text[16]; };
struct E { u8 kind; union U u; union V v; u16 tail:3; };
union __attribute__((packed)) P { u8 a; u32 b; };
struct Q { u8 x; union P p; };
#define S(T) printf("%zu ", sizeof(T))
static void show(const char*n, void*p, size_t l){printf("%s %zu\n",n,l);for(size_t i=0;i<l;i++)printf("%zu %02x\n",i,((u8*)p)[i]);}
struct A out; union U u={0x01020304}; union V v={.s={3,4,5,6,7,8}}; struct E e;
int main(){
 out.a=31;out.b=0xaa;out.c=0x155;out.d=0xf0;out.e=0x1234567890;out.f=0xabcdef;u.word=9;e.u.bytes[1]=7;e.v.s.c=3;e.tail=5;
 printf("%zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n",sizeof(struct A),sizeof(struct B),sizeof(struct C),sizeof(struct D),sizeof(union U),sizeof(union V),sizeof(struct E),sizeof(union P),sizeof(struct Q),offsetof(struct E,u),offsetof(struct E,v),offsetof(struct A,b),offsetof(struct D,b),offsetof(struct Q,p));
 show("A",&out,sizeof out);
 struct B b; memset(&b,0,sizeof b); b.a=-3;b.b=-60;b.c=1;b.m=5;b.n=-5;
 printf("%d %d %d %d %lld\n",b.a,b.b,b.c,b.m,(long long)b.n); show("B",&b,sizeof b);
 struct C c; memset(&c,0,sizeof c);c.v=4;c.h=5;c.t=6;c.x=0x1abc;c.z=0x123456789abcdef;c.w=9; show("C",&c,sizeof c);
 struct D d; memset(&d,0,sizeof d);d.a=1;d.b=7;show("D",&d,sizeof d);
 printf("%u %u %u %u\n",u.word,u.bytes[0],u.half[0],u.low);
 show("V",&v,sizeof v);show("E",&e,sizeof e);
 struct Q q={1};q.p.b=0x11223344;show("Q",&q,sizeof q);
 u.low+=30;printf("%u %u\n",u.word,u.low);b.a+=2;printf("%d\n",b.a);
}
