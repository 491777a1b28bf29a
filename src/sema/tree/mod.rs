//! The typed tree: what checking a program yields and lowering takes.
//!
//! Invariants: names are resolved to ids; every expression has its type, and every implicit conversion is a `Cast` node,
//! so operands of one operation agree. What is wrong or not supported was reported, and then no tree leaves the checker.

mod conditions;

pub use conditions::*;

pub use crate::fold::{ArithOp, CompareOp};
use crate::source::Span;
use crate::tables::{BuiltinSpec, MapKindSpec, MapMethodSpec, ProgramSpec};
use crate::types::{StructId, Ty};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);
    )*};
}
id!(
    /// Index into `Program::funcs`.
    FuncId,
    /// Index into `Program::globals`.
    GlobalId,
    /// Index into `Program::configs`.
    ConfigId,
    /// Index into `Program::maps`.
    MapId,
    /// Index into the locals of one function.
    LocalId
);

#[derive(Default)]
pub struct Program {
    pub funcs: Vec<Func>,
    pub globals: Vec<Global>,
    pub configs: Vec<Config>,
    pub maps: Vec<Map>,
    /// `license "…"`, `GPL` unless written.
    pub license: String,
}

impl Program {
    pub fn func(&self, id: FuncId) -> &Func {
        &self.funcs[id.0 as usize]
    }
    pub fn global(&self, id: GlobalId) -> &Global {
        &self.globals[id.0 as usize]
    }
    pub fn config(&self, id: ConfigId) -> &Config {
        &self.configs[id.0 as usize]
    }
    pub fn map(&self, id: MapId) -> &Map {
        &self.maps[id.0 as usize]
    }
}

pub struct Func {
    pub name: String,
    /// In the object: unlike all others.
    pub symbol: String,
    pub name_span: Span,
    pub span: Span,
    pub role: Role,
    /// The first locals, in order.
    pub params: Vec<LocalId>,
    pub result: Ty,
    /// `-> r: R`
    pub named_result: Option<LocalId>,
    pub locals: Vec<Local>,
    pub body: Block,
}

impl Func {
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }
}

/// What the attributes of a function make of it.
pub enum Role {
    /// An entry point that the kernel calls.
    Program(ProgramRole),
    /// `@helper`
    Helper,
    /// Without attribute: user space, or BPF too if that calls it.
    Plain,
    /// `main`; with its options if it takes any.
    Main(Option<ArgsSpec>),
}

pub struct ProgramRole {
    pub spec: &'static ProgramSpec,
    /// The mode word of the attribute, such as `egress`; one of `spec.modes`.
    pub mode: Option<&'static str>,
    /// The target of the attribute, such as `eth0`.
    pub target: Option<String>,
}

/// The options of `main(args: Args)`: one for each field of the struct.
pub struct ArgsSpec {
    pub ty: StructId,
    pub docs: Vec<String>,
    pub options: Vec<ArgOption>,
}

pub struct ArgOption {
    pub field: usize,
    pub docs: Vec<String>,
    /// None: required if a string, else zero.
    pub default: Option<Const>,
}

#[derive(Clone, Debug)]
pub struct Local {
    pub name: String,
    pub ty: Ty,
    pub span: Span,
}

/// Who sees a global variable, and for how long it lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// Both sides, as long as the process.
    Shared,
    /// `pin var`: both sides; the value outlives the process.
    Pinned,
    /// `local var`: BPF code.
    Local,
    /// `percpu var`: BPF code; one for each CPU.
    Percpu,
}

pub struct Global {
    pub name: String,
    /// In the object: unlike all others.
    pub symbol: String,
    pub storage: Storage,
    pub ty: Ty,
    /// None: zero.
    pub init: Option<Const>,
    pub span: Span,
}

pub struct Config {
    pub name: String,
    /// In the object: unlike all others.
    pub symbol: String,
    /// The struct that the fields make.
    pub ty: StructId,
    /// One for each field.
    pub defaults: Vec<Const>,
    pub span: Span,
}

pub struct Map {
    pub name: String,
    /// In the object: unlike all others.
    pub symbol: String,
    pub kind: &'static MapKindSpec,
    /// `void` where the kind has no keys.
    pub key: Ty,
    /// `u32` where the kind's values are of the kernel.
    pub value: Ty,
    /// The template of the maps that a map of maps holds.
    pub inner: Option<MapId>,
    /// Of a map of maps: what stands for the maps that bodies take out, as many as a body can have at a time.
    pub bound: Vec<MapId>,
    /// It is such a stand-in.
    pub is_bound: bool,
    /// The function of user space that takes what is sent through it, by its name: `<map>_callback`.
    pub callback: Option<FuncId>,
    /// 0: one for each CPU.
    pub max_entries: u32,
    /// `BPF_F_*`, those included that the kind requires.
    pub flags: u32,
    /// With `BPF_F_NUMA_NODE`.
    pub node: Option<u32>,
    /// `pin var`
    pub pinned: bool,
    pub span: Span,
}

