//! `main`: its signature, and the options of the command line that its parameter declares.

use super::Declare;
use crate::ast::{FieldDecl, FnDecl, ItemKind};
use crate::diag::codes::contexts::{MainParameters, MainResult, OptionType, RequiredField, ReservedOption};
use crate::diag::codes::types::BitFieldShape;
use crate::sema::tree::{ArgOption, ArgsSpec, Role, Storage};
use crate::session::Session;
use crate::types::{FnSig, Origin, StructId, Ty, TyKind};

/// An array of strings of this name, as the last field, gets the words behind `--`.
const COMMAND: &str = "command";

impl Declare<'_> {
    /// The options, if `main` takes any.
    pub(super) fn check_main(&mut self, cx: &mut Session, decl: &FnDecl, sig: &FnSig) -> Option<ArgsSpec> {
        if ![Ty::VOID, Ty::I32, Ty::ERROR].contains(&sig.result)
            && let Some(result) = &decl.result
        {
            cx.error(result.ty.span, MainResult {}).fix(result.ty.span, "i32");
        }
        let (Some(param), Some(&ty)) = (decl.params.first(), sig.params.first()) else { return None };
        if ty == Ty::ERROR {
            return None;
        }
        if let TyKind::Struct(id) = cx.types.kind(ty)
            && cx.types.struct_def(id).origin == Origin::User
        {
            if let Some(second) = decl.params.get(1) {
                cx.error(second.span, MainParameters {}).help("make it a field of the struct of options");
            }
            return Some(self.options(cx, id));
        }
        cx.error(param.ty.span, MainParameters {}).help("declare `struct Args { … }` and write `main(args: Args)`");
        None
    }

    fn options(&mut self, cx: &mut Session, ty: StructId) -> ArgsSpec {
        let mut options = Vec::new();
        let fields: Vec<&FieldDecl> = self.struct_fields(ty).iter().filter(|field| !field.is_gap()).collect();
        let last = fields.len().saturating_sub(1);
        for (field, decl) in fields.into_iter().enumerate() {
            let Some(def) = cx.types.struct_def(ty).fields.get(field) else { continue };
            let field_ty = def.ty;
            if let Some(width) = &decl.bits {
                cx.error(width.span, BitFieldShape { why: format!("the option `{}` cannot be a bit-field", def.name) })
                    .help("give it the whole integer");
            }
            if !is_option(cx, field_ty) {
                let ty = cx.types.name(field_ty);
                cx.error(decl.ty.span, OptionType { ty });
            }
            let default = self.env.field_defaults.get(&(ty, field)).cloned();
            let is_string = matches!(cx.types.kind(field_ty), TyKind::Str(_));
            let required = self.required.contains_key(&(ty, field)) || is_string && default.is_none();
            let command = field == last && decl.name.name == COMMAND && is_words(cx, field_ty);
            options.push(ArgOption { field, docs: decl.docs.clone(), default, required, command });
        }
        let docs = self.struct_entries.get(&ty).map(|&index| self.entries[index].item.docs.clone());
        ArgsSpec { ty, docs: docs.unwrap_or_default(), options }
    }

    /// The options that the runtime has in this program (runtime/src/library/args/own.rs) are no fields of `main`'s.
    pub(super) fn refuse_reserved(&self, cx: &mut Session) {
        let program = &self.env.program;
        let pins = program.maps.iter().any(|map| map.pinned)
            || program.globals.iter().any(|global| global.storage == Storage::Pinned);
        let is_kept = |role: &Role| {
            let Role::Program(role) = role else { return false };
            role.form().and_then(|form| form.attach.form()).is_some_and(|form| form.kept)
        };
        let keeps = program.funcs.iter().any(|func| is_kept(&func.role));
        for func in &program.funcs {
            let Role::Main(Some(args)) = &func.role else { continue };
            for field in self.struct_fields(args.ty) {
                let reserved = match field.name.name.as_str() {
                    "help" => true,
                    "reset_pins" => pins,
                    "replace" | "pin_links" => keeps,
                    _ => false,
                };
                if reserved {
                    cx.error(field.name.span, ReservedOption { name: field.name.name.replace('_', "-") });
                }
            }
        }
    }

    /// A field that is no option of `main` cannot be required. A file without `main` may declare the options of another one.
    pub(super) fn refuse_required(&self, cx: &mut Session) {
        let program = &self.env.program;
        let mains =
            program.funcs.iter().filter_map(|func| if let Role::Main(args) = &func.role { Some(args) } else { None });
        let (mut has_main, mut options) = (false, None);
        for args in mains {
            has_main = true;
            options = args.as_ref().map(|args| args.ty);
        }
        for (&(of, _), &span) in self.required.iter().filter(|((of, _), _)| options != Some(*of)) {
            if has_main || program.configs.iter().any(|config| config.ty == of) {
                cx.error(span, RequiredField {})
                    .help("an initialiser names every field that has no default, so leave `= required` out");
            }
        }
    }

    fn struct_fields(&self, of: StructId) -> &[FieldDecl] {
        let Some(&index) = self.struct_entries.get(&of) else { return &[] };
        if let ItemKind::Struct(decl) = &self.entries[index].item.kind { &decl.fields } else { &[] }
    }
}

/// An array of strings.
fn is_words(cx: &Session, ty: Ty) -> bool {
    matches!(cx.types.kind(ty), TyKind::Array(element, _) if matches!(cx.types.kind(element), TyKind::Str(_)))
}

/// Numbers, bools, characters, enums, strings, and arrays of those (the option is repeated).
fn is_option(cx: &Session, ty: Ty) -> bool {
    let ty = if let TyKind::Array(element, _) = cx.types.kind(ty) { element } else { ty };
    let is_stack = cx.types.stacks_of(ty).is_some();
    !is_stack
        && matches!(
            cx.types.kind(ty),
            TyKind::Bool
                | TyKind::Int { .. }
                | TyKind::Be { .. }
                | TyKind::Char
                | TyKind::F64
                | TyKind::Str(_)
                | TyKind::Enum(_)
                | TyKind::Error
        )
}
