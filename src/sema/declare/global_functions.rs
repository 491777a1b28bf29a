//! Functions that the kernel verifies by themselves, with the types of their parameters in BTF: `@helper("global")`, and `@freplace`
//! programs, which replace such functions (`btf_prepare_func_args` of kernel/bpf/btf.c).

use crate::ast::FnDecl;
use crate::diag::codes::types::GlobalFunction;
use crate::session::Session;
use crate::source::Span;
use crate::types::{FnSig, Origin, Space, Ty, TyKind, Types};

/// `MAX_BPF_FUNC_REG_ARGS` of include/linux/bpf.h.
const MAX_PARAMS: usize = 5;

/// The parameters and the result that the kernel can know nothing else of.
pub(super) fn check(cx: &mut Session, decl: &FnDecl, sig: &FnSig) {
    let (name, types) = (decl.name.name.clone(), &cx.types);
    let mut wrong: Vec<(Span, &str, Option<String>)> = Vec::new();
    if let Some(sixth) = decl.params.get(MAX_PARAMS) {
        wrong.push((sixth.span, "takes at most five parameters", None));
    }
    for (param, &ty) in std::iter::zip(&decl.params, &sig.params) {
        wrong.extend(param_refused(types, ty).map(|(why, nullable)| {
            let written = types.name(ty).to_owned();
            (
                param.ty.span,
                why,
                nullable.then(|| format!("write `{written}?`, and test it: the kernel assumes that it may be null")),
            )
        }));
    }
    if sig.result != Ty::ERROR && !is_number(types, sig.result) {
        let span = decl.result.as_ref().map_or(decl.name.span, |result| result.ty.span);
        wrong.push((span, "yields a number: the kernel takes no other result of it", None));
    }
    for (span, why, help) in wrong {
        let error = cx.error(span, GlobalFunction { name: name.clone(), why: why.to_owned() });
        if let Some(help) = help {
            error.help(help);
        }
    }
}

/// Why it takes no such parameter, and whether it takes one that may be null.
fn param_refused(types: &Types, ty: Ty) -> Option<(&'static str, bool)> {
    let TyKind::Ptr { to, space, nullable } = types.kind(ty) else {
        let fits = ty == Ty::ERROR || is_number(types, ty);
        return (!fits).then_some(("takes numbers, and pointers to contexts, numbers and structs", false));
    };
    let is_context = matches!(types.kind(to), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Context);
    if types.is_any_context(ty) {
        Some(("is verified for one type of programs, whose context its parameter names", false))
    } else if is_context {
        None
    } else if space != Space::Any {
        Some(("takes no pointer to an object of the kernel or of a process", false))
    } else if types.holds_pointer(to) {
        Some(("takes no pointer to what holds a pointer", false))
    } else {
        (!nullable).then_some(("must test its pointers for null", true))
    }
}

fn is_number(types: &Types, ty: Ty) -> bool {
    types.as_int(ty).is_some()
        || ty == Ty::BOOL
        || matches!(types.kind(ty), TyKind::Enum(_) | TyKind::Char | TyKind::Be { .. })
}
