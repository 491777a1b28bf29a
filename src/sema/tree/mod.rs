//! The typed tree: the output of the checker and the input of lowering.
//!
//! Invariants: names are resolved to ids; every expression has its type, and every implicit conversion is a `Cast`
//! node, so operands of one operation agree. After an error the checker yields no tree.

mod c_functions;
mod conditions;
mod docs;
mod exprs;
mod kernel;
mod kfuncs;
mod options;
mod stmts;
mod views;
mod walk;

pub use c_functions::*;
pub use conditions::*;
pub use docs::*;
pub use exprs::*;
pub use kernel::*;
pub use kfuncs::*;
pub use options::*;
pub use stmts::*;
pub use views::*;
pub use walk::Visitor;

pub use crate::fold::{ArithOp, CompareOp};
use crate::source::Span;
use crate::tables::{KfuncFlag, Loading, MapAccess, MapKindSpec, Placement, ProgramForm, ProgramSpec, TargetSpec};
use crate::types::{StructId, Ty};
use std::collections::BTreeSet;

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
    /// Index into `Program::impls`.
    ImplId,
    /// Index into `Program::kfuncs`.
    KfuncId,
    /// Index into `Program::c_functions`.
    CFunctionId,
    /// Index into the locals of one function.
    LocalId
);

/// A checked program: the declarations of all its modules. Ids are indexes into these lists.
#[derive(Default)]
pub struct Program {
    pub funcs: Vec<Func>,
    pub globals: Vec<Global>,
    pub configs: Vec<Config>,
    pub maps: Vec<Map>,
    pub impls: Vec<Impl>,
    pub kfuncs: Vec<Kfunc>,
    pub c_functions: Vec<CFunction>,
    /// The headers of the kernel for the C of the module, from `@header("linux/x.h")`.
    pub headers: Vec<String>,
    /// `license "…"`, `GPL` unless written.
    pub license: String,
    /// The function types whose calls through pointers may end in a throw.
    pub throwing: BTreeSet<Ty>,
    /// The tests that the generated `main` calls, in the order of their numbers.
    pub tests: Vec<FuncId>,
    /// The functions that make entries of pinned maps anew, in the order of the text.
    pub migrations: Vec<Migration>,
    /// The bodies of `try`s that throw nothing but what their handlers take.
    pub closed_tries: BTreeSet<Span>,
    pub docs: Docs,
}

impl Program {
    /// The function of an id.
    pub fn func(&self, id: FuncId) -> &Func {
        &self.funcs[id.0 as usize]
    }
    /// The global variable of an id.
    pub fn global(&self, id: GlobalId) -> &Global {
        &self.globals[id.0 as usize]
    }

    /// Whether the expression names a variable that is an entry of a map of its own.
    pub fn is_entry(&self, expr: &Expr) -> bool {
        matches!(expr.kind, ExprKind::Global(id) if self.global(id).storage == Storage::Entry)
    }

    /// The config of an id.
    pub fn config(&self, id: ConfigId) -> &Config {
        &self.configs[id.0 as usize]
    }
    /// The map of an id.
    pub fn map(&self, id: MapId) -> &Map {
        &self.maps[id.0 as usize]
    }
    /// The buckets of a histogram, by the type of its entries; none of other types.
    pub fn steps(&self, ty: Ty) -> Option<Steps> {
        let holds = |map: &&Map| map.kind.buckets.is_some() && map.value == ty;
        self.maps.iter().find(holds).map(|map| map.steps)
    }
    /// The `impl` of an id.
    pub fn implementation(&self, id: ImplId) -> &Impl {
        &self.impls[id.0 as usize]
    }
    /// The `impl` that a function is a member of.
    pub fn impl_of(&self, func: FuncId) -> Option<&Impl> {
        self.impls.iter().find(|implementation| implementation.functions.iter().any(|member| member.func == func))
    }

    /// The function of C of an id.
    pub fn c_function(&self, id: CFunctionId) -> &CFunction {
        &self.c_functions[id.0 as usize]
    }

    /// The kernel function of an id.
    pub fn kfunc(&self, id: KfuncId) -> &Kfunc {
        &self.kfuncs[id.0 as usize]
    }
}

/// The name of the context in programs whose parameters are values in it.
pub const CONTEXT: &str = "ctx";

