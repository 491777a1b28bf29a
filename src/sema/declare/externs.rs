//! `extern`: functions of the kernel that BPF code calls. A declaration must agree with the kernel's BTF, if that can be read.

use super::{Declare, attributes};
use crate::ast::{ExternDecl, Item};
use crate::btf::{KernelFunction, NotImported, Tagged};
use crate::diag::codes::contexts::{ExternPrototype, NoKfunc, UnknownFunction};
use crate::diag::codes::environment::MalformedBtf;
use crate::diag::codes::refused::Uncallable;
use crate::sema::env::Entity;
use crate::sema::similar;
use crate::sema::tree::{Kfunc, KfuncArg, KfuncId, KfuncParam, Role};
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::source::Span;
use crate::tables;
use crate::types::{FnSig, Origin, Space, Ty, TyKind, Types};

/// What the suffix of a parameter's name says to the verifier (Documentation/bpf/kfuncs.rst of Linux).
enum Suffix {
    /// How many bytes the memory of the parameter before it has; `true`: a constant.
    Size(bool),
    Constant,
    Nullable,
    Address,
    Text,
    Hidden,
    /// It may be null, and the memory is of the size behind it.
    Optional,
    /// An object on the stack, which it fills.
    Filled,
    /// The language has no argument of this kind.
    Other(&'static str),
}

const SUFFIXES: [(&str, Suffix); 14] = [
    ("__szk", Suffix::Size(true)),
    ("__sz", Suffix::Size(false)),
    ("__k", Suffix::Constant),
    ("__nullable", Suffix::Nullable),
    ("__opt", Suffix::Optional),
    ("__str", Suffix::Text),
    ("meta__ign", Suffix::Hidden),
    ("__ign", Suffix::Address),
    ("__prog", Suffix::Hidden),
    ("__map", Suffix::Other("a map")),
    ("__uninit", Suffix::Filled),
    ("__alloc", Suffix::Other("an object that the program allocated")),
    ("__refcounted_kptr", Suffix::Other("an object that the program allocated")),
    ("__irq_flag", Suffix::Other("the state of interrupts")),
];

/// The struct of a handle of memory (include/uapi/linux/bpf.h).
const DYNPTR: &str = "bpf_dynptr";

/// Structs that the verifier keeps track of, wherever they are.
const TRACKED: [(&str, &str); 5] = [
    ("bpf_iter_", "an iterator"),
    ("bpf_list_", "a list"),
    ("bpf_rb_", "a tree"),
    ("bpf_wq", "a work queue"),
    ("bpf_res_spin_lock", "a lock"),
];

/// A parameter while it is compared with the kernel's.
struct Param {
    name: String,
    /// As it is written; none if it is not.
    written: Option<(Ty, Span)>,
    /// As the kernel has it.
    kernel: Option<Ty>,
}

impl<'a> Declare<'a> {
    pub(super) fn add_kfunc(&mut self, item: &Item, decl: &'a ExternDecl) -> Entity {
        let id = KfuncId(self.env.program.kfuncs.len() as u32);
        self.env.program.kfuncs.push(Kfunc {
            name: decl.name.name.clone(),
            weak: decl.optional,
            params: Vec::new(),
            result: Ty::VOID,
            result_size: None,
            declared: FnSig { params: Vec::new(), result: Ty::VOID },
            reference: tables::kfunc(&decl.name.name)
                .and_then(|known| known.reference)
                .or_else(|| attributes::reference(item)),
            plain: None,
            module_only: false,
            unknown: false,
            span: decl.name.span,
            broken: true,
        });
        Entity::Kfunc(id)
    }

