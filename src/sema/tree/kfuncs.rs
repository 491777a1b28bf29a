//! Functions of the kernel that BPF code calls.

use crate::source::Span;
use crate::tables::Reference;
use crate::types::{FnSig, Ty};

/// A function that `extern` declares.
pub struct Kfunc {
    pub name: String,
    /// `extern?`: the kernel may lack it.
    pub weak: bool,
    /// In order, those that the compiler fills in among them.
    pub params: Vec<KfuncParam>,
    pub result: Ty,
    /// The parameter that says how many bytes the memory has that it yields.
    pub result_size: Option<usize>,
    /// As the object declares it.
    pub declared: FnSig,
    pub reference: Option<Reference>,
    /// The types that module code passes and gets, as they are written.
    pub plain: Option<FnSig>,
    /// BPF code cannot call it: it is for module code alone.
    pub module_only: bool,
    /// The kernel whose types are known has no such function: each use is reported.
    pub unknown: bool,
    pub span: Span,
    /// Its declaration is wrong, which was reported: so its calls are not checked.
    pub broken: bool,
}

/// A parameter of a kernel function.
pub struct KfuncParam {
    /// As the kernel has it, with the suffix that says what it takes.
    pub name: String,
    pub ty: Ty,
    pub arg: KfuncArg,
}

/// What a parameter takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KfuncArg {
    Number,
    /// A number that the kernel knows when it loads the program.
    Constant,
    /// The context of the program.
    Context,
    /// A variable of the program with a handle of memory.
    Dynptr,
    /// An object of the kernel to which the verifier follows pointers.
    Object,
    /// Memory of the program: as large as its type, or as many bytes as the parameter of this place says.
    Memory {
        size: Option<usize>,
    },
    /// A string that is known when the program is loaded.
    Text,
    /// An address of any memory, which the function tests.
    Address,
    /// Null: the kernel fills it in.
    Hidden,
}

impl KfuncParam {
    /// A call has an argument for it.
    pub fn is_written(&self) -> bool {
        self.arg != KfuncArg::Hidden
    }
}
