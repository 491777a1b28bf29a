//! E06: what this compiler, or the chosen target, does not have.

codes! {
    /// The language has this, but this version of the compiler does not compile it yet. Nothing was generated for it.
    E0601 NotSupportedYet { what } = "{what} is not supported yet",

    /// The artifact that was asked for cannot come from this input: a program without an attribute such as `@xdp` has no BPF
    /// object, one without `main` no executable, and IR has no syntax tree.
    E0602 NoSuchArtifact { what } = "this input has no {what}",
}
