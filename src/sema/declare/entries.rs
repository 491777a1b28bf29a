//! `local var` of a type with a lock or with what owns objects. The kernel has those in entries of maps alone, so that the variable
//! is the only entry of an array of its own.

use super::map_values::{MAX_VALUE, misplaced_kept};
use crate::ast::{self, VarDecl};
use crate::diag::codes::shared::{EntryInitialiser, OwnerPlace, SpecialPlace};
use crate::session::Session;
use crate::tables::{SpecialField, array_kind};
use crate::types::Ty;

/// Whether the variable is such an entry. None if its type is none for it, which was reported.
pub(super) fn is_entry(cx: &mut Session, decl: &VarDecl, ty: Ty) -> Option<bool> {
    if decl.storage != Some(ast::Storage::Local) || !cx.types.has_kept(ty) {
        return Some(false);
    }
    let Some(written) = &decl.ty else { return Some(false) };
    let has_timer = cx.types.specials(ty).iter().any(|spec| spec.kind == SpecialField::Timer);
    let why = match () {
        _ if cx.types.size_of(ty) > MAX_VALUE => Some("such a variable has at most 4 MiB".to_owned()),
        _ if has_timer => Some("a timer is a field of a map's entry, whose key its function is given".to_owned()),
        _ if cx.types.is_lock(ty) => None,
        _ => misplaced_kept(cx, array_kind(), ty),
    };
    if let Some(why) = why {
        match cx.types.specials(ty).first() {
            Some(spec) => {
                let what = format!("`{}`, which holds a `{}`,", cx.types.name(ty), spec.name);
                cx.error(written.span, SpecialPlace { what }).help(why);
            }
            None => {
                let what = format!("`{}`, which owns objects or is one,", cx.types.name(ty));
                cx.error(written.span, OwnerPlace { what }).help(why);
            }
        }
        return None;
    }
    if let Some(init) = &decl.init {
        let what = "an entry of a map of its own".to_owned();
        cx.error(init.span, EntryInitialiser { name: decl.name.name.clone(), what })
            .help("leave the initial value out: its bytes are zero, and the lock is free");
    }
    Some(true)
}
