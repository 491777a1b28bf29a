//! Warns of offsets into the packet that are computed of the length that a header says it has, where nothing compares that length with
//! its minimum: a smaller one places what follows inside the header.
//!
//! Looks at what variables, parameters and results are computed of, not at the paths on which they are compared. A comparison
//! counts in its function, in those that call it and in those that it calls.

use super::env::Env;
use super::tree::{
    Block, Expr, ExprKind, FuncId, LocalId, Optional, OptionalKind, Parts, Program, Stmt, StmtKind, View, Visitor,
};
use crate::diag::codes::contexts::UncheckedMinimum;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{HEADER_MINIMA, HeaderMinimum};
use crate::types::{TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers of records in the table.
type Lengths = BTreeSet<usize>;

pub(super) fn report(cx: &mut Session, env: &Env) {
    let program = &env.program;
    let mut facts = Facts::default();
    loop {
        let before = facts.count();
        for at in 0..program.funcs.len() {
            let func = FuncId(at as u32);
            Walk { types: &cx.types, program, func, facts: &mut facts }.block(&program.func(func).body);
        }
        if facts.count() == before {
            break;
        }
    }
    for ((span, length), func) in &facts.offsets {
        if facts.connected(*func).iter().any(|func| facts.compared.contains(&(*func, *length))) {
            continue;
        }
        let HeaderMinimum { name, field, least } = &HEADER_MINIMA[*length];
        let what = UncheckedMinimum { field: (*field).to_owned(), of: (*name).to_owned(), least: least.to_string() };
        cx.warn(*span, what).help(format!("test it before: `if (h->{field} < {least}) return …`"));
    }
}

#[derive(Default)]
struct Facts {
    /// The lengths from which variables are computed.
    locals: BTreeMap<(FuncId, LocalId), Lengths>,
    /// The lengths from which results are computed.
    results: BTreeMap<FuncId, Lengths>,
    compared: BTreeSet<(FuncId, usize)>,
    /// The offsets that are computed of a length, each with its function.
    offsets: BTreeMap<(Span, usize), FuncId>,
    /// The variables from which offsets are computed.
    used: BTreeSet<(FuncId, LocalId)>,
    calls: BTreeSet<(FuncId, FuncId)>,
}

impl Facts {
    fn count(&self) -> usize {
        let lengths: usize = self.locals.values().chain(self.results.values()).map(BTreeSet::len).sum();
        lengths + self.compared.len() + self.offsets.len() + self.used.len() + self.calls.len()
    }

    /// A function with all that it calls and that call it.
    fn connected(&self, func: FuncId) -> BTreeSet<FuncId> {
        let mut found = BTreeSet::from([func]);
        for up in [false, true] {
            let mut todo = vec![func];
            while let Some(func) = todo.pop() {
                for &(caller, callee) in &self.calls {
                    let (from, to) = if up { (callee, caller) } else { (caller, callee) };
                    if from == func && found.insert(to) {
                        todo.push(to);
                    }
                }
            }
        }
        found
    }
}

struct Walk<'t> {
    types: &'t Types,
    program: &'t Program,
    func: FuncId,
    facts: &'t mut Facts,
}

impl<'t> Walk<'t> {
    /// The lengths and the variables from which an expression is computed.
    fn computed_of(&self, expr: &Expr) -> (Lengths, BTreeSet<LocalId>) {
        let (mut lengths, mut locals) = (Lengths::new(), BTreeSet::new());
        if let ExprKind::Local(local) = expr.kind {
            lengths.extend(self.facts.locals.get(&(self.func, local)).into_iter().flatten());
            locals.insert(local);
        } else if let ExprKind::Field { base, field } = &expr.kind {
            lengths.extend(self.length(base, *field));
        } else if let Some((func, _)) = expr.call() {
            lengths.extend(self.facts.results.get(&func).into_iter().flatten());
        } else {
            let is_number = matches!(expr.kind, ExprKind::Arith { .. } | ExprKind::Cast(_) | ExprKind::Neg(_));
            let parts = if let (true, Parts::Operands(parts)) = (is_number, expr.parts()) { Some(parts) } else { None };
            for part in parts.or_else(|| expr.branches()).unwrap_or_default() {
                let (more, others) = self.computed_of(part);
                lengths.extend(more);
                locals.extend(others);
            }
        }
        (lengths, locals)
    }

