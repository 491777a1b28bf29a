//! E02: types. E0201–E0239 declarations, types and constants, E0240 up bodies.

codes! {
    /// `void` says that a function returns nothing. There are no values of it; a pointer to bytes is `*u8`.
    E0201 VoidValue = "`void` is only a function's result",
    /// A struct that contains itself would be infinitely large. A pointer to it is fine.
    E0202 RecursiveStruct { name } = "`{name}` contains itself",
    /// The length of an array or string is a constant of at least 1, and the whole fits 4 GiB.
    E0203 BadLength { what, why } = "{what} {why}",
    /// The only floating-point type is `f64`.
    E0204 NoSinglePrecision = "there is no `f32`",
    /// The type is written with other arguments.
    E0205 TypeArguments { name, wants } = "`{name}` takes {wants}",
    /// The value of the variant is outside what the enum's integer type holds.
    E0206 VariantRange { name, value, repr } = "the value {value} of `{name}` does not fit `{repr}`",
    /// An enum is stored as an integer: `u8` to `u64` or `i8` to `i64`.
    E0207 EnumRepr { ty } = "an enum cannot be stored as `{ty}`",
    /// A value of one type stands where another is wanted, and no implicit conversion leads there.
    E0208 MismatchedTypes { wanted, found } = "expected {wanted}, found {found}",
    /// The divisor is a constant and zero.
    E0209 DivisionByZero = "division by a constant zero",
    /// A constant shift count must be smaller than the width of the left operand (after widening to 32 bits), and not
    /// negative.
    E0210 ShiftCount { count, bits } = "shift by {count} of a value of {bits} bits",
    /// The result of the constant expression fits no integer type of the language.
    E0211 ConstantOverflow = "the value of this constant expression fits no integer type",
    /// The operator does not take values of this type.
    E0212 BadOperand { op, ty } = "`{op}` does not take a value of type `{ty}`",
    /// A literal of a struct gives all fields that have no default.
    E0213 MissingFields { ty, fields } = "literal of `{ty}` lacks {fields}",
    /// The literal gives this field already.
    E0214 RepeatedField { name } = "field `{name}` is given twice",
    /// An array literal has as many elements as the array, or one (which fills it), or none (which zeroes it).
    E0215 ElementCount { found, wanted } = "{found} elements for an array of {wanted}",
    /// Neither a type nor an initialiser says what type this has.
    E0216 UnknownTypeOf { name } = "the type of `{name}` is not known",
    /// A struct, enum or config without members has no values.
    E0217 NoMembers { name, what } = "`{name}` has no {what}",
    /// Only structs have fields and literals with fields.
    E0218 NotAStruct { name } = "`{name}` is not a struct",
    /// Values of network byte order (`be16`, `be32`, `be64`) and of host order, or of two widths, do not mix; `as` converts.
    E0219 ByteOrderMix { left, right } = "`{left}` and `{right}` do not mix",
    /// The constant does not fit the type that is wanted; the bits that do not fit are lost.
    W0201 ValueTruncated { value, ty, kept } = "{value} does not fit `{ty}`, which keeps {kept}",
    /// The string is longer than its place and loses its end.
    W0202 StringTruncated { length, ty } = "a string of {length} bytes does not fit `{ty}`",
}
