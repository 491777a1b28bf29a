//! Programs whose context is a struct of the kernel's BTF, or one of their own.

use super::Declare;
use crate::ast::FnDecl;
use crate::diag::codes::contexts::{ProgramParameter, UnknownIterator};
use crate::diag::codes::environment::NoKernelTypes;
use crate::sema::kernel_types;
use crate::sema::predefined;
use crate::sema::similar;
use crate::sema::tree::{FuncId, Role};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{Params, ProgramSpec, TARGET};
use crate::types::{FnSig, Space, Ty, TyKind, Types};

impl Declare<'_> {
    /// The signature, whose parameters are errors once one is not the context.
    pub(super) fn kernel_context_signature(&self, cx: &mut Session, id: FuncId, decl: &FnDecl, sig: FnSig) -> FnSig {
        let Role::Program(role) = &self.env.program.funcs[id.0 as usize].role else { return sig };
        if let Params::Own {} = role.spec.params {
            return own(cx, role.spec, decl, sig);
        }
        let Params::Kernel { of, .. } = role.spec.params else { return sig };
        let broken = FnSig { params: vec![Ty::ERROR; sig.params.len()], ..sig.clone() };
        // That the attribute lacks its target, or that a type is wrong, was reported.
        let Some(target) = &role.target else { return broken };
        let name = of.replace(TARGET, target);
        let context = match cx.kernel_types.named(&mut cx.types, &name) {
            Some(Ok(context)) => context,
            Some(Err(_)) | None => {
                unknown(cx, (of, target), decl.name.span);
                return broken;
            }
        };
        let wanted = predefined::pointer(&mut cx.types, context, false);
        let span = match (sig.params.as_slice(), decl.params.as_slice()) {
            ([] | [Ty::ERROR, ..], _) => return sig,
            ([first], _) if *first == wanted => return sig,
            ([first, ..], [_, second, ..]) if *first == wanted => second.span,
            (_, [first, ..]) => first.ty.span,
            (_, []) => return sig,
        };
        let form =
            format!("@{}(\"{target}\") fn {}(ctx: *{name}) -> {}", role.spec.name, decl.name.name, role.spec.result);
        cx.error(span, ProgramParameter { name: role.spec.name.to_owned(), context: name })
            .help(format!("write `{form}`"));
        broken
    }
}

/// A struct of the program, whose memory user space hands over: nobody else sees it.
fn own(cx: &mut Session, spec: &ProgramSpec, decl: &FnDecl, sig: FnSig) -> FnSig {
    let plain = |types: &Types, ty: Ty| {
        let TyKind::Ptr { to, space: Space::Any, nullable: false } = types.kind(ty) else { return None };
        (!types.holds_pointer(to)).then_some(to)
    };
    let span = match (sig.params.as_slice(), decl.params.as_slice()) {
        ([] | [Ty::ERROR, ..], _) | (_, []) => return sig,
        ([first], [param, ..]) => match plain(&cx.types, *first) {
            Some(to) => {
                let ty = cx.types.ptr(to, Space::Percpu, false);
                return FnSig { params: vec![ty], ..sig };
            }
            None => param.ty.span,
        },
        (_, [_, second, ..]) => second.span,
        (_, [param]) => param.span,
    };
    let wrong = ProgramParameter { name: spec.name.to_owned(), context: "struct of the program".to_owned() };
    let form = format!("@{} fn {}(ctx: *Values) -> {}", spec.name, decl.name.name, spec.result);
    cx.error(span, wrong).help(format!("write `{form}`; a struct of the program without pointers in it"));
    FnSig { params: vec![Ty::ERROR; sig.params.len()], ..sig }
}

fn unknown(cx: &mut Session, (of, target): (&str, &str), span: Span) {
    if let Err(why) = cx.kernel_types.btf() {
        let (why, path) = (kernel_types::in_words(why), cx.kernel_types.path().display().to_string());
        cx.error(span, NoKernelTypes { path, why }).help(kernel_types::HELP);
        return;
    }
    // Types that only mark others as safe have a suffix.
    let known = cx.kernel_types.types_with(of.trim_end_matches(TARGET)).into_iter().filter(|name| !name.contains("__"));
    let known: Vec<String> = known.collect();
    let near = similar::best(target, &known);
    let error = cx.error(span, UnknownIterator { name: target.to_owned() });
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("it has those over {}", known.join(", "))),
    };
}
