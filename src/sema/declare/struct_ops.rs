//! `@struct_ops("type") impl name { … }`: an implementation of a struct of functions of the kernel. Its functions are programs, whose
//! parameters and results are those of the struct's members.
//!
//! Its functions have the program type `struct_ops`, and take their parameters from words of the context as those at an event do; the
//! types are those of the member (`btf/struct_ops.rs`, `sema/declare/struct_ops.rs`). The block itself is a declaration of the module,
//! `ops @name : type { member = @program, … }`, which becomes a variable in a section that libbpf knows. A member that others call is
//! lowered as an ordinary function, and the program calls that (`lower/members.rs`). `reach` compares writes to kernel objects with
//! what the struct allows to its functions.

use super::arguments::{Given, Wanted};
use super::attributes::SLEEPABLE;
use super::loading::OPTIONAL;
use super::prototypes::Signature;
use super::{Declare, attributes};
use crate::ast::{Attribute, Expr, ExprKind, FnDecl, Ident, ImplDecl, ImplMember, ImplMemberKind, Item};
use crate::btf::{self, OpsMember};
use crate::diag::codes::contexts::{UnknownOps, UnknownOpsMember};
use crate::diag::codes::environment::NoKernelTypes;
use crate::diag::codes::names::{AttributeArguments, DuplicateMember, NoStructOps};
use crate::diag::codes::refused::{MemberData, MemberSleeps};
use crate::diag::codes::types::{MemberType, MissingMembers};
use crate::sema::consts;
use crate::sema::env::Entity;
use crate::sema::kernel_types;
use crate::sema::similar;
use crate::sema::tree::{Const, FuncId, Impl, ImplFunction, ImplId, ImplValue, ProgramRole, Role};
use crate::session::Session;
use crate::tables::{PROGRAMS, STRUCT_OPS, StructOpsSpec, struct_ops};
use crate::types::{FnSig, Ty, TyKind};

/// The attribute of such an `impl`, and the type of its programs.
const STRUCT_OPS_ATTRIBUTE: &str = "struct_ops";

impl ImplMember {
    fn name(&self) -> &Ident {
        match &self.kind {
            ImplMemberKind::Fn(decl) => &decl.name,
            ImplMemberKind::Field { name, .. } => name,
        }
    }
}

impl<'a> Declare<'a> {
    /// The `impl` and its programs, without their signatures.
    pub(super) fn add_impl(&mut self, cx: &mut Session, item: &'a Item, decl: &'a ImplDecl) -> Entity {
        let Some(of) = struct_name(cx, item, decl) else { return Entity::Broken };
        if !known(cx, &of, decl) {
            return Entity::Broken;
        }
        let optional = item.attributes.iter().any(|attribute| attribute.name.name == OPTIONAL);
        if !optional {
            check_kernel(cx, &of, decl);
        }
        let mut functions = Vec::new();
        for (at, member) in decl.members.iter().enumerate() {
            let name = member.name();
            if let Some(first) = decl.members[..at].iter().find(|other| other.name().name == name.name) {
                let (name_of, of) = (name.name.clone(), format!("`{}`", decl.name.name));
                cx.error(name.span, DuplicateMember { name: name_of, what: "members".to_owned(), of })
                    .note(first.name().span, "first here");
                continue;
            }
            let sleeps = attributes::of_member(cx, member);
            let ImplMemberKind::Fn(function) = &member.kind else { continue };
            let Some(mut role) = role(cx, &of, function, sleeps) else { continue };
            role.loading.optional = optional;
            let symbol = self.symbols.part(self.module, &decl.name.name, &name.name);
            let func = self.push_function(symbol, function, member.span, Role::Program(role));
            functions.push(ImplFunction { name: name.name.clone(), func });
        }
        let id = ImplId(self.env.program.impls.len() as u32);
        let symbol = self.symbols.kernel_symbol(self.module, &decl.name.name);
        let (name, span) = (decl.name.name.clone(), decl.name.span);
        self.env.program.impls.push(Impl { name, symbol, of, functions, values: Vec::new(), span });
        Entity::Impl(id)
    }

    /// The functions of an `impl`, as they are declared.
    pub(super) fn impl_signatures(&mut self, cx: &mut Session, id: ImplId, decl: &'a ImplDecl) {
        for (func, _, function) in self.functions_of(id, decl) {
            self.function_signature(cx, func, function);
        }
    }

