//! The forms of attachments and their targets, by the names of the compiler's tables.

/// Declares an enum whose variants have names in the compiler's tables.
macro_rules! named {
    ($(#[doc = $doc:literal])* $of:ident { $( $(#[doc = $about:literal])* $name:literal $variant:ident = $number:literal, )* }) => {
        $(#[doc = $doc])*
        #[repr(u32)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $of { $( $(#[doc = $about])* $variant = $number, )* }

        impl $of {
            /// The one of a name in the compiler's tables.
            pub fn named(name: &str) -> Option<$of> {
                match name {
                    $( $name => Some($of::$variant), )*
                    _ => None,
                }
            }

            /// The name in the compiler's table, for messages.
            pub fn name(self) -> &'static str {
                match self {
                    $( $of::$variant => $name, )*
                }
            }
        }
    };
}

named! {
    /// How programs are attached: each form is a symbol of `link/`, by its name in `ir-specs/attach_forms.toml`. `KsProg::form`.
    KsForm {
    /// Target: an interface. Flags: `XDP_FLAGS_SKB_MODE`, `XDP_FLAGS_DRV_MODE`, `XDP_FLAGS_HW_MODE`.
    "netdev" Netdev = 1,
    /// Target: an interface. No flags.
    "tcx" Tcx = 2,
    /// Target: the path of a cgroup's folder. No flags.
    "cgroup" Cgroup = 3,
    /// Target: the descriptor of a socket, or the name of an interface: a socket of all its packets. No flags, no point.
    "socket" Socket = 4,
    /// Target: the name of a network namespace, or the path of its file. No flags.
    "netns" Netns = 5,
    /// Target: what the program was loaded for. No flags.
    "tracing" Tracing = 6,
    /// Target: the name of a raw tracepoint. No flags, no point.
    "raw_tracepoint" RawTracepoint = 7,
    /// Target: the category and name of an event, with a slash between. No flags.
    "tracepoint" Tracepoint = 10,
    /// Target: a `KsPerfOptions`. No flags.
    "perf_event" PerfEvent = 11,
    /// Target: the function of the kernel for which the program was loaded. No flags.
    "function" Function = 14,
    /// Target: the hook of the security modules for which the program was loaded. No flags.
    "lsm" Lsm = 15,
    /// Target: a function of the kernel, `function+offset`, or a pattern of functions; or several of these, a line each. No flags,
    /// no point.
    "kprobe" Kprobe = 16,
    /// Target: a function of the kernel, or a pattern; or several of these. No flags, no point.
    "kretprobe" Kretprobe = 17,
    /// Target: as of `function`, for which the program was loaded; or, where the kernel refuses that and the object has the program
    /// `NAME.kprobe` too, as of `kprobe`. No flags.
    "probe" Probe = 18,
    /// Target: none, or a map. No flags.
    "iter" Iter = 20,
    /// Target: a file, or a library by its short name, and a function in it, `libc:getaddrinfo`, or a pattern of functions; or several
    /// of these, a line each. No flags, no point.
    "uprobe" Uprobe = 21,
    /// The return of the function; target, flags and point as of `uprobe`.
    "uretprobe" Uretprobe = 22,
    /// It is not attached: `ks_run` runs it.
    "run" Run = 23,
    /// It is not attached: `ip route` puts its pin on a route.
    "route" Route = 24,
    /// No attachment: `ks_register` takes the struct that has the function.
    "struct_ops" StructOps = 55,
    /// Target: a map of sockets. No flags.
    "map" Map = 30,
    /// Target: the descriptor of a socket, for all that share its port. No flags, no point.
    "reuseport" Reuseport = 31,
    /// Target: the name of a network namespace, or the path of its file. No flags. The point is a hook.
    "netfilter" Netfilter = 32,
    /// Target: an interface, of a netkit device. No flags.
    "netkit" Netkit = 33,
    /// Target: the descriptor of a program, or the path where it is pinned. No flags, no point. It is loaded then.
    "freplace" Freplace = 43,
    /// An entry of a map holds the program: nothing to attach to.
    "entry" Entry = 34,
    /// Target: as of `function`, for which the program was loaded, and the program `NAME.return` of the object at the return. No flags.
    "session" Session = 40,
    /// Target: a file, or a library by its short name, a provider and a probe that the notes of the file describe,
    /// `libc:libc:setjmp`. No flags, no point. The object has the map of `link/usdt/places.rs`.
    "usdt" Usdt = 48,
    /// As `netdev`; the program is loaded for the interface that its `target` names, and for no other.
    "device" Device = 54,
    }
}

named! {
    /// What `ks_attach_option` sets: the named arguments of `attach`, by their names in `ir-specs/attach_options.toml`.
    KsOption {
        /// An `int32_t`: a process.
        "pid" Pid = 1,
        "cookie" Cookie = 2,
    }
}

named! {
    /// Where a program runs among those at its target, by the words of attributes.
    KsOrder {
        "first" First = 1,
        "last" Last = 2,
        "before" Before = 3,
        "after" After = 4,
    }
}
