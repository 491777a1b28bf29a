//! `extern "m" name(params) -> R`: functions of C that user space calls.

use super::Declare;
use crate::ast::{ExternDecl, StrLit};
use crate::diag::codes::environment::FileNotFound;
use crate::diag::codes::refused::{CLibrary, CType};
use crate::sema::env::Entity;
use crate::sema::tree::{CFunction, CFunctionId};
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::source::Span;
use crate::types::{FnSig, Space, Ty, TyKind};
use std::path::Path;

/// The suffixes of files that can be linked.
const FILES: [&str; 3] = [".c", ".o", ".a"];

impl<'a> Declare<'a> {
    pub(super) fn add_c_function(&mut self, decl: &'a ExternDecl) -> Entity {
        let id = CFunctionId(self.env.program.c_functions.len() as u32);
        let (name, span) = (decl.name.name.clone(), decl.name.span);
        self.env.program.c_functions.push(CFunction { name, library: String::new(), sig: None, span });
        Entity::C(id)
    }

    /// Resolves the parameters and the result, and finds the file that is linked.
    pub(super) fn c_function(&mut self, cx: &mut Session, id: CFunctionId, decl: &ExternDecl) {
        let mut types = Vec::new();
        for param in &decl.params {
            let ty = resolve(cx, self, &param.ty, Position::Param);
            types.push(checked(cx, ty, "a parameter", param.ty.span));
        }
        let result = decl.result.as_ref().map_or(Ty::VOID, |written| {
            let ty = resolve(cx, self, written, Position::Result);
            checked(cx, ty, "a result", written.span)
        });
        cx.c_declarations.insert(decl.name.name.clone(), decl.name.span);
        let library = decl.library.as_ref().and_then(|library| linked(cx, library));
        let function = &mut self.env.program.c_functions[id.0 as usize];
        if let Some(library) = library {
            function.library = library;
            if !types.contains(&Ty::ERROR) && result != Ty::ERROR {
                function.sig = Some(FnSig { params: types, result: nullable(cx, result) });
            }
        }
    }
}

/// The library by its name, or the path of the file. None if there is no such file, which was reported.
fn linked(cx: &mut Session, written: &StrLit) -> Option<String> {
    let name = String::from_utf8_lossy(&written.bytes).into_owned();
    let is_file = name.contains('/') || FILES.iter().any(|suffix| name.ends_with(suffix));
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
    if !is_file {
        if name.is_empty() || name.starts_with('-') || !name.chars().all(fits) {
            cx.error(written.span, CLibrary { name })
                .help("`\"c\"` is libc, `\"m\"` libm, `\"z\"` what `-lz` links, `\"./x.c\"` a file beside this one");
            return None;
        }
        return Some(name);
    }
    if !FILES.iter().any(|suffix| name.ends_with(suffix)) {
        cx.error(written.span, CLibrary { name }).help("a file to link is a `.c`, a `.o` or a `.a`");
        return None;
    }
    let source = &cx.sources.file(written.span.file).path;
    let path = source.parent().unwrap_or(Path::new("")).join(&name);
    if !path.is_file() {
        cx.error(written.span, FileNotFound { path: path.display().to_string() });
        return None;
    }
    let path = path.canonicalize().unwrap_or(path);
    cx.libraries.push(path.clone());
    Some(path.display().to_string())
}

/// The type, if C has values of it; else it is reported.
fn checked(cx: &mut Session, ty: Ty, what: &str, span: Span) -> Ty {
    let is_text = matches!(cx.types.kind(ty), TyKind::Str(_));
    if ty == Ty::ERROR || ty == Ty::VOID || is_text || is_of_c(cx, ty) {
        return ty;
    }
    let (what, ty) = (what.to_owned(), cx.types.name(ty));
    cx.error(span, CType { what, ty: ty.clone() }).help(format!("hand over a pointer: `*{ty}`"));
    Ty::ERROR
}

/// Whether a value of the type is one of C's: a number, a pointer, or the address of a function of such.
fn is_of_c(cx: &Session, ty: Ty) -> bool {
    match cx.types.kind(ty) {
        TyKind::Int { .. }
        | TyKind::Be { .. }
        | TyKind::Bool
        | TyKind::Char
        | TyKind::F64
        | TyKind::Enum(_)
        | TyKind::Ptr { .. } => true,
        TyKind::Fn(id) => {
            let sig = cx.types.sig(id).clone();
            sig.params.iter().all(|&param| is_of_c(cx, param)) && (sig.result == Ty::VOID || is_of_c(cx, sig.result))
        }
        TyKind::Void
        | TyKind::Str(_)
        | TyKind::Array(..)
        | TyKind::Struct(_)
        | TyKind::Opt(_)
        | TyKind::Place { .. }
        | TyKind::Handle(_)
        | TyKind::Bytes
        | TyKind::Link
        | TyKind::Null
        | TyKind::Error => false,
    }
}

/// What C returns may be null.
fn nullable(cx: &mut Session, result: Ty) -> Ty {
    let TyKind::Ptr { to, .. } = cx.types.kind(result) else { return result };
    cx.types.ptr(to, Space::Any, true)
}
