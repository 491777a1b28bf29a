//! The functions of the program's own kernel module, as BPF code declares them.

use crate::ir::KfuncDecl;
use crate::sema::tree::{Func, KfuncArg, KfuncParam, Program, Role};
use crate::tables::Reference;
use crate::types::{FnSig, Ty, TyKind, Types};

pub(super) fn own(types: &Types, program: &Program) -> Vec<KfuncDecl> {
    program.funcs.iter().filter_map(|func| declaration(types, func)).collect()
}

/// Memory whose size is another argument.
pub(super) fn sized(params: &[KfuncParam]) -> Vec<(usize, usize)> {
    let of = |(memory, param): (usize, &KfuncParam)| {
        if let KfuncArg::Memory { size: Some(size) } = param.arg { Some((memory, size)) } else { None }
    };
    params.iter().enumerate().filter_map(of).collect()
}

fn declaration(types: &Types, func: &Func) -> Option<KfuncDecl> {
    let Role::Kfunc(flags) = &func.role else { return None };
    // The C of the module has no enums, and loaders compare the kinds of types.
    let plain = |ty: Ty| if let TyKind::Enum(id) = types.kind(ty) { types.enum_def(id).repr } else { ty };
    let params = func.params.iter().map(|&param| plain(func.local(param).ty)).collect();
    let has = |name: &str| flags.iter().any(|flag| flag.name == name);
    Some(KfuncDecl {
        name: func.symbol.as_str().into(),
        sig: FnSig { params, result: plain(func.result) },
        weak: false,
        reference: match (has("acquire"), has("release")) {
            (true, true) => Some(Reference::Exchanges),
            (true, false) => Some(Reference::Acquires),
            (false, true) => Some(Reference::Releases),
            (false, false) => None,
        },
        sized: Vec::new(),
        span: func.name_span,
    })
}
