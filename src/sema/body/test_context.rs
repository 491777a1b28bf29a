//! The context of a run in a test: in user space a struct as C has it, whose pointers are numbers.

use super::exprs::strip;
use super::test_runs::number;
use super::{Checker, Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::tests::WrongContext;
use crate::sema::tree::{Expr, ExprKind, FuncId, LocalId, Role};
use crate::source::Span;
use crate::tables::{ContextSpec, FieldRole, Params, TestRun, contexts};
use crate::types::{FieldDef, Origin, StructDef, StructId, Ty, TyKind};

/// The end of the name of such a struct, behind that of the context.
const VALUE: &str = ".value";
/// A field of a test's own struct that is another one of the context.
const OTHER_NAMES: [(&str, &str); 1] = [("interface_id", "ingress_ifindex")];

/// The context of a program as a value.
#[derive(Clone, Copy)]
pub(super) struct TestContext {
    pub ty: Ty,
    /// Its record; none for a struct of the program.
    pub spec: Option<&'static ContextSpec>,
}

impl Checker<'_, '_> {
    /// The argument with the context: a literal of it, or such a value.
    pub(super) fn test_context(&mut self, arg: &ast::Expr, context: Option<TestContext>) -> Option<Expr> {
        let (ty, spec) = (context.map(|context| context.ty), context.and_then(|context| context.spec));
        if let (Some(ty), Some(context), ast::ExprKind::Struct { name, fields, rest }) = (ty, spec, &strip(arg).kind)
            && let [written] = name.segments.as_slice()
            && (written.name == context.name || context.aliases.contains(&written.name.as_str()))
            && let Some(id) = self.struct_id(ty)
        {
            return self.fields_of_literal(ty, id, (fields, rest.is_some()), arg.span).known();
        }
        let value = self.typed(arg, None);
        if value.ty == Ty::ERROR {
            return None;
        }
        if Some(value.ty) == ty {
            return Some(value);
        }
        let wants = match (spec, ty) {
            (Some(spec), _) => format!("`{} {{ …, .. }}`", spec.name),
            (None, Some(ty)) => format!("a `{}`", self.ty_name(ty)),
            (None, None) => "none that a test could give".to_owned(),
        };
        self.error(arg.span, WrongContext { wants });
        None
    }
}

impl State<'_, '_> {
    /// The context from the fields of a test's own struct: those that have the names of its fields.
    pub(super) fn context_of_fields(
        &mut self,
        given: LocalId,
        id: StructId,
        context: Option<TestContext>,
        span: Span,
    ) -> Option<Expr> {
        let ty = context?.ty;
        let of = self.struct_id(ty)?;
        let names: Vec<String> = self.cx.types.struct_def(id).fields.iter().map(|field| field.name.clone()).collect();
        let mut fields = Vec::new();
        for name in names {
            let other = OTHER_NAMES.iter().find(|(own, _)| *own == name).map_or(name.as_str(), |(_, other)| other);
            let Some(index) = self.cx.types.struct_def(of).field(other) else { continue };
            let wanted = self.cx.types.struct_def(of).fields[index].ty;
            let base = self.vars.local_expr(given, span);
            let value = self.struct_field(base, id, &Ident { name: name.clone(), span }, span);
            fields.push((index, self.coerce(value.into(), wanted).known()?));
        }
        if fields.is_empty() {
            return None;
        }
        for index in self.cx.types.lacking(of, &fields.iter().map(|(index, _)| *index).collect::<Vec<_>>()) {
            let ty = self.cx.types.struct_def(of).fields[index].ty;
            let zero = if self.cx.types.is_aggregate(ty) {
                Expr { kind: ExprKind::Const(crate::sema::tree::Const::Zero), ty, span }
            } else {
                number(0, ty, span)
            };
            fields.push((index, zero));
        }
        Some(Expr { kind: ExprKind::Struct { fields }, ty, span })
    }
}

impl Site<'_, '_> {
    /// How the kernel runs a program by itself.
    pub(super) fn test_kind(&self, program: FuncId) -> TestRun {
        let Role::Program(role) = &self.env.program.func(program).role else { return TestRun::Never };
        role.spec.test
    }

    /// The context that a test gives to a program and gets back.
    pub(super) fn test_context_of(&mut self, program: FuncId) -> Option<TestContext> {
        let Role::Program(role) = &self.env.program.func(program).role else { return None };
        if !matches!(role.spec.test, TestRun::Packet | TestRun::Context) {
            return None;
        }
        if role.spec.params == (Params::Own {}) {
            let param = self.env.funcs[program.0 as usize].sig.params.first().copied()?;
            return Some(TestContext { ty: self.pointer(param)?.to, spec: None });
        }
        let name = role.spec.context()?;
        let spec = contexts(self.cx.types.machine()).find(|context| context.name == name)?;
        Some(TestContext { ty: self.context_value_type(spec), spec: Some(spec) })
    }

    /// The struct of a context as a value.
    pub(super) fn context_value_type(&mut self, context: &'static ContextSpec) -> Ty {
        let name = format!("{}{VALUE}", context.name);
        let known = self.cx.types.structs().find(|(_, def)| def.origin == Origin::Kernel && def.name == name);
        if let Some((id, _)) = known {
            return self.cx.types.intern(TyKind::Struct(id));
        }
        let mut fields: Vec<FieldDef> = Vec::new();
        for spec in context.fields {
            let ty = match spec.role {
                FieldRole::PacketStart | FieldRole::PacketEnd | FieldRole::PacketMeta => Ty::U32,
                FieldRole::Plain if spec.ty.starts_with('*') => Ty::U64,
                FieldRole::Plain => self.table_type(spec.ty),
            };
            let field =
                |name: &str, ty| FieldDef { name: name.to_owned(), ty, offset: spec.offset, bits: None, span: None };
            match spec.name.rsplit_once('.') {
                // The elements of an array are fields of the table.
                Some((array, "0")) => {
                    let prefix = format!("{array}.");
                    let length = context.fields.iter().filter(|other| other.name.starts_with(&prefix)).count();
                    let ty = self.cx.types.array(ty, length as u64);
                    fields.push(field(array, ty));
                }
                Some(_) => {}
                None => fields.push(field(spec.name, ty)),
            }
        }
        let def = StructDef { name, origin: Origin::Kernel, fields, size: context.size, align: 8, span: None };
        let id = self.cx.types.add_struct(def);
        self.cx.types.intern(TyKind::Struct(id))
    }
}
