//! `@kfunc` functions: the flags of their attribute, and what the kernel lets BPF code pass to them.

use super::Declare;
use crate::ast::{Attribute, ExprKind, FnDecl};
use crate::btf::Wanted;
use crate::diag::codes::contexts::{KfuncSignature, UnknownMode};
use crate::diag::codes::names::{AttributeArguments, KernelHasName};
use crate::sema::similar;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{C_WORDS, KFUNC_FLAGS, KfuncFlag, KfuncPart};
use crate::types::{FnSig, Ty, TyKind, Types};

/// Registers that hold arguments of a call in BPF code.
const MAX_PARAMETERS: usize = 5;

/// `"acquire|ret_null"`
pub(super) fn flags(cx: &mut Session, attribute: &Attribute) -> Vec<&'static KfuncFlag> {
    let mut flags: Vec<&'static KfuncFlag> = Vec::new();
    for arg in attribute.args.iter().flatten() {
        let (ExprKind::Str(bytes), None) = (&arg.value.kind, &arg.name) else {
            let wants = "one text of flags: `@kfunc(\"acquire|ret_null\")`".to_owned();
            cx.error(arg.value.span, AttributeArguments { name: attribute.name.name.clone(), wants });
            continue;
        };
        let text = String::from_utf8_lossy(bytes).into_owned();
        for word in text.split('|').map(str::trim).filter(|word| !word.is_empty()) {
            match KFUNC_FLAGS.iter().find(|flag| flag.name == word) {
                Some(flag) if !flags.iter().any(|other| other.name == flag.name) => flags.push(flag),
                Some(_) => {}
                None => unknown(cx, arg.value.span, word),
            }
        }
    }
    flags
}

fn unknown(cx: &mut Session, span: Span, word: &str) {
    let known: Vec<&str> = KFUNC_FLAGS.iter().map(|flag| flag.name).collect();
    let wants = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let error = cx.error(span, UnknownMode { text: word.to_owned(), name: "kfunc".into(), wants });
    if let Some(near) = similar::best(word, known) {
        error.help(format!("did you mean `{near}`?"));
    }
}

impl Declare<'_> {
    /// The kernel passes numbers and pointers in registers, and refuses what it cannot check.
    pub(super) fn check_kfunc(&self, cx: &mut Session, flags: &[&KfuncFlag], decl: &FnDecl, sig: &FnSig) {
        let name = &decl.name.name;
        if C_WORDS.binary_search(&name.as_str()).is_ok() || is_of_kernel(cx, name) {
            let free = format!("{}_{name}", cx.options.name);
            cx.error(decl.name.span, KernelHasName { name: name.clone() }).help(format!("`{free}` may be free"));
        }
        let wrong = |cx: &mut Session, span: Span, why: String, help: &str| {
            let error = cx.error(span, KfuncSignature { name: name.clone(), why });
            if !help.is_empty() {
                error.help(help.to_owned());
            }
        };
        if sig.params.len() > MAX_PARAMETERS {
            let why = format!("BPF code passes at most {MAX_PARAMETERS} arguments to a function of the kernel");
            wrong(cx, decl.params[MAX_PARAMETERS].span, why, "put them into a struct and take a pointer to it");
        }
        for (param, &ty) in std::iter::zip(&decl.params, &sig.params) {
            if let TyKind::Ptr { to, .. } = cx.types.kind(ty)
                && matches!(cx.types.kind(to), TyKind::Array(..) | TyKind::Str(_))
            {
                let why = "the kernel lets BPF code pass pointers to numbers and structs alone".to_owned();
                wrong(cx, param.span, why, "make it a field of a struct, and take a pointer to that");
            }
            if is_passed(&cx.types, ty) {
                continue;
            }
            let why = format!("BPF code cannot pass a `{}` to a function of the kernel", cx.types.name(ty));
            let help = if cx.types.is_aggregate(ty) { "take a pointer to it: `*T`" } else { "" };
            wrong(cx, param.span, why, help);
        }
        let span = decl.result.as_ref().map_or(decl.name.span, |result| result.ty.span);
        if sig.result != Ty::VOID && !is_passed(&cx.types, sig.result) {
            let why = format!("a function of the kernel cannot return a `{}` to BPF code", cx.types.name(sig.result));
            wrong(cx, span, why, "take a pointer to where the result goes");
        }
        let is_pointer = |ty: &Ty| matches!(cx.types.kind(*ty), TyKind::Ptr { .. });
        let (returns, takes) = (is_pointer(&sig.result), sig.params.iter().any(is_pointer));
        for flag in flags {
            let why = match flag.of {
                Some(KfuncPart::Result) if !returns => "what it returns is no pointer",
                Some(KfuncPart::Parameter) if !takes => "it takes no pointer",
                Some(KfuncPart::Result | KfuncPart::Parameter) | None => continue,
            };
            wrong(cx, span, format!("the flag `{}` is wrong: {why}", flag.name), "");
        }
    }
}

/// Whether the kernel itself has a function of this name. A module may be the one of this program.
fn is_of_kernel(cx: &mut Session, name: &str) -> bool {
    cx.kernel_types.btf().is_ok_and(|btf| btf.find(name, Wanted::Function).is_some())
}

fn is_passed(types: &Types, ty: Ty) -> bool {
    let kind = types.kind(ty);
    types.as_int(ty).is_some() || matches!(kind, TyKind::Bool | TyKind::Be { .. } | TyKind::Ptr { .. } | TyKind::Error)
}