    /// Resolves the parameters and the result of a kernel function, once all types are known.
    pub(super) fn kfunc(&mut self, cx: &mut Session, id: KfuncId, item: &Item, decl: &ExternDecl) {
        let params: Vec<(Ty, Span)> =
            decl.params.iter().map(|param| (self.extern_type(cx, &param.ty, Position::Param), param.ty.span)).collect();
        let result = decl.result.as_ref().map_or(Ty::VOID, |ty| self.extern_type(cx, ty, Position::Result));
        // A helper has its own record, by which its calls are checked.
        if tables::helper(&decl.name.name).is_some() {
            return;
        }
        let has_module = self.env.program.funcs.iter().any(|func| matches!(func.role, Role::Kfunc(_) | Role::Private));
        let Some(Found { kernel, module_only, unknown }) = find(cx, decl, has_module) else { return };
        if unknown {
            self.env.program.kfuncs[id.0 as usize].unknown = true;
            return;
        }
        if params.iter().any(|(ty, _)| *ty == Ty::ERROR) || result == Ty::ERROR {
            return;
        }
        if let Some(kernel) = &kernel
            && let Some(at) = disagreement(&cx.types, kernel, &params, result, decl)
        {
            report(cx, kernel, item, (decl, at));
            return;
        }
        let plain = FnSig { params: params.iter().map(|&(ty, _)| ty).collect(), result: as_result(cx, result) };
        let kfunc = &mut self.env.program.kfuncs[id.0 as usize];
        (kfunc.plain, kfunc.module_only) = (Some(plain), module_only);
        if module_only {
            return;
        }
        let Some((params, declared)) = parameters(cx, decl, kernel.as_ref(), &params) else { return };
        let size = result_size(&cx.types, &params, kernel.as_ref(), result);
        let Some((result, yields)) = result_type(cx, decl, kernel.as_ref(), (result, size.is_some())) else { return };
        let kfunc = &mut self.env.program.kfuncs[id.0 as usize];
        (kfunc.params, kfunc.result, kfunc.result_size, kfunc.broken) = (params, result, size, false);
        kfunc.declared = FnSig { params: declared, result: yields };
    }

    fn extern_type(&mut self, cx: &mut Session, written: &crate::ast::Type, position: Position) -> Ty {
        resolve(cx, self, written, position)
    }
}

/// What the kernel's BTF says of a declaration.
struct Found {
    /// None if that is not known.
    kernel: Option<KernelFunction>,
    module_only: bool,
    /// There is no such function: calls of it are errors.
    unknown: bool,
}

/// A pointer that a function of the kernel returns to module code may be null.
pub(in crate::sema) fn as_result(cx: &mut Session, ty: Ty) -> Ty {
    let TyKind::Ptr { to, space, .. } = cx.types.kind(ty) else { return ty };
    let (to, space) = if to == Ty::VOID { (Ty::U8, Space::Any) } else { (to, space) };
    cx.types.ptr(to, space, true)
}

/// None if it is no function for BPF programs, which was reported. Module code may call what is not for BPF programs, and macros.
fn find(cx: &mut Session, decl: &ExternDecl, has_module: bool) -> Option<Found> {
    let name = &decl.name;
    let found = |kernel| Some(Found { kernel, module_only: false, unknown: false });
    match cx.kernel_types.function(&mut cx.types, &name.name) {
        Some(Ok(function)) if function.tagged == Tagged::No && has_module => {
            Some(Found { kernel: Some(function), module_only: true, unknown: false })
        }
        Some(Ok(function)) if function.tagged == Tagged::No => {
            cx.error(name.span, NoKfunc { name: name.name.clone(), why: "it is not for BPF programs".to_owned() });
            None
        }
        Some(Ok(function)) => found(Some(function)),
        Some(Err(_)) => {
            let path = cx.kernel_types.path().display().to_string();
            cx.error(name.span, MalformedBtf { path, what: format!("the function `{}`", name.name) });
            None
        }
        // Without types, or where the kernel that runs may be another one, what is written holds.
        None if decl.optional || cx.kernel_types.btf().is_err() || tables::kfunc(&name.name).is_some() => found(None),
        None => Some(Found { kernel: None, module_only: has_module, unknown: !has_module }),
    }
}

/// Reports the use of a function that the kernel has not, by its declared name.
pub(in crate::sema) fn report_unknown(cx: &mut Session, span: Span, (name, declared): (&str, Span)) {
    let near = similar::best(name, cx.kernel_types.function_names());
    let what = "function for BPF programs".to_owned();
    let error = cx.error(span, UnknownFunction { what, name: name.to_owned() });
    error.note(declared, "declared here");
    match near {
        Some(near) => error.near(declared, near),
        None => error.help("`extern?` declares one that the kernel may lack; `exists(f)` is whether it is there"),
    };
}

fn suffix(name: &str) -> Option<&'static Suffix> {
    SUFFIXES.iter().find(|(end, _)| name.ends_with(end)).map(|(_, suffix)| suffix)
}

