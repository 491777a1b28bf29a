//! Per-CPU entries in user space: `m[k].cpu(i)`, `m[k].sum()`, `for (cpu, v in m[k])`.

use super::assign::Assignment;
use super::calls::counted;
use super::exprs::strip;
use super::variables::{LocalKind, Variables};
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::contexts::NoSuchMethod;
use crate::diag::codes::maps::NothingToSum;
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::similar;
use crate::sema::tree::{Expr, ExprKind, LocalId, MapId, Stmt, StmtKind};
use crate::source::Span;
use crate::tables::{MAP_METHODS, MapAccess};
use crate::types::{Ty, TyKind};

/// A sum is one addition for each integer of the value.
const MOST_INTEGERS: u64 = 256;

/// How the program says which entry it means.
#[derive(Clone, Copy)]
pub enum EntryKey<'a> {
    /// `m[k]`
    Written(&'a ast::Expr),
    /// The variable for the keys of the loop whose variable for the entries is meant.
    Walked(LocalId),
}

impl Checker<'_, '_> {
    fn key_of(&mut self, key: EntryKey<'_>, ty: Ty) -> Expr {
        match key {
            EntryKey::Written(key) => self.coerced(key, ty),
            EntryKey::Walked(key) => {
                self.vars[key].read = true;
                let span = self.vars[key].span;
                let key = self.vars.local_expr(key, span);
                self.coerce(key.into(), ty)
            }
        }
    }

