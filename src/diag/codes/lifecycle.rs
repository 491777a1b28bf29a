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
    /// The program is attached to this target already, on every path that comes here.
    E0705 AttachedTwice { name } = "the program of `{name}` is attached to this already",
    /// The handle was loaded in this function and attached to nothing on any path that comes here.
    E0706 NeverAttached { name } = "the program of `{name}` was never attached",
    /// Detaching twice is safe; the second one does nothing.
    W0701 DetachedAgain { name } = "`{name}` is detached already",
    /// `main` ends behind an `attach` and before any `wait`, `sleep`, `dispatch` or loop. The process ends, and with it what is
    /// attached.
    W0765 EndsAttached = "`main` ends here, and what it has attached is detached at once",
    /// The object of a program is chosen when the file is compiled. A variable that holds a program holds the same one on every
    /// path to a `load` of it.
    E0769 UnknownProgram { name } = "which program `{name}` holds here is not known when the file is compiled",
}
