//! The values that the kernel hands to a program, and whether the program's parameters are such values.

use super::handed;
use super::prototypes::Signature;
use crate::ast::FnDecl;
use crate::btf::{self, NotImported, Prototype};
use crate::diag::codes::contexts::PrototypeParameter;
use crate::sema::tree::ProgramRole;
use crate::session::Session;
use crate::tables::{Held, NULL_ARGUMENTS, Params, PrototypeOf};
use crate::types::{FnSig, Space, Ty, TyKind, Types};

/// The parameter of this name is what the function returned, however many parameters are before it.
pub(super) const RESULT: &str = "ret";
/// MAX_BPF_FUNC_ARGS of include/linux/bpf.h; as many arguments as a probe of systemtap's sys/sdt.h has at most.
const MAX_WORDS: u64 = 12;

/// A value that the kernel hands over.
struct Value {
    /// What the kernel calls it; empty for none.
    name: String,
    /// None if it is not known: what is written holds.
    ty: Option<Result<Ty, NotImported>>,
    /// In the context, in bytes; none if it is not there.
    offset: Option<u64>,
    /// The kernel says that it may be null.
    nullable: bool,
}

impl Value {
    /// A value of unknown type.
    fn unknown(name: String, offset: u64) -> Value {
        Value { name, ty: None, offset: Some(offset), nullable: false }
    }
}

/// The values that the kernel hands over, in order.
pub(super) struct Given {
    arguments: Vec<Value>,
    /// What the function returned, if the program gets that.
    result: Option<Value>,
}

impl Given {
    /// Each argument has a word of the context, and the result is behind them.
    pub fn in_words(types: &Types, prototype: Option<Prototype>, of: btf::Wanted, result: bool) -> Given {
        let Some(prototype) = prototype else {
            return Given::in_unknown_words();
        };
        // The first parameter of a tracepoint's function is the tracepoint's own.
        let own = usize::from(of == btf::Wanted::Typedef);
        let mut words = 0;
        let nulls = &prototype.nullable;
        let place = |(index, (name, ty)): (usize, (String, Result<Ty, NotImported>))| {
            let offset = Some(8 * words);
            words += words_of(types, &ty);
            let name = if own == 0 { name } else { String::new() };
            Value { name, ty: Some(ty), offset, nullable: nulls.get(index) == Some(&true) }
        };
        let arguments: Vec<Value> = prototype.params.into_iter().enumerate().skip(own).map(place).collect();
        let result = returned(prototype.result, 8 * words).filter(|_| result);
        Given { arguments, result }
    }

    /// As many words as a function has at most, and what it returned: `result`, if the program gets that.
    pub fn untyped(result: bool) -> Given {
        let result = result.then(|| Value::unknown(RESULT.to_owned(), 8 * MAX_WORDS));
        Given { result, ..Given::in_unknown_words() }
    }

    /// Leaves out what is behind the first words.
    pub fn keep_words(&mut self, count: usize) {
        for value in &mut self.arguments {
            value.offset = value.offset.filter(|&offset| offset < 8 * count as u64);
        }
    }

    /// How a program declares the values that it can have. `named` names one that the kernel has no name for, by its place.
    pub fn declared(&self, types: &Types, named: impl Fn(usize) -> String) -> Vec<(String, String)> {
        let in_context = |value: &&Value| value.offset.is_some();
        let values = self.arguments.iter().chain(&self.result).filter(in_context).enumerate();
        let declared = values.map(|(index, Value { name, ty, .. })| {
            let name = if name.is_empty() { named(index) } else { name.clone() };
            (name, ty.as_ref().map_or("u64".to_owned(), |ty| spelled(types, ty)))
        });
        declared.collect()
    }

    /// One word of the context for each argument, with an unknown type. Where the notes of a file say where the arguments are, the pass
    /// `usdt` reads
    /// them in place of these words.
    fn in_unknown_words() -> Given {
        let words = (0..MAX_WORDS).map(|word| Value::unknown(String::new(), 8 * word));
        Given { arguments: words.collect(), result: None }
    }