fn is_hidden(name: &str) -> bool {
    matches!(suffix(name), Some(Suffix::Hidden))
}

/// Where a declaration differs from the kernel's function.
fn disagreement(
    types: &Types,
    kernel: &KernelFunction,
    params: &[(Ty, Span)],
    result: Ty,
    decl: &ExternDecl,
) -> Option<Span> {
    let of_kernel: Vec<_> = kernel.params.iter().filter(|param| !is_hidden(&param.name)).collect();
    for (&(ty, span), param) in std::iter::zip(params, &of_kernel) {
        let may_be_null = matches!(suffix(&param.name), Some(Suffix::Nullable | Suffix::Optional | Suffix::Address));
        let nullable = matches!(types.kind(ty), TyKind::Ptr { nullable: true, .. });
        if matches!(param.ty, Ok(of) if !agree(types, ty, of)) || (nullable && !may_be_null) {
            return Some(span);
        }
    }
    if let Some((_, span)) = params.get(of_kernel.len()) {
        return Some(*span);
    }
    let lacks = params.len() < of_kernel.len();
    let differs = matches!(kernel.result, Ok(of) if !agree(types, result, of));
    (lacks || differs).then(|| decl.result.as_ref().filter(|_| !lacks).map_or(decl.name.span, |ty| ty.span))
}

/// Whether a declared type says the same as the kernel's.
fn agree(types: &Types, declared: Ty, kernel: Ty) -> bool {
    if declared == kernel {
        return true;
    }
    match (types.kind(declared), types.kind(kernel)) {
        (TyKind::Ptr { .. }, TyKind::Ptr { to: Ty::VOID, .. }) => true,
        (TyKind::Ptr { to: declared, .. }, TyKind::Ptr { to: kernel, .. }) => agree(types, declared, kernel),
        (TyKind::Struct(declared), TyKind::Struct(kernel)) => {
            let (declared, of) = (&types.struct_def(declared).name, &types.struct_def(kernel).name);
            // Until Linux 6.11 kernel functions have the kernel's own name of a dynptr.
            let is_dynptr = declared == DYNPTR && of == "bpf_dynptr_kern";
            declared == of || is_dynptr || declared.split_once("___").is_some_and(|(base, _)| base == of)
        }
        (TyKind::Bool, _) | (_, TyKind::Bool) => false,
        // The order of bytes is the kernel's.
        (TyKind::Int { .. }, TyKind::Be { .. }) => false,
        (TyKind::Enum(declared), TyKind::Enum(kernel)) => types.enum_def(declared).name == types.enum_def(kernel).name,
        (_, _) => {
            let bits = |ty| types.as_int(ty).map(|(bits, _)| bits);
            bits(declared).is_some() && bits(declared) == bits(kernel)
        }
    }
}

fn report(cx: &mut Session, kernel: &KernelFunction, item: &Item, (decl, at): (&ExternDecl, Span)) {
    let text = in_words(&cx.types, kernel, (&decl.name.name, decl.optional));
    let error = cx.error(at, ExternPrototype { name: decl.name.name.clone() });
    if let Some(text) = text {
        error.help(format!("the kernel has `{text}`")).fix(item.span, text);
    }
}

