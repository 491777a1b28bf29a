//! E05: limits.

codes! {
    /// The pointer may be null here, and nothing on this path has tested it. The verifier refuses such a program.
    E0501 MaybeNull { name } = "`{name}` may be null here",
    /// The variable is gone when its function returns, so its address must not leave.
    E0502 EscapingAddress = "the address of a local variable leaves its function here",
    /// The kernel's verifier must see that an access stays inside what a pointer points to, and a `*T` does not say how much
    /// that is. A `*T[N]` does: its index is compared with N. User space has all arithmetic on pointers.
    E0503 PointerArithmetic { func } = "BPF code has no arithmetic on pointers, but `{func}` runs there",
    /// The verifier keeps track of a pointer in local variables, and in fields and elements of those. A pointer that is read from other
    /// memory is a number to it, through which nothing can be accessed but by the helpers that read memory of the kernel and of processes.
    E0504 PointerKept { memory } = "BPF code cannot keep a pointer in {memory}",
    /// If the verifier does not walk a loop iteration by iteration, the body of the loop becomes a function. The
    /// verifier refuses to let that function put the address of a local variable into a variable of the function around
    /// it.
    E0505 PointerInLoop { name } = "BPF code cannot change `{name}` in this loop: it may point to a local variable",
    /// `+=`, `-=`, `fetch_add` and the like are atomic where other CPUs see what they change. The kernel has no atomic
    /// operations on packet data, where they are not needed, and one piece of code cannot do both: `*p = *p + n` can.
    E0506 AtomicInPacket = "this update is atomic, and the pointer may point into the packet",
    /// The object is gone, and its memory may belong to another. A variable that gets another value can be used again.
    E0507 UsedAfterDelete { name } = "what `{name}` points to was deleted",
    /// `delete` frees what `new` made. Local and global variables are not made by `new`.
    E0508 DeleteNotNew = "what this points to was not made by `new`",
    /// On one of the paths that come here the object was deleted.
    W0507 MayBeDeleted { name } = "what `{name}` points to may be deleted here",
    /// The pointer may be null here; the process would be ended by a signal.
    W0501 UncheckedNull { name } = "`{name}` may be null here",

    /// A loop has many iterations, and what a program acquired is released once.
    E0573 ReferenceInLoop { what } = "{what} is released in a loop that began later",
    /// Whether what a program acquires is released depends on which of it is null. So many combinations are possible here that
    /// they cannot be checked one by one.
    E0574 ManyReferences { func } = "`{func}` has more references at a time than this compiler follows",

    /// A BPF function has 512 bytes of stack for all its local variables, and so have all functions of a chain of calls
    /// together. Maps and global variables are not on the stack.
    E0540 StackTooLarge = "the local variables of this function need more than the 512 bytes of a BPF stack",

    /// A thread of user space has 8 MiB of stack, which all functions share that are running, so the local variables of one
    /// have 1 MiB at most. Global variables, and what `new` makes, are not on the stack.
    E0584 FrameTooLarge { name, bytes } = "the local variables of `{name}` need {bytes} bytes of stack, over 1048576",

    /// The frames of all functions of a chain of calls share 512 bytes of stack, each rounded up to 32 bytes. A function
    /// that was inlined is part of its caller's frame, and a loop that became a callback has a frame of its own.
    E0543 StackOfCalls { bytes } = "this program and what it calls need {bytes} bytes of stack, of the 512 that BPF has",

    /// The kernel allows chains of eight BPF functions, the program included.
    E0544 CallsTooDeep { count } = "this program calls {count} functions deep, of the 8 that BPF allows",

    /// The kernel makes 33 tail calls in one run at most. The next one fails, and the program that tried it refuses the packet.
    E0551 TailCallChain { count, chain } = "a chain of {count} tail calls, of the 33 that the kernel makes: {chain}",

    /// Programs hand over to each other in a cycle. The kernel makes 33 tail calls in one run at most; then the next one fails,
    /// and the program that tried it returns what refuses the packet.
    W0552 TailCallCycle { cycle } = "a cycle of tail calls: {cycle}",

    /// BPF passes at most five arguments in registers and none otherwise. A function with more is inlined, which is not
    /// possible where it calls itself.
    E0541 TooManyArguments = "this function has more than five parameters and cannot be inlined",

    /// BPF has no indirect calls: a call through a pointer becomes a choice among the functions that the pointer may be. It
    /// may be null too, and nothing on this path has tested it.
    E0545 NullCall = "the function that is called here may be null",

    /// The kernel limits what BPF code prints: no precision, no `#`, no `%o`, only ASCII, at most 12 values, and no
    /// letter or digit right after `%s` and `%p`. Otherwise it prints nothing at all.
    E0542 NotPrintable { what } = "BPF code cannot print {what}",

    /// The symbols of an object are its programs, maps and variables, and one for each section, of the section's name.
    E0546 SectionName { name, section } = "`{name}` has the name of the section `{section}` of the BPF object",

    /// The last stage of the compiler, LLVM, has no code for this on the target. Its own words say why.
    E0549 Refused { what, why } = "LLVM makes no {what} of this: {why}",

    /// The kernel lets a BPF program use 64 maps at most, with those of the functions that it calls. Each section of global variables
    /// (zero, not zero, constant) is such a map too.
    E0591 TooManyMaps { name, count } = "`{name}` uses {count} maps, of the 64 that a BPF program may use",

    /// The compiler needs more and more time for a function that gets longer, and the kernel does not load it in the end. Inlined code
    /// counts at each call, and each iteration of a small loop that was unrolled counts too.
    E0592 FunctionTooLong { name, size } = "`{name}` is too long for a BPF function: {size} instructions",

    /// A branch of BPF code before v4 has 16 bits for its distance, so it reaches 32,767 instructions. One that leads over more, such as
    /// that from the end of a long loop to its head, cannot be written. With `--mcpu=v4` branches reach farther.
    E0593 BranchTooFar { name, size } = "`{name}` has {size} instructions, and a branch that leads over too many of them",

    /// The program runs for each packet, and the loop may run so often each time. The kernel ends a loop after 8,388,608 iterations; the time
    /// is that of iterations which do next to nothing.
    W0553 LongOnPackets { count, time } = "this loop may run {count} times for one packet, which takes {time} or more",
    /// BPF has atomic operations of 32 and 64 bits only. When several CPUs do this at once, some of the updates are lost.
    W0550 NotAtomic { ty } = "the update of a `{ty}` that CPUs share is not atomic",
    /// The verifier knows an object that a program made by its type: the program loads and stores fields, and elements at constant
    /// indexes. Helpers, atomic operations, text and variable indexes work on variables.
    E0513 ObjectPart { how } = "BPF code cannot access a part of an object {how}",
}
