//! Loops, and the exits from them.

use super::flow::Flow;
use super::percpu::EntryKey;
use super::tables::Chosen;
use super::value;
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, ForOver};
use crate::diag::codes::names::OutsideLoop;
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{Block, Expr, MapId, Stmt, StmtKind};
use crate::source::Span;
use crate::tables::MapAccess;
use crate::types::Ty;

/// A loop around the statement that is being checked.
pub(super) struct Loop {
    /// The join of the states at the `break`s so far.
    breaks: Option<Flow>,
    /// There may be a second iteration.
    again: bool,
}

/// The entries of a map that a loop goes through.
enum Entries {
    All,
    Ordered(Chosen),
    /// It was reported what is wrong with their order.
    Wrong,
}

impl Checker<'_, '_> {
    /// Checks a `while`; its body is checked once, after the facts that it may change are dropped.
    pub fn while_stmt(&mut self, condition: &ast::Expr, body: &ast::Block) -> StmtKind {
        self.forget_changed(body);
        let condition = self.truth(condition);
        let mut after = self.flow.clone();
        let body = self.loop_body(body);
        std::mem::swap(&mut self.flow, &mut after);
        if value::truth(&condition) == Some(true) {
            self.after_endless();
        }
        self.join_breaks();
        StmtKind::While { condition, body }
    }

    /// Checks a `loop`. Control goes on behind it by `break`, and in BPF code after the most iterations that the kernel allows.
    pub fn loop_stmt(&mut self, body: &ast::Block) -> StmtKind {
        self.forget_changed(body);
        let before = self.flow.clone();
        let body = self.loop_body(body);
        self.flow = before;
        self.after_endless();
        self.join_breaks();
        StmtKind::Loop { body }
    }

    /// Checks the body; the loop stays on the stack until `join_breaks`.
    pub fn loop_body(&mut self, body: &ast::Block) -> Block {
        self.loops.push(Loop { breaks: None, again: false });
        let body = self.block(body);
        self.next_iteration();
        body
    }

    /// Checks a `for` over a range, an array, a map or a per-CPU entry; none if it is wrong, which was reported.
    pub fn for_stmt(&mut self, stmt: &ast::ForStmt) -> Option<StmtKind> {
        match &stmt.over {
            ForOver::Range { low, high, inclusive } => self.for_range(stmt, low, high, *inclusive),
            ForOver::Each(over) if let Some((map, method, args)) = self.ordered_walk(over) => {
                let order = self.ordered((map, method), args, over.span);
                let entries = order.map_or(Entries::Wrong, Entries::Ordered);
                self.for_map(stmt, map, entries, over.span)
            }
            ForOver::Each(over) => match self.map_named(over) {
                Some(map) if self.is_only_histogram(map) => self.for_only_buckets(stmt, map, over.span),
                Some(map) => self.for_map(stmt, map, Entries::All, over.span),
                None if self.map_entry(over).is_some_and(|(map, _)| self.has_cpu_values(map)) => {
                    let (map, key) = self.map_entry(over)?;
                    self.for_cpus(stmt, (map, EntryKey::Written(key)), over.span)
                }
                None if let Some((map, key)) = self.vars.each_cpu(over) => {
                    self.for_cpus(stmt, (map, EntryKey::Walked(key)), over.span)
                }
                None => {
                    let over = self.typed(over, None);
                    if over.ty == Ty::BYTES {
                        return self.for_view(stmt, over);
                    }
                    if self.env.program.steps(over.ty).is_some() {
                        return self.for_buckets(stmt, over);
                    }
                    let pointee = self.pointer(over.ty).map_or(over.ty, |p| p.to);
                    if self.array(pointee).is_some() {
                        return self.for_array(stmt, over);
                    }
                    if over.ty != Ty::ERROR {
                        self.refuse_for(&over);
                    }
                    self.declare_unknown(&stmt.names);
                    self.unbound_body(&stmt.body);
                    None
                }
            },
        }
    }

