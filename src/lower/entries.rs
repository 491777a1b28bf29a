//! Variables that are entries of maps of their own (`Storage::Entry`).
//!
//! A function looks such an entry up once, before the first statement that names it; the rest of the block has it. So a body of `lock`,
//! in which the kernel allows no call, contains no lookup. Kernels before 6.14 follow the path on which the entry is missing, and refuse
//! it if the function owns an object there. So the lookup comes before a statement that may acquire one, too.

use super::Names;
use super::func::{Dest, Lowering};
use crate::ir::{self, Value};
use crate::sema::tree::{
    Block, Callee, Expr, ExprKind, Func, GlobalId, Optional, OptionalKind, Program, Stmt, Storage, Visitor,
};
use crate::source::Span;
use crate::tables::array_kind;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind, Types};
use std::collections::HashMap;

/// The entries that a function names.
#[derive(Default)]
pub(super) struct Entries {
    /// The variables whose entries are looked up already.
    places: HashMap<GlobalId, Value>,
    /// The others, each with the place where the function names it first.
    open: Vec<(GlobalId, Span)>,
    /// The key of them all, where one was looked up.
    key: Option<Value>,
}

impl Entries {
    pub(super) fn of(program: &Program, source: &Func) -> Entries {
        let mut named = Named { program, found: Vec::new(), acquires: false };
        named.block(&source.body);
        Entries { open: named.found, ..Entries::default() }
    }
}

/// Where the variables are named first.
struct Named<'p> {
    program: &'p Program,
    found: Vec<(GlobalId, Span)>,
    /// Whether what was visited may acquire an object.
    acquires: bool,
}

impl Visitor<'_> for Named<'_> {
    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Global(id) = expr.kind
            && self.program.is_entry(expr)
            && !self.found.iter().any(|(known, _)| *known == id)
        {
            self.found.push((id, expr.span));
        }
        let acquires = |callee: &Callee| {
            matches!(
                callee,
                Callee::New { .. }
                    | Callee::Func(_)
                    | Callee::Pointer
                    | Callee::Helper(_)
                    | Callee::Kfunc(_)
                    | Callee::Kernel(_)
                    | Callee::Object { .. }
            )
        };
        self.acquires |= matches!(expr.kind, ExprKind::MapGet { .. });
        self.acquires |= matches!(&expr.kind, ExprKind::Operation { callee, .. } if acquires(callee));
        self.parts_of_expr(expr);
    }

    fn optional(&mut self, optional: &Optional) {
        self.acquires |= matches!(optional.kind, OptionalKind::Record { .. } | OptionalKind::MapTake { .. });
        self.parts_of_optional(optional);
    }
}

/// The maps whose only entries are the variables.
pub(super) fn maps(types: &mut Types, program: &Program, names: &Names) -> Vec<ir::MapDecl> {
    let all = std::iter::zip(&program.globals, &names.globals);
    let own = all.filter(|(global, _)| global.storage == Storage::Entry);
    own.map(|(global, name)| {
        let value = value_type(types, global.ty, name);
        ir::MapDecl { private: true, ..ir::MapDecl::new(name.clone(), array_kind(), Ty::U32, value, 1, global.span) }
    })
    .collect()
}

/// The kernel finds locks and what owns objects among the fields of a struct.
fn value_type(types: &mut Types, ty: Ty, name: &str) -> Ty {
    if !types.is_kept(ty) {
        return ty;
    }
    let name = format!("{name}_value");
    let is_it = |def: &StructDef| def.name == name && matches!(&def.fields[..], [only] if only.ty == ty);
    let known = types.structs().find(|(_, def)| is_it(def)).map(|(id, _)| id);
    if let Some(id) = known {
        return types.intern(TyKind::Struct(id));
    }
    let field = FieldDef { name: "value".to_owned(), ty, offset: 0, bits: None, span: None };
    let (size, align) = (types.size_of(ty), types.align_of(ty));
    let id = types.add_struct(StructDef { name, origin: Origin::User, fields: vec![field], size, align, span: None });
    types.intern(TyKind::Struct(id))
}

impl<'a> Lowering<'a> {
    /// A variable that is looked up before the statement, or before the value of a block.
    pub(super) fn entry_to_find(&self, stmt: Option<&Stmt>, value: Option<&Expr>) -> Option<(GlobalId, Span)> {
        if self.entries.open.is_empty() {
            return None;
        }
        let mut named = Named { program: self.program, found: Vec::new(), acquires: false };
        stmt.into_iter().for_each(|stmt| named.stmt(stmt));
        value.into_iter().for_each(|value| named.expr(value));
        let is_due = |id: GlobalId| named.acquires || named.found.iter().any(|&(found, _)| found == id);
        self.entries.open.iter().copied().find(|&(id, _)| is_due(id))
    }

    /// Looks the variable up for the rest of the block from a statement on. The entry is there: the array has no other.
    pub(super) fn with_entry(
        &mut self,
        (id, span): (GlobalId, Span),
        dest: Dest,
        rest: (&Block, usize),
    ) -> Option<Value> {
        let name = self.names.global(id);
        let value = value_type(&mut self.cx.types, self.program.global(id).ty, name);
        let entry = self.cx.types.place(value, Space::MapValue);
        let optional = self.cx.types.opt(entry);
        let key = self.at(span).entry_key();
        let optional = self.b.map_entry(key, name, optional);
        self.entries.open.retain(|&(open, _)| open != id);
        let (found, reached) = self.region(&[entry], dest, |this, args| {
            this.entries.places.insert(id, args[0]);
            this.block_from(rest.0, rest.1, dest)
        });
        let (missing, _) = self.region(&[], dest, |this, _| {
            this.unreachable();
            None
        });
        let results = Self::results(dest);
        let op = self.at(span).b.ks_if_some(optional, &results, vec![found, missing]);
        self.outcome(op, dest, reached)
    }

    /// The later lookups of a function are nested in what the first one has found, so that they have its key.
    fn entry_key(&mut self) -> Value {
        if let Some(key) = self.entries.key {
            return key;
        }
        let place = self.cx.types.place(Ty::U32, Space::Stack);
        let key = self.b.ks_var(b"key", place);
        let zero = self.int(0, Ty::U32);
        self.store(key, zero);
        self.entries.key = Some(key);
        key
    }

    /// The place of a variable, which was looked up.
    pub(super) fn entry_place(&mut self, id: GlobalId) -> Value {
        let Some(&place) = self.entries.places.get(&id) else {
            crate::bug!("`{}` is not looked up", self.program.global(id).name)
        };
        let ty = self.program.global(id).ty;
        if !self.cx.types.is_kept(ty) {
            return place;
        }
        self.field_place(place, 0)
    }
}
