//! Programs whose parameters are those of a function of the kernel, as its BTF has it.

use super::Declare;
use crate::ast::FnDecl;
use crate::btf::{NotImported, Prototype};
use crate::diag::codes::contexts::{PrototypeParameter, UnknownEvent};
use crate::diag::codes::environment::NoKernelTypes;
use crate::sema::kernel_types;
use crate::sema::similar;
use crate::sema::tree::{FuncId, ProgramRole, Role};
use crate::session::Session;
use crate::tables::{NULL_ARGUMENTS, Params, ProgramSpec, TARGET};
use crate::types::{FnSig, Space, Ty, TyKind, Types};

/// What a program's attribute says of its parameters.
struct Wanted<'a> {
    spec: &'a ProgramSpec,
    event: &'a str,
    trusted: bool,
    prototype: Option<&'a Prototype>,
}

impl Declare<'_> {
    /// The signature with the memory that the pointers point to, once its parameters agree with the prototype.
    pub(super) fn prototype_signature(&self, cx: &mut Session, id: FuncId, decl: &FnDecl, sig: FnSig) -> FnSig {
        let Role::Program(role) = &self.env.program.funcs[id.0 as usize].role else { return sig };
        let Params::Prototype { typedef, trusted } = role.spec.params else { return sig };
        // That the attribute lacks its target was reported.
        let Some(event) = &role.target else { return FnSig { params: vec![Ty::ERROR; sig.params.len()], ..sig } };
        let found = cx.kernel_types.prototype_of_typedef(&mut cx.types, &typedef.replace(TARGET, event));
        let prototype = match found {
            Some(Ok(prototype)) => Some(prototype),
            Some(Err(_)) | None if !trusted => None,
            Some(Err(_)) | None => {
                missing(cx, role, decl, typedef);
                return FnSig { params: vec![Ty::ERROR; sig.params.len()], ..sig };
            }
        };
        let wanted = Wanted { spec: role.spec, event, trusted, prototype: prototype.as_ref() };
        let params = sig.params.iter().enumerate().map(|(index, &ty)| wanted.param(cx, decl, index, ty));
        FnSig { params: params.collect(), ..sig }
    }
}

/// Reports that the kernel has no such event, or that what it has cannot be read.
fn missing(cx: &mut Session, role: &ProgramRole, decl: &FnDecl, typedef: &str) {
    if let Err(why) = cx.kernel_types.btf() {
        let (why, path) = (kernel_types::in_words(why), cx.kernel_types.path().display().to_string());
        cx.error(decl.name.span, NoKernelTypes { path, why }).help(kernel_types::HELP);
        return;
    }
    let event = role.target.clone().unwrap_or_default();
    let known = cx.kernel_types.typedefs_with(typedef.trim_end_matches(TARGET));
    let near = similar::best(&event, &known);
    let error = cx.error(decl.name.span, UnknownEvent { event });
    if let Some(near) = near {
        error.help(format!("did you mean `{near}`?"));
    }
}

impl Wanted<'_> {
    /// The type of a parameter as the body sees it.
    fn param(&self, cx: &mut Session, decl: &FnDecl, index: usize, declared: Ty) -> Ty {
        if declared == Ty::ERROR {
            return declared;
        }
        // The first parameter of the kernel's function is the tracepoint's own.
        let wanted = match self.prototype {
            None => Some(&Ok(Ty::U64)),
            Some(prototype) => prototype.params.get(index + 1).map(|(_, ty)| ty),
        };
        let as_written = !self.trusted && matches!(declared, Ty::U64 | Ty::I64);
        let pointer = self.pointer(&mut cx.types, declared, index, wanted);
        let fits = match wanted {
            None => false,
            Some(_) if as_written || pointer.is_some() => true,
            Some(Ok(wanted)) if self.prototype.is_some() => same_register(&cx.types, declared, *wanted),
            // Without a prototype what is written holds.
            Some(Ok(_)) => cx.types.as_int(declared).is_some() || declared == Ty::BOOL,
            Some(Err(_)) => declared == Ty::U64,
        };
        if fits {
            return pointer.unwrap_or(declared);
        }
        let span = decl.params[index].span;
        let form = self.form(cx, decl);
        cx.error(span, PrototypeParameter { name: self.spec.name.to_owned(), event: self.event.to_owned() })
            .help(format!("write `{form}`; parameters at the end may be left out"));
        Ty::ERROR
    }

    /// A pointer that the kernel passes, with its memory. The verifier wants a test of one that may be null, and knows no memory
    /// of one that may be an error number.
    fn pointer(
        &self,
        types: &mut Types,
        declared: Ty,
        index: usize,
        wanted: Option<&Result<Ty, NotImported>>,
    ) -> Option<Ty> {
        let TyKind::Ptr { to, nullable, .. } = types.kind(declared) else { return None };
        let passed = match wanted? {
            Ok(wanted) if self.prototype.is_some() => {
                let TyKind::Ptr { to: passed, .. } = types.kind(*wanted) else { return None };
                passed
            }
            Ok(_) => to,
            Err(_) => return None,
        };
        let nulls = NULL_ARGUMENTS.iter().find(|nulls| nulls.name == self.event);
        let is_error = nulls.is_some_and(|nulls| nulls.error.contains(&index));
        if to == passed && self.trusted && types.is_relocated(to) && !is_error {
            let is_null = nulls.is_some_and(|nulls| nulls.null.contains(&index));
            return Some(types.ptr(to, Space::BtfTrusted, nullable || is_null));
        }
        let fits = to == passed || to == Ty::U8 || passed == Ty::U8;
        fits.then(|| types.ptr(to, Space::BtfUntrusted, nullable))
    }

    /// The declaration that fits.
    fn form(&self, cx: &Session, decl: &FnDecl) -> String {
        let typed = self.prototype.iter().flat_map(|prototype| prototype.params.iter().skip(1));
        let params = typed.enumerate().map(|(index, (_, ty))| {
            let name = decl.params.get(index).map_or_else(|| format!("arg{}", index + 1), |p| p.name.name.clone());
            let ty = match ty {
                Ok(ty) => cx.types.name(*ty).trim_end_matches('?').to_owned(),
                Err(_) => "u64".to_owned(),
            };
            format!("{name}: {ty}")
        });
        let params: Vec<String> = params.collect();
        format!("fn {}({}) -> {}", decl.name.name, params.join(", "), self.spec.result)
    }
}

/// Whether both are numbers of one width.
fn same_register(types: &Types, declared: Ty, wanted: Ty) -> bool {
    let width = |ty| if ty == Ty::BOOL { Some(8) } else { types.as_int(ty).map(|(bits, _)| bits) };
    declared == wanted || width(declared).is_some() && width(declared) == width(wanted)
}
