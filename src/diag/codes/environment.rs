//! E09: environment.

codes! {
    /// There is no file of that name. Paths are relative to the directory in which `ksc` runs.
    E0901 FileNotFound { path } = "there is no file `{path}`",

    /// A source file was expected, but the path names a directory.
    E0902 IsDirectory { path } = "`{path}` is a directory",

    /// The file exists, but the system refuses to read it; the message gives the system's reason.
    E0903 CannotRead { path, why } = "cannot read `{path}`: {why}",

    /// Source files have an upper limit, so that an endless input cannot fill the memory.
    E0905 FileTooLarge { path, limit } = "`{path}` has more than {limit}",

    /// `ksc inspect` reads BPF objects: ELF files whose machine is BPF.
    E0906 NoBpfObject { path, why } = "`{path}` is no BPF object: {why}",

    /// `ksc verify --log FILE` explains a log by the program that it is of: its lines, its variables.
    E0989 LogOfOther { path } = "the log is of no program of `{path}`",

    /// `ksc verify --program=NAME` verifies one program of a file.
    E0991 NoSuchProgram { path, name } = "`{path}` has no program `{name}`",

    /// `ksc verify --set NAME=VALUE` gives a constant of the object another value: a field of a `config`, or a global variable of C that has a
    /// value.
    E0990 NotSet { name, why } = "`{name}` cannot be set: {why}",

    /// At most 100 errors are shown, and 100 warnings and notes, and no more than half a megabyte of text: the first
    /// ones say most. Fix those, and the others appear.
    N0984 NotShown { what } = "{what} more are not shown",
    /// `ksc check` checks all `.ks` files of a folder and of those below it, hidden folders and links to folders aside.
    E0988 NoSources { path } = "there is no `.ks` file in `{path}`",

    /// `ksc init` makes a folder, or fills an empty one, so that it replaces nothing.
    E0947 FolderInUse { path } = "`{path}` is there, and is no empty folder",

    /// The artifact could not be written: no such folder, no permission, no room. Nothing was left half written.
    E0910 OutputNotWritten { path, why } = "cannot write `{path}`: {why}",

    /// The output would replace a file that was read: the source, a file that it includes or imports, or the runtime
    /// library, under any name, through a symbolic link or as a hard link. Without `-o` the executable has the name of
    /// the source without its extension; a source without an extension has that name already. Nothing was written.
    E0980 OutputIsInput { output, input } = "the output `{output}` would replace the input `{input}`",

    /// Two outputs of one run are one file, through links; the second would replace the first. Nothing was written.
    E0981 OutputTwice { one, other } = "the outputs `{one}` and `{other}` are the same file",

    /// The program uses types of the kernel, which the kernel shows in this file if it was built with CONFIG_DEBUG_INFO_BTF.
    /// `--btf FILE` names another file: BTF, or an ELF file with BTF, such as the `vmlinux` of a kernel.
    E0982 NoKernelTypes { path, why } = "the kernel's types cannot be read from `{path}`: {why}",

    /// The file of BTF says of a type what cannot be: a member outside its struct, a name or a type beyond the end, a
    /// typedef of itself.
    E0983 MalformedBtf { path, what } = "`{path}` is damaged: {what} makes no sense",

    /// The LLVM library that this compiler runs with makes no code for this machine.
    E0930 NoLlvmTarget { triple } = "LLVM has no code generator for {triple}",

    /// Executables are linked with a runtime library, which the compiler carries. `KSC_RUNTIME` names another one, or the folder
    /// that holds it. A compiler that was built to carry none looks for it beside itself and in `../lib/ksc`.
    E0911 RuntimeNotFound { name } = "the runtime library `{name}` is not there",

    /// The system's C compiler links the executable; ksc compiles no C. `CC` names another one than `cc`.
    E0912 NoLinker { driver, why } = "cannot run `{driver}` to link the executable: {why}",

    /// The program declares a function of C, and nothing that is linked has one of this name. `extern "m" f()` says that it is in the library
    /// that `-lm` links, `extern "./x.c" f()` that it is in a file.
    E0914 NoCFunction { name, place } = "there is no function `{name}` in {place}",

    /// The linker looks for libraries where the system has them: `libx.so` or `libx.a`, which packages for development install.
    E0915 NoCLibrary { name } = "the linker finds no library `{name}`",

    /// A file of C that the program links is compiled by the system's C compiler, `cc` or what `CC` names.
    E0916 CNotCompiled { path, why } = "`{path}` cannot be compiled: {why}",

    /// The kernel's own build (Kbuild) makes the module from the C that ksc writes. It needs the headers of the kernel, `make`, the
    /// compiler that built the kernel, and `pahole` for the BTF by which BPF programs find the module's functions.
    E0921 ModuleNotBuilt { name, why } = "the kernel module `{name}` could not be built: {why}",

    /// `ksc package --sign KEY.pem` signs with a private key in PEM that is not encrypted: RSA of 2048 bits or more, or EC on the curve P-256.
    E0992 NoSigningKey { path, why } = "`{path}` is no key to sign with: {why}",

    /// `ksc package --cert CERT.pem` names the X.509 certificate of the key, in PEM.
    E0993 NoCertificate { path, why } = "`{path}` is no certificate of a signer: {why}",

    /// A signature that the certificate does not verify would be refused by every kernel.
    E0994 OtherKey { key, certificate } = "the key `{key}` is not that of the certificate `{certificate}`",

    /// The signature is over a loader, a program that makes the maps and loads the other programs. libbpf makes the loader of an object, and not
    /// of every object.
    E0995 NoLoader { why } = "the object cannot be signed, since there can be no loader of it: {why}",

    /// The linker failed; its last words follow.
    E0913 LinkFailed { why } = "the executable could not be linked: {why}",
}