    fn functions_of(&self, id: ImplId, decl: &'a ImplDecl) -> Vec<(FuncId, &'a ImplMember, &'a FnDecl)> {
        let declared = |name: &str| {
            decl.members.iter().find_map(|member| match &member.kind {
                ImplMemberKind::Fn(function) if function.name.name == name => Some((member, function)),
                ImplMemberKind::Fn(_) | ImplMemberKind::Field { .. } => None,
            })
        };
        let functions = self.env.program.implementation(id).functions.iter();
        functions
            .filter_map(|function| declared(&function.name).map(|(member, decl)| (function.func, member, decl)))
            .collect()
    }

    /// The `impl` as a whole, once all signatures are known.
    pub(super) fn implementation(&mut self, cx: &mut Session, id: ImplId, decl: &'a ImplDecl) {
        let errors = cx.diags.error_count();
        for (func, member, function) in self.functions_of(id, decl) {
            self.function(cx, func, member.span, function);
        }
        let of = self.env.program.implementation(id).of.clone();
        let mut values = Vec::new();
        for member in &decl.members {
            if let ImplMemberKind::Field { name, value } = &member.kind {
                values.extend(self.value_member(cx, &of, name, value));
            }
        }
        let spec = struct_ops(&of);
        values.extend(own_name(cx, &of, decl, spec));
        self.env.program.impls[id.0 as usize].values = values;
        if let Some(spec) = spec.filter(|_| cx.diags.error_count() == errors) {
            require(cx, spec, decl);
        }
    }

    /// `flags: value`
    fn value_member(&mut self, cx: &mut Session, of: &str, name: &Ident, value: &Expr) -> Option<ImplValue> {
        let ty = match member(cx, of, name)? {
            OpsMember::Value(ty) => ty,
            OpsMember::Function(prototype) => {
                let ty = function_type(cx, &prototype);
                cx.error(value.span, MemberType { member: name.name.clone(), of: of.to_owned(), ty })
                    .help(format!("write its body here: `fn {}(…) {{ … }}`", name.name));
                return None;
            }
        };
        // A pointer of the struct is null in what libbpf hands to the kernel, which fills in `owner` itself.
        if let (TyKind::Ptr { .. }, ExprKind::Null) = (cx.types.kind(ty), &value.kind) {
            return None;
        }
        if !is_data(cx, ty) {
            let (member, ty) = (name.name.clone(), cx.types.name(ty));
            cx.error(name.span, MemberData { member, ty }).help("leave it out: the kernel fills it in");
            return None;
        }
        self.in_member = true;
        let constant = consts::eval(cx, self, value, Some(ty));
        self.in_member = false;
        let constant = constant?;
        Some(ImplValue { name: name.name.clone(), ty, value: constant.value })
    }

    /// The signature of a member, whose pointers point to what the verifier knows.
    pub(super) fn member_signature(
        &self,
        cx: &mut Session,
        role: &ProgramRole,
        decl: &FnDecl,
        sig: FnSig,
    ) -> Signature {
        let Some((of, _)) = role.member() else { return Signature::unknown(sig) };
        let prototype = match member(cx, of, &decl.name) {
            Some(OpsMember::Function(prototype)) => prototype,
            Some(OpsMember::Value(ty)) => {
                let (member, ty) = (decl.name.name.clone(), format!("a `{}`", cx.types.name(ty)));
                cx.error(decl.name.span, MemberType { member: member.clone(), of: of.to_owned(), ty })
                    .help(format!("give it a constant: `{member}: value`"));
                return Signature::unknown(sig);
            }
            None => return Signature::unknown(sig),
        };
        let returns = prototype.result.clone();
        let given = Given::in_words(&cx.types, Some(prototype), btf::Wanted::Function, false);
        let wanted = Wanted { role, of: role.target.as_deref(), trusted: true, given, returns: returns.clone().ok() };
        let Signature { mut sig, arguments, .. } = wanted.signature(cx, decl, sig);
        if !self.returns(cx, sig.result, &returns) {
            let form = wanted.form(cx, decl);
            let at = decl.result.as_ref().map_or(decl.name.span, |result| result.ty.span);
            let ty = match returns {
                Ok(Ty::VOID) => "a function without result".to_owned(),
                Ok(ty) => format!("a function that returns `{}`", cx.types.name(ty)),
                Err(_) => "a function whose result is no type of the language".to_owned(),
            };
            let (member, of) = (decl.name.name.clone(), of.to_owned());
            cx.error(at, MemberType { member, of, ty }).help(format!("write `{form}`"));
            sig.result = Ty::ERROR;
        }
        Signature { sig, arguments, result_at: None, spec: None }
    }

