//! Entries of maps: reading, writing, presence.

use super::assign::Assignment;
use super::exprs::strip;
use super::value::{error_expr, has_effect, local, number};
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, BinaryOp, ExprKind as Ast, Ident};
use crate::diag::codes::maps::{DeleteFromArray, DeleteWhat, LostFieldWrite, PercpuValue};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::env::Entity;
use crate::sema::tree::{
    Binding, Block, Callee, Condition, Expr, ExprKind, If, LocalId, MapId, Optional, OptionalKind, Stmt, StmtKind,
};
use crate::source::Span;
use crate::tables::{MAP_METHODS, MapAccess, ValueRule};
use crate::target::Maps;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// `m[k]` of a map of sockets.
    fn socket_entry(&mut self, map: MapId, key: &ast::Expr, span: Span) -> Expr {
        let method = MAP_METHODS.iter().find(|method| method.indexed && method.needs == MapAccess::Socket);
        let Some(method) = method.filter(|_| self.can(map, MapAccess::Socket, span)) else { return error_expr(span) };
        let key = self.entry_key(map, key);
        if key.ty == Ty::ERROR {
            return error_expr(span);
        }
        let ty = self.table_type(method.result);
        Expr::operation(Callee::Map { map, method }, vec![key], ty, span)
    }

    /// `base[index]` as a value.
    pub fn index(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        let Some(map) = self.map_named(base) else {
            let base = self.typed(base, None);
            return self.element(base, index, span);
        };
        if self.env.program.map(map).inner.is_some() && self.can(map, MapAccess::Inner, span) {
            return self.untested(span);
        }
        if self.env.program.map(map).kind.can(MapAccess::Socket) {
            return self.socket_entry(map, index, span);
        }
        if !self.can(map, MapAccess::Lookup, span) {
            return error_expr(span);
        }
        self.percpu_value(map, span);
        let (_, ty) = self.entry_types(map);
        let key = Box::new(self.entry_key(map, index));
        Expr { kind: ExprKind::MapGet { map, key }, ty, span }
    }

    /// `m[k]` as something that may be there or not.
    pub fn entry_optional(&mut self, map: MapId, key: &ast::Expr, span: Span) -> Optional {
        let (_, ty) = self.entry_types(map);
        let key = self.entry_key(map, key);
        Optional { kind: OptionalKind::MapEntry { map, key }, ty, span }
    }

    /// `var v = m[k]`: a copy that remembers whether the entry was there.
    pub fn var_copy(
        &mut self,
        name: &Ident,
        declared: Option<Ty>,
        entry: (MapId, &ast::Expr),
        init: &ast::Expr,
        out: &mut Vec<Stmt>,
    ) {
        let (map, key) = entry;
        if self.env.program.map(map).inner.is_some() {
            self.untested(init.span);
            self.declare(&name.name, Ty::ERROR, name.span, LocalKind::Var);
            return;
        }
        if !self.can(map, MapAccess::Lookup, init.span) {
            let ty = declared.unwrap_or(Ty::ERROR);
            self.declare(&name.name, ty, name.span, LocalKind::Var);
            return;
        }
        self.percpu_value(map, init.span);
        let value_ty = self.env.program.map(map).value;
        let ty = declared.unwrap_or(value_ty);
        let span = name.span.to(init.span);
        if ty == value_ty {
            let source = self.entry_optional(map, key, init.span);
            let present = self.hidden(&format!("{}.present", name.name), Ty::BOOL, name.span);
            let local = self.declare(&name.name, ty, name.span, LocalKind::Var);
            self.vars[local].present = Some(present);
            out.push(Stmt { kind: StmtKind::VarCopy { local, present, source }, span });
            return;
        }
        let (value, present) = self.hidden_copy(&name.name, entry, init.span, out);
        let value = self.coerce(value.into(), ty);
        let local = self.declare(&name.name, ty, name.span, LocalKind::Var);
        self.vars[local].present = Some(present);
        out.push(Stmt { kind: StmtKind::Var { local, init: Some(value) }, span });
    }

    /// A copy of an entry in a variable without a name: its value, and the bool that is true if it was there.
    fn hidden_copy(
        &mut self,
        name: &str,
        (map, key): (MapId, &ast::Expr),
        span: Span,
        out: &mut Vec<Stmt>,
    ) -> (Expr, LocalId) {
        let source = self.entry_optional(map, key, span);
        let present = self.hidden(&format!("{name}.present"), Ty::BOOL, span);
        let local = self.hidden(name, source.ty, span);
        out.push(Stmt { kind: StmtKind::VarCopy { local, present, source }, span });
        (self.vars.local_expr(local, span), present)
    }

    /// `v = m[k]` for a `v` that remembers presence: from here on it remembers that of this entry.
    pub fn copy_again(&mut self, place: &Expr, value: &ast::Expr, span: Span, out: &mut Vec<Stmt>) -> bool {
        let Some(local) = local(place) else { return false };
        let Some(present) = self.vars[local].present else { return false };
        let Some(entry @ (map, _)) = self.value_entry(strip(value)) else { return false };
        if self.env.program.map(map).inner.is_some() || !self.can(map, MapAccess::Lookup, value.span) {
            return false;
        }
        self.percpu_value(map, value.span);
        let (copy, there) = self.hidden_copy("copy", entry, value.span, out);
        let copy = self.coerce(copy.into(), place.ty);
        self.note_assigned(local, Some(&copy));
        out.push(Stmt {
            kind: StmtKind::Assign { place: self.vars.local_expr(local, span), op: None, value: copy },
            span,
        });
        let place = self.vars.local_expr(present, span);
        let value = self.vars.local_expr(there, span);
        out.push(Stmt { kind: StmtKind::Assign { place, op: None, value }, span });
        true
    }

    /// `m[k] = e`, `m[k] op= e`
    pub fn assign_entry(&mut self, map: MapId, key: &ast::Expr, written: Assignment<'_>) -> Option<Stmt> {
        let Assignment { op, value, span, .. } = written;
        let place = written.place.span;
        if self.env.program.map(map).inner.is_some() && op.is_none() {
            return self.set_inner(map, key, value, place).map(|kind| Stmt { kind, span });
        }
        let needs: &[MapAccess] =
            if op.is_some() { &[MapAccess::Lookup, MapAccess::Update] } else { &[MapAccess::Update] };
        if !needs.iter().all(|&access| self.can(map, access, place)) {
            return None;
        }
        let (_, value_ty) = self.entry_types(map);
        let key = self.entry_key(map, key);
        let kind = match op {
            None if matches!(strip(value).kind, Ast::Null) && self.deleted_by_null(map, written) => return None,
            None => {
                let value = match self.program_entry(map, value)? {
                    Some(program) => program,
                    None => self.coerced(value, value_ty),
                };
                self.refuse_escape(&value);
                StmtKind::MapUpdate { map, key, value }
            }
            Some(op) => {
                self.refuse_percpu_write(map, place);
                if self.is_str(value_ty) && op == BinaryOp::Add {
                    return self.append_to_entry(map, key, value, place, span);
                }
                let (op, value) = self.compound(op, value_ty, place, value)?;
                StmtKind::MapAssignOp { map, key, op, value }
            }
        };
        Some(Stmt { kind, span })
    }

    /// `m[k].f = e`, `m[k].f op= e`: in place if the entry is there, else nothing.
    pub fn assign_below(&mut self, map: MapId, key: &ast::Expr, written: Assignment<'_>, out: &mut Vec<Stmt>) {
        let Assignment { place, op, span, .. } = written;
        if !self.can(map, MapAccess::Lookup, place.span) || !self.can(map, MapAccess::Update, place.span) {
            return;
        }
        self.refuse_percpu_write(map, place.span);
        let mut source = self.entry_optional(map, key, place.span);
        let local = self.hidden("entry", source.ty, place.span);
        self.vars[local].kind = LocalKind::Entry;
        self.vars[local].map = Some(map);
        let target = self.below_place(place, local);
        if op.is_none() && target.ty != Ty::ERROR {
            self.lost_write(map, key, span);
        }
        let mut body = Vec::new();
        self.assign_place(target, written, &mut body);
        // Key, indexes and value are evaluated whether the entry is there or not.
        for stmt in &mut body {
            let StmtKind::Assign { place, value, .. } = &mut stmt.kind else { continue };
            let value_first = has_effect(value);
            let mut effect = value_first;
            each_variable_index(place, &mut |index| effect |= has_effect(index));
            if !effect {
                continue;
            }
            if let OptionalKind::MapEntry { key, .. } = &mut source.kind {
                self.evaluate_first(key, out);
            }
            each_variable_index(place, &mut |index| self.evaluate_first(index, out));
            if value_first {
                self.evaluate_first(value, out);
            }
        }
        let then = Block { stmts: body, value: None, span };
        let condition = Condition::Bindings(vec![Binding { local, source }]);
        let branch = If { condition, then, otherwise: None };
        let expr = Expr { kind: ExprKind::If(Box::new(branch)), ty: Ty::VOID, span };
        out.push(Stmt { kind: StmtKind::Expr(expr), span });
    }

    /// The place of `m[k].f.g[i]`, where a local names the entry.
    pub fn below_place(&mut self, place: &ast::Expr, entry: crate::sema::tree::LocalId) -> Expr {
        let place = strip(place);
        if let Ast::Index { base, index } = &place.kind
            && self.map_entry(place).is_none()
        {
            let base = self.below_place(base, entry);
            return self.element(base, index, place.span);
        }
        let Ast::Field { base, name, arrow } = &place.kind else {
            // The entry, or the value of one CPU.
            return self.vars.local_expr(entry, place.span);
        };
        let base = self.below_place(base, entry);
        self.field_of(base, name, *arrow, place.span)
    }

    /// Checks `delete m[k]` or `delete p`; none if it is wrong, which was reported.
    pub fn delete(&mut self, what: &ast::Expr, span: Span) -> Option<StmtKind> {
        let Some((map, key)) = self.map_entry(what) else {
            let value = self.typed(what, None);
            if matches!(self.cx.types.kind(value.ty), TyKind::Ptr { .. }) {
                return self.delete_object(value, span);
            }
            if value.ty != Ty::ERROR {
                self.error(what.span, DeleteWhat {})
                    .help("write `delete map[key]`, or `delete p` with a pointer to what `new` made");
            }
            return None;
        };
        let declared = self.env.program.map(map);
        let (kind, name) = (declared.kind, declared.name.clone());
        if !kind.array && !self.can(map, MapAccess::Delete, span) {
            return None;
        }
        let key_text = self.text(key.span).to_owned();
        let key = self.entry_key(map, key);
        if kind.array {
            let help = match kind.buckets {
                Some(_) => format!("`clear({name})` empties it, in user space"),
                None => format!("to clear the entry write a zero to it: `{name}[{key_text}] = …`"),
            };
            self.error(span, DeleteFromArray { name, kind: kind.word().into() }).help(help);
            return None;
        }
        self.note_deleted(map, &key, span);
        Some(StmtKind::MapDelete { map, key })
    }
}

