//! Names of C, Rust, Python and bpftrace, with their counterparts in this language.

use super::Diagnostic;
use crate::source::Span;

/// Keywords that are a value, or a statement, by themselves: what a name that is not known may be meant for.
pub const ALONE: &[&str] = &["break", "continue", "default", "false", "none", "null", "return", "true"];

/// The replacement of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instead {
    /// This name, in the same place.
    Name(&'static str),
    /// Something else, which the help describes.
    Form(&'static str),
}

use Instead::{Form, Name};

impl Instead {
    /// Says so in the error about the name at `span`.
    pub fn propose(self, error: &mut Diagnostic, span: Span) {
        match self {
            Name(name) => error.help(format!("did you mean `{name}`?")).fix(span, name),
            Form(form) => error.help(form),
        };
    }
}

/// The type of this language.
pub fn ty(name: &str) -> Option<&'static str> {
    Some(match name {
        "uint8_t" | "uint8" | "u_int8_t" | "__u8" | "byte" | "uchar" | "u_char" => "u8",
        "uint16_t" | "uint16" | "u_int16_t" | "__u16" | "ushort" | "u_short" => "u16",
        "uint32_t" | "uint32" | "u_int32_t" | "__u32" | "uint" | "u_int" | "unsigned" => "u32",
        "uint64_t" | "uint64" | "u_int64_t" | "__u64" | "ulong" | "u_long" | "usize" | "uintptr_t" => "u64",
        "int8_t" | "int8" | "__s8" | "s8" => "i8",
        "int16_t" | "int16" | "__s16" | "s16" | "short" => "i16",
        "int32_t" | "int32" | "__s32" | "s32" | "signed" => "i32",
        "int64_t" | "int64" | "__s64" | "s64" | "long" | "isize" | "ssize_t" | "intptr_t" => "i64",
        "__be16" => "be16",
        "__be32" => "be32",
        "__be64" => "be64",
        "double" | "float" => "f64",
        "boolean" | "_Bool" | "Bool" => "bool",
        "string" | "String" => "str(16)",
        _ => return None,
    })
}

/// The map kind of this language.
pub fn map_kind(name: &str) -> Option<&'static str> {
    Some(match name {
        "map" | "dict" | "HashTable" | "hashtable" | "unordered_map" => "hash",
        "ring_buffer" | "RingBuffer" | "ring" => "ringbuf",
        "perf_buffer" | "PerfBuffer" => "perf_event_array",
        _ => return None,
    })
}

/// What replaces a value or a function of this name.
pub fn name(name: &str) -> Option<Instead> {
    Some(match name {
        "NULL" | "nullptr" | "nil" | "None" | "Null" | "undefined" => Name("null"),
        "True" | "TRUE" => Name("true"),
        "False" | "FALSE" => Name("false"),
        "not" => Name("!"),
        "printf" | "println" | "bpf_printk" | "printk" | "pr_info" | "puts" | "echo" => Name("print"),
        "strlen" => Name("len"),
        "XDP_OK" | "XDP_ACCEPT" | "XDP_ALLOW" | "XDP_CONTINUE" => Name("XDP_PASS"),
        "XDP_REJECT" | "XDP_DENY" | "XDP_BLOCK" => Name("XDP_DROP"),
        "TC_ACT_PASS" | "TC_ACT_ACCEPT" | "TC_ACT_ALLOW" => Name("TC_ACT_OK"),
        "TC_ACT_DROP" | "TC_ACT_REJECT" | "TC_ACT_DENY" => Name("TC_ACT_SHOT"),
        "ETH_P_IP6" => Name("ETH_P_IPV6"),
        "ETH_P_IPV4" | "ETH_P_IP4" => Name("ETH_P_IP"),
        "IPPROTO_IP6" => Name("IPPROTO_IPV6"),
        "IPPROTO_ICMP6" => Name("IPPROTO_ICMPV6"),
        "ktime" | "ktime_get_ns" | "ktime_get" | "nanotime" | "clock_gettime" => Name("now_ns"),
        "usleep" | "nanosleep" | "msleep" => Form("`sleep(ms)` takes milliseconds"),
        "now_ms" | "now_us" | "now_s" | "now" => {
            Form("`now_ns()` is the time in nanoseconds: `now_ns() / 1000000` are milliseconds")
        }
        "fetch_sub" | "atomic_sub" | "__sync_fetch_and_sub" => Form("`fetch_add(place, -n)` subtracts"),
        "fetch_inc" | "atomic_inc" | "atomic_fetch_add" | "__sync_fetch_and_add" | "atomic_add" | "lock_xadd" => Form(
            "`m[k] += n` and `v.f += n` of an entry are atomic; `fetch_add(place, n)` also yields what was there before",
        ),
        "sprintf" | "snprintf" | "format" => {
            Form("`format(fmt, …)` is the text that `print` prints, in user space; strings are put together by `+`")
        }
        "min" => Form("write `a < b ? a : b`"),
        "max" => Form("write `a > b ? a : b`"),
        "unload" => Form("`detach(handle)` takes a program off; what is loaded goes when the process ends"),
        "rethrow" => Form("a handler throws on what it caught by `catch e { … throw e }`"),
        "exit" => Form("`return` from `main` ends the program with its value"),
        "strcmp" | "strncmp" => Form("strings are compared by `==` and `!=`, their beginnings by `starts_with(s, p)`"),
        "memcmp" => Form("arrays and structs are compared by `==` and `!=`"),
        "strcpy" | "strncpy" | "memcpy" | "memmove" => Form("arrays, structs and strings are assigned: `a = b`"),
        "memset" => Form("a variable without a value is zero; `x = []` zeroes an array"),
        "malloc" | "calloc" | "kmalloc" | "kzalloc" => Form("`new T()` makes an object, in user space"),
        "free" | "kfree" => Form("`delete p` frees what `new` made"),
        "range" => Form("a range is written `a..b`: `for (i in 0..n) { … }`"),
        "self" | "this" => Form("there are no methods: what a function works on is a parameter"),
        "ntohs" | "ntohl" | "htons" | "htonl" | "bpf_ntohs" | "bpf_ntohl" | "bpf_htons" | "bpf_htonl"
        | "bpf_be64_to_cpu" | "bpf_cpu_to_be64" | "be16_to_cpu" | "be32_to_cpu" | "cpu_to_be16" | "cpu_to_be32" => {
            Form(
                "constants are swapped where they meet a `be` value; others convert by `x as u16`, `x as be16` and the like",
            )
        }
        _ => return None,
    })
}

