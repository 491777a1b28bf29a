//! E09: environment.

codes! {
    /// There is no file of that name. Paths are relative to the directory in which `ksc` runs.
    E0901 FileNotFound { path } = "there is no file `{path}`",

    /// A source file was expected, but the path names a directory.
    E0902 IsDirectory { path } = "`{path}` is a directory",

    /// The file exists, but the system refuses to read it; the message gives the system's reason.
    E0903 CannotRead { path, why } = "cannot read `{path}`: {why}",

    /// Source files are UTF-8 text. The offset counts bytes from the start of the file, beginning with 0.
    E0904 NotUtf8 { path, byte, offset, line } = "`{path}` is not UTF-8 text: byte {byte} at offset {offset} (line {line})",

    /// Source files have an upper limit, so that an endless input cannot fill the memory.
    E0905 FileTooLarge { path, limit } = "`{path}` has more than {limit}",

    /// The artifact could not be written: no such folder, no permission, no room. Nothing was left half written.
    E0910 OutputNotWritten { path, why } = "cannot write `{path}`: {why}",

    /// The LLVM library that this compiler runs with makes no code for this machine.
    E0930 NoLlvmTarget { triple } = "LLVM has no code generator for {triple}",
}