impl State<'_, '_> {
    /// The map that a name means.
    pub fn map_named(&self, expr: &ast::Expr) -> Option<MapId> {
        if let Ast::Name(path) = &strip(expr).kind
            && let [name] = path.segments.as_slice()
            && let Some(bound) = self.vars.bound_map(&name.name)
        {
            return Some(bound);
        }
        if let Entity::Map(map) = self.entity_named(expr)? { Some(*map) } else { None }
    }

    /// Map and key of `m[k]`.
    pub fn map_entry<'a>(&self, expr: &'a ast::Expr) -> Option<(MapId, &'a ast::Expr)> {
        let Ast::Index { base, index } = &strip(expr).kind else { return None };
        Some((self.map_named(base)?, index))
    }

    /// Like `map_entry`; none for the entry of a map of sockets, which is a pointer and no value.
    pub fn value_entry<'a>(&self, expr: &'a ast::Expr) -> Option<(MapId, &'a ast::Expr)> {
        self.map_entry(expr).filter(|&(map, _)| !self.env.program.map(map).kind.can(MapAccess::Socket))
    }

    /// Map and key of `m[k].f`, `m[k][i]`, `m[k].f.g[i]` …
    pub fn below_entry<'a>(&self, expr: &'a ast::Expr) -> Option<(MapId, &'a ast::Expr)> {
        let (Ast::Field { base, .. } | Ast::Index { base, .. }) = &strip(expr).kind else { return None };
        self.map_entry(base).or_else(|| self.below_entry(base))
    }

    /// `array[i] = program`: the handle of the program, which is loaded. None if that was reported; `Some(None)` for another
    /// value.
    fn program_entry(&mut self, map: MapId, value: &ast::Expr) -> Option<Option<Expr>> {
        if self.env.program.map(map).kind.value != ValueRule::Program {
            return Some(None);
        }
        match self.program_value(value) {
            None => Some(None),
            Some(func) => {
                func.map(|func| Some(Expr::operation(Callee::Load(func), Vec::new(), Ty::HANDLE, value.span)))
            }
        }
    }

    /// Takes the value of an expression into a variable of its own, before the statement.
    fn evaluate_first(&mut self, expr: &mut Expr, out: &mut Vec<Stmt>) {
        let span = expr.span;
        let local = self.hidden("value", expr.ty, span);
        let value = std::mem::replace(expr, self.vars.local_expr(local, span));
        out.push(Stmt { kind: StmtKind::Var { local, init: Some(value) }, span });
    }
}

