//! Statements and blocks.

use super::{ArithOp, Binding, EntryOrder, Expr, Format, LocalId, MapId, Optional};
use crate::source::Span;
use crate::types::Ty;

/// A block of checked statements.
pub struct Block {
    /// No statement follows one that always leaves; a `match` over all variants of an enum whose arms leave counts as one.
    pub stmts: Vec<Stmt>,
    /// The value of a block that is an expression.
    pub value: Option<Box<Expr>>,
    pub span: Span,
}

/// A statement and its place.
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

/// The forms of checked statements.
pub enum StmtKind {
    /// None: zeroed, also in each iteration of a loop.
    Var {
        local: LocalId,
        init: Option<Expr>,
    },
    /// `var v = m[k]`: a copy, zero if absent; `present` (a hidden bool local) is true if it is there.
    VarCopy {
        local: LocalId,
        present: LocalId,
        source: Optional,
    },
    /// `on return (ret: T) { … }`, the last statement of a program: its body runs when the traced function returns, and `ret` is the result
    /// of that function.
    OnReturn {
        returned: Option<LocalId>,
        body: Block,
    },
    /// `var v = optional else { … }`: `v` stays bound for the rest of the enclosing block; `otherwise` diverges.
    VarElse {
        binding: Binding,
        otherwise: Block,
    },
    /// `place = value`, or `place op= value`: then the place's value is converted to `op.compute`, the type of `value`
    /// (but for shift counts), and the result back.
    Assign {
        place: Expr,
        op: Option<CompoundOp>,
        value: Expr,
    },
    /// `m[k] = value`
    MapUpdate {
        map: MapId,
        key: Expr,
        value: Expr,
    },
    /// `m[k] op= value`: inserts where absent.
    MapAssignOp {
        map: MapId,
        key: Expr,
        op: CompoundOp,
        value: Expr,
    },
    MapDelete {
        map: MapId,
        key: Expr,
    },
    /// `delete pointer`, which may be null
    Delete(Expr),
    Expr(Expr),
    While {
        condition: Expr,
        body: Block,
    },
    Loop {
        body: Block,
    },
    /// `lock (entry.field)`: the field of a bound entry.
    Lock {
        lock: Expr,
        body: Block,
    },
    /// `low..high`; both of the local's type, evaluated once.
    For {
        local: LocalId,
        low: Expr,
        high: Expr,
        inclusive: bool,
        body: Block,
    },
    /// `for (k, v in m)`: both are copies; a discarded one is still a local.
    ForMap {
        map: MapId,
        key: LocalId,
        value: LocalId,
        body: Block,
    },
    /// `for (k, v in m.top(n, by: field))`: over the first entries; without `top` over all.
    ForOrdered {
        map: MapId,
        key: LocalId,
        value: LocalId,
        by: EntryOrder,
        top: Option<Expr>,
        body: Block,
    },
    /// `for (cpu, v in m[k])`: no iteration where the key is absent.
    ForCpus {
        map: MapId,
        key: Expr,
        cpu: LocalId,
        value: LocalId,
        body: Block,
    },
    /// `for (low, n in h)`: over the buckets of a histogram, as it is before.
    ForBuckets {
        histogram: Expr,
        low: LocalId,
        count: LocalId,
        body: Block,
    },
    /// `outer[k] = &inner`
    MapSetInner {
        map: MapId,
        key: Expr,
        inner: MapId,
    },
    /// `m[k].cpu(i) = value`
    MapCpuUpdate {
        map: MapId,
        key: Expr,
        cpu: Expr,
        value: Expr,
    },
    /// `for (i, v in array)`: `value` is a copy of the element, read at the start of its iteration.
    ForArray {
        array: Expr,
        index: LocalId,
        value: LocalId,
        body: Block,
    },
    /// `for (i, c in view)`
    ForView {
        view: Expr,
        index: LocalId,
        value: LocalId,
        body: Block,
    },
    Break,
    Continue,
    Return(Option<Expr>),
    /// An `i32`, to the nearest `catch` that takes it: of the statements around, else of those around the call.
    Throw(Expr),
    /// `panic(…)`: prints, and ends the process; a program of BPF code returns what lets nothing through, whatever function of it
    /// this is in. No handler takes it.
    Panic {
        format: Format,
        args: Vec<Expr>,
    },
    /// The first catch that takes a code has it; one that none takes is thrown on.
    Try {
        body: Block,
        catches: Vec<Catch>,
    },
    /// A deferred block: runs when the function ends if control reached the statement, in reverse order, after the result is computed. It
    /// is in
    /// no loop. Control reaches the block's end, or stays in it; it does not throw.
    Defer(Block),
}

impl StmtKind {
    /// Whether the statement is a loop, which `break` and `continue` inside refer to.
    pub fn is_loop(&self) -> bool {
        matches!(
            self,
            StmtKind::While { .. }
                | StmtKind::Loop { .. }
                | StmtKind::For { .. }
                | StmtKind::ForMap { .. }
                | StmtKind::ForOrdered { .. }
                | StmtKind::ForCpus { .. }
                | StmtKind::ForBuckets { .. }
                | StmtKind::ForArray { .. }
                | StmtKind::ForView { .. }
        )
    }
}

/// A handler of a `try`.
pub struct Catch {
    pub takes: CatchKind,
    pub body: Block,
    /// Without the body.
    pub span: Span,
}

/// The codes that a handler takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CatchKind {
    /// No two of a `try` have one code.
    Code(i32),
    /// Any code, which the local gets. The last one, as the next.
    Bind(LocalId),
    /// `_`
    Any,
}

/// The operation of a compound assignment, such as `+=`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompoundOp {
    pub op: ArithOp,
    /// The type in which the operation is computed.
    pub compute: Ty,
}