/// How a program declares a function of the kernel that it may call.
pub(in crate::sema) fn proposal(cx: &mut Session, name: &str) -> Option<String> {
    let kernel = cx.kernel_types.function(&mut cx.types, name)?.ok()?;
    if kernel.tagged == Tagged::Callable { in_words(&cx.types, &kernel, (name, false)) } else { None }
}

/// The function as an `extern` declares it.
fn in_words(types: &Types, kernel: &KernelFunction, (name, optional): (&str, bool)) -> Option<String> {
    let ty = |ty: &Result<Ty, NotImported>| {
        let ty = *ty.as_ref().ok()?;
        let TyKind::Ptr { to, .. } = types.kind(ty) else { return Some(types.name(ty)) };
        Some(if to == Ty::VOID { "*u8".to_owned() } else { format!("*{}", types.name(to)) })
    };
    let params = kernel.params.iter().filter(|param| !is_hidden(&param.name)).map(|param| {
        let may_be_null = matches!(suffix(&param.name), Some(Suffix::Nullable | Suffix::Optional));
        Some(format!("{}: {}{}", param.name, ty(&param.ty)?, if may_be_null { "?" } else { "" }))
    });
    let params = params.collect::<Option<Vec<String>>>()?.join(", ");
    let result = match &kernel.result {
        Ok(Ty::VOID) => String::new(),
        result => format!(" -> {}", ty(result)?),
    };
    let word = if optional { "extern?" } else { "extern" };
    Some(format!("{word} {name}({params}){result}"))
}

/// What each parameter takes, and its type in the object; none if the language has no argument for one, which was reported.
fn parameters(
    cx: &mut Session,
    decl: &ExternDecl,
    kernel: Option<&KernelFunction>,
    written: &[(Ty, Span)],
) -> Option<(Vec<KfuncParam>, Vec<Ty>)> {
    let mut written_left = written.iter().copied();
    let params: Vec<Param> = match kernel {
        Some(kernel) => {
            let of_kernel = |param: &crate::btf::KernelParam| {
                let written = if is_hidden(&param.name) { None } else { written_left.next() };
                Param { name: param.name.clone(), written, kernel: param.ty.as_ref().ok().copied() }
            };
            kernel.params.iter().map(of_kernel).collect()
        }
        None => {
            let name = |at: usize| decl.params[at].name.as_ref().map_or(String::new(), |name| name.name.clone());
            (0..written.len()).map(|at| Param { name: name(at), written: Some(written[at]), kernel: None }).collect()
        }
    };
    let mut found = Vec::new();
    for (at, param) in params.iter().enumerate() {
        let sized = params.get(at + 1).is_some_and(|next| matches!(suffix(&next.name), Some(Suffix::Size(_))));
        match argument(&mut cx.types, param, sized.then_some(at + 1)) {
            Ok(param) => found.push(param),
            Err(takes) => {
                let (name, span) = (&decl.name.name, param.written.map_or(decl.name.span, |(_, span)| span));
                let error = cx.error(span, Uncallable { name: name.clone(), why: format!("takes {takes}") });
                if let Some(instead) = tables::kfunc(name).and_then(|known| known.instead) {
                    error.help(instead);
                }
                return None;
            }
        }
    }
    let declared = std::iter::zip(&params, &found).map(|(param, found)| in_object(&mut cx.types, param, found.ty));
    let declared = declared.collect();
    Some((found, declared))
}

/// The type of a parameter as loaders compare it.
fn in_object(types: &mut Types, param: &Param, declared: Ty) -> Ty {
    match (param.kernel, types.kind(declared)) {
        (Some(kernel), _) => kernel,
        // `*u8` is how a `void *` is written.
        (None, TyKind::Ptr { to: Ty::U8, .. }) => types.ptr(Ty::VOID, Space::Any, true),
        (None, _) => declared,
    }
}

