//! The options of passes and code generation that save BPF stack, for each attempt of `pipeline`.
//!
//! Only LLVM knows its spills. If it reports a frame over the limit, `pipeline::bpf` lowers the BPF module again: first with options
//! that save stack at the cost of instructions (all variables share slots by their live ranges, `codegen/llvm/lifetimes.rs`; loops that
//! share no variable have a frame each), then also with functions that keep their own frames, and with large local variables in per-CPU
//! memory (`scratch`). `tuning.rs` defines each attempt, and is an argument of passes and code generation. Programs that fit are compiled
//! once. A function that is too long for LLVM, or a program with more maps than the kernel allows, is an error between LLVM's
//! optimisation and its back end (`codegen/llvm/limits.rs`).

/// How one attempt at a BPF object spares stack. The default is the first attempt, which spares none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tuning {
    /// The BPF stack was too small for code that is made as usual: what spares some of it is done, though it costs
    /// instructions.
    pub scarce: bool,
    /// Local variables of at least so many bytes are not on the stack.
    pub moved_locals: Option<u64>,
    /// Functions of some size have a frame each, which ends before the next one's begins: LLVM would make them parts of their callers.
    pub outlined: bool,
    /// BPF code loads variables wherever it uses them: LLVM would keep the loaded values on the stack.
    pub reloads: bool,
}

/// From how many bytes on local variables move off a stack that is too small, one attempt after the other: first none.
const MOVED_LOCALS: [Option<u64>; 4] = [None, Some(128), Some(64), Some(24)];

/// Ops of a module that is compiled twice at most: each attempt takes a second for so many.
const MANY_OPS: usize = 20_000;

/// Ops of a module for which the attempt that spares most is tried first: the others are in vain if it does not fit.
pub const LARGE: usize = 4_000;

impl Tuning {
    /// The attempts after the first one, in order: each spares more stack at the cost of more instructions. For a module of more than
    /// `MANY_OPS` ops only the last attempt, since each compiles all of it.
    pub fn sparing(ops: usize) -> Vec<Tuning> {
        let attempts = [false, true].into_iter().flat_map(|reloads| {
            MOVED_LOCALS.map(|moved_locals| Tuning { scarce: true, moved_locals, outlined: true, reloads })
        });
        let weaker = 2 * MOVED_LOCALS.len();
        [Tuning { scarce: true, ..Tuning::default() }]
            .into_iter()
            .chain(attempts)
            .skip(if ops > MANY_OPS { weaker } else { 0 })
            .collect()
    }
}
