//! Programs whose parameters are those of a function of the kernel, as its BTF has it: finds the function.

use super::Declare;
use super::arguments::{Given, Wanted, spelled};
use super::late;
use crate::ast::FnDecl;
use crate::btf;
use crate::diag::codes::contexts::{ProbedNothing, PrototypeParameter, UnknownEvent, UnknownFunction, WideResult};
use crate::diag::codes::environment::NoKernelTypes;
use crate::diag::codes::support::ForeignMachine;
use crate::sema::kernel_types;
use crate::sema::predefined::table_type;
use crate::sema::similar;
use crate::sema::tree::{FuncId, ProgramRole, Role};
use crate::session::Session;
use crate::tables::{Held, PROGRAMS, Params, ProgramSpec, PrototypeOf, TARGET, elements, is_pattern};
use crate::target::{MACHINES, Machine};
use crate::types::{FnSig, Space, Ty, TyKind, Types};

/// The width of what programs return.
const RESULT_BITS: u8 = 32;

/// The signature of a function of a program, once its parameters are known.
pub(super) struct Signature {
    pub sig: FnSig,
    /// Where each parameter is in the context, if they are values there.
    pub arguments: Option<Vec<u64>>,
    /// Which of them is what the function returned.
    pub result_at: Option<usize>,
    /// The type of the program: another one than that of the attribute where the kernel lets none of that be.
    pub spec: Option<&'static ProgramSpec>,
}

impl Signature {
    /// As it is written.
    pub(super) fn written(sig: FnSig) -> Signature {
        Signature { sig, arguments: None, result_at: None, spec: None }
    }

    /// Whether a parameter was reported.
    pub(super) fn has_error(&self) -> bool {
        self.sig.params.contains(&Ty::ERROR)
    }

    /// The signature of a program whose parameters cannot be checked.
    pub(super) fn unknown(sig: FnSig) -> Signature {
        let count = sig.params.len();
        let sig = FnSig { params: vec![Ty::ERROR; count], ..sig };
        Signature { sig, arguments: Some(vec![0; count]), result_at: None, spec: None }
    }
}

impl Declare<'_> {
    /// The signature with the memory that the pointers point to, once its parameters agree with the prototype.
    pub(super) fn prototype_signature(&self, cx: &mut Session, id: FuncId, decl: &FnDecl, sig: FnSig) -> Signature {
        let Role::Program(role) = &self.env.program.funcs[id.0 as usize].role else { return Signature::written(sig) };
        let otherwise = PROGRAMS.iter().find(|spec| Some(spec.name) == role.spec.otherwise);
        match role.spec.params {
            // The context has no other name then.
            Params::Record { .. } if sig.params.is_empty() => {
                Signature { sig, arguments: Some(Vec::new()), result_at: None, spec: None }
            }
            Params::Context { .. }
            | Params::Record { .. }
            | Params::Kernel { .. }
            | Params::Own {}
            | Params::Replaced {} => Signature::written(sig),
            Params::Member {} => self.member_signature(cx, role, decl, sig),
            _ if is_of_other_machine(cx, role, decl) => Signature::unknown(sig),
            Params::Registers { holds, kernel, .. } => in_registers(cx, role, decl, sig, (holds, kernel)),
            Params::Prototype { context: Some(of), .. } if self.takes(cx, &sig, of) => Signature::written(sig),
            Params::Prototype { .. } if role.loads_at_attach() => late::signature(cx, role, decl, sig),
            Params::Prototype { of, name, trusted, result, .. } => {
                // What is written holds: nothing says which event it is.
                let Some(target) = &role.target else {
                    let given = Given::untyped(result);
                    return Wanted { role, of: None, trusted, given, returns: None }.signature(cx, decl, sig);
                };
                let of = wanted(of);
                let found = cx.kernel_types.prototype(&mut cx.types, of, &name.replace(TARGET, target));
                let prototype = match (found, otherwise) {
                    (Some(Ok(prototype)), _) => Some(prototype),
                    (
                        Some(Err(_)) | None,
                        Some(ProgramSpec { params: Params::Registers { holds, kernel, .. }, .. }),
                    ) => {
                        return Signature { spec: otherwise, ..in_registers(cx, role, decl, sig, (*holds, *kernel)) };
                    }
                    (Some(Err(_)) | None, _) if !trusted => None,
                    // It is for kernels that have the function, whose parameters are as they are written.
                    (Some(Err(_)) | None, _) if role.loading.may_fail() => {
                        warn_unknown(cx, decl, (of, name), target);
                        None
                    }
                    (Some(Err(_)) | None, _) => {
                        missing(cx, role, decl, (of, name));
                        return Signature::unknown(sig);
                    }
                };
                if !can_replace(cx, role, decl, (target, prototype.as_ref())) {
                    return Signature::unknown(sig);
                }
                let result = result && (role.spec.on_return.is_none() || role.returned.is_some());
                let mut given = Given::in_words(&cx.types, prototype, of, result);
                if otherwise.is_some() {
                    given.keep_words(cx.types.machine().arguments.len());
                }
                Wanted { role, of: Some(target), trusted, given, returns: None }.signature(cx, decl, sig)
            }
        }
    }

    /// Whether the first parameter is the context of that name. A register set is an argument of some events.
    fn takes(&self, cx: &mut Session, sig: &FnSig, context: &str) -> bool {
        let context = table_type(&mut cx.types, &self.env.predefined, &format!("*{context}"));
        sig.params.first() == Some(&context)
    }
}

