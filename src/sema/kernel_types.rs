//! Looks up types and fields in the kernel's BTF, and reports those that it lacks.
//!
//! A struct of the kernel's BTF (`Origin::Btf`) gets a field when the program first names it (`KernelTypes::field`), so the types of a
//! run, and their debug information, are partial mirrors of the kernel's. A pointer to one is `btf(trusted)` if the verifier knows it:
//! a parameter of a `@tp_btf` program, and what was read through such a pointer; else it is `btf(untrusted)`. Places take over the
//! space. The pass `core-access` makes `core.field` of each field, which the emitter writes as LLVM's intrinsics for relocations, and
//! probe reads of all reads that the verifier would refuse as loads. A program at an event has one parameter in the IR, the context,
//! with a word for each of its parameters.

use super::advice::members::no_such_kernel_field;
use crate::ast::Ident;
use crate::btf::{KernelEnumerator, NotImported, OpenError};
use crate::diag::codes::environment::{MalformedBtf, NoKernelTypes};
use crate::diag::codes::refused::KernelTypeRefused;
use crate::session::Session;
use crate::source::Span;
use crate::tables::is_present;
use crate::types::{StructId, Ty, TyKind};

/// The help where there are no types of the kernel.
pub const HELP: &str = "`--btf FILE` names a file with the types of another kernel: BTF, or a `vmlinux`";

/// Why there are no types of the kernel.
pub fn in_words(why: &OpenError) -> String {
    match why {
        OpenError::Io(error) => {
            let text = error.to_string();
            // Without the number of the system.
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
        OpenError::NoBtf => "it is no BTF".to_owned(),
        OpenError::Foreign => "they are of this machine, and `--target-arch` names another".to_owned(),
        OpenError::NoSection => "it is an ELF file without `.BTF`".to_owned(),
        OpenError::Lacks(name) => format!("it is of a kernel without `{name}`"),
        OpenError::Malformed => "it is damaged: a part lies beyond its end".to_owned(),
    }
}

/// The kernel's type of this name, if it has one; `Ty::ERROR` once that was reported.
pub fn named(cx: &mut Session, name: &Ident) -> Option<Ty> {
    let found = cx.kernel_types.named(&mut cx.types, &name.name)?;
    Some(found.unwrap_or_else(|why| {
        refuse(cx, name, &format!("the kernel's type `{}`", name.name), &why);
        Ty::ERROR
    }))
}

/// The kernel's enumerator of this name, if it has one. The inner `None` is for one that cannot be read, which was reported.
pub fn enumerator(cx: &mut Session, name: &Ident) -> Option<Option<KernelEnumerator>> {
    let found = cx.kernel_types.enumerator(&mut cx.types, &name.name)?;
    Some(match found {
        Ok(known) => Some(known),
        Err(why) => {
            refuse(cx, name, &format!("the kernel's `{}`", name.name), &why);
            None
        }
    })
}

/// The kernel's type of a name that the program does not write; none if that there is none was reported.
pub fn required(cx: &mut Session, name: &str, span: Span) -> Option<Ty> {
    let name = Ident { name: name.to_owned(), span };
    if let Some(ty) = named(cx, &name) {
        return (ty != Ty::ERROR).then_some(ty);
    }
    let why = cx.kernel_types.btf().err().map_or("there is no such type".to_owned(), in_words);
    let path = cx.kernel_types.path().display().to_string();
    cx.error(span, NoKernelTypes { path, why: format!("`{}`: {why}", name.name) }).help(HELP);
    None
}

/// The place of a field in a struct of the kernel; none if that there is none was reported. `chain` are the structs through which
/// the program reaches this one.
pub fn field(cx: &mut Session, of: StructId, name: &Ident, chain: &[StructId]) -> Option<usize> {
    match cx.kernel_types.field(&mut cx.types, of, &name.name) {
        Ok(Some(field)) => {
            note_present(cx, of, field);
            return Some(field);
        }
        Ok(None) => no_such_kernel_field(cx, of, name, chain),
        Err(why) => refuse(cx, name, &format!("the field `{}`", name.name), &why),
    }
    None
}

/// A field that is never null has a type that says so.
fn note_present(cx: &mut Session, of: StructId, field: usize) {
    let def = cx.types.struct_def(of);
    let ty = def.fields[field].ty;
    if is_present(&def.name, &def.fields[field].name)
        && let TyKind::Ptr { to, space, .. } = cx.types.kind(ty)
    {
        let ty = cx.types.ptr(to, space, false);
        cx.types.struct_def_mut(of).fields[field].ty = ty;
    }
}

pub(super) fn refuse(cx: &mut Session, name: &Ident, what: &str, why: &NotImported) {
    match why {
        NotImported::Malformed => {
            let path = cx.kernel_types.path().display().to_string();
            cx.error(name.span, MalformedBtf { path, what: what.to_owned() });
        }
        NotImported::Unsupported(of) => {
            cx.error(name.span, KernelTypeRefused { what: what.to_owned(), of: (*of).to_owned() })
                .help("read a field beside it, or declare the parameter as a number: `u64`");
        }
    }
}
