//! E01: names. E0101–E0149 declarations and types, E0150 up bodies.

codes! {
    /// The name is used here, but nothing in scope declares it. Looked up are, in this order, the local names, those of
    /// the file, and those that the language declares itself (`XDP_PASS`, `ETH_P_IP`, …).
    E0101 UnknownName { name } = "no `{name}` in this scope",
    /// No type has this name: neither does the program declare it, nor is it one of the language.
    E0102 UnknownType { name } = "no type `{name}`",
    /// Two declarations of one level have the same name. The order of declarations never matters, so neither could win.
    E0103 DuplicateName { name } = "`{name}` is declared twice",
    /// Two fields of a struct or config, or two variants of an enum, have the same name.
    E0104 DuplicateMember { name, what, of } = "{of} has two {what} named `{name}`",
    /// The name is used as a type, but it names something else.
    E0105 NotAType { name, what } = "`{name}` is {what}, not a type",
    /// Array lengths, map sizes, enum values, defaults, initialisers of globals and patterns must be known when the program
    /// is compiled: literals, constants, enum variants, `sizeof`, and operators on those.
    E0106 NotConstant { what } = "{what} is not a constant",
    /// To know this declaration the compiler would have to know it already.
    E0107 DeclarationCycle { name } = "`{name}` is defined by itself",
    /// The struct has no field of this name.
    E0108 NoSuchField { ty, name } = "`{ty}` has no field `{name}`",
    /// The enum has no variant of this name.
    E0109 NoSuchVariant { ty, name } = "enum `{ty}` has no variant `{name}`",
    /// Several enums have a variant of this name, and nothing here says which one is meant. Write `Enum::VARIANT`.
    E0110 AmbiguousVariant { name } = "`{name}` is a variant of several enums",
    /// The language has no attribute of this name.
    E0111 UnknownAttribute { name } = "no attribute `@{name}`",
    /// The attribute belongs on another kind of declaration.
    E0112 MisplacedAttribute { name, item } = "`@{name}` does not belong on {item}",
    /// An attribute may be given once per declaration.
    E0113 DuplicateAttribute { name } = "`@{name}` is given twice",
    /// The two attributes say different things about where the function runs.
    E0114 ConflictingAttributes { first, second } = "`@{first}` and `@{second}` exclude each other",
    /// The attribute takes other arguments.
    E0115 AttributeArguments { name, wants } = "`@{name}` takes {wants}",
    /// A program has one license.
    E0116 DuplicateLicense = "the license is given twice",
    /// A chain of declarations, each needing the next one below it, is longer than the compiler follows: 200, or fewer
    /// where the name is deep inside a constant expression.
    E0117 DeclarationDepth { name } = "`{name}` is needed by too long a chain of declarations",
    /// `_` is for a value that is dropped: as a local variable, in `_ = e`. Nothing could name what is declared so at
    /// the top level.
    E0118 NoName = "`_` is no name to declare",
    /// An `impl` implements a struct of functions of the kernel, which its attribute names.
    E0135 NoStructOps = "nothing says what this `impl` implements",
    /// The name is that of a context, of a program type's actions or of a packet header, which the language declares. To
    /// declare it once more, in a header or in the program, whole or in part, says which members the program names, and
    /// changes nothing about the type; so it can name no member that the type lacks.
    E0161 NotOfKernel { name, what, of } = "`{of}` of the kernel has no {what} `{name}`",
    /// A default is what literals of a struct of the program leave out. A declaration that repeats a predefined struct says
    /// which fields the program names, and cannot give them defaults.
    E0162 DefaultOfKernel { name, of } = "`{name}` of the kernel's `{of}` has no default",
    /// A declaration that repeats a predefined type is of other values, widths or byte order than the kernel's. The kernel's are used, so
    /// the program may compute other values with these members than its author meant.
    W0161 KernelDiffers { what, kernel, written } = "{what} is `{kernel}`, not `{written}`",
    /// A header repeats a struct of the kernel, whose fields are those of the kernel that the program is compiled for. The
    /// declaration does no harm; a use of the field is an error.
    W0188 NotOfThisKernel { name, of } = "`{of}` of this kernel has no field `{name}`",
    /// Programs and maps keep 15 characters of their names in the kernel, where these two look the same.
    W0101 SameKernelName { first, second, kept } = "`{first}` and `{second}` are both `{kept}` to the kernel",
    /// A section that libbpf knows names a type of program, for some types after a slash what programs are for. This compiler has
    /// none for this one.
    E0130 UnknownSection { name } = "no type of program is in the section `{name}`",
    /// A `@kfunc` keeps its name in the kernel module, whose C includes headers of the kernel. There the name is a function or a macro
    /// already, or a word of C.
    E0136 KernelHasName { name } = "the kernel has a function or macro `{name}`, so no `@kfunc` can have that name",
    /// A loop exit is outside of every loop.
    E0150 OutsideLoop { word } = "`{word}` outside of a loop",
    /// The name means something that is no value by itself: a type, a map, a config, a function.
    E0151 NotAValue { name, what } = "`{name}` is {what}, not a value",
    /// The variable is never read. A name that begins with `_` says that this is meant.
    W0150 UnusedVariable { name } = "variable `{name}` is never read",
    /// The function returns something, which nothing here looks at. `var _ = f()` says that this is meant.
    W0151 UnusedResult { name } = "the result of `{name}` is not used",
    /// Every path to this statement ends before it.
    W0152 UnreachableCode = "this is never reached",
    /// `ProgramHandle<kind>` is of the programs whose attribute is `@kind`.
    E0131 NoProgramType { name } = "no programs are of a type `{name}`",
}