/// False, reported, if the program returns the result of a function, and its own has fewer bits.
pub(super) fn can_replace(
    cx: &mut Session,
    role: &ProgramRole,
    decl: &FnDecl,
    (function, prototype): (&str, Option<&btf::Prototype>),
) -> bool {
    let Some(prototype) = prototype.filter(|_| role.spec.replaces_result) else { return true };
    let fits = match prototype.result {
        Ok(ty) => ty == Ty::VOID || ty == Ty::BOOL || cx.types.as_int(ty).is_some_and(|(bits, _)| bits <= RESULT_BITS),
        Err(_) => false,
    };
    if !fits {
        let (name, ty) = (role.spec.name.to_owned(), spelled(&cx.types, &prototype.result));
        cx.error(decl.name.span, WideResult { name, of: function.to_owned(), ty });
    }
    fits
}

/// The signature of a program at a probe: the context, or the values in its registers. `kernel`: the target is a function of the kernel.
fn in_registers(
    cx: &mut Session,
    role: &ProgramRole,
    decl: &FnDecl,
    sig: FnSig,
    (holds, kernel): (Held, bool),
) -> Signature {
    // Functions that match a pattern have prototypes of their own; what is written holds.
    let named = role.target.iter().filter(|_| kernel).flat_map(|target| elements(target));
    let functions: Vec<&str> = named.filter(|name| !is_pattern(name)).collect();
    for function in &functions {
        if !is_known(cx, function) {
            warn_unknown(cx, decl, (btf::Wanted::Function, TARGET), function);
        }
    }
    // Behind the entry of the function its arguments may be anywhere.
    let is_inside = functions.iter().any(|function| function.contains('+'));
    match sig.params.first() {
        Some(&first) if is_inside || is_context(&cx.types, first) => return Signature::written(sig),
        // The context has no other name then.
        None => return Signature { sig, arguments: Some(Vec::new()), result_at: None, spec: None },
        Some(_) => {}
    }
    let mut signature: Option<Signature> = None;
    for of in functions.into_iter().map(Some).chain([None]) {
        let found = of.and_then(|name| cx.kernel_types.prototype(&mut cx.types, btf::Wanted::Function, name));
        let known = found.and_then(Result::ok);
        // Without a function whose types are known, what is written holds.
        if signature.is_some() && known.is_none() {
            continue;
        }
        let given = Given::in_registers(&cx.types, known, holds);
        let wanted = Wanted { role, of, trusted: false, given, returns: None }.signature(cx, decl, sig.clone());
        let differs = signature.as_ref().is_some_and(|first| first.arguments != wanted.arguments);
        if differs && !wanted.has_error() {
            let event = of.unwrap_or_default().to_owned();
            cx.error(decl.name.span, PrototypeParameter { name: role.spec.name.to_owned(), event })
                .help("functions of a list have their parameters in the same registers");
        }
        if differs || wanted.has_error() {
            return wanted;
        }
        signature.get_or_insert(wanted);
    }
    signature.unwrap_or_else(|| Signature::written(sig))
}

