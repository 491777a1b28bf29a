//! E07: lifecycle.

codes! {
    /// `load` takes the name of a program, and so does `test`.
    E0701 LoadWhat { builtin, what } = "`{builtin}` takes a program, not {what}",
    /// `attach` takes what `load` returned; `detach` that, or what `attach` returned.
    E0702 WantsHandle { builtin, wants, found } = "`{builtin}` takes {wants}, found {found}",
    /// Neither the attribute of the program nor the call says what to attach to.
    E0703 NoTarget { name } = "nothing says what `{name}` is attached to",
    /// The target of a program is named by a string or by the index of an interface.
    E0704 BadAttachTarget { ty } = "a program cannot be attached to a `{ty}`",
    /// An iterator over the entries of a map walks over the map that `attach` names, others over none.
    E0791 TargetMap { name } = "an iterator over `{name}` is attached to a map",
    /// Not every kind of attachment takes every named argument of `attach`.
    E0792 OptionOfForm { option, kind } = "`@{kind}` programs are attached without `{option}:`",
    /// The handle, the target and the flags come before named arguments.
    E0793 TargetAfterOption = "an argument without a name after those with names",
    /// `read` fills a variable whose address it gets: an integer, a string, an array or a struct, which holds no pointers.
    E0794 ReadInto { ty } = "`read` cannot fill what a `{ty}` is",
    /// The variable that `read` fills has fewer bytes than it is to read.
    E0795 ReadTooMuch { size } = "the variable has {size} bytes",
    /// `run` runs a `@syscall` program; the kernel runs those of other types.
    E0796 RunKind { name, kind } = "`{name}` is a `@{kind}` program, which the kernel runs",
    /// A program that `run` runs gets the variable that it declares: a struct that both sides know.
    E0797 RunContext { wants } = "`run` of this program takes {wants}",
    /// A `@syscall` program runs when user space says so, by `run`.
    E0798 NotAttached { kind } = "`@{kind}` programs are not attached",
    /// The `main` that a file without one gets calls functions with `@interval(1000)` each so many milliseconds, and those with `@end`
    /// before it ends. Nobody would give them arguments, or look at a result.
    E0766 TimedFunction { name, why } = "a function with `@{name}` {why}",
    /// The `main` that a file without one gets calls functions with `@interval(1000)` and `@end`. A `main` of the file's own calls what it
    /// wants, and modules have none.
    E0767 TimedWithMain { name } = "nothing calls a function with `@{name}` here",
    /// A file without `main` gets one, which attaches the programs whose attributes name a target, and no others.
    W0791 NotInMain { name } = "`{name}` names no target, so nothing attaches it",
    /// The program is attached to this target already, on every path that comes here.
    E0705 AttachedTwice { name } = "the program of `{name}` is attached to this already",
    /// The handle was loaded in this function and attached to nothing on any path that comes here.
    E0706 NeverAttached { name } = "the program of `{name}` was never attached",
    /// The variable was declared without a value, and nothing is assigned to it on any path that comes here.
    E0734 NotLoaded { name } = "`{name}` holds no loaded program here",
    /// A path leads here on which the program is attached to this target already, such as the iteration of a loop before.
    W0709 MayBeAttached { name } = "the program of `{name}` may be attached to this already",
    /// A detached attachment counts nothing, and there is nothing left to read or to pin.
    W0734 UsedDetached { name } = "`{name}` is used after it was detached",
    /// Detaching twice is safe; the second one does nothing.
    W0701 DetachedAgain { name } = "`{name}` is detached already",
    /// `main` ends behind an `attach` and before any `wait`, `sleep`, `dispatch` or loop. The process ends, and with it what is
    /// attached.
    W0765 EndsAttached = "`main` ends here, and what it has attached is detached at once",
    /// `main` waits, and the handle of a program that it has loaded goes nowhere: the program is in the kernel and never runs.
    W0702 LoadedIdle { name } = "`{name}` is loaded, and nothing attaches it",
    /// `main` loads the programs that it names. A program that neither `main`, nor another program, nor an `impl` names is not loaded.
    W0703 NeverLoaded { name } = "nothing loads `{name}`",
    /// The object of a program is chosen when the file is compiled. A variable that holds a program holds the same one on every
    /// path to a `load` of it.
    E0769 UnknownProgram { name } = "which program `{name}` holds here is not known when the file is compiled",
    /// An object that a helper such as `bpf_sk_lookup_tcp` acquires belongs to the program, which releases it once on every path on which
    /// it is not null. The kernel refuses a program that keeps it.
    E0773 ReferenceOpen { what } = "{what} is not released on a path",
    /// A program has an object until it releases it. No pointer to it is used after that, be it another variable or the result
    /// of `bpf_sk_fullsock` or `bpf_tcp_sock`; nor is it released twice.
    E0774 ReferenceGone { what, how } = "{what} is used after it was {how}",
    /// A program releases what it acquired. A pointer from a context is lent to it, and so is what `bpf_get_listener_sock` yields.
    E0775 ReferenceWanted = "the program does not own what it releases here",
    /// An acquired object is used through variables, and by functions that are called. If it were stored elsewhere, nothing could show that
    /// it is released once.
    E0776 ReferenceKept { what, place } = "{what} is kept {place}",
    /// `upgrade` puts a program in the place of one of the same type, attached in the same way.
    E0710 UpgradeType { name, new, old } = "`{name}` is a `{new}` program, and takes the place of a `{old}` program here",
    /// The kernel swaps the programs of some links. Tracing programs and probes have no such links.
    E0711 UpgradeForm { kind } = "the kernel lets no program take the place of an attached `@{kind}` program",
    /// A pin is a file in the folder of the project: its name has no slashes, and no dots, which bpffs does not take.
    E0709 PinName { name } = "nothing can be pinned at the name `{name}`",
    /// A perf event is named (`event: cpu_clock`), or given by its type and configuration (`perf_type`, `perf_config`). Samples are taken
    /// each so many events (`period`), or so often in a second (`freq`).
    E0789 PerfOptions { why } = "these options of a perf event do not fit: {why}",
    /// `register` takes the name of an `impl`; `unregister` that, or what `register` returned.
    E0713 RegisterWhat { builtin, wants, what } = "`{builtin}` takes {wants}, not {what}",
    /// The kernel has the implementation already, on every path that comes here.
    E0738 RegisteredTwice { name } = "`{name}` is registered already",
    /// `unregister` takes back what the program registered. Nothing of this implementation is registered on any path that comes here, so it
    /// does nothing, and yields 0.
    W0751 NothingRegistered { name } = "`{name}` is not registered here",
    /// The kernel finds implementations of the struct by a name, and refuses a second one of the same. The name of an implementation is that
    /// of its block, unless a member says otherwise.
    E0752 SameName { name, other, text } = "`{name}` has the name of `{other}` for the kernel, `{text}`",
}
