//! The tables of callees: builtins, helpers, kernel functions.

use super::maps::MapAccess;
use crate::tables::form::{Kernel, List, Text, record, words};

record! {
    /// A builtin function that needs no syntax of its own (`ir-specs/builtins.toml`).
    pub struct BuiltinSpec {
        pub name: Text,
        #[serde(default)]
        pub params: List<(Text, Text)>,
        #[serde(default = "crate::tables::form::void")]
        pub result: Text,
        /// The runtime's symbol, if user space has it.
        #[serde(default)]
        pub host: Option<Text>,
        /// The BPF helper, if BPF code has it.
        #[serde(default)]
        pub bpf: Option<Text>,
        /// The function of the kernel (include/linux/timekeeping.h) in a module; none: it does not exist there.
        #[serde(default)]
        pub kmod: Option<Text>,
        /// It is this half of the 64 bits that `bpf` yields.
        #[serde(default)]
        pub half: Option<Half>,
        /// It says something of the task that the CPU runs.
        #[serde(default)]
        pub of_task: bool,
        /// The helper that it is, with its arguments.
        #[serde(default)]
        pub helper: Option<Text>,
        /// The op that it is on both sides.
        #[serde(default)]
        pub op: Option<Text>,
        /// The word of `mem.fetch`: an atomic operation on a place.
        #[serde(default)]
        pub atomic: Option<Text>,
        /// There is also one that does not yield the old value, `mem.atomic`.
        #[serde(default)]
        pub plain: bool,
        /// A constant, of the address that its argument says in this form.
        #[serde(default)]
        pub address: Option<Address>,
        /// The operation, for a builtin on views; a parameter `bytes` is a view, `bytes?` one or `null`.
        #[serde(default)]
        pub views: Option<ViewOp>,
        /// The parameters, by number, through which it writes.
        #[serde(default)]
        pub writes: List<u64>,
        /// It is the number of bytes of its argument, which may be a view too.
        #[serde(default)]
        pub length: bool,
        /// So many of the last arguments may be left out.
        #[serde(default)]
        pub optional: usize,
        /// The constant that it throws where `host`, which fills the place of the result, yields other than 0.
        #[serde(default)]
        pub throws: Option<Text>,
        /// The function of the side fills the place of the result: its last arguments are that and the size in bytes.
        #[serde(default)]
        pub fills: bool,
        /// The result may be absent: `host` fills the place as for `fills`, and yields whether there is a value.
        #[serde(default)]
        pub absent: bool,
        /// The builtin whose result stands for a last argument that is left out.
        #[serde(default)]
        pub otherwise: Option<Text>,
        /// It is also a method of its first argument.
        #[serde(default)]
        pub method: bool,
        /// A signal ends it early, so a loop of user space that calls it needs no cancel point.
        #[serde(default)]
        pub interruptible: bool,
        /// The runtime does the other work of the process meanwhile, such as to serve metrics.
        #[serde(default)]
        pub idles: bool,
        /// `main` may end behind it: it waits in some other form, or what is attached stays.
        #[serde(default)]
        pub keeps_attached: bool,
        /// The function of the runtime that gets the result where nothing asks for it.
        #[serde(default)]
        pub unused: Option<Text>,
        /// The builtin that is called behind it where nothing asks for the result.
        #[serde(default)]
        pub then: Option<Text>,
        /// The rule by which calls are checked, if it is none of the columns.
        #[serde(default)]
        pub node: Option<BuiltinNode>,
        /// One line for messages and the reference.
        pub summary: Text,
        /// The compiler handles calls; else `E0601`.
        #[serde(default = "crate::tables::form::yes")]
        pub supported: bool,
    }
}

words! {
    /// One of the two numbers that a helper yields together.
    pub enum Half {
        /// Bits 0 to 31.
        Low,
        /// Bits 32 to 63.
        High,
    }
}

words! {
    /// A builtin whose calls have nodes of their own in the typed tree.
    #[serde(rename_all = "snake_case")]
    pub enum BuiltinNode {
        /// `print`
        Print,
        /// `print_raw`
        PrintRaw,
        /// `show`
        Show,
        /// `load`
        Load,
        /// `attach`
        Attach,
        /// `detach`
        Detach,
        /// `pin`
        Pin,
        /// `unpin`
        Unpin,
        /// `register`
        Register,
        /// `unregister`
        Unregister,
        /// `upgrade`
        Upgrade,
        /// `run`
        Run,
        /// `arg`
        Arg,
        /// `test`
        Test,
        /// `read`
        Read,
        /// `exec`
        Exec,
        /// `exists`
        Exists,
        /// `panic`
        Panic,
        /// `assert`
        Assert,
        /// `name`
        Name,
        /// `format`
        Format,
        /// `sort`
        Sort,
        /// `daemon`
        Daemon,
    }
}

