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
}