/// A function with its checked body.
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
    /// `ctx` of a program whose parameters are values in its context.
    pub context: Option<LocalId>,
    pub locals: Vec<Local>,
    pub body: Block,
    /// A call of it may end in a throw. As well where functions of its type whose address is taken may, and its own is.
    pub throws: bool,
    /// A signal that ends a loop may have to leave it, so that what is deferred runs.
    pub cancels: bool,
    /// There is a `panic` in it, or in what it calls.
    pub panics: bool,
    /// The kernel verifies it by itself, for any arguments.
    pub global: bool,
}

impl Func {
    /// The local of an id.
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }
}

/// The kind of function that its attributes make.
pub enum Role {
    /// An entry point that the kernel calls.
    Program(ProgramRole),
    /// `@helper`
    Helper,
    /// `@kfunc`: a function of the kernel module, which BPF code calls.
    Kfunc(Vec<&'static KfuncFlag>),
    /// `@private`: a function of the kernel module, which that alone calls.
    Private,
    /// Without attribute: user space, or BPF too if that calls it.
    Plain,
    /// `main`; with its options if it takes any.
    Main(Option<ArgsSpec>),
    /// `@test`, an entry point that is checked and left out of the executable. In a build of the tests `main` is such a function, and the tests
    /// are plain ones, which a generated `main` calls.
    Test,
}

impl Role {
    /// Whether it is a function of the kernel module by its attribute.
    pub fn is_module(&self) -> bool {
        match self {
            Role::Kfunc(_) | Role::Private => true,
            Role::Program(_) | Role::Helper | Role::Plain | Role::Main(_) | Role::Test => false,
        }
    }
}

/// The facts that the attribute of a program says.
pub struct ProgramRole {
    pub spec: &'static ProgramSpec,
    /// The mode word of the attribute, such as `egress`; one of `spec.modes`.
    pub mode: Option<&'static str>,
    /// The target of the attribute, such as `eth0`.
    pub target: Option<String>,
    /// Where each parameter is in the context, in bytes, if they are values there; none if the parameter is the context.
    pub arguments: Option<Vec<u64>>,
    /// Which of these places is that of what the function returned.
    pub result_at: Option<usize>,
    /// What the function returns, of a program with `on return (ret: T)`; its place is behind those of the parameters.
    pub returned: Option<Ty>,
    pub placement: Placement,
    /// Fields of the options of its target, besides the event.
    pub options: Vec<(&'static str, i64)>,
    pub loading: Loading,
}

impl Program {
    /// Whether some programs are left out where the kernel refuses them.
    pub fn may_leave_out(&self) -> bool {
        self.funcs.iter().any(|func| matches!(&func.role, Role::Program(role) if role.loading.may_fail()))
    }
}

/// Ends the name of the program at the return of a function, behind that of the one at its entry.
pub const AT_RETURN: &str = "__return";

impl ProgramRole {
    /// The role of a program whose attribute names its type alone.
    pub fn new(spec: &'static ProgramSpec) -> ProgramRole {
        let (placement, loading) = (Placement::default(), Loading::default());
        ProgramRole {
            spec,
            mode: None,
            target: None,
            arguments: None,
            result_at: None,
            returned: None,
            placement,
            options: Vec::new(),
            loading,
        }
    }

    /// The role of a program whose attribute names the form too.
    pub fn of_form(spec: &'static ProgramSpec, form: &'static ProgramForm) -> ProgramRole {
        ProgramRole { mode: Some(form.mode), ..ProgramRole::new(spec) }
    }

    /// Whether it is loaded by `attach`, for what that names, or for each function of a list or a pattern.
    pub fn loads_at_attach(&self) -> bool {
        self.form().is_some_and(|form| form.loads_at_attach(self.target.as_deref()))
    }

    /// The target of the attribute, if that is what the program attaches to.
    pub fn attached_to(&self) -> Option<&str> {
        self.target.as_deref().filter(|_| self.spec.loaded_for.is_none())
    }

    /// The struct that the parameter points to; none if the parameters are values in it.
    pub fn context(&self) -> Option<&'static str> {
        self.spec.context().filter(|_| self.arguments.is_none())
    }

    /// What the program attaches to; the first form of the type says it where the mode was wrong.
    pub fn target_spec(&self) -> Option<&'static TargetSpec> {
        self.form().or(self.spec.forms.first()).and_then(ProgramForm::target)
    }

    /// What the text of the attribute names.
    pub fn named(&self) -> Option<&'static TargetSpec> {
        self.spec.loaded_for().or_else(|| self.target_spec())
    }

    /// None if the type has no form without a mode, which was reported.
    pub fn form(&self) -> Option<&'static ProgramForm> {
        self.spec.form(self.mode.unwrap_or(""))
    }

    /// The struct of the kernel that the program is a member of, and which one.
    pub fn member(&self) -> Option<(&str, &str)> {
        let target = self.target.as_deref().filter(|_| self.spec.is_member())?;
        target.split_once('/')
    }

    /// The result type that the program is to declare.
    pub fn result(&self) -> &'static str {
        self.form().and_then(|form| form.result).unwrap_or(self.spec.result)
    }
}