    fn for_map(&mut self, stmt: &ast::ForStmt, map: MapId, entries: Entries, span: Span) -> Option<StmtKind> {
        if !self.can(map, MapAccess::Walk, span) {
            self.declare_unknown(&stmt.names);
            self.unbound_body(&stmt.body);
            return None;
        }
        let Some(key) = stmt.names.first() else { crate::bug!("a loop without a name") };
        // `for (k in m)` walks the keys.
        let no_value = ast::Ident { name: "_".to_owned(), span: key.span };
        let value = stmt.names.get(1).unwrap_or(&no_value);
        let declared = self.env.program.map(map);
        let (key_ty, value_ty, index) = (declared.key, declared.value, declared.index);
        self.forget_changed(&stmt.body);
        let after = self.flow.clone();
        self.vars.blocks.push();
        let written = self.declare(&key.name, index.unwrap_or(key_ty), key.span, LocalKind::LoopVariable);
        let value = self.declare(&value.name, value_ty, value.span, LocalKind::LoopVariable);
        if self.has_cpu_values(map) {
            self.vars[value].each_cpu = Some((map, written));
        }
        let mut body = self.loop_body(&stmt.body);
        let key = match index {
            None => written,
            Some(index) => {
                // The kernel counts in its own type.
                let counted = self.hidden("index", key_ty, key.span);
                let init = Some(value::cast(self.vars.local_expr(counted, key.span), index));
                body.stmts.insert(0, Stmt { kind: StmtKind::Var { local: written, init }, span: key.span });
                counted
            }
        };
        self.flow = after;
        self.join_breaks();
        self.pop_scope();
        match entries {
            Entries::All => Some(StmtKind::ForMap { map, key, value, body }),
            Entries::Ordered(Chosen { top, by }) => Some(StmtKind::ForOrdered { map, key, value, by, top, body }),
            Entries::Wrong => None,
        }
    }

    /// Checks the body of a loop that was reported, and leaves the scope of its names.
    pub fn unbound_body(&mut self, body: &ast::Block) {
        let after = self.flow.clone();
        self.loop_body(body);
        self.flow = after;
        self.join_breaks();
        self.pop_scope();
    }
}

impl State<'_, '_> {
    /// Loops of BPF code end, as by `break`, after the most iterations that the kernel allows.
    fn after_endless(&mut self) {
        let ends = self.targets.any(|on| on.bounds_loops) && self.loops.last().is_some_and(|innermost| innermost.again);
        self.flow.reachable &= ends;
        self.flow.unforeseen = ends;
    }

    /// Control goes back to the loop's head.
    fn next_iteration(&mut self) {
        if let Some(Loop { again, .. }) = self.loops.last_mut() {
            *again |= self.flow.reachable;
        }
    }

    /// Ends the innermost loop: the states at its `break`s join the present one.
    pub fn join_breaks(&mut self) {
        if let Some(Loop { breaks: Some(breaks), .. }) = self.loops.pop() {
            self.flow = breaks.join(self.flow.clone());
        }
    }

    /// Checks a `break`; none outside of a loop, which is reported.
    pub fn break_stmt(&mut self, span: Span) -> Option<StmtKind> {
        let flow = self.flow.clone();
        let Some(innermost) = self.loops.last_mut() else {
            self.outside_loop("break", span);
            return None;
        };
        innermost.breaks = Some(match innermost.breaks.take() {
            Some(before) => before.join(flow),
            None => flow,
        });
        self.flow.reachable = false;
        Some(StmtKind::Break)
    }

    /// Checks a `continue`; none outside of a loop, which is reported.
    pub fn continue_stmt(&mut self, span: Span) -> Option<StmtKind> {
        if self.loops.is_empty() {
            self.outside_loop("continue", span);
            return None;
        }
        self.next_iteration();
        self.flow.reachable = false;
        Some(StmtKind::Continue)
    }

    fn outside_loop(&mut self, word: &str, span: Span) {
        if !self.refuse_leaving(word, span) {
            let error = self.error(span, OutsideLoop { word: word.to_owned() });
            if word == "break" {
                error.help("`break` leaves a loop; an arm of a `match` ends by itself");
            }
        }
    }

    /// Names of a loop that was reported: known, so that its body can be checked.
    pub fn declare_unknown(&mut self, names: &[ast::Ident]) {
        self.vars.blocks.push();
        for name in names {
            self.declare(&name.name, Ty::ERROR, name.span, LocalKind::LoopVariable);
        }
    }
}

impl Site<'_, '_> {
    /// Whether an entry is a value of each CPU to user space; a histogram is one of all CPUs.
    fn has_cpu_values(&self, map: MapId) -> bool {
        let kind = self.env.program.map(map).kind;
        kind.percpu && kind.buckets.is_none()
    }

    /// A value that is neither range nor array.
    fn refuse_for(&mut self, over: &Expr) {
        let found = format!("`{}`", self.ty_name(over.ty));
        let text = self.text(over.span);
        let counts = if self.is_str(over.ty) {
            Some(format!("its characters are `{text}[i]` in `for (i in 0..len({text}))`"))
        } else {
            self.cx.types.as_int(over.ty).map(|_| format!("to count, write `0..{text}`"))
        };
        let error = self.error(over.span, MismatchedTypes { wanted: "a range, an array or a map".into(), found });
        if let Some(help) = counts {
            error.help(help);
        }
    }
}
