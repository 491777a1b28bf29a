//! Expressions.

use super::{
    ArithOp, Block, CFunctionId, CompareOp, ConfigId, Const, FuncId, GlobalId, If, ImplId, KernelFact, KfuncId,
    LocalId, MapId, Match, Optional, View,
};
use crate::python::Script;
use crate::source::Span;
use crate::tables::{AttachOption, BuiltinSpec, FieldMethodSpec, HelperSpec, MapMethodSpec};
use crate::target::Target;
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
    /// What a declaration or a row of a table describes, with its arguments in order of evaluation.
    Operation {
        callee: Callee,
        args: Vec<Expr>,
    },
    /// `&m`, as an argument of a helper.
    MapAddress(MapId),
    /// `m[k].cpu(i)`, the value of one CPU; without `cpu`: `m[k].sum()`.
    PerCpu {
        map: MapId,
        key: Box<Expr>,
        cpu: Option<Box<Expr>>,
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

/// A function of a file of Python.
pub struct PythonFunction {
    /// The name of the file's module.
    pub module: String,
    /// The file and those that it imports, as JSON (`python::Script`).
    pub files: String,
    /// Its name, with that of the module in front.
    pub function: String,
    /// A letter for the result and for each argument: how a value goes there (`ir-specs/ops/host.toml`).
    pub forms: String,
}

/// The operations that have effects, or may have.
pub enum Callee {
    Func(FuncId),
    /// Through a function pointer, the first argument.
    Pointer,
    /// The first argument of an atomic one is a place, and the others have its type.
    Builtin(&'static BuiltinSpec),
    /// A function of the runtime that has no name in the language, by its symbol; arguments are scalars.
    Runtime(&'static str),
    /// A BPF helper by its name; arguments that are memory are pointers.
    Helper(&'static HelperSpec),
    /// `arg(n)`: what the helper stores, a number, of the context and the place.
    Argument(&'static HelperSpec),
    /// A function of the kernel, with those arguments that calls leave out.
    Kfunc(KfuncId),
    /// A function or macro of the kernel that module code calls.
    Kernel(String),
    /// A function of C; what the language has as a string is a pointer here.
    C(CFunctionId),
    /// The text that a pointer of C points to, a string of the type of the expression; empty for null.
    CText,
    /// `m.insert(k, v)` and the like, of a method whose result is always there. The context of an `output` that needs one
    /// is an argument after those of the method.
    Map {
        map: MapId,
        method: &'static MapMethodSpec,
    },
    /// `v.t.start(ns, f)` and the like, of a special field. The first argument is the field, the last one the handler, if the
    /// method takes one; then the map is known.
    Field {
        method: &'static FieldMethodSpec,
        map: Option<MapId>,
        flags: u32,
    },
    /// A method of a list or tree of objects, a field of an entry, which is the first argument: a function of the kernel.
    Object {
        function: &'static str,
        /// What orders the objects of the tree to which it adds one.
        less: Option<FuncId>,
    },
    /// `print` ends the line, `print_raw` does not. The file of an iterator that it is printed to is the first argument.
    Print {
        format: Format,
        newline: bool,
        to_seq: bool,
    },
    /// `format(…)`: a string of the type of the expression, cut off where it has no room.
    Format(Format),
    /// `print(m, top: n, by: field)`: the table of a map; `top` is the only argument, if it is there.
    PrintMap {
        map: MapId,
        by: EntryOrder,
    },
    /// `h.add(key, x, times: n)`: all three are there, for the one histogram of a map without keys too.
    HistogramAdd(MapId),
    /// `h.percentile(p)` and the like, of a histogram as a value, which is the first argument.
    Histogram(&'static MapMethodSpec),
    /// `print(x)` of a struct, an array or a histogram, the only argument.
    PrintValue {
        /// As the source has it; empty for a heading of `show`.
        name: String,
        /// A line of `show` begins with the name.
        named: bool,
    },
    /// `show(every: n, m, x, …)`: the milliseconds, then what is printed, as nodes of the two kinds above.
    Show,
    /// `ctx.write(value)`: the bytes of a value, the second argument, to the reader of an iterator.
    SeqWrite,
    /// `load(program)`
    Load(FuncId),
    /// `attach(handle, target?, flags?, option: value, …)`
    Attach {
        has_target: bool,
        has_flags: bool,
        options: Vec<&'static AttachOption>,
        result_used: bool,
    },
    /// Takes a handle (all its links) or a link; yields an `i32`.
    Detach,
    /// `pin(what, name)`, of a map, or of a handle or a link, the first argument. Yields an `i32`.
    Pin(Option<MapId>),
    /// `unpin(what)`, as `pin`, or `unpin(name)` of a string.
    Unpin(Option<MapId>),
    /// `exec("x.py")`. Yields an `i32`, though it does not come back.
    Exec(Box<Script>),
    /// A function of Python. Throws an errno.
    Python(Box<PythonFunction>),
    /// `register(n)`: a link.
    Register {
        implementation: ImplId,
        result_used: bool,
    },
    /// `unregister(n)`; yields an `i32`.
    Unregister(ImplId),
    /// `upgrade(handle, program)`, of two handles; yields an `i32`.
    Upgrade,
    /// `upgrade(link, n)`; yields an `i32`.
    UpgradeFunctions(ImplId),
    /// The value of a `@sysctl var`; throws an errno.
    Sysctl(GlobalId),
    /// `new T()`: a pointer to a `T` with this value, or null.
    New {
        /// `arena.alloc(T)`: where the object is.
        arena: Option<MapId>,
        /// `GFP_KERNEL`; empty without flags.
        gfp: String,
        init: Const,
    },
    /// `dispatch(m, …, timeout_ms: n)`; each map once. The time-out is the only argument, if it is there. Yields an `i32`.
    Dispatch(Vec<MapId>),
    /// `test(program, input, context, repeat: n)`: the handle, the number of runs, the form (`KS_TEST_…` of
    /// runtime/src/abi.rs), the input as a `bytes` or as a number of zero bytes, and the
    /// context as a struct; the last two where they are given.
    Test {
        has_input: bool,
        has_context: bool,
    },
    /// The number of the test that this process runs, an `i32`.
    TestSelected,
    /// The first argument, an `i32`, which a test is about to return.
    TestReturn,
    /// The result of a test, an `i32`, which it takes.
    TestEnd,
}

/// What the entries of a map go by when they are in order. Those that are equal by it go by the least key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryOrder {
    /// The largest value, of a struct its first integer.
    Value,
    /// The largest number in a field of the value; `a.b` is one of a struct in it.
    Field(String),
    /// The least key.
    Key,
}

impl Callee {
    /// The argument that is a function which other code calls later, and that code.
    pub fn handed<'a>(&self, args: &'a [Expr]) -> Option<(&'a Expr, Target)> {
        if let (Callee::Map { method, .. }, [handler]) = (self, args) {
            return method.handler.map(|on| (handler, on));
        }
        let Callee::Field { method, .. } = self else { return None };
        args.last().filter(|_| !method.handler.is_empty()).map(|handler| (handler, Target::Bpf))
    }
}

/// A printf format without length modifiers; every conversion has an argument of a fitting type: integers are of 32 or
/// 64 bits, signed for `d` and unsigned for `u x X o c`.
pub type Format = Vec<u8>;

/// The parts of an expression, for walks through all of them.
pub enum Parts<'a> {
    /// It computes a value, or a place, of these, in order of evaluation, and does nothing else.
    Operands(Vec<&'a Expr>),
    /// It evaluates the arguments in order, and may have other effects.
    Operation(&'a Callee, &'a [Expr]),
    Optional(&'a Optional),
    If(&'a If),
    Block(&'a Block),
    Match(&'a Match),
}

impl Expr {
    /// An operation with its arguments and the type of its result.
    pub fn operation(callee: Callee, args: Vec<Expr>, ty: Ty, span: Span) -> Expr {
        Expr { kind: ExprKind::Operation { callee, args }, ty, span }
    }

    /// The expression, unless it was reported.
    pub fn known(self) -> Option<Expr> {
        (self.ty != Ty::ERROR).then_some(self)
    }

    /// The function of the program that is called by its name, and the arguments; none for other expressions.
    pub fn call(&self) -> Option<(FuncId, &[Expr])> {
        if let ExprKind::Operation { callee: Callee::Func(func), args } = &self.kind {
            Some((*func, args))
        } else {
            None
        }
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
            ExprKind::Operation { callee, args } => Parts::Operation(callee, args),
            ExprKind::IsPresent(optional) | ExprKind::PacketPointer(optional) => Parts::Optional(optional),
            ExprKind::If(node) => Parts::If(node),
            ExprKind::Block(block) => Parts::Block(block),
            ExprKind::Match(node) => Parts::Match(node),
        }
    }
}

/// The severity of following a pointer that the program did not test, and that this op tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unproven {
    Fine,
    Warning,
    Error,
}
