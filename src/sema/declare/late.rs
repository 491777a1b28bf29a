//! Programs on functions and events that are known only where they are attached: the attribute names none, or a list or a pattern of
//! them. The parameters are as they are written, and the runtime compares them with each function before it loads the program for that.

use super::arguments::{Given, Wanted, spelled};
use super::prototypes::{Signature, can_replace, wanted, warn_unknown};
use crate::ast::FnDecl;
use crate::diag::codes::contexts::PrototypeParameter;
use crate::sema::tree::ProgramRole;
use crate::session::Session;
use crate::tables::{self, Params, TARGET, elements, is_pattern};
use crate::types::{FnSig, Ty};

/// The signature of such a program. The functions that the attribute names have it, as far as the kernel's types are known.
pub(super) fn signature(cx: &mut Session, role: &ProgramRole, decl: &FnDecl, sig: FnSig) -> Signature {
    let Params::Prototype { of, name, trusted, result, .. } = role.spec.params else {
        return Signature::written(sig);
    };
    let of = wanted(of);
    let result = result && (role.spec.on_return.is_none() || role.returned.is_some());
    let mut found: Option<Signature> = None;
    let named: Vec<&str> = role.target.iter().flat_map(|target| elements(target)).collect();
    for element in named.into_iter().filter(|name| !is_pattern(name)) {
        let prototype = cx.kernel_types.prototype(&mut cx.types, of, &name.replace(TARGET, element));
        let Some(Ok(prototype)) = prototype else {
            warn_unknown(cx, decl, (of, name), element);
            continue;
        };
        if !can_replace(cx, role, decl, (element, Some(&prototype))) {
            return Signature::unknown(sig);
        }
        let given = Given::in_words(&cx.types, Some(prototype), of, result);
        let one = Wanted { role, of: Some(element), trusted, given, returns: None }.signature(cx, decl, sig.clone());
        if one.has_error() {
            return one;
        }
        if found.as_ref().is_some_and(|first| !is_alike(first, &one)) {
            let event = element.to_owned();
            cx.error(decl.name.span, PrototypeParameter { name: role.spec.name.to_owned(), event })
                .help("functions of a list have the same parameters: leave out those that differ, or write a program for each");
            return one;
        }
        found.get_or_insert(one);
    }
    let signature = found.unwrap_or_else(|| {
        let mut given = Given::untyped(result);
        if role.spec.otherwise.is_some() {
            given.keep_words(cx.types.machine().arguments.len());
        }
        Wanted { role, of: None, trusted, given, returns: None }.signature(cx, decl, sig)
    });
    check_result(cx, role, decl, &signature);
    signature
}

/// Whether the parameters are the same values of the same types. Where the result is follows from the number of parameters.
fn is_alike(one: &Signature, other: &Signature) -> bool {
    let places = |signature: &Signature| -> Vec<u64> {
        let places = signature.arguments.iter().flatten().enumerate();
        places.filter(|(index, _)| Some(*index) != signature.result_at).map(|(_, place)| *place).collect()
    };
    one.sig == other.sig && one.result_at == other.result_at && places(one) == places(other)
}

/// A helper yields the result, wherever it is: a number.
fn check_result(cx: &mut Session, role: &ProgramRole, decl: &FnDecl, signature: &Signature) {
    let Params::Prototype { result_by, .. } = role.spec.params else { return };
    let Some(index) = signature.result_at else { return };
    let ty = signature.sig.params[index];
    let span = decl.params.get(index).map_or(decl.name.span, |param| param.span);
    if cx.types.as_int(ty).is_none() && ty != Ty::ERROR {
        let event = "any function".to_owned();
        cx.error(span, PrototypeParameter { name: role.spec.name.to_owned(), event })
            .help("write `ret: i32`, or `ret: u64`, which is the register as it is; `ret as *T` is a pointer");
    }
    let helper = result_by.and_then(tables::helper);
    if let Some(version) = helper.and_then(|helper| cx.options.lacks(helper.since)) {
        cx.needs_kernel(span, "what any function returned".to_owned(), version);
    }
}

/// The parameters of a program that `attach` may attach to another target than the attribute's, for the runtime: as the program writes them.
/// None if it has none.
pub(super) fn takes(cx: &Session, role: &ProgramRole, decl: &FnDecl, sig: &FnSig) -> Option<String> {
    match role.spec.params {
        Params::Record { .. } => {}
        Params::Prototype { .. } if role.arguments.is_some() => {}
        Params::Prototype { .. }
        | Params::Context { .. }
        | Params::Kernel { .. }
        | Params::Own {}
        | Params::Registers { .. }
        | Params::Member {}
        | Params::Replaced {} => return None,
    }
    if !role.form().is_some_and(|form| form.is_bound_by_attach(role.target.as_deref())) {
        return None;
    }
    let params = decl.params.iter().zip(&sig.params);
    let mut params: Vec<String> =
        params.map(|(param, &ty)| format!("{}: {}", param.name.name, register(cx, ty))).collect();
    params.extend(role.returned.map(|ty| format!("{}: {}", super::arguments::RESULT, register(cx, ty))));
    (!params.is_empty()).then(|| params.join(", "))
}

/// A number by its width, and what a pointer points to.
fn register(cx: &Session, ty: Ty) -> String {
    let types = &cx.types;
    match types.as_int(ty) {
        Some((bits, signed)) => format!("{}{bits}", if signed { 'i' } else { 'u' }),
        None => spelled(types, &Ok(ty)),
    }
}
