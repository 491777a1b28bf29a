//! Expressions.

use super::{
    ArithOp, Block, CompareOp, ConfigId, Const, FuncId, GlobalId, If, ImplId, KernelFact, KfuncId, LocalId, MapId,
    Match, Optional, View,
};
use crate::source::Span;
use crate::tables::{AttachOption, BuiltinSpec, FieldMethodSpec, HelperSpec, MapMethodSpec};
use crate::types::Ty;

/// An expression with its type.
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Ty,
    pub span: Span,
}

/// The forms of checked expressions.
pub enum ExprKind {
    Const(Const),
    Local(LocalId),
    Global(GlobalId),
    ConfigField {
        config: ConfigId,
        field: usize,
    },
    /// A field of a struct that is a place or a value.
    Field {
        base: Box<Expr>,
        field: usize,
    },
    /// An element of an array that is a place or a value. A constant index is in range. One that is not reads zero and
    /// writes nothing where it is out of range; a negative one is.
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    /// The pointee of a pointer: a place. The pointer must not be null, which is an error of the program (`passes/nulls`).
    Deref(Box<Expr>),
    /// The pointee of a pointer into the packet or to an object of the kernel. If the pointer is null, a read yields zero and a write is
    /// lost.
    DerefIf {
        pointer: Box<Expr>,
        /// For a pointer to a known header: the context, and the least length of the packet in bytes if the pointer is not null.
        header: Option<(LocalId, u64)>,
        unproven: Unproven,
    },
    /// The address of an element with a variable index: null if it is out of range and this type may be null; else it
    /// is in range.
    AddressOf(Box<Expr>),
    /// A field of a BPF context, by index into its struct; `ctx` is the pointer. Yields the table's type of the field.
    CtxField {
        ctx: Box<Expr>,
        field: usize,
    },
    Kernel(KernelFact),
    /// The string in the kernel's memory at this address, a `u64`; empty where that is none.
    KernelText(Box<Expr>),
    /// `ctx->data_end - ctx->data`, as `u64`
    PacketLen {
        ctx: Box<Expr>,
    },
    /// A copy of the entry, zero where absent.
    MapGet {
        map: MapId,
        key: Box<Expr>,
    },
    /// A pointer plus or minus an `i64` is of the pointer's type and counts elements.
    Arith {
        op: ArithOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `-e`
    Neg(Box<Expr>),
    /// `~e`
    BitNot(Box<Expr>),
    /// `!e` of a bool
    Not(Box<Expr>),
    /// Both sides have one type, but for integers of mixed signs, whose values are compared. Arrays and structs, equal or
    /// not, by elements and fields.
    Compare {
        op: CompareOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `&&`, `||`
    Logical {
        and: bool,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// To the type of this expression; also truthiness (to bool), between `be` and host order (swaps), and from a link to
    /// `i32` (its status: 0 or a negative errno).
    Cast(Box<Expr>),
    /// The stored integer of a `be` value: `x.raw`.
    Raw(Box<Expr>),
    /// Also `?:`, and `if` as a statement (then of type `void`).
    If(Box<If>),
    Block(Block),
    Match(Box<Match>),
    Call {
        func: FuncId,
        args: Vec<Expr>,
    },
    /// Through a function pointer.
    CallPointer {
        callee: Box<Expr>,
        args: Vec<Expr>,
    },
    Builtin {
        builtin: &'static BuiltinSpec,
        args: Vec<Expr>,
    },
    /// A BPF helper by its name; what it takes as memory are pointers.
    Helper {
        helper: &'static HelperSpec,
        args: Vec<Expr>,
    },
    /// A function of the kernel, with those arguments that calls leave out.
    Kfunc {
        kfunc: KfuncId,
        args: Vec<Expr>,
    },
    /// A function or macro of the kernel that module code calls.
    KernelCall {
        function: String,
        args: Vec<Expr>,
    },
    /// `&m`, as an argument of a helper.
    MapAddress(MapId),
    /// `fetch_add(place, n)` and the like; the operands have the type of the place.
    Atomic {
        builtin: &'static BuiltinSpec,
        place: Box<Expr>,
        args: Vec<Expr>,
    },
    /// `m[k].cpu(i)`, the value of one CPU; without `cpu`: `m[k].sum()`.
    PerCpu {
        map: MapId,
        key: Box<Expr>,
        cpu: Option<Box<Expr>>,
    },
    /// `m.insert(k, v)` and the like, of a method whose result is always there. The context of an `output` that needs one
    /// is an argument after those of the method.
    MapCall {
        map: MapId,
        method: &'static MapMethodSpec,
        args: Vec<Expr>,
    },
    /// `v.t.start(ns, f)` and the like, of a special field. The first argument is the field, the last one the handler, if the
    /// method takes one; then the map is known.
    FieldCall {
        method: &'static FieldMethodSpec,
        map: Option<MapId>,
        flags: u32,
        args: Vec<Expr>,
    },
    Print(Print),
    /// `ctx.write(value)`: the bytes of a value to the reader of an iterator.
    SeqWrite {
        seq: Box<Expr>,
        value: Box<Expr>,
    },
    /// `load(program)`
    Load(FuncId),
    /// `attach(handle, target?, flags?, option: value, …)`
    Attach {
        handle: Box<Expr>,
        target: Option<Box<Expr>>,
        flags: Option<Box<Expr>>,
        options: Vec<(&'static AttachOption, Expr)>,
        result_used: bool,
    },
    /// Takes a handle (all its links) or a link; yields an `i32`.
    Detach(Box<Expr>),
    /// `pin(what, name)`; without a name it is `unpin(what)`. Yields an `i32`.
    Pin {
        what: Pinned,
        name: Option<Box<Expr>>,
    },
    /// `register(n)`: a link.
    Register {
        implementation: ImplId,
        result_used: bool,
    },
    /// `unregister(n)`; yields an `i32`.
    Unregister(ImplId),
    /// `new T()`: a pointer to a `T` with this value, or null.
    New {
        /// `arena.alloc(T)`: where the object is.
        arena: Option<MapId>,
        /// `GFP_KERNEL`; empty without flags.
        gfp: String,
        init: Const,
    },
    /// A method of a list or tree of objects: a function of the kernel on the field of an entry.
    ObjectCall {
        function: &'static str,
        place: Box<Expr>,
        args: Vec<Expr>,
        /// What orders the objects of the tree to which it adds one.
        less: Option<FuncId>,
    },
    /// `dispatch(m, …, timeout_ms: n)`; each map once. Yields an `i32`.
    Dispatch {
        maps: Vec<MapId>,
        timeout: Option<Box<Expr>>,
    },
    /// In order of evaluation; fields that were left out have been filled in.
    Struct {
        fields: Vec<(usize, Expr)>,
    },
    /// In order; as many as the array's length.
    Array(Vec<Expr>),
    /// All elements of the array are this one, which is evaluated once.
    Fill(Box<Expr>),
    /// Whether an optional is there: `m[k] != null`.
    IsPresent(Box<Optional>),
    /// The address of a header, or of a record, null where it is absent.
    PacketPointer(Box<Optional>),
    /// An expression of type `bytes`. Locals have that type too, and `null` where a builtin takes that; no other expression has.
    View(Box<View>),
    /// `len(view)`
    ViewLen(Box<Expr>),
    /// `view[index]`: a place, which reads zero and writes nothing where the index is out of range.
    ViewByte {
        view: Box<Expr>,
        index: Box<Expr>,
    },
    /// `view.read(offset, T)`: a copy, all zero where the view does not have all of it.
    ViewRead {
        view: Box<Expr>,
        offset: Box<Expr>,
    },
}

/// The parts of an expression, for walks through all of them.
pub enum Parts<'a> {
    /// It computes a value, or a place, of these, in order of evaluation, and does nothing else.
    Operands(Vec<&'a Expr>),
    /// It evaluates these in order, and may have other effects.
    Effect(Vec<&'a Expr>),
    Optional(&'a Optional),
    If(&'a If),
    Block(&'a Block),
    Match(&'a Match),
}

impl Expr {
    /// The function that BPF code has called later, as the last argument of such a call.
    pub fn field_handler(&self) -> Option<&Expr> {
        let ExprKind::FieldCall { method, args, .. } = &self.kind else { return None };
        args.last().filter(|_| !method.handler.is_empty())
    }

    /// The operands of the expression, by which visitors reach every part of a body.
    pub fn parts(&self) -> Parts<'_> {
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ConfigField { .. }
            | ExprKind::Kernel(_)
            | ExprKind::MapAddress(_) => Parts::Operands(vec![]),
            ExprKind::Field { base: inner, .. }
            | ExprKind::Deref(inner)
            | ExprKind::KernelText(inner)
            | ExprKind::DerefIf { pointer: inner, .. }
            | ExprKind::Fill(inner)
            | ExprKind::AddressOf(inner)
            | ExprKind::CtxField { ctx: inner, .. }
            | ExprKind::PacketLen { ctx: inner }
            | ExprKind::MapGet { key: inner, .. }
            | ExprKind::Neg(inner)
            | ExprKind::BitNot(inner)
            | ExprKind::Not(inner)
            | ExprKind::Cast(inner)
            | ExprKind::ViewLen(inner)
            | ExprKind::Raw(inner) => Parts::Operands(vec![inner]),
            ExprKind::View(view) => Parts::Operands(view.parts()),
            ExprKind::Index { base: left, index: right }
            | ExprKind::ViewByte { view: left, index: right }
            | ExprKind::ViewRead { view: left, offset: right }
            | ExprKind::Arith { left, right, .. }
            | ExprKind::Compare { left, right, .. }
            | ExprKind::Logical { left, right, .. } => Parts::Operands(vec![left, right]),
            ExprKind::Struct { fields } => Parts::Operands(fields.iter().map(|(_, value)| value).collect()),
            ExprKind::Array(elements) => Parts::Operands(elements.iter().collect()),
            ExprKind::PerCpu { key, cpu, .. } => {
                Parts::Operands([key].into_iter().chain(cpu).map(Box::as_ref).collect())
            }
            ExprKind::Load(_) | ExprKind::New { .. } | ExprKind::Register { .. } | ExprKind::Unregister(_) => {
                Parts::Effect(vec![])
            }
            ExprKind::Detach(what) => Parts::Effect(vec![what]),
            ExprKind::Pin { what, name } => {
                let held = if let Pinned::Held(held) = what { Some(held) } else { None };
                Parts::Effect(held.into_iter().chain(name).map(Box::as_ref).collect())
            }
            ExprKind::Call { args, .. }
            | ExprKind::Builtin { args, .. }
            | ExprKind::Helper { args, .. }
            | ExprKind::Kfunc { args, .. }
            | ExprKind::KernelCall { args, .. }
            | ExprKind::MapCall { args, .. }
            | ExprKind::FieldCall { args, .. } => Parts::Effect(args.iter().collect()),
            ExprKind::CallPointer { callee: first, args, .. }
            | ExprKind::Atomic { place: first, args, .. }
            | ExprKind::ObjectCall { place: first, args, .. } => {
                Parts::Effect([&**first].into_iter().chain(args).collect())
            }
            ExprKind::Print(print) => Parts::Effect(print.seq.iter().map(Box::as_ref).chain(&print.args).collect()),
            ExprKind::SeqWrite { seq, value } => Parts::Effect(vec![seq, value]),
            ExprKind::Attach { handle, target, flags, options, .. } => {
                let before = [handle].into_iter().chain(target).chain(flags).map(Box::as_ref);
                Parts::Effect(before.chain(options.iter().map(|(_, value)| value)).collect())
            }
            ExprKind::Dispatch { timeout, .. } => Parts::Effect(timeout.iter().map(Box::as_ref).collect()),
            ExprKind::IsPresent(optional) | ExprKind::PacketPointer(optional) => Parts::Optional(optional),
            ExprKind::If(node) => Parts::If(node),
            ExprKind::Block(block) => Parts::Block(block),
            ExprKind::Match(node) => Parts::Match(node),
        }
    }
}

/// What `pin` takes.
pub enum Pinned {
    Map(MapId),
    /// A handle or a link.
    Held(Box<Expr>),
}

/// The severity of following a pointer that the program did not test, and that this op tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unproven {
    Fine,
    Warning,
    Error,
}

/// A print whose format was checked against its arguments.
pub struct Print {
    /// A printf format without length modifiers; every conversion has an argument of a fitting type: integers are of 32 or
    /// 64 bits, signed for `d` and unsigned for `u x X o c`.
    pub format: Vec<u8>,
    pub args: Vec<Expr>,
    /// The file of an iterator that it is printed to.
    pub seq: Option<Box<Expr>>,
    /// `print` ends the line, `print_raw` does not.
    pub newline: bool,
}