/// What other tools that trace the kernel know by these names.
pub fn of_tracing(name: &str) -> Option<Instead> {
    Some(match name {
        "tgid" | "getpid" | "get_current_pid" | "bpf_get_current_pid" => Form("`pid()` is the number of the process"),
        "gettid" => Form("`tid()` is the number of the thread"),
        "getuid" => Form("`uid()` is the user of the process"),
        "getgid" => Form("`gid()` is the group of the process"),
        "execname" => Form("`comm()` is the name of the thread"),
        "cgroup" | "cgroupid" | "get_cgroup_id" => Form("`cgroup_id()` is the number of the cgroup of the process"),
        "cpu_id" | "cpuid" | "smp_processor_id" => Form("`cpu()` is the number of the CPU"),
        "curtask" | "current" | "get_current" | "task" | "current_task" | "get_current_task" => {
            Form("BPF code has the running task by `bpf_get_current_task_btf()`, whose fields are read: `task->tgid`")
        }
        "nsecs" | "elapsed" => Form("`now_ns()` is the time in nanoseconds"),
        "jiffies" => Form("BPF code has them by `bpf_jiffies64()`"),
        "kstack" | "ustack" => Form(
            "a stack is kept in a map, `var stacks: stack_trace(1024)`: `stacks.id(ctx, 0)`, of user space with `BPF_F_USER_STACK`",
        ),
        "args" | "arg0" | "arg1" | "arg2" | "arg3" | "arg4" | "arg5" => Form(
            "what the kernel hands over are the parameters of the program; a tracepoint's are fields of its record: `ctx->…`",
        ),
        "retval" => {
            Form("what a function returned is the last parameter of a `@fexit` program, and that of a `@kretprobe`")
        }
        "kstr" | "str" | "probe_read_str" => {
            Form("text at an address is read by `p as str(64)`, of a `p` that is a `*char` or a `*user char`")
        }
        "errno" => Form("what fails yields a negative error number as its result"),
        _ => return None,
    })
}

/// What replaces a method of this name on a map.
pub fn map_method(name: &str) -> Option<&'static str> {
    Some(match name {
        "get" | "lookup" | "find" | "at" | "read" => {
            "an entry is `m[key]`; `if (var v = m[key]) { … }` tests whether it is there"
        }
        "contains" | "contains_key" | "has" | "exists" | "has_key" => "write `m[key] != null`",
        "set" | "put" | "add" | "store" | "write" => "write `m[key] = value`",
        "remove" | "erase" | "del" => "write `delete m[key]`",
        "increment" | "inc" => "write `m[key] += 1`",
        "items" | "iter" | "keys" | "values" | "for_each" => "write `for (k, v in m) { … }`",
        _ => return None,
    })
}
