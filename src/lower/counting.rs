//! The points that an executable for coverage counts (`Options::coverage`).
//!
//! A statement needs no counter of its own where control comes as often as to the last point that was counted: after straight code, and at
//! the start of a branch. `Counting::last` is that point.

use super::func::Lowering;
use crate::ir::{Global, GlobalKind, Section, Symbol};
use crate::sema::tree::{Condition, Func, If, Program, Role, Stmt, StmtKind};
use crate::session::Session;
use crate::source::Span;
use crate::source::points::{Entry, Fork, Part, Point, Taken};
use crate::types::Ty;
use std::collections::HashMap;

/// The counters of BPF code and of user space.
const NAMES: [(&str, Option<Section>); 2] = [("ks_coverage", Some(Section::Bss)), ("ks_coverage_user", None)];

/// The counters of user space fill whole pages of any processor, which the runtime maps to a file: in bytes.
const PAGE: u64 = 1 << 16;

/// What a function counts.
pub(super) struct Counting {
    is_on: bool,
    /// The point to which control has come as often as to where the next op goes.
    last: Option<Point>,
    /// How many ops so far may lead control elsewhere.
    exits: u32,
    /// The loops around, the innermost last: the place of each, and what counts its `break`s.
    loops: Vec<(Span, Vec<Point>)>,
    /// How many ops count the start of what is at a place.
    starts: HashMap<Span, u32>,
}

impl Counting {
    /// Of a function that the source has. The generated `main` of tests is of nobody's source, nor does a kernel module count.
    pub(super) fn of(cx: &Session, program: &Program, source: &Func) -> Counting {
        let is_made = match source.role {
            Role::Main(_) => !program.tests.is_empty(),
            Role::Kfunc(_) | Role::Private => true,
            Role::Program(_) | Role::Helper | Role::Plain | Role::Test => false,
        };
        let is_on = cx.options.coverage && !is_made && cx.written_main != Some(source.span.file);
        Counting { is_on, last: None, exits: 0, loops: Vec::new(), starts: HashMap::new() }
    }
}

/// The variables with the counters, once all points are known.
pub(super) fn counters(cx: &mut Session, span: Span) -> Vec<Global> {
    let points = cx.points.count() as u64;
    if !cx.options.coverage || points == 0 {
        return Vec::new();
    }
    NAMES
        .map(|(name, section)| {
            let own = points * size_of::<u64>() as u64;
            let size = if section.is_none() { own.next_multiple_of(PAGE) } else { own };
            let ty = cx.types.array(Ty::U64, size / size_of::<u64>() as u64);
            let init = vec![0; size as usize];
            Global { name: Symbol::from(name), ty, init, kind: GlobalKind::Counters, section, span }
        })
        .into()
}

impl Lowering<'_> {
    /// Counts a part of a construct, from here on.
    fn count(&mut self, span: Span, part: Part) -> Point {
        let point = self.cx.points.at(span, part);
        let before = self.b.loc.span;
        self.at(span).b.ks_counted(point.0.into());
        self.at(before);
        self.counting.last = Some(point);
        point
    }

    /// What counts how often control comes here, where the construct begins.
    fn counted_here(&mut self, span: Span) -> Point {
        if let Some(point) = self.counting.last {
            return point;
        }
        let ops = self.counting.starts.entry(span).or_default();
        let part = Part::Start(*ops);
        *ops += 1;
        self.count(span, part)
    }

    /// At the start of the function's body.
    pub(super) fn count_call(&mut self) {
        if self.counting.is_on {
            let point = self.counted_here(self.source.name_span);
            let entry = Entry { name: self.source.name.clone(), point };
            self.cx.points.funcs.insert(self.source.name_span, entry);
        }
    }

    /// Before a statement, or the value of a block.
    pub(super) fn count_statement(&mut self, span: Span) {
        if self.counting.is_on {
            let point = self.counted_here(span);
            self.cx.points.statements.entry(span).or_insert(point);
        }
    }

    /// Lowers code that the source does not have, such as the end of an `assert`.
    pub(super) fn uncounted<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        let is_on = std::mem::replace(&mut self.counting.is_on, false);
        let value = lower(self);
        self.counting.is_on = is_on;
        value
    }

    /// At the start of a branch of the construct.
    pub(super) fn count_branch(&mut self, span: Span, branch: u32) {
        if self.counting.is_on {
            self.count(span, Part::Branch(branch));
        }
    }

    /// Before the operands of `&&` or `||`: what counts it.
    pub(super) fn count_logical(&mut self, span: Span) -> Option<Point> {
        self.counting.is_on.then(|| self.counted_here(span))
    }

    /// Before the right operand, which is the first branch; that it is not needed is the second one.
    pub(super) fn count_right(&mut self, span: Span, all: Option<Point>) {
        if let Some(all) = all {
            let right = self.count(span, Part::Right);
            self.cx.points.branch((span, Fork::Logical), 1, Taken { all, less: vec![right] });
        }
    }

    /// Around a statement: what its loop's `break`s are.
    pub(super) fn begin_loop(&mut self, stmt: &Stmt) {
        if self.counting.is_on && stmt.kind.is_loop() {
            self.counting.loops.push((stmt.span, Vec::new()));
        }
    }

    /// At the start of an iteration.
    pub(super) fn count_iteration(&mut self) {
        if let Some(&(span, _)) = self.counting.loops.last() {
            self.count_branch(span, 0);
        }
    }

    /// At a `break`.
    pub(super) fn count_break(&mut self) {
        if let (Some((_, breaks)), Some(point)) = (self.counting.loops.last_mut(), self.counting.last)
            && !breaks.contains(&point)
        {
            breaks.push(point);
        }
    }

    /// Behind a loop: the second branch is that it ends by itself.
    pub(super) fn end_loop(&mut self, stmt: &Stmt) {
        if !self.counting.is_on || !stmt.kind.is_loop() {
            return;
        }
        let Some((span, less)) = self.counting.loops.pop() else { return };
        if self.reachable && !matches!(stmt.kind, StmtKind::Loop { .. }) {
            let may_stay = matches!(stmt.kind, StmtKind::While { .. });
            let all = self.counting.last.filter(|_| !may_stay).unwrap_or_else(|| self.count(span, Part::Behind));
            self.cx.points.branch((span, Fork::Statement), 1, Taken { all, less });
        }
    }

    /// Control may go elsewhere from here.
    pub(super) fn may_exit(&mut self) {
        self.counting.last = None;
        self.counting.exits += 1;
    }

    /// Before a region, whose code runs another number of times.
    pub(super) fn begin_region(&mut self) -> (Option<Point>, u32) {
        (self.counting.last.take(), self.counting.exits)
    }

    /// Behind a region: control comes there as often as before it, unless something in it leads elsewhere.
    pub(super) fn end_region(&mut self, (last, exits): (Option<Point>, u32)) {
        self.counting.last = last.filter(|_| self.counting.exits == exits);
    }
}

/// Whether the branch is an `assert`, whose parts all have its place.
pub(super) fn is_assert(node: &If) -> bool {
    match (&node.condition, &node.then.stmts[..]) {
        (Condition::Expr(condition), [stmt]) => {
            matches!(stmt.kind, StmtKind::Panic { .. }) && stmt.span == condition.span
        }
        (Condition::Expr(_) | Condition::Bindings(_), _) => false,
    }
}
