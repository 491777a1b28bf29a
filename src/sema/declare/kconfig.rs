//! `@kconfig var`: values of the kernel's configuration, as libbpf fills them in.

use super::attributes::KCONFIG;
use crate::ast::{Item, VarDecl};
use crate::diag::codes::shared::NoKconfig;
use crate::sema::tree::Const;
use crate::session::Session;
use crate::types::{Ty, TyKind};

/// What the names of externs in `.kconfig` begin with: bpf_object__collect_externs of libbpf.
const PREFIXES: [&str; 2] = ["CONFIG_", "LINUX_"];
/// The enum of options that may be a module: libbpf knows it by its name, in src/bpf_helpers.h.
const TRISTATE: &str = "libbpf_tristate";

pub(super) fn is_kconfig(item: &Item) -> bool {
    item.attributes.iter().any(|attribute| attribute.name.name == KCONFIG)
}

/// The name, and the words before `var`.
pub(super) fn check_words(cx: &mut Session, decl: &VarDecl) {
    let name = &decl.name;
    if decl.pin || decl.storage.is_some() {
        let why = "it is neither pinned nor of one side".to_owned();
        cx.error(name.span, NoKconfig { name: name.name.clone(), why });
    }
    if !PREFIXES.iter().any(|prefix| name.name.starts_with(prefix)) {
        let why = "its name begins neither with `CONFIG_` nor with `LINUX_`".to_owned();
        cx.error(name.span, NoKconfig { name: name.name.clone(), why })
            .help(format!("an option is named in full: `@kconfig var CONFIG_{}`", name.name.to_uppercase()));
    }
}

pub(super) fn refuse_map(cx: &mut Session, decl: &VarDecl) {
    cx.error(decl.name.span, NoKconfig { name: decl.name.name.clone(), why: "it is a map".to_owned() });
}

/// The types for which libbpf has values: find_kcfg_type of its libbpf.c.
pub(super) fn check_type(cx: &mut Session, decl: &VarDecl, ty: Ty, init: Option<&Const>) {
    if let (Some(Const::Str(text)), Some(written)) = (init, &decl.init)
        && text.iter().any(|byte| matches!(byte, b'\n' | 0))
    {
        let why = "its value is more than one line".to_owned();
        cx.error(written.span, NoKconfig { name: decl.name.name.clone(), why });
    }
    let kind = cx.types.kind(ty);
    let of_loader = matches!(kind, TyKind::Int { .. } | TyKind::Bool | TyKind::Char | TyKind::Str(_) | TyKind::Error);
    let fits = of_loader || matches!(kind, TyKind::Enum(of) if cx.types.enum_def(of).name == TRISTATE);
    if !fits {
        let why = format!("the loader has no values of type `{}`", cx.types.name(ty));
        let span = decl.ty.as_ref().map_or(decl.name.span, |written| written.span);
        cx.error(span, NoKconfig { name: decl.name.name.clone(), why })
            .help("an option is an integer, a `bool`, a `char`, a `str(N)` or a `libbpf_tristate`");
    }
}
