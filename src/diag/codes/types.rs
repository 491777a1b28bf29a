//! E02: types. E0201–E0239 declarations, types and constants, E0240 up bodies.

codes! {
    /// Whether a field, a type or a function is there is a question about the kernel that runs. A declaration of the program itself always
    /// exists.
    E0281 ExistsWhat = "`exists` asks for a field, a type or a function of the kernel",
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
    /// The value has another type than is wanted here, and no implicit conversion leads to that type.
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
    /// A literal of a struct gives all fields that have no default, or ends in `..`: then those that it leaves out are zero, if
    /// they have no default.
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
    /// An `f64` computes with another `f64`, or with an integer literal, which becomes one. An integer is converted by
    /// `as f64`, an `f64` to an integer by `as u32` and the like.
    E0230 FloatMixed { op, other } = "`{op}` does not mix `f64` with `{other}`",
    /// A function pointer is an address of one process, or a number of one BPF object; where user space and BPF code, or two
    /// processes, see the same memory it would mean nothing. Locals, parameters, results, fields of local structs and
    /// constants hold them.
    E0231 FunctionPointerShared { what } = "{what} cannot hold a function pointer",
    /// The numbers of one enum mean something else in another. An enum becomes an integer, and an integer an enum, but
    /// an enum does not become another enum: as argument, result, assigned value, side of a comparison or pattern. `as`
    /// converts.
    E0261 EnumsMixed { found, wanted } = "a value of enum `{found}` where enum `{wanted}` is wanted",
    /// The constant does not fit the type that is wanted; the bits that do not fit are lost.
    W0201 ValueTruncated { value, ty, kept } = "{value} does not fit `{ty}`, which keeps {kept}",
    /// The string is longer than its place and loses its end.
    W0202 StringTruncated { length, ty, kept } = "a string of {length} bytes does not fit `{ty}`, which keeps {kept}",
    /// A variable without a type has room for the text that it begins with, and no more. A type gives it the room that it needs:
    /// `var name: str(32) = "?"`.
    W0204 LongerThanFirst { name, ty, found } = "`{name}` is a `{ty}`, as long as the text that it begins with: {found} is cut off",
    /// Whatever the program does, the value that is computed here lies outside of the type that it goes to, and loses bits.
    W0203 NeverFits { range, ty } = "this is {range}, which never fits `{ty}`",
    /// The enum has no variant of this number. It can still hold the number: a `match` then takes no arm but `default`,
    /// and the kernel treats an unknown action as a refusal. `as` says that the number is meant.
    W0261 NoVariant { number, ty } = "{number} is no variant of `{ty}`",
    /// The condition is of a type that is neither true nor false. Integers, chars, enums, pointers and bools are.
    E0240 NotACondition { ty } = "a value of type `{ty}` is neither true nor false",
    /// A bool is no number. `b as u8` is 0 or 1; `n != 0` is a bool.
    E0241 BoolMixed { op, other } = "`{op}` does not mix a bool with {other}",
    /// Only variables, what pointers point to, map entries, and fields of those can be assigned to.
    E0242 NotAssignable { what } = "{what} cannot be assigned to",
    /// The statement computes something and drops it. An operator at the start of a line begins a new statement.
    E0243 NoEffect = "this statement has no effect",
    /// On some path the function ends without a `return`, but it has a result.
    E0244 MissingReturn { name, ty } = "`{name}` can end without returning its `{ty}`",
    /// A `match` whose value is used must have an arm for every value of its subject.
    E0245 NotExhaustive { missing } = "this `match` has no arm for {missing}",
    /// `as` does not lead from the one type to the other.
    E0246 BadCast { from, to } = "`{from}` cannot be converted to `{to}`",
    /// This yields nothing that could be used.
    E0247 NoValue { what } = "{what} yields no value",
    /// `if (var …)`, `var … else` and comparisons with `null` ask whether something is there; this always is.
    E0248 AlwaysPresent { ty } = "a value of type `{ty}` is never absent",
    /// Only pointers can be dereferenced.
    E0249 NotAPointer { ty } = "`{ty}` is not a pointer",
    /// The block after `else` of a `var` must leave: what follows needs the variable.
    E0250 ElseMustLeave { name } = "this block must not reach its end, since `{name}` is not there",
    /// The bounds of a range have integer types of the same width, but one is signed.
    E0251 RangeSigns { low, high } = "the bounds of the range are `{low}` and `{high}`",
    /// The branches of an expression yield values that have no type in common.
    E0252 BranchTypes { first, second } = "the branches yield `{first}` and `{second}`",
    /// A `match` has one `default`.
    E0253 SecondDefault = "a second `default`",
    /// `->` goes through a pointer, and this is none.
    E0254 ArrowOnValue { ty } = "`->` on a value of type `{ty}`, which is no pointer",
    /// A loop variable takes the values of its range; assigning to it would not change the loop.
    E0255 AssignLoopVariable { name } = "loop variable `{name}` cannot be assigned to",
    /// Only integers, chars, bools, `be` values, enums and strings can be matched.
    E0256 NotMatchable { ty } = "a value of type `{ty}` cannot be matched",
    /// Only places have addresses: variables, what pointers point to, map entries in BPF code, and fields of those.
    E0257 NoAddress { what } = "{what} is stored nowhere, so it has no address",
    /// The array has no element of this constant index. A variable index is tested when the program runs: out of range it
    /// reads zero and writes nothing.
    E0258 IndexRange { index, ty, range } = "there is no element {index}: the indexes of `{ty}` are {range}",
    /// Arrays have elements; a map has entries under its own name.
    E0259 NotIndexable { ty } = "a value of type `{ty}` has no elements",
    /// The kernel alone has objects of this type. Programs get pointers to them.
    E0260 ObjectByPointer { ty } = "a `{ty}` is an object of the kernel, of which there are only pointers",
    /// `name: T:width` is a bit-field of a struct or union: `T` is an integer, an enum or `bool`, and the width a constant, at least 1 and
    /// at most the width of `T`.
    E0278 BitFieldShape { why } = "{why}",
    /// The fields of a union lie in the same bytes, so each has to make sense of any bytes: numbers, text, arrays and structs of them.
    E0279 UnionField { name, why } = "`{name}` of this union {why}",
    /// Nobody knows which field of a union was written last, and bytes behind a shorter field may differ.
    E0280 UnionCompared { ty } = "two `{ty}` cannot be compared: the program alone knows which field of a union counts",
    /// Both fields of the header lie in the same bytes, as those of a union do, or one is short for a part of the other. A
    /// literal gives one of them.
    E0276 SharedBytes { name, other, ty } = "`{name}` and `{other}` lie in the same bytes of a `{ty}`",
    /// An address is a constant that is written as text: `ip4("10.0.0.1")`, `ip6("2001:db8::1")`,
    /// `mac("02:00:00:00:00:01")`.
    E0272 BadAddress { text, what } = "`{text}` is no {what}",
    /// A string says an address, and an address is wanted: `ip4("10.0.0.1")` is a `be32`, `ip6("2001:db8::1")` the 16 bytes and
    /// `mac("02:00:00:00:00:01")` the 6 bytes of theirs.
    E0273 AddressAsText { text, what } = "`{text}` is the text of an {what}, not the address",
    /// The operands differ in signedness; the result is unsigned if they are equally wide, else as the wider operand.
    W0240 MixedSigns { left, right, result } = "`{left}` and `{right}` mix signs; the result is `{result}`",
    /// The product wraps at the width of its operands before it is widened.
    W0241 ProductWraps { narrow, wide } = "this product is computed as `{narrow}`, then widened to `{wide}`",
    /// No value of the other operand's type could change the outcome of the comparison.
    W0242 ConstantComparison { outcome } = "this comparison is always {outcome}",
    /// A value that is a variant of the enum takes no arm.
    W0243 MissingVariants { missing } = "this `match` has no arm for {missing}",
    /// The arms before take all values that this one names, or its range is empty.
    W0244 UnreachableArm = "this arm is never taken",
    /// The operands differ in signedness, and the unsigned one is at least as wide. Values are compared, so that a negative
    /// number is less than every unsigned one; C compares bits here, where it would be greater.
    W0245 MixedComparison { signed, unsigned } = "`{signed}` is compared with `{unsigned}`",
    /// A number beside a `be32` is in host order: 127.0.0.1 is 0x7f000001. This one is the address of a private network, or of the machine
    /// itself, as a little-endian machine reads its bytes from memory.
    W0248 SwappedAddress { number, address, likely } = "{number} is the address {address}; {likely}",
    /// Ranges count up: from a larger number to a smaller one there is no iteration.
    W0246 EmptyLoop = "this loop has no iteration",
    /// A number beside `||` or `&&` is compared with 0, not with what the comparison beside it compares.
    W0247 ConstantOperand { text, truth } = "`{text}` alone is always {truth}",
    /// A link is a number: 0 where the program is attached, else a negative error. The comparison with `null` asks which of
    /// the two it is.
    W0269 LinkComparedWithNull { what } = "a link is never null; this tests whether it is {what}attached",
    /// The bytes of a packet follow each other without gaps, and C leaves some between the fields of a struct, or after the
    /// last one, so that each field lies at a multiple of its alignment. `@packed struct` has none.
    W0270 PaddedHeader { ty, field } = "`{ty}` is laid over bytes of a packet, and has padding {field}",
    /// A flavour declares fields of a struct of the kernel, and loaders look for a field of the same name and kind. Where the kernel has
    /// the name for something else, `exists` is false, and the code that uses the field never runs. In a flavour for other kernels than the
    /// one whose types are known here, that may be intended: `-A W0271`.
    W0271 OtherKind { field, of, kernel, declared } = "the kernel's `{field}` of `{of}` is {kernel}, for which loaders do not take {declared}",
    /// A `bytes` is a view of a packet or of a value, which it must not outlive: a local variable or a parameter, no field,
    /// element, result, global variable or value in a map, and nothing that a pointer points to.
    E0285 ViewPlace = "`bytes` is a type of local variables and parameters alone",
    /// A view is of a packet, or of a value that consists of bytes: numbers, text, arrays and structs of these. The bytes of pointers,
    /// locks and handles are the compiler's and the kernel's.
    E0286 NotViewable { what } = "the bytes of {what} cannot be viewed",
    /// The code that is generated for a `bytes` depends on what it views, so that a variable views one thing as long as it
    /// lives: the packet, at any offset, or the value that it views first, or a part of that.
    E0287 OtherView { name } = "`{name}` views something else",
    /// The compiler has to know the memory that a `bytes` views, so the branches of a condition choose among views of one thing: the
    /// packet, or parts of one variable of type `bytes`.
    E0277 ViewsDiffer = "the branches view different things",
    /// A field of a `@packed struct` may lie at any address, and a pointer to its type promises one that is aligned.
    E0269 PackedAddress { field, ty } = "`{field}` is a field of a packed struct, to which no `*{ty}` can point",
    /// The kernel verifies such a function once, for any arguments of the types that BTF gives its parameters: numbers, contexts, and
    /// pointers to numbers and structs, which may be null.
    E0221 GlobalFunction { name, why } = "`{name}`, which the kernel verifies by itself, {why}",
    /// The kernel refuses an implementation without some of the members.
    E0226 MissingMembers { of, missing } = "`{of}` needs {missing}",
    /// The members of an `impl` are of the types that the kernel's struct has: functions with its results, or constants.
    E0238 MemberType { member, of, ty } = "`{member}` of `{of}` is {ty}",
    /// The verifier asks of an argument what the name of the kernel's parameter says: a constant (`__k`, `__szk`), a string literal
    /// (`__str`), memory of the size that the parameter behind it says (`__sz`).
    E0225 KfuncArgument { name, why } = "`{name}` cannot take this: {why}",
}