    /// `m[k].name(args)`, or of the entry of a loop, where the entry has no field that could be called.
    pub fn entry_method(
        &mut self,
        (map, key): (MapId, EntryKey<'_>),
        name: &Ident,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Expr> {
        let declared = self.env.program.map(map);
        let methods = || MAP_METHODS.iter().filter(|method| method.entry);
        let Some(method) = methods().find(|m| m.name == name.name).filter(|m| declared.kind.can(m.needs)) else {
            let of = format!("an entry of `{}`, a `{}`,", declared.name, declared.kind.word());
            let near = similar::best(&name.name, methods().filter(|m| declared.kind.can(m.needs)).map(|m| m.name));
            self.check_args(args);
            let error = self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
            if let Some(near) = near {
                error.near(name.span, near);
            } else {
                error.help("entries of per-CPU maps have `cpu(i)` and `sum()`");
            }
            return None;
        };
        if !self.can(map, method.needs, span) {
            self.check_args(args);
            return None;
        }
        if args.len() != method.params.len() {
            self.check_args(args);
            let takes = counted(method.params.len(), "argument");
            self.wrong_count(&name.name, takes, args.len(), name.span)
                .remark(format!("`m[k].{}`: {}", method.name, method.summary));
            return None;
        }
        let (key_ty, ty) = self.entry_types(map);
        let key = Box::new(self.key_of(key, key_ty));
        let cpu = args.first().map(|cpu| Box::new(self.coerced(&cpu.value, Ty::U32)));
        if cpu.is_none() && !(1..=MOST_INTEGERS).contains(&self.integers(ty)) && ty != Ty::ERROR {
            let ty = self.ty_name(ty);
            self.error(span, NothingToSum { ty })
                .help("`for (cpu, v in m[k])` and `m[k].cpu(i)` give the value of each CPU");
            return None;
        }
        Some(Expr { kind: ExprKind::PerCpu { map, key, cpu }, ty, span })
    }

    /// `for (cpu, v in m[k])`
    pub fn for_cpus(&mut self, stmt: &ast::ForStmt, (map, key): (MapId, EntryKey<'_>), span: Span) -> Option<StmtKind> {
        let names = <&[Ident; 2]>::try_from(stmt.names.as_slice());
        if !self.can(map, MapAccess::CpuView, span) || names.is_err() {
            if names.is_err() {
                let wanted = "for (cpu, value in map[key])".into();
                self.error(span, MismatchedTypes { wanted, found: "one name".into() })
                    .help("write `_` for the one that is not needed");
            }
            self.declare_unknown(&stmt.names);
            self.unbound_body(&stmt.body);
            return None;
        }
        let [cpu, value] = names.ok()?;
        let (key_ty, value_ty) = self.entry_types(map);
        let key = self.key_of(key, key_ty);
        self.forget_changed(&stmt.body);
        let after = self.flow.clone();
        self.vars.blocks.push();
        let cpu = self.declare(&cpu.name, Ty::U32, cpu.span, LocalKind::LoopVariable);
        let value = self.declare(&value.name, value_ty, value.span, LocalKind::LoopVariable);
        let body = self.loop_body(&stmt.body);
        self.flow = after;
        self.join_breaks();
        self.pop_scope();
        Some(StmtKind::ForCpus { map, key, cpu, value, body })
    }

    /// `m[k].cpu(i) op= e`, `m[k].cpu(i).f op= e`: the value is read, changed, and written back.
    pub fn assign_cpu(
        &mut self,
        (map, key, cpu): (MapId, &ast::Expr, &ast::Expr),
        written: Assignment<'_>,
        out: &mut Vec<Stmt>,
    ) {
        let Assignment { place, span, .. } = written;
        if !self.can(map, MapAccess::CpuView, place.span) || !self.can(map, MapAccess::Update, place.span) {
            return;
        }
        let (key_ty, value_ty) = self.entry_types(map);
        let at = place.span;
        let key = self.coerced(key, key_ty);
        let cpu = self.coerced(cpu, Ty::U32);
        let mut take = |this: &mut Self, name: &str, init: Expr| {
            let local = this.hidden(name, init.ty, at);
            out.push(Stmt { kind: StmtKind::Var { local, init: Some(init) }, span });
            local
        };
        let key = take(self, "key", key);
        let cpu = take(self, "cpu", cpu);
        let [key_again, cpu_again] = [key, cpu].map(|local| Box::new(self.vars.local_expr(local, at)));
        let old = ExprKind::PerCpu { map, key: key_again, cpu: Some(cpu_again) };
        let copy = take(self, "value", Expr { kind: old, ty: value_ty, span: at });
        let target = self.below_place(place, copy);
        self.assign_place(target, written, out);
        let [key, cpu, value] = [key, cpu, copy].map(|local| self.vars.local_expr(local, at));
        out.push(Stmt { kind: StmtKind::MapCpuUpdate { map, key, cpu, value }, span: at });
    }
}

impl State<'_, '_> {
    /// Map, key and CPU of `m[k].cpu(i)`, or of `m[k].cpu(i).f[j]`.
    pub fn cpu_place<'a>(&self, place: &'a ast::Expr) -> Option<(MapId, &'a ast::Expr, &'a ast::Expr)> {
        let place = strip(place);
        if let Ast::Field { base, .. } | Ast::Index { base, .. } = &place.kind {
            return self.cpu_place(base);
        }
        let Ast::Call { callee, args } = &place.kind else { return None };
        let Ast::Field { base, name, .. } = &strip(callee).kind else { return None };
        let (map, key) = self.map_entry(base)?;
        let method = MAP_METHODS.iter().find(|method| method.entry && method.name == name.name)?;
        let [cpu] = args.as_slice() else { return None };
        let views = self.env.program.map(map).kind.can(method.needs) && method.params.len() == 1;
        views.then_some((map, key, &cpu.value))
    }
}

impl Site<'_, '_> {
    /// How many integers a value holds that a sum adds up.
    fn integers(&self, ty: Ty) -> u64 {
        if let TyKind::Array(element, length) = self.cx.types.kind(ty) {
            return self.integers(element).saturating_mul(length);
        }
        // What a union counts is not known.
        if let TyKind::Struct(id) = self.cx.types.kind(ty)
            && !self.cx.types.struct_def(id).origin.is_union()
        {
            let fields = self.cx.types.struct_def(id).fields.iter().filter(|field| field.bits.is_none());
            return fields.fold(0, |sum: u64, field| sum.saturating_add(self.integers(field.ty)));
        }
        u64::from(matches!(self.cx.types.kind(ty), TyKind::Int { .. }))
    }
}

impl Variables {
    /// The map and the variable for its keys, where the expression is the variable for the entries in `for (k, v in m)` over a
    /// per-CPU map.
    pub fn each_cpu(&mut self, expr: &ast::Expr) -> Option<(MapId, LocalId)> {
        let Ast::Name(path) = &strip(expr).kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let local = self.local_of(&name.name)?;
        let found = self[local].each_cpu?;
        self[local].read = true;
        Some(found)
    }
}