words! {
    /// An operation of a builtin on views.
    pub enum ViewOp {
        /// Copies bytes, and yields how many.
        Copy,
        /// Compares bytes.
        Compare,
        /// Adds the words of one to a sum, without those of another.
        Sum,
    }
}

words! {
    /// How addresses are written.
    pub enum Address {
        /// `10.0.0.1`
        Ip4,
        /// `2001:db8::1`
        Ip6,
        /// `02:00:00:00:00:01`
        Mac,
    }
}

record! {
    /// A BPF helper (`ir-specs/helpers.toml`).
    pub struct HelperSpec {
        /// `bpf_…`
        pub name: Text,
        /// Number of include/uapi/linux/bpf.h.
        pub number: u32,
        #[serde(default)]
        pub args: List<HelperArg>,
        #[serde(default)]
        pub result: HelperResult,
        /// The type of a result that is a scalar.
        #[serde(default)]
        pub ty: Option<Text>,
        /// The result may be null.
        #[serde(default)]
        pub nullable: bool,
        /// The struct of `contexts.toml`, or of the kernel's BTF, that its result points to, if that is a kernel object of a known type.
        #[serde(default)]
        pub object: Option<Text>,
        /// All fields of the object may be read, those too that only full ones have.
        #[serde(default)]
        pub full: bool,
        /// The effect on a reference to the object.
        #[serde(default)]
        pub reference: Option<Reference>,
        /// The program types that may call it, by the kernel from which on they may.
        #[serde(default)]
        pub programs: List<HelperPrograms>,
        /// The access that the kind of its map must allow; none: no call by its name passes a map.
        #[serde(default)]
        pub needs: Option<MapAccess>,
        /// Does nothing but yield what is the same throughout a run of a program.
        #[serde(default)]
        pub constant: bool,
        /// Writes all of the memory that it fills, whatever happens.
        #[serde(default)]
        pub fills: bool,
        /// The first kernel (major, minor) that does; none: all. Before it the workaround `unpadded-names` clears the memory.
        #[serde(default)]
        pub fills_since: Option<Kernel>,
        /// Moves packet data: packet pointers of before are invalid.
        #[serde(default)]
        pub changes_packet: bool,
        /// Memory that it reads may be in the packet.
        #[serde(default)]
        pub reads_packet: bool,
        /// Only programs under a license compatible with the GPL may call it.
        #[serde(default)]
        pub gpl_only: bool,
        /// Only programs that may sleep may call it.
        #[serde(default)]
        pub may_sleep: bool,
        /// The first kernel (major, minor) that has it; none: all that the compiler supports.
        #[serde(default)]
        pub since: Option<Kernel>,
        /// The construct of the language in its place, as the help of messages.
        #[serde(default)]
        pub instead: Option<Text>,
    }
}

record! {
    /// Program types that may call a helper.
    pub struct HelperPrograms {
        /// The first kernel (major, minor) that lets them, of those that were asked; none: all that have the helper.
        #[serde(default)]
        pub since: Option<Kernel>,
        /// As the kernel names them: `sched_cls`.
        pub types: List<Text>,
    }
}

record! {
    /// An argument of a helper.
    pub struct HelperArg {
        pub name: Text,
        pub kind: HelperArgKind,
        /// The type of a scalar.
        #[serde(default)]
        pub ty: Option<Text>,
        /// The argument that says how many bytes the memory has.
        #[serde(default)]
        pub size: Option<u32>,
        /// Memory of so many bytes.
        #[serde(default)]
        pub bytes: Option<u32>,
        /// The struct of `contexts.toml` that it points to, if it is a kernel object of a known type.
        #[serde(default)]
        pub object: Option<Text>,
        /// Instead of an object of `contexts.toml`, a struct of the kernel's BTF that begins with one.
        #[serde(default)]
        pub btf: bool,
        /// The program types, as the kernel names them, in which the helper takes a socket where it takes the context in others.
        #[serde(default)]
        pub by_socket: List<Text>,
        /// May be null.
        #[serde(default)]
        pub nullable: bool,
        /// A size that may be zero.
        #[serde(default)]
        pub zero: bool,
    }
}

words! {
    /// The kind of a helper's argument, as the kernel's verifier sees it.
    #[serde(rename_all = "snake_case")]
    pub enum HelperArgKind {
        Scalar,
        /// A number that the verifier knows.
        Constant,
        /// The context of the program.
        Context,
        Map,
        /// Pointers to a key and a value of the map.
        Key,
        Value,
        /// A pointer to where a value of the map goes.
        ValueOut,
        /// Memory that it reads, reads and writes, or only writes.
        Readable,
        Writable,
        Out,
        /// An address of any memory, which the helper tests.
        Address,
        Callback,
        /// What a callback gets.
        Frame,
        SpinLock,
        Timer,
        Dynptr,
        /// A string that the verifier reads.
        Text,
        /// A record of a ring buffer.
        Record,
        /// A kernel object.
        Object,
        /// The values of a format.
        Rest,
    }
}

