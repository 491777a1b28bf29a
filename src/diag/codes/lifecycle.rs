//! E07: lifecycle.

codes! {
    /// `load` takes the name of a program.
    E0701 LoadWhat { what } = "`load` takes a program, not {what}",
    /// `attach` takes what `load` returned; `detach` that, or what `attach` returned.
    E0702 WantsHandle { builtin, wants, found } = "`{builtin}` takes {wants}, found {found}",
    /// Neither the attribute of the program nor the call says what to attach to.
    E0703 NoTarget { name } = "nothing says what `{name}` is attached to",
    /// What a program is attached to is named by a string or by the index of an interface.
    E0704 BadAttachTarget { ty } = "a program cannot be attached to a `{ty}`",
}
