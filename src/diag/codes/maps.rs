//! E04: maps and config. E0401–E0429 declarations, E0430 up bodies.

codes! {
    /// The language has no map kind of this name.
    E0401 UnknownMapKind { name } = "no map kind `{name}`",
    /// The map kind is written with other types.
    E0402 MapTypes { kind } = "these are not the types of a map of kind `{kind}`",
    /// The number of entries is a constant from 1 to 4294967295.
    E0403 MapSize { value } = "a map cannot have {value} entries",
    /// The kind does not take keys of this type.
    E0404 MapKey { kind, ty } = "`{ty}` cannot be the key of a map of kind `{kind}`",
    /// The kind does not take values of this type.
    E0405 MapValue { kind, ty } = "`{ty}` cannot be the value of a map of kind `{kind}`",
    /// A map starts empty (an array: zeroed) and is filled by assignments.
    E0406 MapInitialiser { name } = "map `{name}` cannot have an initialiser",
    /// Maps are declared at file level and used there by name; they are no values.
    E0407 MapAsType { kind } = "`{kind}` is a map kind: maps are declared with `var` at file level",
    /// A ring buffer is mapped twice in a row, so its size is a power of two and whole pages.
    E0408 RingSize { kind, value } = "a `{kind}` cannot have {value} bytes",
    /// A map of this kind has no fixed number of entries.
    E0409 SizeNotWanted { kind } = "a map of kind `{kind}` has no size",
    /// The kernel has no flag of this name for maps.
    E0410 UnknownMapFlag { name } = "no map flag `{name}`",
    /// The kernel does not create maps of this kind with this flag.
    E0411 RefusedMapFlag { name, kind } = "a map of kind `{kind}` cannot have the flag `{name}`",
    /// A flag is written alone; only `numa_node(n)` takes a number.
    E0412 FlagArgument { name, form } = "the flag `{name}` is written `{form}`",
    /// One of the flags leaves a side reading, the other writing; the kernel refuses both at once.
    E0413 ConflictingMapFlags { first, second } = "the flags `{first}` and `{second}` exclude each other",
    /// `hash_of_maps<K, inner>` and `array_of_maps<u32, inner>` name a declared map: those that the outer map will hold are
    /// as that one.
    E0414 InnerMap { what, kind } = "`{what}` cannot be what a map of kind `{kind}` holds",
    /// The kernel reserves addresses for all pages of an arena, 4 GiB at most.
    E0415 ArenaSize { value } = "an arena cannot have {value} pages",
    /// A program has one arena: a pointer does not say which arena it points into, and the kernel lets a BPF program use one.
    E0418 SecondArena { name } = "`{name}` is a second arena",
    /// BPF code reaches the memory of an arena through the arena of the program.
    E0419 NoArena = "this points into an arena, and the program has none",
    /// Both sides find it at one address, so it holds nothing that one side alone understands.
    E0420 ArenaObject { ty } = "a `{ty}` cannot be in an arena",
    /// The buckets of an `lhist` are equally wide, 1000 of them at most.
    E0495 HistogramSteps { why } = "these are no buckets: {why}",
    /// What user space counts in a histogram is in the process, where BPF code cannot delete it.
    E0496 DeletedHistogram { name } = "BPF code cannot delete from `{name}`, in which user space counts",
    /// In BPF code a config is read-only: the verifier relies on its values.
    E0430 ConfigWrite { name } = "config `{name}` is read-only in BPF code",
    /// The entries of an array always exist.
    E0431 DeleteFromArray { name, kind } = "`{name}` is of kind `{kind}`, whose entries cannot be deleted",
    /// The result may be there or not, so it is used where that is tested: in `if (var …)` or `var … else`.
    E0432 UntestedOptional { what } = "{what} may be absent, and nothing tests that",
    /// In user space an entry has no address: the kernel holds it. A function without attribute may take one if only BPF
    /// code calls it.
    E0433 EntryAddress { name } = "`{name}` is a map entry, which has no address in user space",
    /// Entries of a per-CPU map exist once per CPU; user space cannot update all of them in one operation.
    E0434 PercpuUpdate { name } = "`{name}` is a per-CPU map, whose entries user space cannot update with an operator",
    /// Entries of maps can be deleted, and in user space what `new` made, by a pointer to it.
    E0435 DeleteWhat = "only an entry of a map or an object of `new` can be deleted",
    /// The operations on the entries of a map depend on its kind, its flags, and the side. The reference has a table of
    /// kinds.
    E0436 MapRefuses { name, kind, what, side } = "{what} of `{name}`, a `{kind}`, is not possible {side}",
    /// The map gives BPF code its entries for reading only.
    E0437 ReadOnlyEntry { name, kind } = "BPF code can only read the entries of `{name}`, a `{kind}`",
    /// Atomic operations work on memory that others see: global variables, and in BPF code the entries of maps.
    E0438 AtomicPlace { what } = "{what} is nothing that an atomic operation can work on",
    /// Processors update 32 and 64 bits atomically.
    E0439 AtomicType { ty } = "a `{ty}` cannot be updated atomically",
    /// The first argument is a map, by its name.
    E0440 MapWanted { name } = "`{name}` takes a map first",
    /// The kernel has this for other types of programs.
    E0441 NotInProgram { what, program, name } = "{what} is not for `@{program}` programs such as `{name}`",
    /// In user space an entry of a per-CPU map is the values of all CPUs. An integer reads as their sum; what anything else
    /// would read as, the program says.
    E0442 PercpuValue { name } = "an entry of `{name}` is a value for each CPU",
    /// A sum adds up integers. The value has none, or more than 256.
    E0443 NothingToSum { ty } = "a `{ty}` cannot be summed over the CPUs",
    /// A map of maps is given maps by their address.
    E0444 InnerWanted { name } = "`{name}` holds maps, and this is none",
    /// The kernel takes only maps that are as the template: of one kind, key, value, flags, and as arrays of one size.
    E0445 InnerMismatch { inner, name, differs } = "`{inner}` cannot be put into `{name}`: it has other {differs}",
    /// An entry of a trie may be found by a key that is longer than its own. In user space, where changes are written back
    /// by the key, that would make another entry.
    E0446 TrieInPlace { name } = "user space cannot change an entry of `{name}`, a trie, in place",
    /// `key` makes a key of one value; with several fields after `prefixlen` the struct is written out.
    E0447 PrefixFields { ty } = "`{ty}` is not made of one value",
    /// A prefix is at most as long as the value that it is of; the kernel finds nothing by a longer one.
    E0448 PrefixLength { bits, most } = "a prefix of {bits} bits is longer than the {most} of the value",
    /// The entries of a storage belong to objects of the kernel. BPF code finds them by a pointer to the object, user space
    /// by what names the object there.
    E0449 ObjectKey { name, side, wants, found } = "{side} finds the entries of `{name}` by {wants}, and this is a `{found}`",
    /// The assignment changes the entry if it is there, and else does nothing.
    W0430 LostFieldWrite { map } = "this does nothing when `{map}` has no such entry",
    /// The variable is a copy of the entry. Writes to it never reach the map.
    W0431 LostCopy { name } = "`{name}` is a copy of the entry, and what is written to it is never used",
    /// A path to this point deletes the entry, but its name still refers to it. Writes to it are lost.
    W0432 DeletedEntry { name } = "the entry that `{name}` names was deleted",
    /// User space reads an entry, changes the part and writes the entry back. The kernel ends the timer of an entry that is replaced.
    W0417 TimerEnds { map } = "this replaces the entry of `{map}`, which ends its timer",
    /// The kernel takes the values of all CPUs at once. The other CPUs' values are written back as they were read, over additions that
    /// programs have made since. Before the first `attach` nothing is lost; `m[k] = e`, which gives every CPU a value, is no such write.
    W0433 CpuWrite { name } = "this writes the other CPUs' values of `{name}` too, over what BPF code adds meanwhile",
    /// The map has as many entries as indexes of this type can name, not as many as are asked for.
    W0469 IndexReach { ty, reach } = "an index of type `{ty}` names {reach} entries, and so many are made",
    /// An index of an array, or of a kind that is one, names one of the entries that the declaration counts. Beyond the last there
    /// is nothing: it reads zero, `null` tests for it, and writing to it does nothing or yields an error.
    W0470 EntryRange { name, index, range } = "`{name}` has no entry {index}: its indexes are {range}",
}