/// A value known to the compiler; its type is that of the expression or declaration that holds it.
#[derive(Clone, PartialEq, Debug)]
pub enum Const {
    /// Integers, chars, enums; of a `be` type the number in host order.
    Int(i128),
    Bool(bool),
    Float(f64),
    Null,
    /// A function by name, as a value.
    Func(FuncId),
    /// Without the terminating NUL.
    Str(Vec<u8>),
    /// All bytes zero.
    Zero,
    /// In order of the fields.
    Struct(Vec<Const>),
    Array(Vec<Const>),
}

impl Const {
    /// Whether all bytes of the value are zero.
    pub fn is_zero(&self) -> bool {
        match self {
            Const::Func(_) => false,
            Const::Int(number) => *number == 0,
            Const::Bool(value) => !value,
            Const::Float(number) => number.to_bits() == 0,
            Const::Str(bytes) => bytes.iter().all(|&byte| byte == 0),
            Const::Null | Const::Zero => true,
            Const::Struct(values) | Const::Array(values) => values.iter().all(Const::is_zero),
        }
    }
}

pub struct Block {
    /// No statement follows one that always leaves; a `match` over all variants of an enum whose arms leave counts as one.
    pub stmts: Vec<Stmt>,
    /// The value of a block that is an expression.
    pub value: Option<Box<Expr>>,
    pub span: Span,
}

pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

pub enum StmtKind {
    /// None: zeroed, also in each turn of a loop.
    Var {
        local: LocalId,
        init: Option<Expr>,
    },
    /// `var v = m[k]`: a copy, zero if absent; `present` (a hidden bool local) tells which.
    VarCopy {
        local: LocalId,
        present: LocalId,
        source: Optional,
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
    /// `for (k, v in m)`: both are copies; a discarded one is a local all the same.
    ForMap {
        map: MapId,
        key: LocalId,
        value: LocalId,
        body: Block,
    },
    /// `for (cpu, v in m[k])`: no turn where the key is absent.
    ForCpus {
        map: MapId,
        key: Expr,
        cpu: LocalId,
        value: LocalId,
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
    /// `for (i, v in array)`: `value` is a copy of the element, read when its turn comes.
    ForArray {
        array: Expr,
        index: LocalId,
        value: LocalId,
        body: Block,
    },
    Break,
    Continue,
    Return(Option<Expr>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompoundOp {
    pub op: ArithOp,
    /// The type in which the operation is computed.
    pub compute: Ty,
}

pub struct Expr {
    pub kind: ExprKind,
    pub ty: Ty,
    pub span: Span,
}

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
    /// What a pointer points to: a place.
    Deref(Box<Expr>),
    /// Of an element with a variable index: null where that is out of range if this type may be null; else it is in range.
    AddressOf(Box<Expr>),
    /// A field of a BPF context, by index into its struct; `ctx` is the pointer. Yields the table's type of the field.
    CtxField {
        ctx: Box<Expr>,
        field: usize,
    },
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
    /// Through a function pointer; `checked` where it was tested not to be null.
    CallPointer {
        callee: Box<Expr>,
        args: Vec<Expr>,
        checked: bool,
    },
    Builtin {
        builtin: &'static BuiltinSpec,
        args: Vec<Expr>,
    },
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
    Print(Print),
    /// `load(program)`
    Load(FuncId),
    /// `attach(handle, target?, flags?)`
    Attach {
        handle: Box<Expr>,
        target: Option<Box<Expr>>,
        flags: Option<Box<Expr>>,
        result_used: bool,
    },
    /// Takes a handle (all its links) or a link; yields an `i32`.
    Detach(Box<Expr>),
    /// `new T()`: a pointer to a `T` with this value, or null.
    New {
        init: Const,
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
}

/// A print whose format was checked against its arguments.
pub struct Print {
    /// A printf format without length modifiers; every conversion has an argument of a fitting type: integers are of 32 or
    /// 64 bits, signed for `d` and unsigned for `u x X o c`.
    pub format: Vec<u8>,
    pub args: Vec<Expr>,
    /// `print` ends the line, `print_raw` does not.
    pub newline: bool,
}