    /// Where the calling convention has the arguments, or the result.
    pub fn in_registers(types: &Types, prototype: Option<Prototype>, holds: Held) -> Given {
        let machine = types.machine();
        let mut registers = machine.arguments.iter().map(|register| machine.offset(register));
        let result = machine.offset(machine.result);
        match (prototype, holds) {
            (_, Held::Notes) => Given::in_unknown_words(),
            (Some(prototype), Held::Arguments) => {
                let place = |(name, ty): (String, Result<Ty, NotImported>)| {
                    let words = words_of(types, &ty);
                    let mut taken = registers.by_ref().take(if words > 2 { 0 } else { words as usize });
                    let first = taken.next();
                    let rest = taken.count() as u64;
                    Value { name, ty: Some(ty), offset: first.filter(|_| rest + 1 == words), nullable: false }
                };
                Given { arguments: prototype.params.into_iter().map(place).collect(), result: None }
            }
            (None, Held::Arguments) => {
                let place = |offset| Value::unknown(String::new(), offset);
                Given { arguments: registers.map(place).collect(), result: None }
            }
            (Some(prototype), Held::Result) => {
                Given { arguments: Vec::new(), result: returned(prototype.result, result) }
            }
            (None, Held::Result) => {
                let value = Value::unknown(RESULT.to_owned(), result);
                Given { arguments: Vec::new(), result: Some(value) }
            }
        }
    }
}

/// None of a function that returns nothing.
fn returned(ty: Result<Ty, NotImported>, offset: u64) -> Option<Value> {
    (ty != Ok(Ty::VOID)).then(|| Value { ty: Some(ty), ..Value::unknown(RESULT.to_owned(), offset) })
}

/// Words that a parameter has: structs are passed by value.
fn words_of(types: &Types, ty: &Result<Ty, NotImported>) -> u64 {
    let bytes = ty.as_ref().map_or(8, |&ty| if types.is_aggregate(ty) { types.size_of(ty) } else { 8 });
    bytes.div_ceil(8)
}

/// What a program's attribute says of its parameters.
pub(super) struct Wanted<'a> {
    pub role: &'a ProgramRole,
    /// The function or the event that hands the values over.
    pub of: Option<&'a str>,
    /// The verifier knows what pointers point to.
    pub trusted: bool,
    pub given: Given,
    /// The result, where another one than that of the program type.
    pub returns: Option<Ty>,
}