    /// Whether the result of a function may be declared so: a number of the same width, or what the kernel has.
    fn returns(&self, cx: &mut Session, declared: Ty, returned: &Result<Ty, btf::NotImported>) -> bool {
        let Ok(returned) = returned else { return false };
        let width = |ty: Ty| cx.types.as_int(ty).map(|(bits, _)| bits);
        declared == Ty::ERROR
            || declared == *returned
            || width(declared).is_some() && width(declared) == width(*returned)
    }
}

/// Whether a constant of the program can be a member of this type.
pub(super) fn is_data(cx: &Session, ty: Ty) -> bool {
    let element = if let TyKind::Array(element, _) = cx.types.kind(ty) { element } else { ty };
    let is_number = cx.types.as_int(element).is_some() || element == Ty::BOOL || element == Ty::CHAR;
    is_number || matches!(cx.types.kind(element), TyKind::Enum(_))
}

/// The struct that the attribute names; none if that was reported.
fn struct_name(cx: &mut Session, item: &Item, decl: &ImplDecl) -> Option<String> {
    let attribute = item.attributes.iter().find(|attribute| attribute.name.name == STRUCT_OPS_ATTRIBUTE);
    let Some(attribute) = attribute else {
        // If it has another attribute, the report about that says so.
        if item.attributes.is_empty() {
            cx.error(decl.name.span, NoStructOps {})
                .help(format!("write `@struct_ops(\"tcp_congestion_ops\") impl {} {{ … }}`", decl.name.name));
        }
        return None;
    };
    match attribute.args.as_deref() {
        Some([arg]) if arg.name.is_none() => {
            if let ExprKind::Str(bytes) = &arg.value.kind {
                return Some(String::from_utf8_lossy(bytes).into_owned());
            }
            wrong_argument(cx, attribute);
        }
        // That it has none was reported.
        None | Some([]) => {}
        Some(_) => wrong_argument(cx, attribute),
    }
    None
}

fn wrong_argument(cx: &mut Session, attribute: &Attribute) {
    let wants = attributes::wants(STRUCT_OPS_ATTRIBUTE);
    let name = STRUCT_OPS_ATTRIBUTE.to_owned();
    cx.error(attribute.span, AttributeArguments { name, wants });
}

/// An implementation that may be left out is for kernels that take such.
fn check_kernel(cx: &mut Session, of: &str, decl: &ImplDecl) {
    if let Some(version) = cx.options.lacks(struct_ops(of).and_then(|spec| spec.since))
        && let Some(error) = cx.needs_kernel(decl.name.span, format!("an implementation of `{of}`"), version)
    {
        error.help(format!("write `min_kernel \"{version}\"` into the program, or `@optional` before the `impl`"));
    }
}

/// Whether programs may implement the struct, so far as the kernel's types say it.
fn known(cx: &mut Session, of: &str, decl: &ImplDecl) -> bool {
    let is_listed = struct_ops(of).is_some() && cx.kernel_types.has(btf::Wanted::Type, of);
    if is_listed || cx.kernel_types.is_struct_ops(of) {
        return true;
    }
    if let Err(why) = cx.kernel_types.btf() {
        let (why, path) = (kernel_types::in_words(why), cx.kernel_types.path().display().to_string());
        cx.error(decl.name.span, NoKernelTypes { path, why }).help(kernel_types::HELP);
        return false;
    }
    let names = cx.kernel_types.struct_ops();
    let near = similar::best(of, names.iter().map(String::as_str).chain(STRUCT_OPS.iter().map(|spec| spec.name)));
    let path = cx.kernel_types.path().display().to_string();
    let error = cx.error(decl.name.span, UnknownOps { name: of.to_owned() });
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if struct_ops(of).is_some() => {
            error.help(format!("`{path}` is of a kernel without it; `--btf FILE` names the types of another one"))
        }
        None => error.help(format!("it takes {}", names.join(", "))),
    };
    false
}

