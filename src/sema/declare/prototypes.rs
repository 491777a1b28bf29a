//! Programs whose parameters are those of a function of the kernel, as its BTF has it: finds the function.

use super::Declare;
use super::arguments::{Given, Wanted};
use crate::ast::FnDecl;
use crate::btf;
use crate::diag::codes::contexts::{ProbedNothing, UnknownEvent, UnknownFunction};
use crate::diag::codes::environment::NoKernelTypes;
use crate::diag::codes::support::NotSupportedYet;
use crate::sema::kernel_types;
use crate::sema::similar;
use crate::sema::tree::{FuncId, ProgramRole, Role};
use crate::session::Session;
use crate::tables::{CallingConvention, Params, PrototypeOf, TARGET};
use crate::types::{FnSig, Space, Ty, TyKind};

/// A signature, and where each of its parameters is in the context, if they are values there.
pub(super) type Signature = (FnSig, Option<Vec<u64>>);

impl Declare<'_> {
    /// The signature with the memory that the pointers point to, once its parameters agree with the prototype.
    pub(super) fn prototype_signature(&self, cx: &mut Session, id: FuncId, decl: &FnDecl, sig: FnSig) -> Signature {
        let Role::Program(role) = &self.env.program.funcs[id.0 as usize].role else { return (sig, None) };
        match role.spec.params {
            Params::Context { .. } | Params::Kernel { .. } | Params::Own {} => (sig, None),
            Params::Prototype { of, name, trusted, result } => {
                // That the attribute lacks its target was reported.
                let Some(target) = &role.target else { return unknown(sig) };
                let of = wanted(of);
                let found = cx.kernel_types.prototype(&mut cx.types, of, &name.replace(TARGET, target));
                let prototype = match found {
                    Some(Ok(prototype)) => Some(prototype),
                    Some(Err(_)) | None if !trusted => None,
                    Some(Err(_)) | None => {
                        missing(cx, role, decl, (of, name));
                        return unknown(sig);
                    }
                };
                let given = Given::in_words(&cx.types, prototype, of, result);
                Wanted { role, trusted, given }.signature(cx, decl, sig)
            }
            Params::Registers { holds, kernel, .. } => {
                let function = role.target.as_deref().filter(|_| kernel);
                let is_known = function.is_none_or(|target| is_known(cx, target));
                if let (false, Some(target)) = (is_known, function) {
                    warn_unknown(cx, decl, target);
                }
                let is_context = |&ty| matches!(cx.types.kind(ty), TyKind::Ptr { space: Space::Ctx, .. });
                // Behind the entry of the function its arguments may be anywhere.
                let is_inside = function.is_some_and(|target| target.contains('+'));
                if is_inside || sig.params.first().is_none_or(is_context) {
                    return (sig, None);
                }
                let Some(convention) = CallingConvention::native() else {
                    let what = format!("`@{}` programs on {}", role.spec.name, std::env::consts::ARCH);
                    cx.error(decl.name.span, NotSupportedYet { what });
                    return unknown(sig);
                };
                let prototype = function
                    .and_then(|name| cx.kernel_types.prototype(&mut cx.types, btf::Wanted::Function, name))
                    .and_then(Result::ok);
                let given = Given::in_registers(&cx.types, prototype, holds, convention);
                Wanted { role, trusted: false, given }.signature(cx, decl, sig)
            }
        }
    }
}

/// Of a program whose parameters cannot be checked.
fn unknown(sig: FnSig) -> Signature {
    let count = sig.params.len();
    (FnSig { params: vec![Ty::ERROR; count], ..sig }, Some(vec![0; count]))
}

fn wanted(of: PrototypeOf) -> btf::Wanted {
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
    types.btf().is_err() || types.has_function(name) || types.symbols().iter().any(|symbol| symbol == name)
}

fn warn_unknown(cx: &mut Session, decl: &FnDecl, target: &str) {
    let name = target.split('+').next().unwrap_or(target);
    let known = cx.kernel_types.names_with(btf::Wanted::Function, "");
    let near = similar::best(name, &known);
    let warning = cx.warn(decl.name.span, ProbedNothing { name: name.to_owned() });
    if let Some(near) = near {
        warning.help(format!("did you mean `{near}`?"));
    }
}