impl Wanted<'_> {
    /// The signature of a program as declared, with the offset of each parameter in the context.
    pub fn signature(&self, cx: &mut Session, decl: &FnDecl, sig: FnSig) -> Signature {
        let params = sig.params.iter().enumerate().map(|(index, &ty)| self.param(cx, decl, index, ty));
        let (params, offsets) = params.unzip();
        let result_at = (0..decl.params.len()).find(|&index| self.is_result(decl, index));
        Signature { sig: FnSig { params, ..sig }, arguments: Some(offsets), result_at, spec: None }
    }

    /// The value that a parameter is.
    fn value(&self, decl: &FnDecl, index: usize) -> Option<&Value> {
        let result = self.given.result.as_ref().filter(|_| self.is_result(decl, index));
        result.or_else(|| self.given.arguments.get(index))
    }

    /// Whether a parameter is what the function returned, if the program gets that.
    fn is_result(&self, decl: &FnDecl, index: usize) -> bool {
        let is_last = index + 1 == decl.params.len();
        // With `on return` only what that gets is the result.
        let by_place = self.role.spec.on_return.is_none() && index == self.given.arguments.len();
        self.given.result.is_some() && (by_place || is_last && decl.params[index].name.name == RESULT)
    }

    /// Whether a parameter is that of `on return (ret: T)`.
    fn is_of_return(&self, decl: &FnDecl, index: usize) -> bool {
        self.role.returned.is_some() && index + 1 == decl.params.len() && decl.params[index].name.name == RESULT
    }

    /// The type of a parameter as the body sees it, and its offset.
    fn param(&self, cx: &mut Session, decl: &FnDecl, index: usize, declared: Ty) -> (Ty, u64) {
        if declared == Ty::ERROR {
            return (declared, 0);
        }
        if let Some(Value { ty, offset: Some(offset), nullable, .. }) = self.value(decl, index)
            && let Some(ty) = self.fitting(&mut cx.types, declared, (index, *nullable), ty.as_ref())
        {
            return (ty, *offset);
        }
        let target = self.of.or(self.role.target.as_deref()).unwrap_or_default().to_owned();
        // The result of the function is a parameter of `on return`, not of the program.
        let returned = self.given.result.as_ref().filter(|_| self.is_of_return(decl, index));
        let form = match returned {
            Some(Value { ty: Some(ty), .. }) => format!("on return ({RESULT}: {})", spelled(&cx.types, ty)),
            Some(_) | None => self.form(cx, decl),
        };
        let shorter = if returned.is_some() { "" } else { "; parameters at the end may be left out" };
        cx.error(decl.params[index].span, PrototypeParameter { name: self.role.spec.name.to_owned(), event: target })
            .help(format!("write `{form}`{shorter}"));
        (Ty::ERROR, 0)
    }

    /// The type of a parameter, if the value may have the declared one.
    fn fitting(
        &self,
        types: &mut Types,
        declared: Ty,
        (index, may_be_null): (usize, bool),
        passed: Option<&Result<Ty, NotImported>>,
    ) -> Option<Ty> {
        let pointer = self.pointer(types, declared, (index, may_be_null), passed);
        let as_written = !self.trusted && matches!(declared, Ty::U64 | Ty::I64);
        let fits = match passed {
            _ if as_written => true,
            Some(Ok(passed)) => same_register(types, declared, *passed),
            Some(Err(_)) => declared == Ty::U64,
            None => types.as_int(declared).is_some() || declared == Ty::BOOL,
        };
        pointer.or_else(|| fits.then_some(declared))
    }

    /// A pointer that the kernel passes, with its memory. The verifier wants a test of one that may be null, and knows no memory
    /// of one that may be an error number.
    fn pointer(
        &self,
        types: &mut Types,
        declared: Ty,
        (index, may_be_null): (usize, bool),
        passed: Option<&Result<Ty, NotImported>>,
    ) -> Option<Ty> {
        let TyKind::Ptr { to, nullable, space } = types.kind(declared) else { return None };
        let passed = match passed {
            None => to,
            Some(Ok(passed)) => {
                let TyKind::Ptr { to: passed, .. } = types.kind(*passed) else { return None };
                passed
            }
            Some(Err(_)) => return None,
        };
        // Registers that a function gets are in the kernel's memory; those that a program gets are its context.
        if passed == to && self.is_of_user() {
            return Some(types.ptr(to, Space::User, nullable));
        }
        let is_passed = space == Space::Ctx && types.name(to) == types.name(passed);
        let to = if is_passed { passed } else { to };
        let nulls = NULL_ARGUMENTS.iter().find(|nulls| Some(nulls.name) == self.of);
        let is_error = nulls.is_some_and(|nulls| nulls.error.contains(&index));
        if to == passed && self.trusted && types.is_relocated(to) && !is_error {
            let is_null = nulls.is_some_and(|nulls| nulls.null.contains(&index));
            return Some(types.ptr(to, Space::BtfTrusted, nullable || is_null || may_be_null));
        }
        let fits = to == passed || to == Ty::U8 || passed == Ty::U8;
        fits.then(|| types.ptr(to, Space::BtfUntrusted, nullable))
    }

    /// Whether the registers point into the memory of a process.
    fn is_of_user(&self) -> bool {
        matches!(self.role.spec.params, Params::Registers { kernel: false, .. })
    }

    /// The declaration that fits.
    pub fn form(&self, cx: &mut Session, decl: &FnDecl) -> String {
        let is_event = matches!(self.role.spec.params, Params::Prototype { of: PrototypeOf::Typedef, .. });
        let names = match self.role.target.as_deref() {
            Some(target) if is_event => handed::names_at(cx, btf::Wanted::Typedef, target),
            Some(_) | None => decl.params.iter().map(|param| param.name.name.clone()).collect(),
        };
        let params = handed::declared(cx, &self.given, &names).into_iter();
        let params: Vec<String> = params.map(|(name, ty)| format!("{name}: {ty}")).collect();
        let result = match self.returns {
            Some(Ty::VOID) => String::new(),
            Some(ty) => format!(" -> {}", cx.types.name(ty)),
            None => format!(" -> {}", self.role.spec.result),
        };
        format!("fn {}({}){result}", decl.name.name, params.join(", "))
    }
}

/// How a program writes the type of a value: `*u8` for a pointer whose pointee has no name in the language, `u64` for a type that is no
/// value in it.
pub(super) fn spelled(types: &Types, ty: &Result<Ty, NotImported>) -> String {
    let Some(ty) = ty.as_ref().ok().filter(|&&ty| !types.is_aggregate(ty)) else { return "u64".to_owned() };
    let name = types.name(*ty).trim_end_matches('?').to_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_*[]".contains(c);
    let to = name.trim_start_matches('*');
    let is_pointer = matches!(types.kind(*ty), TyKind::Ptr { .. });
    let is_spelled = name.chars().all(is_name) && !to.is_empty() && to != "void";
    if is_pointer && !is_spelled { "*u8".to_owned() } else { name }
}

/// Whether both are numbers of one width. A struct of a word is a number for programs.
fn same_register(types: &Types, declared: Ty, passed: Ty) -> bool {
    let width = |ty| match types.as_int(ty) {
        _ if ty == Ty::BOOL => Some(8),
        Some((bits, _)) => Some(u64::from(bits)),
        None if types.is_aggregate(ty) && types.size_of(ty) <= 8 => Some(8 * types.size_of(ty)),
        None => None,
    };
    let is_number = types.as_int(declared).is_some() || declared == Ty::BOOL;
    declared == passed || is_number && width(declared) == width(passed)
}
