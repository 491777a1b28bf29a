//! E012x: files and modules.

codes! {
    /// `include` and `import` name a file that is not there. The path is relative to the file in which it is written, or to
    /// the current directory if that is standard input.
    E0120 NoSuchFile { path } = "there is no file `{path}`",
    /// The file that `include` or `import` names is there, but cannot be read as source.
    E0121 UnreadableFile { path, why } = "cannot read `{path}`: {why}",
    /// To know one of these files the compiler would have to know it already. Put the declarations that both need into a file of their own,
    /// which both name.
    E0122 FileCycle { path, cycle } = "`{path}` needs itself: {cycle}",
    /// `include "x.kh"` takes a header, which holds declarations only; `import name from "x.ks"` takes a module.
    E0123 WrongFileKind { word, wants, path } = "`{word}` takes {wants}, not `{path}`",
    /// A header holds declarations that several programs may share: structs, enums, types, constants, `extern` and `include`. A declaration
    /// with a body or storage of its own belongs into a module, a `.ks` file that is imported.
    E0124 NotInHeader { what } = "a header declares; it holds no {what}",
    /// The module declares nothing of this name. The imports of a module are its own and are not seen through it.
    E0125 NoSuchMember { module, name } = "`{module}` has no `{name}`",
    /// The declaration is marked `priv`: only the module itself uses it.
    E0126 PrivateMember { module, name } = "`{name}` is private to `{module}`",
    /// A declaration of a module is named with a point: `module.name`. `::` separates an enum and its variant.
    E0127 ModuleSeparator { module, name, found } = "`{name}` of module `{module}` is named with `.`, not `{found}`",
    /// The files of a program become one BPF object, and that has one license.
    E0128 LicensesDiffer { first, second } = "the licenses `{first}` and `{second}` are of one program",
    /// `exec` and `import` take files of Python 3.11 or later. The compiler reads the headers of functions and the imports; the rest it has
    /// Python itself read, if the machine has one.
    E0129 PythonSyntax { why } = "this is no Python: {why}",
    /// The hints of a function in Python say what its arguments and its result are: `int`, `bool`, `float`, `str`, `bytes`, `list[…]` of these,
    /// and `None`. Each parameter that an argument is given to has one. Arguments go by position.
    E0132 PythonSignature { name, why } = "`{name}` cannot be called: {why}",
    /// Lists and bytes of Python may have any length; arrays have one that the compiler knows, that of the place that takes the result.
    E0133 PythonResult { name, hint } = "`{name}` yields a `{hint}`, whose length nothing here says",
    /// The interpreter finds modules by their names.
    E0134 PythonNames { name } = "two files of Python are called `{name}`",
    /// Nothing in this file names the module. (A module with BPF programs is still used: they are in the object.)
    W0120 UnusedImport { name } = "import `{name}` is never used",
}