/// The role of the function; none if it cannot be told, which was reported.
fn role(cx: &mut Session, of: &str, decl: &FnDecl, sleeps: bool) -> Option<ProgramRole> {
    let spec = PROGRAMS.iter().find(|spec| spec.is_member())?;
    let listed = struct_ops(of).map(|spec| spec.sleepable).unwrap_or_default();
    let name = decl.name.name.as_str();
    if sleeps && !listed.is_empty() && !listed.contains(&name) {
        cx.error(decl.name.span, MemberSleeps { name: name.to_owned() })
            .help(format!("those that may sleep are {}", listed.join(", ")));
        return None;
    }
    let target = Some(format!("{of}/{name}"));
    let mode = sleeps.then_some(SLEEPABLE);
    Some(ProgramRole { mode, target, ..ProgramRole::new(spec) })
}

/// A member of the kernel's struct; none if that there is none was reported.
fn member(cx: &mut Session, of: &str, name: &Ident) -> Option<OpsMember> {
    let refused = struct_ops(of).is_some_and(|spec| spec.refused.contains(&name.name.as_str()));
    match cx.kernel_types.ops_member(&mut cx.types, of, &name.name) {
        Some(Ok(member)) if !refused => return Some(member),
        Some(Ok(_)) => {
            cx.error(name.span, UnknownOpsMember { of: of.to_owned(), name: name.name.clone() })
                .help("the kernel has this member, and lets no program implement it");
        }
        Some(Err(why)) => kernel_types::refuse(cx, name, &format!("the member `{}`", name.name), &why),
        None => {
            let names = cx.kernel_types.member_names(of);
            let near = similar::best(&name.name, &names);
            let error = cx.error(name.span, UnknownOpsMember { of: of.to_owned(), name: name.name.clone() });
            match near {
                Some(near) => error.near(name.span, near),
                None => error.help(format!("it has {}", names.join(", "))),
            };
        }
    }
    None
}

fn function_type(cx: &Session, prototype: &btf::Prototype) -> String {
    let name = |ty: &Result<Ty, btf::NotImported>| match ty {
        Ok(ty) => cx.types.name(*ty).trim_end_matches('?').to_owned(),
        Err(_) => "…".to_owned(),
    };
    let params: Vec<String> = prototype.params.iter().map(|(_, ty)| name(ty)).collect();
    let result =
        if prototype.result == Ok(Ty::VOID) { String::new() } else { format!(" -> {}", name(&prototype.result)) };
    format!("a function, `fn({}){result}`", params.join(", "))
}

/// The name of the block, where the kernel finds an implementation by a name and the block gives none.
fn own_name(cx: &mut Session, of: &str, decl: &ImplDecl, spec: Option<&StructOpsSpec>) -> Option<ImplValue> {
    let named_by = spec.map_or("name", |spec| spec.named_by.unwrap_or("name"));
    if decl.members.iter().any(|member| member.name().name == named_by) {
        return None;
    }
    let found = cx.kernel_types.ops_member(&mut cx.types, of, named_by)?;
    let Ok(OpsMember::Value(ty)) = found else { return None };
    let TyKind::Array(Ty::CHAR, length) = cx.types.kind(ty) else { return None };
    let name = decl.name.name.as_bytes();
    let kept = name.len().min(length.saturating_sub(1) as usize);
    Some(ImplValue { name: named_by.to_owned(), ty, value: Const::Str(name[..kept].to_vec()) })
}

/// Reports the members that the kernel refuses an implementation without.
fn require(cx: &mut Session, spec: &StructOpsSpec, decl: &ImplDecl) {
    let has = |name: &str| decl.members.iter().any(|member| member.name().name == name);
    let missing = spec.required.iter().filter(|choice| !choice.split('|').any(has));
    let in_words = |choice: &&&str| {
        let names: Vec<String> = choice.split('|').map(|name| format!("`{name}`")).collect();
        names.join(" or ")
    };
    let missing: Vec<String> = missing.collect::<Vec<_>>().iter().map(in_words).collect();
    if !missing.is_empty() {
        let (of, missing) = (spec.name.to_owned(), missing.join(", "));
        cx.error(decl.name.span, MissingMembers { of, missing });
    }
}