    fn length(&self, base: &Expr, field: usize) -> Option<usize> {
        let TyKind::Struct(id) = self.types.kind(base.ty) else { return None };
        let def = self.types.struct_def(id);
        HEADER_MINIMA.iter().position(|least| least.name == def.name && def.fields[field].name == least.field)
    }

    fn assigned(&mut self, local: LocalId, value: &Expr) {
        let (lengths, _) = self.computed_of(value);
        if !lengths.is_empty() {
            self.facts.locals.entry((self.func, local)).or_default().extend(lengths);
        }
    }

    fn offset(&mut self, offset: &Expr) {
        let (lengths, locals) = self.computed_of(offset);
        let is_param = |local: &LocalId| self.program.func(self.func).params.contains(local);
        let params: Vec<LocalId> = locals.iter().copied().filter(is_param).collect();
        self.facts.used.extend(params.into_iter().map(|param| (self.func, param)));
        // A length that comes by a parameter is reported at the caller.
        let own = |length: &usize| {
            let given = |local: &LocalId| {
                let known = self.facts.locals.get(&(self.func, *local));
                is_param(local) && known.is_some_and(|lengths| lengths.contains(length))
            };
            !locals.iter().any(given)
        };
        let found: Vec<usize> = lengths.into_iter().filter(own).collect();
        self.facts.offsets.extend(found.into_iter().map(|length| ((offset.span, length), self.func)));
    }

    fn compared(&mut self, expr: &Expr) {
        let (lengths, _) = self.computed_of(expr);
        self.facts.compared.extend(lengths.into_iter().map(|length| (self.func, length)));
    }

    fn call(&mut self, callee: FuncId, args: &[Expr]) {
        self.facts.calls.insert((self.func, callee));
        for (arg, &param) in std::iter::zip(args, &self.program.func(callee).params) {
            let (lengths, _) = self.computed_of(arg);
            if self.facts.used.contains(&(callee, param)) {
                self.offset(arg);
            }
            if !lengths.is_empty() {
                self.facts.locals.entry((callee, param)).or_default().extend(lengths);
            }
        }
    }
}

impl<'t> Visitor<'t> for Walk<'t> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        if let StmtKind::Var { local, init: Some(init) } = &stmt.kind {
            self.assigned(*local, init);
        } else if let StmtKind::Assign { place, value, .. } = &stmt.kind
            && let ExprKind::Local(local) = place.kind
        {
            self.assigned(local, value);
        } else if let StmtKind::Return(Some(value)) = &stmt.kind {
            let (lengths, _) = self.computed_of(value);
            self.facts.results.entry(self.func).or_default().extend(lengths);
        }
        self.parts_of_stmt(stmt);
    }

    fn optional(&mut self, optional: &'t Optional) {
        if let OptionalKind::Packet { offset, .. } = &optional.kind {
            self.offset(offset);
        }
        self.parts_of_optional(optional);
    }

    fn block(&mut self, block: &'t Block) {
        block.stmts.iter().for_each(|stmt| self.stmt(stmt));
        block.value.iter().for_each(|value| self.expr(value));
    }

    fn expr(&mut self, expr: &'t Expr) {
        if let ExprKind::Compare { left, right, .. } = &expr.kind {
            self.compared(left);
            self.compared(right);
        } else if let ExprKind::Match(node) = &expr.kind {
            self.compared(&node.subject);
        } else if let Some((func, args)) = expr.call() {
            self.call(func, args);
        } else if let ExprKind::View(view) = &expr.kind
            && let View::Packet { offset, .. } | View::Slice { offset, .. } = &**view
        {
            self.offset(offset);
        }
        self.parts_of_expr(expr);
    }
}
