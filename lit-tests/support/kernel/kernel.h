/* What the C of kernel modules uses of the kernel, for tests that run it in user space. */
#ifndef KERNEL_H
#define KERNEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;
typedef u16 __be16;
typedef u32 __be32;
typedef u64 __be64;

#define static_assert _Static_assert
#define noinline __attribute__((noinline))
#define __used __attribute__((used))
#define __maybe_unused __attribute__((unused))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __init
#define __exit
#define __bpf_kfunc __used noinline

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 12, 0)

/* Registration: the sets are empty, and registering one prints nothing. */
struct btf_id_set8 { u32 count; };
struct btf_kfunc_id_set { void *owner; struct btf_id_set8 *set; };
#define BTF_KFUNCS_START(name) static struct btf_id_set8 name;
#define BTF_ID_FLAGS(...)
#define BTF_KFUNCS_END(name)
#define THIS_MODULE NULL
enum { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS };
static inline int register_btf_kfunc_id_set(int type, const struct btf_kfunc_id_set *set)
{
	return set->set ? 0 : -type;
}
#define module_init(start) int (*const module_start)(void) = start;
#define module_exit(end) void (*const module_end)(void) = end;
#define MODULE_LICENSE(text)
#define MODULE_DESCRIPTION(text)

static inline u64 div64_u64(u64 left, u64 right) { return left / right; }
static inline s64 div64_s64(s64 left, s64 right) { return left / right; }
static inline u16 swab16(u16 x) { return __builtin_bswap16(x); }
static inline u32 swab32(u32 x) { return __builtin_bswap32(x); }
static inline u64 swab64(u64 x) { return __builtin_bswap64(x); }
static inline int fls64(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }
static inline int raw_smp_processor_id(void) { return 0; }
#define be16_to_cpu swab16
#define be32_to_cpu swab32
#define be64_to_cpu swab64

#define GFP_ATOMIC 1
#define GFP_KERNEL 2
#define kzalloc(size, flags) calloc(1, (size) + 0 * (flags))
#define kfree free
/* Locks count how often they are held; `interrupts` is what was saved. */
typedef struct { int held; } spinlock_t;
struct mutex { int held; };
#define DEFINE_SPINLOCK(name) spinlock_t name
#define DEFINE_MUTEX(name) struct mutex name
#define spin_lock_irqsave(lock, state) ((state) = 7ul, (lock)->held++ == 0 ? (void)0 : abort())
#define spin_unlock_irqrestore(lock, state) ((state) == 7ul && (lock)->held-- == 1 ? (void)0 : abort())
static inline void mutex_lock(struct mutex *lock) { if (lock->held++ != 0) abort(); }
static inline void mutex_unlock(struct mutex *lock) { if (lock->held-- != 1) abort(); }
static inline void msleep(unsigned int ms) { printf("slept %u\n", ms); }
static inline unsigned long msecs_to_jiffies(const unsigned int ms) { return ms / 4; }
static inline int kstrtouint(const char *text, unsigned int base, unsigned int *result)
{
	*result = (unsigned int)strtoul(text, NULL, (int)base);
	return 0;
}

#define KERN_INFO "<6>"
#define printk printf
#endif
