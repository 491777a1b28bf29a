//! E03: contexts and calls. E0301–E0329 declarations of functions, E0340 up bodies.

/// The help where BPF code or a kernel module names a `@sysctl` variable.
pub const SETTING_OF_USER_SPACE: &str = "user space reads it, and hands it over in a `config` or a global variable";

codes! {
    /// A program takes the context that the kernel hands to its type.
    E0301 ProgramParameter { name, context } = "`@{name}` programs take one parameter, `*{context}`",
    /// The kernel reads the result of a program as an action of its type.
    E0302 ProgramResult { name, result } = "`@{name}` programs return `{result}`",
    /// The text of the attribute is neither a mode of the program type nor a possible target.
    E0303 BadTarget { name, text, why } = "`{text}` is no target of `@{name}`: {why}",
    /// `main` takes nothing or one struct, whose fields are the command line's options.
    E0304 MainParameters = "`main` takes no parameter or one struct of options",
    /// The result of `main` is the exit status of the process.
    E0305 MainResult = "`main` returns `i32` or nothing",
    /// `main` runs in user space and so takes no attribute.
    E0306 MainAttribute { name } = "`main` runs in user space; `@{name}` does not",
    /// Functions of a `.ks` file have bodies.
    E0307 MissingBody { name } = "function `{name}` has no body",
    /// A value of this type cannot be given on the command line.
    E0308 OptionType { ty } = "no option of the command line can be a `{ty}`",
    /// Every program has the option `--help`.
    E0309 ReservedOption { name } = "the option `--{name}` is there already",
    /// `= required` in place of a default: the option has to be given. Only the struct that `main` takes has options.
    E0311 RequiredField = "only an option of `main` can be required",
    /// A format is a literal, whose conversions are checked against the values. A text that is chosen or has a name is printed as it is.
    E0312 ComputedFormat { what, text } = "{what} is no format: `{text}` would be printed as these letters",
    /// `@fallback(other)` names the program that is loaded where the kernel refuses this one, or where its target is missing.
    E0321 BadFallback { what } = "a program falls back to another program, not to {what}",
    /// The kernel lets only some types of programs sleep, which some helpers do.
    E0333 NeverSleeps { kind } = "`@{kind}` programs never sleep",
    /// The text of the attribute is none of the words that the program type knows.
    E0310 UnknownMode { text, name, wants } = "`@{name}` knows no `{text}`; it takes {wants}",
    /// The text is taken as the target to attach to, since it is no mode of the program type.
    W0301 NearlyMode { text, name } = "`{text}` is no mode of `@{name}` and so taken as the name of what to attach to",
    /// The parameters of such a program are those that the kernel passes at the event: of the same types, in the same
    /// order. Parameters at the end may be left out.
    E0381 PrototypeParameter { name, event } = "this is not what `@{name}` programs get from `{event}`",
    /// The kernel takes 64 bits of what such a program returns for the function's result, and the program has 32: a result of 64 bits, or a pointer,
    /// would be another one.
    E0313 WideResult { name, of, ty } = "`@{name}` programs return results of 32 bits, and `{of}` returns `{ty}`",
    /// The kernel has no tracepoint of this name: its BTF has no `btf_trace_NAME`.
    E0382 UnknownEvent { event } = "the kernel has no event `{event}`",
    /// The kernel's BTF has no function of this name, or none for a hook of this name (`bpf_lsm_NAME`).
    E0390 UnknownFunction { what, name } = "the kernel has no {what} `{name}`",
    /// The kernel calls its functions by their prototypes, and loaders compare that of an `extern` with the kernel's BTF.
    E0325 ExternPrototype { name } = "the kernel's `{name}` is not what this declares",
    /// The kernel offers a function to BPF programs, which its BTF says by the tag `bpf_kfunc`; some only to some types of programs, or to
    /// a program that is loaded for an interface, whose driver answers.
    E0337 NoKfunc { name, why } = "the kernel's `{name}` cannot be called here: {why}",
    /// Neither the BTF nor the list of symbols of the kernel has a function of this name, or its BTF has no event of the name. The
    /// parameters are taken as they are written, and attaching fails on a kernel that lacks it.
    W0390 ProbedNothing { what, name } = "the kernel has no {what} `{name}` that could be probed",
    /// Events of one class have one record, `trace_event_raw_CLASS` in the kernel's BTF, which is the context of their programs.
    E0389 RecordClass { event, of } = "the record of `{event}` is no `{of}`",
    /// An iterator hands the bytes of a value to its reader: of an integer, a string, an array or a struct. A pointer is an address of
    /// the kernel, which is of no use to the reader.
    E0391 NoBytes { ty } = "the reader of an iterator cannot be given a `{ty}`",
    /// An iterator prints to the reader of its file, which the context names. A function that has no context cannot print there; one that
    /// takes the context as a parameter can.
    E0394 NoReader { program } = "a function without the context cannot print to the reader of the iterator `{program}`",
    /// The kernel has no iterator of this name: its BTF has no `bpf_iter__NAME`.
    E0395 UnknownIterator { name } = "the kernel has no iterator over `{name}`",
    /// The kernel's BTF has a `bpf_struct_ops_NAME` for each struct of functions that programs may implement.
    E0326 UnknownOps { name } = "the kernel takes no implementation of `{name}`",
    /// An `impl` has members of the kernel's struct: functions, and constants.
    E0338 UnknownOpsMember { of, name } = "`{of}` has no member `{name}` to implement",
    /// Programs read the memory of the kernel and of processes. They write only contexts, packets, maps and variables. Functions of an
    /// `impl` also write the fields that the kernel lets implementations of the struct write.
    E0383 KernelWrite { of } = "memory of {of} is read-only here",
    /// The kernel follows the pointers that it passes to a program, and those that are read through them. Any other address of its
    /// memory can be read from, and no helper takes it as an object: a number that became a pointer, a parameter of a
    /// `@raw_tracepoint` program, a pointer that was converted to one of another type.
    E0388 UnknownObject { text } = "the kernel does not know what `{text}` points to",
    /// `*user T` points into the memory of a process, which BPF code reads by helpers of its own. No address means the same there and
    /// elsewhere.
    E0399 ProcessMemory { from, to } = "a pointer into {from} is no pointer into {to}",
    /// Programs are called by the kernel. One program can hand over to another in a `return`, by a tail call, nowhere else.
    E0340 ProgramCalled { name } = "`{name}` is a program, which only the kernel calls",
    /// The call has more or fewer arguments than the function has parameters.
    E0341 ArgumentCount { name, takes, given } = "`{name}` takes {takes}, given {given}",
    /// The expression before the parentheses is no function.
    E0342 NotCallable { what } = "{what} cannot be called",
    /// Values of this type have no such operation.
    E0343 NoSuchMethod { name, of } = "{of} has no `{name}`",
    /// The kernel does not let programs of this type write the field.
    E0344 ReadOnlyField { name, of } = "field `{name}` of `{of}` is read-only",
    /// A conversion of the format does not fit its argument.
    E0345 FormatMismatch { conversion, ty } = "`{conversion}` does not print a `{ty}`",
    /// The format has more or fewer conversions than there are arguments.
    E0346 FormatCount { conversions, given } = "the format has {conversions}, given {given}",
    /// The format is not one of printf.
    E0347 BadFormat { what, why } = "`{what}` in the format: {why}",
    /// Values of this type cannot be printed.
    E0348 Unprintable { ty } = "a value of type `{ty}` cannot be printed",
    /// Only calls that have named arguments take a name before an argument.
    E0350 NamedArgument { name, of } = "`{of}` has no argument named `{name}`",
    /// A test is put in: where the packet ends before, this reads zero and writes nothing.
    W0351 UncheckedPacket = "nothing tests that the packet is long enough for this",
    /// A header says how long it is, and senders may say anything. If the length that it says is below its minimum, an offset computed from
    /// it lies inside the header.
    W0377 UncheckedMinimum { field, of, least } = "nothing compares `{field}` of `{of}` with {least}, its least value, before this offset is used",
    /// The function runs in the kernel, because it is a BPF program or one calls it, and this exists in user space only.
    /// Move it to `main` or to a function that only user space calls.
    E0351 UserSpaceOnly { what, func, within } = "{what} exists in user space only, and `{func}` runs {within}",
    /// The function runs in user space, because `main` calls it or nothing does, and this exists in BPF code only.
    E0352 BpfOnly { what, func } = "{what} exists in BPF code only, and `{func}` runs in user space",
    /// The kernel hands the arguments over by their places to programs at trampolines alone; programs at registers and events declare them.
    E0315 ArgumentElsewhere { name } = "`@{name}` programs get no argument by its place",
    /// The functions that the kernel exports, its macros and its locks are for kernel modules. BPF code calls the `@kfunc` functions of
    /// a module.
    E0314 ModuleOnly { what, func, within } = "{what} exists in kernel modules only, and `{func}` runs {within}",
    /// A kernel function that is not `@kfunc("sleepable")` is called where nothing may sleep: from programs that run with
    /// preemption disabled, in interrupts, under locks. What sleeps there stops the machine.
    E0369 SleepsInKfunc { what, func } = "{what} may sleep, and `{func}` is called where nothing may",
    /// A `@helper` is a part of BPF programs. A function without attribute can be called from both sides.
    E0353 HelperFromUserSpace { name } = "`{name}` is a `@helper`, which user space cannot call",
    /// Functions with `@private` are the kernel module's own. BPF code calls its `@kfunc` functions, user space none of it.
    E0327 PrivateCalled { name, code } = "`{name}` is `@private` in the kernel module, and {code} cannot call it",
    /// BPF code passes up to five numbers and pointers to a function of the kernel, and gets one of these back.
    E0339 KfuncSignature { name, why } = "`{name}` cannot be a `@kfunc`: {why}",
    /// `main` is where the process starts; BPF code runs in the kernel.
    E0354 MainFromBpf { name } = "`{name}` runs in user space, so BPF code cannot call it",
    /// BPF programs have a bounded stack; the kernel refuses recursion. User space may recurse.
    E0355 RecursionInBpf { cycle } = "recursion in BPF code: {cycle}",
    /// The kernel does not load a program of this type that returns such a number. A result that the program computes is clamped to the
    /// nearest number that the kernel accepts.
    E0392 ResultRange { number, name, range } = "`@{name}` programs return {range}, not {number}",
    /// The kernel lets programs of some types read or write the field, and refuses those of others.
    E0393 FieldOfOthers { program, name, access, field, of } = "`@{program}` programs such as `{name}` cannot {access} field `{field}` of `{of}`",
    /// The kernel lets programs of some types only read the bytes of packets.
    E0377 PacketReadOnly { program, name } = "`@{program}` programs such as `{name}` cannot write to the packet",
    /// A part of the packet may lie in pages, where no pointer leads. There the program reads and writes a copy of what a pointer
    /// points to. The compiler must know each use of the copy: it does not follow pointers that a function returns, that go from
    /// one variable to another, or that a variable holds from one iteration of a loop to the next.
    E0378 PacketPointerKept { program, name } = "this keeps a pointer into the packet, of which `@{program}` programs such as `{name}` cannot access all bytes directly",
    /// The kernel gives each type of program its own set of helpers.
    E0358 HelperNotInProgram { helper, program, name } =
        "`{helper}` is not for programs of type `{program}`, such as `{name}`",
    /// The kernel calls what a timer calls in an interrupt, where nothing may wait, also if a program that may sleep has started it.
    E0368 SleepInTimer { helper, timer } = "`{helper}` may sleep, and a timer calls `{timer}`",
    /// `pid()`, `comm()` and the like are of the task that the CPU runs. Programs that packets start run in softirqs, in whatever
    /// task is interrupted then.
    E0366 NoTask { what, program, name } =
        "{what} is of the current task, and `@{program}` programs such as `{name}` have none",
    /// A helper reads or writes memory that the kernel can follow: a variable, an entry of a map, for some helpers the packet.
    /// The argument behind it says how many bytes.
    E0359 HelperMemory { helper, why } = "`{helper}` cannot have this memory: {why}",
    /// In programs of sockets and packets the helper takes the context; where the context is none of a socket, as in tracing, it takes a
    /// pointer to the socket.
    E0384 HelperSocket { helper, wanted, program, name } =
        "`{helper}` takes {wanted} in `@{program}` programs such as `{name}`",
    /// The verifier knows what a dynptr holds by its place on the stack of the function.
    E0385 DynptrArgument { name } = "`{name}` takes the address of a `bpf_dynptr` of this function",
    /// The verifier follows a dynptr in one place of the stack, and nowhere else.
    E0386 DynptrPlace = "a `bpf_dynptr` is a local variable, of which only the address is used",
    /// The call may move the packet and change its length, so the kernel accepts no pointer into it from before the
    /// call.
    E0360 MovedPacket { name } = "`{name}` points to where the packet was before a call that may move it",
    /// The kernel holds the programs of tail calls in an array, which takes programs of one type, for one kind of attach
    /// point, and of one mode alone.
    E0361 TailCallType { name, own, other } = "`{name}` is {other}, which a program that is {own} cannot hand over to",
    /// The program that a tail call hands over to runs with the context of the caller: the kernel passes on nothing else.
    E0362 TailCallContext { name } = "`{name}` can be given the program's own context alone",
    /// A tail call by an entry of a program array goes on in another program and does not come back. The kernel takes it in
    /// programs, and not in the callbacks that loops become.
    E0363 TailCallPlace { why } = "`tail_call` {why}",
    /// A tail call goes on in another program and does not come back. So a function that makes one is called where a
    /// program, or a function of this kind, returns its result: nothing is left to be done then.
    E0365 HandsOverElsewhere { name } = "`{name}` hands over to another program, so only what returns its result can call it",
    /// The kernel lets a program array hold programs of one type, for one kind of attach point, and of one mode alone, those
    /// that call through it too.
    E0364 TailCallArray { name, one, other } = "programs of two types call through `{name}`: `{one}` and `{other}`",
    /// A lookup or a context may yield a request for a connection, or what is left of one, in place of a full socket. Such a socket has
    /// only some of the fields.
    E0373 PartOfObject { field } = "field `{field}` is of full sockets, and this one may not be full",
    /// To the kernel, pointers to full sockets and to others are of two kinds, and each instruction that reads a field has a pointer
    /// of one kind.
    E0374 TwoKinds { field } = "`{field}` is read here of full sockets and of others",
    /// A function that releases what a parameter points to, or whose result its caller has to release, is called by its name, so
    /// that callers know.
    E0375 ReferenceCallee { func } =
        "`{func}` releases a reference or hands one over, so it cannot be called through a pointer",
    /// `redirect(ifindex)` yields an action of the program's type, `XDP_REDIRECT` or `TC_ACT_REDIRECT`. A function is for the programs that
    /// have the context which it takes.
    E0376 RedirectWhere { func } = "`redirect` yields what programs return, and nothing says of which type those of `{func}` are",
    /// `on return` is the last statement of a `@fsession` program: what is before it runs where the function is entered, and its block
    /// where that call of the function returns.
    E0320 OnReturnPlace = "`on return` is the last statement of a `@fsession` program",
    /// A program at the entry of a function alone is one of `@fentry`.
    E0332 NoOnReturn { name } = "`{name}` has no `on return`",
    /// A list or a tree of objects is used while the lock is held that is beside it in the same entry. A tree is ordered by a
    /// `@helper` that says whether the first of two objects is before the second.
    E0367 CollectionCall { what, why } = "{what} cannot be called: {why}",
}
