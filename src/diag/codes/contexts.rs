//! E03: contexts and calls. E0301–E0329 declarations of functions, E0340 up bodies.

codes! {
    /// A program takes the context that the kernel hands to its type.
    E0301 ProgramParameter { name, context } = "an `@{name}` program takes one parameter, `*{context}`",
    /// The kernel reads the result of a program as an action of its type.
    E0302 ProgramResult { name, result } = "an `@{name}` program returns `{result}`",
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
    /// The text is taken as the target to attach to, since it is no mode of the program type.
    W0301 NearlyMode { text, name } = "`{text}` is no mode of `@{name}` and so taken as the name of what to attach to",
}
