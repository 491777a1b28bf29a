//! E072: `throw`, `try`, `catch`, `defer`.

codes! {
    /// The kernel calls a program, and a function that takes samples of user space, and knows nothing of errors: what is
    /// thrown has to be caught before. A `try` around the call catches it, with a `catch` of its code or with `catch _`;
    /// a computed code only `catch _` or `catch name` takes.
    E0720 UncaughtInBpf { what, root, path } = "{what} can leave {root} uncaught{path}",
    /// A deferred block runs when its function is ending already, perhaps because of a `throw`. So it must catch what
    /// is thrown in it.
    E0721 DeferThrows { what } = "{what} can leave this `defer`",
    /// A deferred block runs when its function ends; it cannot end the function, or a loop around, another time.
    E0722 DeferLeaves { word } = "`{word}` out of a `defer`",
    /// Deferred code runs once, when the function ends. A loop would reach it many times.
    E0723 DeferInLoop = "`defer` in a loop",
    /// A deferred block runs when its function ends, which is too late to defer more.
    E0724 DeferInDefer = "`defer` in a `defer`",
    /// `defer` takes a call, whose arguments are evaluated at once, or a block.
    E0725 DeferWhat = "`defer` takes a call or a block",
    /// Nothing catches what is thrown here, in `main` or in a function that handles events. It ends the program with status
    /// 1 and says where it was thrown.
    W0720 UncaughtInUserSpace { what, root, path } = "{what} can leave {root} uncaught{path}",
    /// No code reaches this `catch`: the ones before it take them, or the block of the `try` throws none of this kind.
    W0721 UnreachableCatch = "this `catch` takes nothing",
    /// After `catch` a constant is the code that it takes. Any other name is a new variable, which takes every code.
    W0722 CaughtInCapitals { name } = "no constant is called `{name}`: it is a variable here, which takes every code",
}