impl Site<'_, '_> {
    /// Types of key and value.
    pub fn entry_types(&self, map: MapId) -> (Ty, Ty) {
        let declared = self.env.program.map(map);
        (declared.key, declared.value)
    }

    /// A per-CPU entry as one value in user space: the sum, of integers.
    pub fn percpu_value(&mut self, map: MapId, span: Span) {
        if !self.is_one_value(map) {
            let declared = self.env.program.map(map);
            let (name, either) = (declared.name.clone(), self.targets.only().is_none());
            // A loop over the entries has a variable for them.
            let written = self.text(span).to_owned();
            let is_name = written.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let entry = if is_name { written } else { format!("{name}[key]") };
            let error = self.error(span, PercpuValue { name: name.clone() });
            error.help(format!("`{entry}.cpu(i)` is one CPU's, `{entry}.sum()` adds up the integers"));
            error.help(format!("`for (cpu, one in {entry})` goes through all"));
            if either {
                error.help("a function that only BPF code calls is declared `@helper`");
            }
        }
    }

    /// Whether an entry is one value to the function: that of its CPU in BPF code, or a sum.
    fn is_one_value(&self, map: MapId) -> bool {
        let declared = self.env.program.map(map);
        let summable = matches!(self.cx.types.kind(declared.value), TyKind::Int { .. } | TyKind::Error);
        !declared.kind.percpu
            || declared.kind.buckets.is_some()
            || summable
            || !self.targets.any(|on| on.maps == Maps::ByRuntime)
    }