/// A variable or parameter of a function.
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
    /// `local var` with a lock or what owns objects, which are in entries of maps: the only entry of an array of its own.
    Entry,
    /// `percpu var`: BPF code; one for each CPU.
    Percpu,
    /// `@private var`: the kernel module.
    Private,
    /// `@kconfig var`: both sides, which only read it.
    Kconfig,
    /// `@sysctl var`: a file of the kernel, which user space reads and writes at each access.
    Sysctl,
}

/// A global variable.
pub struct Global {
    pub name: String,
    /// In the object: unlike all others.
    pub symbol: String,
    pub storage: Storage,
    pub ty: Ty,
    /// None: zero; of a `@kconfig var`, the kernel must have a value.
    pub init: Option<Const>,
    /// The file of a `@sysctl var`, below `/proc/sys`.
    pub path: Option<String>,
    pub span: Span,
}

/// A `config`, whose fields are one struct in the object.
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

/// A map.
pub struct Map {
    pub name: String,
    /// In the object: unlike all others.
    pub symbol: String,
    pub kind: &'static MapKindSpec,
    /// The key of the kernel; `void` if the kind has no keys.
    pub key: Ty,
    /// The declared type of an array's indexes, where it is of another width than the kernel's key.
    pub index: Option<Ty>,
    /// `u32` where the kind's values are of the kernel.
    pub value: Ty,
    /// The template of the maps that a map of maps holds.
    pub inner: Option<MapId>,
    /// The placeholders of the maps that bodies take out of a map of maps, as many as a body can have at a time.
    pub bound: Vec<MapId>,
    /// It is such a placeholder.
    pub is_bound: bool,
    /// The function of user space that takes what is sent through it, by its name: `<map>_callback`.
    pub callback: Option<FuncId>,
    /// 0: one for each CPU.
    pub max_entries: u32,
    /// What user space takes the number of entries from when it loads the object; `max_entries` is its default.
    pub sized_by: Option<SizeSource>,
    /// The buckets of a histogram.
    pub steps: Steps,
    /// `BPF_F_*`, those included that the kind requires.
    pub flags: u32,
    /// With `BPF_F_NUMA_NODE`.
    pub node: Option<u32>,
    /// `pin var`
    pub pinned: bool,
    pub span: Span,
}

impl Map {
    /// Its symbol, if it holds stacks.
    pub fn stacks(&self) -> Option<&str> {
        self.kind.can(MapAccess::StackId).then_some(self.symbol.as_str())
    }
}

/// The buckets of a histogram: from the lowest value to the end, each so wide; powers of two where the width is 0.
#[derive(Clone, Copy, Default)]
pub struct Steps {
    pub low: i64,
    pub high: i64,
    pub step: i64,
}

/// An integer of a config that says how many entries a map has.
#[derive(Clone)]
pub struct SizeSource {
    pub config: ConfigId,
    /// In the struct of the config.
    pub offset: u32,
    pub ty: Ty,
    /// As written, for messages.
    pub text: String,
}

/// `@migrate(m) fn f(…)`
pub struct Migration {
    pub map: MapId,
    /// The runtime calls it with addresses of the old key and value and of the new ones; `false` drops the entry.
    pub func: FuncId,
    /// As declared.
    pub name: String,
    /// The type of the old keys; none where the keys stay.
    pub key: Option<Ty>,
    pub old: Ty,
    pub span: Span,
}

/// `@struct_ops("type") impl name { … }`: an implementation of a struct of functions of the kernel.
pub struct Impl {
    pub name: String,
    /// In the object: unlike all others.
    pub symbol: String,
    /// The kernel's struct.
    pub of: String,
    pub functions: Vec<ImplFunction>,
    pub values: Vec<ImplValue>,
    pub span: Span,
}

/// A member that is a function.
pub struct ImplFunction {
    pub name: String,
    pub func: FuncId,
}

/// A member that is a constant.
pub struct ImplValue {
    pub name: String,
    pub ty: Ty,
    pub value: Const,
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
    /// The fields or elements; empty for other constants.
    pub fn parts(&self) -> &[Const] {
        if let Const::Struct(parts) | Const::Array(parts) = self { parts } else { &[] }
    }

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
