//! E064 to E068: what the kernel, its verifier, loaders or this compiler refuse for a reason of their own.

codes! {
    /// An address needs memory of the program's own: the kernel rewrites each access to a field of a context, a bit-field shares its bytes
    /// with others, the loader writes a `@kconfig` value into the code, and a map is a handle. A copy in a variable has an address.
    E0640 AddressOfNoMemory { what, why } = "{what} has no address: {why}",
    /// In packets, and in arrays of pointers on the stack, the verifier follows constant offsets alone. So a variable index becomes a choice
    /// among all elements, 64 at most.
    E0641 LongVariableIndex { what, most } = "a variable index into {what} of more than {most} elements",
    /// The verifier refuses an access to the packet that was not compared with the end of the packet, so a place that was not tested is no
    /// pointer.
    E0642 UntestedPlace = "a place in the packet that was not tested is no pointer",
    /// The verifier allows accesses to the bytes alone that were compared with the end of the packet.
    E0643 LongerThanTested { wanted, tested } = "a `{wanted}` where only a `{tested}` was tested",
    /// The verifier takes pointers to contexts and objects of the kernel as the kernel handed them out, and each place in a packet must be
    /// compared with the packet's end.
    E0644 FixedPointer { what } = "a pointer {what} cannot be moved or indexed",
    /// How memory is read depends on where it is: what a pointer to a context or to an object of the kernel points to is accessed by other
    /// instructions than memory of the program.
    E0645 MixedPointer { from, to } = "one pointer cannot be to {from} and to {to}",
    /// The verifier accepts accesses through pointers that the kernel handed out. A number is no such pointer, wherever it came from.
    E0646 NumberAsPointer { what } = "BPF code cannot make {what} of a number",
    /// A struct of the kernel has other sizes and fields on other kernels, and the kernel rewrites the accesses to fields of contexts one by
    /// one. So no copy is made of a whole one.
    E0647 WholeStruct { what } = "{what} cannot be copied as a whole",
    /// Loaders look up by its name the struct in which an access begins, to correct the offsets for the running kernel.
    E0648 NamelessStruct { what } = "loaders cannot find {what} in the running kernel",
    /// Whether the verifier knows what the pointer points to was decided where it was indexed. In the next iteration the pointer may have
    /// been changed by its address.
    E0649 AddressOfIndexed = "the address of a pointer that is indexed in the same loop",
    /// The elements of a context, and text behind a record, are read one by one through the pointer, which must be the same each time.
    E0650 VariableWanted { what } = "{what} is read through a variable alone",
    /// A string ends in a NUL, and nothing says that the bytes of a view do.
    E0651 TextInView = "a value with strings in it cannot be read from a view",
    /// A tail call jumps to a program that the kernel holds in an array, and passes the context alone. The kernel refuses such arrays in programs that may sleep; a
    /// function that is verified by itself returns to its caller; and an array holds programs alone that the kernel took.
    E0652 NoTailCall { what, why } = "a tail call {what} is not possible: {why}",
    /// Some constructs need a map of their own in the object. Its name is taken.
    E0653 HiddenName { name, of } = "the object needs the name `{name}` for {of}",
    /// The compiler has a limit here, so that the code that it makes is of a size that kernels load.
    E0654 OverLimit { what, most } = "{what}: at most {most} are possible",
    /// `new T(GFP_KERNEL)` says how the memory of a kernel module is found, by `GFP_KERNEL` or `GFP_ATOMIC`. User space and BPF programs have
    /// no such choice.
    E0656 NewFlags { flags, why } = "`{flags}` is no flag of `new`: {why}",
    /// The compiler of the kernel's machine code (JIT) for this processor refuses the instruction in an arena.
    E0657 ArenaAtomic { word, machine } = "kernels for {machine} have no `fetch_{word}` in an arena",
    /// The kernel refuses an implementation that may sleep of a member that it calls where it cannot wait.
    E0658 MemberSleeps { name } = "`@sleepable` on `{name}`, in which the kernel does not sleep",
    /// A handler and a count of lost records belong to a map that the program declares. Only the running program knows which map it took
    /// out of a map of maps.
    E0659 InnerMapCall { what, why } = "`{what}` {why}",
    /// The kernel ends a record of variable size by a handle that is in the frame of the function that reserved it.
    E0660 SizedRecordEnded { callee } = "`{callee}` ends a record of variable size that another function reserved",
    /// `bpf_obj_new` makes structs alone that the program declares, and the kernel reads a pointer in one as a number. The compiler refuses
    /// locks and lists in such a struct, since it has no code that follows them.
    E0661 NewInBpf { ty } = "BPF code cannot make a `{ty}` by `new`",
    /// A deferred call runs when the function ends. By then the verifier has forgotten a pointer to a map's entry, or a view, that an inner
    /// block bound.
    E0662 DeferredInner { what } = "{what} ends before the deferred call runs",
    /// `on return` runs in another call from the kernel, to which values alone are handed over.
    E0663 KeptPointer { name } = "`{name}` cannot be kept until the function returns: it is no value of its own, or holds a pointer",
    /// The kernel calls the function by an address that the loader writes into the code.
    E0664 HandlerByName { what } = "{what} takes a function by its name alone",
    /// What a handler throws is caught around the call that hands it over, so it must be known there which function that is.
    E0666 ThrowingPointer = "a handler in a variable may throw",
    /// The function takes or yields what the language has no values for: dynptrs, iterators, functions that it calls back, pointers to
    /// pointers, or memory whose size nothing tells.
    E0668 Uncallable { name, why } = "`{name}` cannot be called: it {why}",
    /// Entries of such a map are found by the object that owns them, and the helper finds entries by keys.
    E0669 HelperOnStorage { helper } = "`{helper}` takes no map whose entries belong to objects of the kernel",
    /// The kernel fills in the field for others than programs of this type, or the compiler does not see how far what it points to may be
    /// read.
    E0670 ContextFieldRefused { field, of } = "programs cannot read the field `{field}` of a `{of}`",
    /// A view is two values, a start and a length, and the kernel hands one value to a function that it calls by its address.
    E0672 ViewInFunctionValue = "a function that takes a `bytes` has no address",
    /// libbpf hands to the kernel numbers, text and functions of a struct. Other members are the kernel's own.
    E0674 MemberData { member, ty } = "the member `{member}`, a `{ty}`, cannot be given",
    /// The kernel's BTF has a type here that the language has no values of.
    E0675 KernelTypeRefused { what, of } = "{what} is {of}, which programs cannot use",
    /// The kernel has one number for an attachment. That of a `@usdt` program finds the cookie and the places of the arguments in a map, and
    /// that of another program is the cookie. One function cannot do both.
    E0677 SharedCookie { name } = "`{name}` asks for the cookie, and both `@usdt` programs and others call it",
    /// The verifier refuses loads and stores in this memory, which helpers read.
    E0676 MemoryRefused { memory } = "the kernel refuses direct access to {memory} memory",
    /// A function of C takes and yields numbers, `bool`, `f64`, pointers, addresses of functions of such, and a `str(N)`, which it gets as a
    /// `*char`. Structs and arrays go by a pointer.
    E0680 CType { what, ty } = "{what} of a function of C cannot be a `{ty}`",
    /// `extern "NAME"` declares a function of a library, which the linker finds by that name, or of a file: C (`.c`), an object (`.o`) or an
    /// archive (`.a`).
    E0681 CLibrary { name } = "`{name}` is no library and no file to link",
    /// A function that throws, or that a signal may end to run what it defers, returns in a way of its own, and so do all functions of its type
    /// whose address is taken. C knows nothing of that.
    E0682 ThrowsIntoC { ty } = "C cannot call a `{ty}`: a function of this type may throw, or has a `defer` that a signal runs",
    /// Signed programs are loaded by a program that was made with them, before anything is known of the machine. It creates each map anew, and
    /// loads each program once, for what its attribute names.
    E0683 NotSignable { what, why } = "{what} cannot be signed: {why}",
}