/// Reports a probe at a function that only kernels of another processor have, and one that only an executable describes to the kernel.
fn is_of_other_machine(cx: &mut Session, role: &ProgramRole, decl: &FnDecl) -> bool {
    let machine = cx.types.machine();
    if !machine.makes_executables() && matches!(role.spec.params, Params::Registers { holds: Held::Notes, .. }) {
        let (what, own) = (format!("`@{}` programs", role.spec.name), Machine::native().name.to_owned());
        cx.error(decl.name.span, ForeignMachine { what, machine: machine.name.to_owned(), own })
            .help("only an executable of this compiler finds the places of their arguments");
        return true;
    }
    let others = || MACHINES.iter().filter(|other| other.syscalls != machine.syscalls);
    let call = |name: &str| others().find_map(|other| name.strip_prefix(other.syscalls?).map(str::to_owned));
    let found = role.target.iter().flat_map(|target| elements(target)).find_map(|name| Some((name, call(name)?)));
    let Some((name, call)) = found.map(|(name, call)| (name.to_owned(), call)) else { return false };
    let own = format!("{}{call}", machine.syscalls.unwrap_or("sys_"));
    cx.error(decl.name.span, UnknownFunction { what: "function".into(), name })
        .help(format!("kernels for {} have `{own}`", machine.name));
    true
}

fn is_context(types: &Types, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Ptr { space: Space::Ctx, .. })
}

pub(super) fn wanted(of: PrototypeOf) -> btf::Wanted {
    match of {
        PrototypeOf::Typedef => btf::Wanted::Typedef,
        PrototypeOf::Function => btf::Wanted::Function,
    }
}

/// Reports that the kernel has no such event or function, or that what it has cannot be read.
fn missing(cx: &mut Session, role: &ProgramRole, decl: &FnDecl, (of, name): (btf::Wanted, &str)) {
    if let Err(why) = cx.kernel_types.btf() {
        let (why, path) = (kernel_types::in_words(why), cx.kernel_types.path().display().to_string());
        cx.error(decl.name.span, NoKernelTypes { path, why }).help(kernel_types::HELP);
        return;
    }
    let target = role.target.clone().unwrap_or_default();
    let known = cx.kernel_types.names_with(of, name.trim_end_matches(TARGET));
    let near = similar::best(&target, &known);
    let is_symbol = of == btf::Wanted::Function && name == TARGET && cx.kernel_types.symbols().contains(&target);
    let error = match of {
        btf::Wanted::Function => {
            let what = if name == TARGET { "function" } else { "hook" };
            cx.error(decl.name.span, UnknownFunction { what: what.into(), name: target })
        }
        btf::Wanted::Type | btf::Wanted::Typedef => cx.error(decl.name.span, UnknownEvent { event: target }),
    };
    if is_symbol {
        error.help("the kernel has it, and its BTF does not: `@kprobe` can probe it");
    } else if let Some(near) = near {
        error.help(format!("did you mean `{near}`?"));
    }
}

/// Whether the kernel may have the function that a probe names.
fn is_known(cx: &mut Session, target: &str) -> bool {
    let name = target.split('+').next().unwrap_or(target);
    let types = &mut cx.kernel_types;
    types.btf().is_err()
        || types.has(btf::Wanted::Function, name)
        || types.symbols().iter().any(|symbol| symbol == name)
}

/// Warns that the kernel has no such event or function. `of` is what has the name in its BTF, and the pattern of that name.
pub(super) fn warn_unknown(cx: &mut Session, decl: &FnDecl, (of, pattern): (btf::Wanted, &str), target: &str) {
    let name = target.split('+').next().unwrap_or(target);
    let known = cx.kernel_types.names_with(of, pattern.trim_end_matches(TARGET));
    let near = similar::best(name, &known);
    let what = match of {
        btf::Wanted::Function => "function",
        btf::Wanted::Type | btf::Wanted::Typedef => "event",
    };
    let warning = cx.warn(decl.name.span, ProbedNothing { what: what.into(), name: name.to_owned() });
    if let Some(near) = near {
        warning.help(format!("did you mean `{near}`?"));
    }
}
