//! The capabilities of targets, as data: one [`Facts`] for each.

/// The capabilities of a target, and the constraints that it puts on code.
#[derive(Debug)]
pub struct Facts {
    /// The word of the command line and of IR text.
    pub name: &'static str,
    /// Its code, as messages name it: "BPF code".
    pub code: &'static str,
    /// The words for its side in messages: "in BPF code".
    pub within: &'static str,
    /// What a program without any code for it lacks, and how one gets such code.
    pub artifact: &'static str,
    pub artifact_help: &'static str,
    /// The end of an object's file name.
    pub object_suffix: &'static str,
    pub executor: Executor,
    pub debug: DebugForm,
    /// The kernel's verifier follows its code along each path, and must recognise pointers and bounds.
    pub verified: bool,
    /// memcpy and memset exist, so that LLVM may call them.
    pub has_libc: bool,
    /// Bytes of local variables that a function may have; none where only LLVM knows how much of the stack it takes.
    pub max_frame: Option<u64>,
    pub has_floats: bool,
    /// A function's address is a value. BPF has none: the pass `function-pointers` numbers functions.
    pub functions_have_addresses: bool,
    pub division: Division,
    pub maps: Maps,
    /// It has the variables that user space does not see: `local` and `percpu` ones.
    pub has_private_globals: bool,
    pub writes_configs: bool,
    /// Every loop ends, since the kernel bounds it.
    pub bounds_loops: bool,
    /// `print` is a call of a BPF helper, which formats less than the runtime does.
    pub prints_by_helper: bool,
    /// It is the kernel module, whose variables no other code sees.
    pub is_module: bool,
    /// It runs in the kernel, where no fault may happen: what can fault is an error there, and a warning in user space.
    pub in_kernel: bool,
}

/// What executes the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Executor {
    /// BPF instructions of the level that `--mcpu` names.
    Bpf,
    /// The processor of the process.
    Native,
    /// Whatever the kernel's C compiler makes.
    C,
}

/// The form of debug information.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DebugForm {
    /// BTF, which LLVM derives from DWARF: names are C identifiers, and the text of lines goes along.
    Btf,
    Dwarf,
}

/// The division of the machine, where the language defines more than LLVM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Division {
    /// Unsigned division by zero yields what the language says; there is no signed division at each level.
    UnsignedOnly,
    /// Division by zero traps or is undefined: a branch guards each.
    Guarded,
}

/// How code gets at maps and at variables that targets share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Maps {
    /// An entry is a place in memory.
    InPlace,
    /// The runtime copies entries from and to the kernel.
    ByRuntime,
    /// It has none.
    None,
}
