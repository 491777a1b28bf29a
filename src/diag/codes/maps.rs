//! E04: maps and config. E0401–E0429 declarations, E0430 up bodies.

codes! {
    /// The language has no map kind of this name.
    E0401 UnknownMapKind { name } = "no map kind `{name}`",
    /// The map kind is written with other types.
    E0402 MapTypes { kind, wants } = "a map of kind `{kind}` is written `{wants}`",
    /// The number of entries is a constant from 1 to 4294967295.
    E0403 MapSize { value } = "a map cannot have {value} entries",
    /// The kind does not take keys of this type.
    E0404 MapKey { kind, ty, why } = "`{ty}` cannot be the key of a map of kind `{kind}`: {why}",
    /// The kind does not take values of this type.
    E0405 MapValue { kind, ty, why } = "`{ty}` cannot be the value of a map of kind `{kind}`: {why}",
    /// A map starts empty (an array: zeroed) and is filled by assignments.
    E0406 MapInitialiser { name } = "map `{name}` cannot have an initialiser",
    /// Maps are declared at file level and used there by name; they are no values.
    E0407 MapAsType { kind } = "`{kind}` is a map kind: maps are declared with `var` at file level",
    /// In BPF code a config is read-only: the verifier relies on its values.
    E0430 ConfigWrite { name } = "config `{name}` is read-only in BPF code",
    /// The entries of an array always exist.
    E0431 DeleteFromArray { name, kind } = "`{name}` is of kind `{kind}`, whose entries cannot be deleted",
    /// The result may be there or not, so it is used where that is tested: in `if (var …)` or `var … else`.
    E0432 UntestedOptional { what } = "{what} may be absent, and nothing tests that",
    /// In user space an entry has no address: the kernel holds it.
    E0433 EntryAddress { name } = "`{name}` is a map entry, which has no address in user space",
    /// Entries of a per-CPU map exist once per CPU; user space cannot update all of them in one operation.
    E0434 PercpuUpdate { name } = "`{name}` is a per-CPU map, whose entries user space cannot update with an operator",
    /// Only entries of maps can be deleted.
    E0435 DeleteWhat = "only an entry of a map can be deleted",
    /// The assignment changes the entry if it is there, and else does nothing.
    W0430 LostFieldWrite { map } = "this does nothing when `{map}` has no such entry",
    /// The variable is a copy of the entry. What is written to it never gets back to the map.
    W0431 LostCopy { name } = "`{name}` is a copy of the entry, and what is written to it is never used",
}