/// The type of a parameter and the arguments that it takes; an error names the kind of argument that the language lacks.
fn argument(types: &mut Types, param: &Param, size: Option<usize>) -> Result<KfuncParam, &'static str> {
    let made = |ty, arg| Ok(KfuncParam { name: param.name.clone(), ty, arg });
    let suffix = suffix(&param.name);
    let Some((ty, _)) = param.written else {
        let ty = types.ptr(Ty::U8, Space::Any, true);
        return made(ty, KfuncArg::Hidden);
    };
    if let Some(Suffix::Other(takes)) = suffix {
        return Err(takes);
    }
    let TyKind::Ptr { to, space, nullable } = types.kind(ty) else {
        let constant = matches!(suffix, Some(Suffix::Constant | Suffix::Size(true)));
        let is_number = types.as_int(ty).is_some() || ty == Ty::BOOL;
        let arg = if constant { KfuncArg::Constant } else { KfuncArg::Number };
        return if is_number { made(ty, arg) } else { Err("such a value") };
    };
    if let TyKind::Struct(id) = types.kind(to) {
        let name = types.struct_def(id).name.as_str();
        if name == DYNPTR {
            return made(ty, KfuncArg::Dynptr);
        }
        if let Some(Suffix::Filled) = suffix {
            return Err("an object on the stack that it fills");
        }
        if let Some((_, takes)) = TRACKED.iter().find(|(begin, _)| name.starts_with(begin)) {
            return Err(takes);
        }
    }
    if matches!(types.kind(to), TyKind::Ptr { .. } | TyKind::Fn(_)) {
        return Err("a pointer to a pointer");
    }
    let nullable = nullable || matches!(suffix, Some(Suffix::Optional));
    if let Some(Suffix::Address) = suffix {
        return made(ty, KfuncArg::Address);
    }
    if let Some(Suffix::Text) = suffix {
        return made(ty, KfuncArg::Text);
    }
    if space == Space::Ctx {
        return made(ty, KfuncArg::Context);
    }
    let is_object = matches!(types.kind(to), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Object);
    if types.is_relocated(to) || is_object {
        let ty = types.ptr(to, Space::BtfTrusted, nullable);
        return made(ty, KfuncArg::Object);
    }
    let ty = types.ptr(to, Space::Any, nullable);
    made(ty, KfuncArg::Memory { size })
}

/// The parameter with the size of the memory that a call yields: of a function that yields a pointer to no struct.
fn result_size(types: &Types, params: &[KfuncParam], kernel: Option<&KernelFunction>, result: Ty) -> Option<usize> {
    let kernel = kernel?;
    let is_memory = matches!(types.kind(result), TyKind::Ptr { to: Ty::U8, .. })
        && matches!(kernel.result, Ok(of) if matches!(types.kind(of), TyKind::Ptr { to: Ty::VOID, .. }));
    params.iter().position(|param| is_memory && matches!(suffix(&param.name), Some(Suffix::Size(true))))
}

/// The type of what a call yields, and that in the object. Memory `sized` by an argument has a type at each call.
fn result_type(
    cx: &mut Session,
    decl: &ExternDecl,
    kernel: Option<&KernelFunction>,
    (result, sized): (Ty, bool),
) -> Option<(Ty, Ty)> {
    let declared = kernel.and_then(|kernel| kernel.result.as_ref().ok().copied()).unwrap_or(result);
    let TyKind::Ptr { to, .. } = cx.types.kind(result) else { return Some((result, declared)) };
    if sized {
        return Some((result, declared));
    }
    if cx.types.is_relocated(to) {
        return Some((cx.types.ptr(to, Space::BtfTrusted, true), declared));
    }
    let span = decl.result.as_ref().map_or(decl.name.span, |ty| ty.span);
    let why = "yields memory that is no object of the kernel".to_owned();
    let error = cx.error(span, Uncallable { name: decl.name.name.clone(), why });
    if let Some(instead) = tables::kfunc(&decl.name.name).and_then(|known| known.instead) {
        error.help(instead);
    }
    None
}
