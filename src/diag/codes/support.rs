//! E06: what this compiler, or the chosen target, does not have.

codes! {
    /// The language has this, but this version of the compiler does not compile it yet. Nothing was generated for it.
    E0601 NotSupportedYet { what } = "{what} is not supported yet",

    /// The artifact that was asked for cannot come from this input: a program without an attribute such as `@xdp` has no BPF
    /// object, one without `main` no executable, and IR has no syntax tree.
    E0602 NoSuchArtifact { what } = "this input has no {what}",

    /// The code runs in a kernel module, and the compiler has no C for this.
    E0604 NotInModule { what, func } = "{what} cannot be compiled for a kernel module, where `{func}` runs",

    /// The C of a kernel module includes the headers of what it uses. The compiler knows those of what modules commonly use; a program
    /// names others.
    E0634 UnknownHeader { what } = "the compiler does not know which header of the kernel declares {what}",

    /// A bit-field of a struct of the kernel has no address, and headers alone say where its bits are. Module code reads it.
    E0635 KernelBits { field } = "`{field}` is a bit-field of a struct of the kernel, which module code only reads",

    /// The instruction set level that was asked for has no such instruction; a later one has. Level v3 works on every kernel
    /// that this compiler supports, v4 from 6.6 on.
    E0610 NeedsMcpu { what, level } = "{what} needs `--mcpu={level}` or later",

    /// `--target-arch` names the processor of the kernels that the BPF object is for. Executables, kernel modules, and programs that need
    /// an executable of this compiler to load them, are made for the machine alone on which the compiler runs.
    E0636 ForeignMachine { what, machine, own } = "{what} cannot be made for {machine}: this compiler makes them for {own} alone",

    /// The object must load on the oldest kernel that `--min-kernel` names, and that one lacks this.
    E0611 NeedsKernel { what, version } = "{what} needs Linux {version}, which is later than `--min-kernel`",

    /// `min_kernel "6.4"` names the oldest kernel that the program is for, 5.10 or a later one. `--min-kernel` may name a later one.
    E0621 KernelText { why } = "{why}",

    /// The program needs a later kernel than 6.1, and neither `--min-kernel` nor `min_kernel` in a file says the oldest kernel that it is for.
    /// So it is the first one that has all that the program needs. The note names what asked for it; what is `@optional` asks for nothing.
    N0667 OldestKernel { what, version } = "{what} makes Linux {version} the oldest kernel of this program",

    /// The file has BPF programs and no `main`, so there is no executable. Another program can load the object: `bpftool`,
    /// libbpf, or one in Go or Rust. The note is not made where `--target` or `--emit` asks for the object.
    N0665 ObjectOnly { path } = "there is no `main`, so only the BPF object `{path}` was written",
}