    /// Reports `m[k] = null` where an entry cannot be null but can be deleted.
    fn deleted_by_null(&mut self, map: MapId, Assignment { place, value, span, .. }: Assignment<'_>) -> bool {
        let declared = self.env.program.map(map);
        let holds_null =
            matches!(self.cx.types.kind(declared.value), TyKind::Ptr { .. } | TyKind::Fn(_) | TyKind::Error);
        if holds_null || !declared.kind.can(MapAccess::Delete) {
            return false;
        }
        let (wanted, form) =
            (format!("`{}`", self.ty_name(declared.value)), format!("delete {}", self.text(place.span)));
        self.error(value.span, MismatchedTypes { wanted, found: "`null`".into() })
            .help(format!("an entry is removed by `{form}`"))
            .fix(span, form);
        true
    }

    fn lost_write(&mut self, map: MapId, key: &ast::Expr, span: Span) {
        let declared = self.env.program.map(map);
        if !declared.kind.array {
            let name = declared.name.clone();
            let key = self.text(key.span).to_owned();
            self.warn(span, LostFieldWrite { map: name.clone() })
                .help(format!("`if (var v = {name}[{key}]) {{ … }} else {{ … }}` says what to do when it is absent"));
        }
    }
}

/// Visits the indexes in a place that are no constants, in order of evaluation.
fn each_variable_index(place: &mut Expr, visit: &mut dyn FnMut(&mut Expr)) {
    if let ExprKind::Field { base, .. } = &mut place.kind {
        each_variable_index(base, visit);
    } else if let ExprKind::Index { base, index } = &mut place.kind {
        each_variable_index(base, visit);
        if number(index).is_none() {
            visit(index);
        }
    }
}