words! {
    /// The effect of a helper or kernel function on a reference to a kernel object.
    #[serde(rename_all = "snake_case")]
    pub enum Reference {
        /// The caller owns what it yields, unless that is null.
        Acquires,
        /// It yields its argument as a pointer of another type, or null.
        Derives,
        /// The caller's reference to the argument ends.
        Releases,
        /// Both: it takes the caller's reference, and the caller owns what it yields, unless that is null.
        Exchanges,
        /// Yields an object, or null, that the caller may read and write as long as it holds the lock.
        Borrows,
    }
}

words! {
    /// What a helper yields.
    #[serde(rename_all = "snake_case")]
    pub enum HelperResult = Scalar {
        Scalar,
        Void,
        /// A pointer to a value of its map.
        Value,
        /// A pointer to memory of a size that an argument says.
        Memory,
        /// A pointer to a kernel object.
        Object,
    }
}

record! {
    /// A kernel function that the compiler calls, or about which it knows more than BTF says (`ir-specs/kfuncs.toml`).
    pub struct KfuncSpec {
        pub name: Text,
        /// The effect on a reference to a kernel object.
        #[serde(default)]
        pub reference: Option<Reference>,
        /// The function that releases what it acquires.
        #[serde(default)]
        pub released_by: Option<Text>,
        /// The struct whose objects it releases where a map that owns them gives them up (`register_btf_id_dtor_kfuncs`).
        #[serde(default)]
        pub destroys: Option<Text>,
        /// Moves packet data: packet pointers of before are invalid.
        #[serde(default)]
        pub changes_packet: bool,
        /// Only programs that may sleep may call it.
        #[serde(default)]
        pub may_sleep: bool,
        /// The driver of an interface answers: the program is loaded for that interface.
        #[serde(default)]
        pub device: bool,
        /// The only program types that may call it, as the kernel names them: `sched_cls`. None listed: the verifier decides.
        #[serde(default)]
        pub programs: List<Text>,
        /// The construct of the language in its place, as the help of messages; a program cannot call it.
        #[serde(default)]
        pub instead: Option<Text>,
        /// The first kernel (major, minor) that has it; none: all that the compiler supports.
        #[serde(default)]
        pub since: Option<Kernel>,
    }
}

record! {
    /// A method of what owns objects (`ir-specs/object_methods.toml`).
    pub struct ObjectMethod {
        pub name: Text,
        /// The kernel function that it calls on a list.
        #[serde(default)]
        pub list: Option<Text>,
        /// The kernel function that it calls on a tree.
        #[serde(default)]
        pub tree: Option<Text>,
    }
}

record! {
    /// A flag of the program's own kernel functions (`ir-specs/kfunc_flags.toml`).
    pub struct KfuncFlag {
        pub name: Text,
        /// The macro of include/linux/btf.h.
        pub kernel: Text,
        /// The first kernel (major, minor) that has it; none: all that have flags.
        #[serde(default)]
        pub since: Option<Kernel>,
        /// The macro for kernels before.
        #[serde(default)]
        pub before: Option<Text>,
        /// The set that had the same meaning before there were flags.
        #[serde(default)]
        pub set: Option<Text>,
        /// The part of the function that has to be a pointer.
        #[serde(default)]
        pub of: Option<KfuncPart>,
    }
}

record! {
    /// A header of the kernel (`ir-specs/kernel_headers.toml`).
    pub struct KernelHeader {
        /// As `#include` names it.
        pub name: Text,
        #[serde(default)]
        pub types: List<Text>,
        /// Functions and macros.
        #[serde(default)]
        pub functions: List<Text>,
        /// The functions and macros that BTF does not describe: `name(T, …) -> R`.
        #[serde(default)]
        pub inlines: List<Text>,
        /// The functions among these that may sleep.
        #[serde(default)]
        pub sleeps: List<Text>,
    }
}

record! {
    /// A type of the variables that `lock (x)` takes in a kernel module (`ir-specs/module_locks.toml`).
    pub struct ModuleLock {
        pub name: Text,
        /// The macro that defines a variable.
        pub define: Text,
        pub take: Text,
        pub release: Text,
        /// Both have a variable for the state of interrupts.
        #[serde(default)]
        pub saves_interrupts: bool,
        /// Taking it may sleep.
        #[serde(default)]
        pub sleeps: bool,
    }
}

words! {
    /// A part of a kernel function's signature.
    #[serde(rename_all = "snake_case")]
    pub enum KfuncPart {
        Result,
        /// One of the parameters.
        Parameter,
    }
}
