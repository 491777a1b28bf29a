//! The words before `var`: `pin`, `local`, `percpu`.

use super::map_values::holds;
use super::{attributes, kconfig, sysctl};
use crate::ast::{self, Item, VarDecl};
use crate::diag::codes::shared::{CannotPin, MapStorage, PercpuSize};
use crate::sema::tree::Storage;
use crate::session::Session;
use crate::tables::MAX_PERCPU_VALUE;
use crate::types::{Ty, TyKind};

/// The storage of a variable that is no map.
pub(super) fn of_variable(cx: &mut Session, item: &Item, decl: &VarDecl) -> Storage {
    if sysctl::is_sysctl(item) {
        sysctl::check_words(cx, item, decl);
        return Storage::Sysctl;
    }
    if kconfig::is_kconfig(item) {
        kconfig::check_words(cx, decl);
        return Storage::Kconfig;
    }
    if attributes::is_private(item) {
        if decl.pin || decl.storage.is_some() {
            let why = "a `@private var` is the kernel module's, and lives as long as that".to_owned();
            cx.error(decl.name.span, CannotPin { name: decl.name.name.clone(), why });
        }
        return Storage::Private;
    }
    let storage = match decl.storage {
        None if decl.pin => return Storage::Pinned,
        None => return Storage::Shared,
        Some(ast::Storage::Local) => Storage::Local,
        Some(ast::Storage::Percpu) => Storage::Percpu,
    };
    if decl.pin {
        let why = format!("a `{} var` is of one run of the BPF code alone", word(decl));
        cx.error(decl.name.span, CannotPin { name: decl.name.name.clone(), why })
            .help(format!("`pin var {}` is kept between runs, and both sides see it", decl.name.name));
    }
    storage
}

/// A map is seen from both sides; which kinds have one value per CPU, the kind says.
pub(super) fn check_map(cx: &mut Session, item: &Item, decl: &VarDecl) {
    if kconfig::is_kconfig(item) {
        kconfig::refuse_map(cx, decl);
    }
    if sysctl::is_sysctl(item) {
        sysctl::refuse_map(cx, decl);
    }
    if decl.storage.is_none() {
        return;
    }
    let (name, storage) = (decl.name.name.clone(), word(decl).to_owned());
    let error = cx.error(decl.name.span, MapStorage { name, storage });
    match decl.storage {
        Some(ast::Storage::Percpu) => error.help("the kinds `percpu_hash` and `percpu_array` have an entry per CPU"),
        Some(ast::Storage::Local) | None => error.help("user space reads only the maps that its code names"),
    };
}

/// Data that outlives the process holds no addresses of it.
pub(super) fn check_pinned(cx: &mut Session, decl: &VarDecl, ty: Ty) {
    if decl.pin && holds(&cx.types, ty, |kind| matches!(kind, TyKind::Ptr { .. })) {
        let why = format!("a pointer in a `{}` means nothing to the next process", cx.types.name(ty));
        cx.error(decl.name.span, CannotPin { name: decl.name.name.clone(), why });
    }
}

/// The kernel keeps it as the value of a per-CPU map.
pub(super) fn check_percpu(cx: &mut Session, decl: &VarDecl, ty: Ty) {
    let size = cx.types.size_of(ty);
    if decl.storage == Some(ast::Storage::Percpu) && size > MAX_PERCPU_VALUE {
        let name = decl.name.name.clone();
        cx.error(decl.name.span, PercpuSize { name, size: size.to_string(), limit: MAX_PERCPU_VALUE.to_string() });
    }
}

fn word(decl: &VarDecl) -> &'static str {
    match decl.storage {
        Some(ast::Storage::Local) => "local",
        Some(ast::Storage::Percpu) => "percpu",
        None => "",
    }
}
