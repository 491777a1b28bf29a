//! Flavours of structs of the kernel: declarations of some fields that some kernels have.

use super::arguments::spelled;
use crate::ast::FieldDecl;
use crate::btf::NotImported;
use crate::diag::codes::types::OtherKind;
use crate::sema::predefined::flavour_of;
use crate::session::Session;
use crate::types::{StructId, Ty, TyKind, Types};

/// Warns of fields of a flavour that the kernel has as something else, as a pointer where a number is declared: loaders say then that the
/// kernel lacks the field.
pub(super) fn warn_other_kinds(cx: &mut Session, flavour: &str, id: StructId, fields: &[&FieldDecl]) {
    let Some(of) = flavour_of(flavour) else { return };
    for (at, field) in fields.iter().enumerate() {
        let declared = cx.types.struct_def(id).fields[at].ty;
        let Some(kernel) = cx.kernel_types.other_kind(&mut cx.types, (of, &field.name.name), declared) else {
            continue;
        };
        let words = |cx: &Session, ty: &Result<Ty, NotImported>| match ty {
            Ok(ty) => format!("`{}`", cx.types.name(*ty).trim_end_matches('?')),
            Err(_) => "of a type that the language has not".to_owned(),
        };
        let (of, name) = (of.to_owned(), field.name.name.clone());
        let (kernel_words, declared) = (words(cx, &kernel), words(cx, &Ok(declared)));
        let spelled = kernel.ok().map(|ty| spelled_in_kernel(&cx.types, ty));
        let warning = cx.warn(field.ty.span, OtherKind { field: name, of, kernel: kernel_words, declared });
        warning.remark("loaders take numbers of any width for one another, and pointers, arrays and structs, but none of these for another");
        if let Some(spelled) = spelled {
            warning.help(format!("to find it on this kernel write `{}: {spelled}`", field.name.name));
        }
    }
}

/// How a flavour declares a field of a type of the kernel.
fn spelled_in_kernel(types: &Types, ty: Ty) -> String {
    let kind = types.kind(ty);
    if let TyKind::Array(element, count) = kind {
        format!("{}[{count}]", spelled_in_kernel(types, element))
    } else if let TyKind::Ptr { .. } = kind {
        spelled(types, &Ok(ty))
    } else {
        types.name(ty)
    }
}
