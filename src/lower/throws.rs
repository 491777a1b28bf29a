//! `throw`, `try`, and calls that may end in a throw.
//!
//! What is thrown is in memory, in a place that is 0 while nothing is: the code in the low half, in the high half the number
//! of the line that threw it, which is never 0. A function that may throw has the place of its caller, as its last
//! parameter; others have one of their own. A `try` is two blocks: the inner one is left by a throw in it, to the handlers
//! behind it; the outer one where nothing was thrown.

use super::func::{Dest, Lowering};
use crate::fold::{ArithOp, CompareOp};
use crate::ir::{RegionId, Value};
use crate::sema::tree::{Block, Catch, CatchKind, Const, Expr, ExprKind, Program, Role, Stmt, StmtKind, Visitor};
use crate::session::Session;
use crate::source::{FileId, Span};
use crate::types::{Space, Ty, TyKind, Types};

/// The ways out of what is being lowered.
#[derive(Default)]
pub(super) struct Exits {
    /// How many blocks are around.
    blocks: usize,
    /// Of them, those behind which the handlers of a `try` stand.
    handlers: Vec<Target>,
    /// Of them, those behind which something deferred stands.
    pub ends: Vec<Target>,
    /// Where what is thrown is kept.
    pub thrown: Option<Value>,
    /// The block of something deferred that is being lowered.
    pub apart: Option<Target>,
}

/// A block that is left, by its number from the outermost.
#[derive(Clone, Copy)]
pub(super) struct Target {
    block: usize,
    pub left: bool,
}

/// The type of the place where what is thrown is kept.
pub(super) fn place(types: &mut Types) -> Ty {
    types.place(Ty::U64, Space::Stack)
}

impl<'a> Lowering<'a> {
    /// A region for a block, which counts as being around what `fill` lowers.
    pub(super) fn block_region(&mut self, fill: impl FnOnce(&mut Self, Target)) -> RegionId {
        let target = Target { block: self.exits.blocks, left: false };
        self.exits.blocks += 1;
        let (region, _) = self.region(&[], Dest::Nothing, |this, _| {
            fill(this, target);
            None
        });
        self.exits.blocks -= 1;
        region
    }

    /// Goes on behind a block around.
    pub(super) fn leave_to(&mut self, target: Target) {
        let between = self.exits.blocks - 1 - target.block;
        self.b.ks_leave(between as i128);
        self.leave();
    }

    /// Where what is thrown in a piece of this function is kept, if something may be: of a function that does not throw to
    /// its caller.
    pub(super) fn own_thrown(&mut self, block: &Block) {
        if may_throw(self.program, block) || self.source.cancels {
            let ty = place(&mut self.cx.types);
            let place = self.b.ks_var(b"thrown", ty);
            self.b.ks_zero(place);
            self.exits.thrown = Some(place);
        }
    }

    pub(super) fn thrown(&self) -> Value {
        match self.exits.thrown {
            Some(place) => place,
            None => crate::bug!("nothing can be thrown here"),
        }
    }

    /// `throw code`
    pub(super) fn throw(&mut self, code: &Expr, span: Span) {
        let site = i128::from(self.names.lines.number(self.cx, span)) << 32;
        let thrown = if let ExprKind::Const(Const::Int(number)) = code.kind {
            self.at(span).int(site | i128::from(number as u32), Ty::U64)
        } else {
            let code = self.scalar(code);
            if !self.reachable {
                return;
            }
            let code = self.at(span).cast(code, Ty::U32);
            let (code, site) = (self.cast(code, Ty::U64), self.int(site, Ty::U64));
            self.arith(ArithOp::Or, site, code, Ty::U64)
        };
        let place = self.thrown();
        self.store(place, thrown);
        self.throw_on();
    }

    /// Something was thrown: to the handlers around, else to what is deferred, else to the caller.
    fn throw_on(&mut self) {
        match self.exits.handlers.last_mut() {
            Some(target) => {
                target.left = true;
                let target = *target;
                self.leave_to(target);
            }
            None => self.throw_past(),
        }
    }

    /// The same past all handlers of this function.
    pub(super) fn throw_past(&mut self) {
        match self.exits.apart.as_mut().or(self.exits.ends.last_mut()) {
            Some(target) => {
                target.left = true;
                let target = *target;
                self.leave_to(target);
            }
            None => self.end_by_throw(),
        }
    }

    /// The end of the function, with something thrown.
    fn end_by_throw(&mut self) {
        if self.source.throws {
            self.clear_result();
            let result = self.no_result();
            self.b.ks_return(result);
            return self.leave();
        }
        if matches!(self.source.role, Role::Main(_)) {
            self.uncaught();
        }
        // Elsewhere nothing that the checker let through comes here.
        self.unreachable();
    }

    /// Nobody looks at the caller's place for the result now, but the verifier may think so: it forgets in loops that
    /// something was thrown, and refuses what is read without having been written.
    fn clear_result(&mut self) {
        let Some(place) = self.result_place else { return };
        // Null would be a value that a function pointer in the result may have.
        if !self.cx.types.holds(self.source.result, &|kind| matches!(kind, TyKind::Fn(_))) {
            self.b.ks_zero(place);
        }
    }

    /// The result of a function that has none: nobody looks at it.
    fn no_result(&mut self) -> Option<Value> {
        let ty = self.b.func.result;
        if ty == Ty::VOID {
            return None;
        }
        if matches!(self.cx.types.kind(ty), TyKind::Fn(_)) {
            // Null would be a value that the result may have.
            let place = self.temporary("result", ty);
            return Some(self.load(place));
        }
        Some(self.zero_value(ty))
    }

    /// After a call: goes on only if it threw nothing.
    pub(super) fn check_thrown(&mut self) {
        self.if_thrown(Self::throw_on);
    }

    fn if_thrown(&mut self, then: impl FnOnce(&mut Self)) {
        let place = self.thrown();
        let (thrown, zero) = (self.load(place), self.int(0, Ty::U64));
        let threw = self.compare(CompareOp::Ne, thrown, zero);
        let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
            then(this);
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(threw, &[], vec![then, otherwise]);
    }

    /// The end of `main`, after what it defers: what left it ends the process.
    pub(super) fn end_if_thrown(&mut self) {
        self.if_thrown(Self::uncaught);
    }

    /// Ends the process: says what was thrown, and where.
    pub(super) fn uncaught(&mut self) {
        let place = self.thrown();
        let thrown = self.load(place);
        let half = self.int(32, Ty::U64);
        let line = self.arith(ArithOp::Shr, thrown, half, Ty::U64);
        let (code, line) = (self.cast(thrown, Ty::I32), self.cast(line, Ty::U32));
        if self.program.funcs.iter().any(|func| func.cancels) {
            let signal = self.is_signal(thrown);
            let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
                this.b.host_exit(code);
                None
            });
            let (otherwise, _) = self.region(&[], Dest::Nothing, |this, _| {
                this.complain(code, line);
                None
            });
            self.b.ks_if(signal, &[], vec![then, otherwise]);
        } else {
            self.complain(code, line);
        }
    }

    /// Says what was thrown in which line, and ends the process.
    fn complain(&mut self, code: Value, line: Value) {
        let files = self.names.lines.files.clone();
        let file = |this: &mut Self, at: usize| {
            let before = files[..at].iter().map(|(_, lines)| lines).sum::<u32>();
            let name = this.cx.recorded_name(files[at].0);
            let before = this.int(before.into(), Ty::U32);
            let line = this.arith(ArithOp::Sub, line, before, Ty::U32);
            this.b.host_uncaught(code, line, name.as_bytes());
        };
        match files.as_slice() {
            [] => return,
            [_] => return file(self, 0),
            [_, ..] => {}
        }
        let (mut cases, mut regions, mut first) = (Vec::new(), Vec::new(), 1);
        for (at, &(_, lines)) in files.iter().enumerate() {
            let last = first + i128::from(lines) - 1;
            cases.extend([first, last, at as i128]);
            first = last + 1;
            let (region, _) = self.region(&[], Dest::Nothing, |this, _| {
                file(this, at);
                None
            });
            regions.push(region);
        }
        let (none, _) = self.region(&[], Dest::Nothing, |_, _| None);
        regions.push(none);
        self.b.ks_match(line, &cases, &[], regions);
    }

    /// `try { … } catch … { … }`
    pub(super) fn try_(&mut self, body: &Block, catches: &[Catch], span: Span) {
        let mut reached = false;
        let outer = self.block_region(|this, outer| {
            let mut thrown = false;
            let inner = this.block_region(|this, inner| {
                this.exits.handlers.push(inner);
                this.block(body, Dest::Nothing);
                thrown = this.exits.handlers.pop().is_some_and(|inner| inner.left);
                if this.reachable {
                    reached = true;
                    this.leave_to(outer);
                }
            });
            this.at(span.start()).b.ks_block(vec![inner]);
            if thrown {
                this.handlers(catches);
                reached |= this.reachable;
            } else {
                this.unreachable();
            }
        });
        self.at(span.start()).b.ks_block(vec![outer]);
        if !reached {
            self.unreachable();
        }
    }

    /// The first catch that takes the code has it; if none does it is thrown on.
    fn handlers(&mut self, catches: &[Catch]) {
        let place = self.thrown();
        let thrown = self.load(place);
        if self.source.cancels {
            let signal = self.is_signal(thrown);
            let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
                this.throw_past();
                None
            });
            let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
            self.b.ks_if(signal, &[], vec![then, otherwise]);
        }
        let code = self.cast(thrown, Ty::I32);
        let (mut cases, mut regions, mut reached) = (Vec::new(), Vec::new(), false);
        for catch in catches {
            let CatchKind::Code(number) = catch.takes else { continue };
            let number = i128::from(number);
            cases.extend([number, number, regions.len() as i128]);
            let (region, comes_out) = self.region(&[], Dest::Nothing, |this, _| this.handler(catch, code));
            regions.push(region);
            reached |= comes_out;
        }
        let rest = catches.iter().find(|catch| !matches!(catch.takes, CatchKind::Code(_)));
        let others = |this: &mut Self| match rest {
            Some(catch) => this.handler(catch, code),
            None => {
                this.throw_on();
                None
            }
        };
        if regions.is_empty() {
            others(self);
            return;
        }
        let (region, comes_out) = self.region(&[], Dest::Nothing, |this, _| others(this));
        regions.push(region);
        self.b.ks_match(code, &cases, &[], regions);
        if !(reached || comes_out) {
            self.unreachable();
        }
    }

    fn handler(&mut self, catch: &Catch, code: Value) -> Option<Value> {
        let place = self.thrown();
        let zero = self.at(catch.span).int(0, Ty::U64);
        self.store(place, zero);
        if let CatchKind::Bind(local) = catch.takes {
            let variable = self.declare(local);
            self.store(variable, code);
        }
        self.block(&catch.body, Dest::Nothing)
    }

    /// Lowers what no handler around sees, and no end: what is deferred. What is thrown there is kept apart.
    pub(super) fn apart(&mut self, block: &Block) {
        let handlers = std::mem::take(&mut self.exits.handlers);
        let (ends, thrown) = (std::mem::take(&mut self.exits.ends), self.exits.thrown.take());
        self.own_thrown(block);
        if self.source.cancels {
            self.apart_of_signals(block, thrown);
        } else {
            self.block(block, Dest::Nothing);
        }
        (self.exits.handlers, self.exits.ends, self.exits.thrown) = (handlers, ends, thrown);
    }
}

/// Whether something may be thrown in a piece of a function, apart from what is deferred in it.
fn may_throw(program: &Program, block: &Block) -> bool {
    let mut finder = Throws { program, found: false };
    finder.block(block);
    finder.found
}

struct Throws<'p> {
    program: &'p Program,
    found: bool,
}

impl Visitor<'_> for Throws<'_> {
    fn stmt(&mut self, stmt: &Stmt) {
        self.found |= matches!(stmt.kind, StmtKind::Throw(_));
        if !matches!(stmt.kind, StmtKind::Defer(_)) {
            self.parts_of_stmt(stmt);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Call { func, .. } = expr.kind {
            self.found |= self.program.func(func).throws;
        } else if let ExprKind::CallPointer { callee, .. } = &expr.kind {
            self.found |= self.program.throwing.contains(&callee.ty);
        } else if let ExprKind::Builtin { builtin, .. } = &expr.kind {
            self.found |= builtin.throws.is_some();
        }
        self.parts_of_expr(expr);
    }
}

/// The lines of all files that throw, numbered through.
#[derive(Default)]
pub(super) struct Lines {
    /// With how many lines each has.
    files: Vec<(FileId, u32)>,
}

impl Lines {
    pub fn of(cx: &Session, program: &Program) -> Lines {
        let mut finder = Files(Vec::new());
        program.funcs.iter().for_each(|func| finder.block(&func.body));
        let lines = |file| (file, cx.sources.file(file).line_count() as u32);
        Lines { files: finder.0.into_iter().map(lines).collect() }
    }

    fn number(&self, cx: &Session, span: Span) -> u32 {
        let before = self.files.iter().take_while(|(file, _)| *file != span.file).map(|(_, lines)| lines);
        before.sum::<u32>() + cx.sources.line_col(span).line
    }
}

/// The files with a `throw`, or a builtin that throws.
struct Files(Vec<FileId>);

impl Files {
    fn note(&mut self, throws: bool, span: Span) {
        if throws && !self.0.contains(&span.file) {
            self.0.push(span.file);
        }
    }
}

impl Visitor<'_> for Files {
    fn stmt(&mut self, stmt: &Stmt) {
        self.note(matches!(stmt.kind, StmtKind::Throw(_)), stmt.span);
        self.parts_of_stmt(stmt);
    }

    fn expr(&mut self, expr: &Expr) {
        let throws = matches!(&expr.kind, ExprKind::Builtin { builtin, .. } if builtin.throws.is_some());
        self.note(throws, expr.span);
        self.parts_of_expr(expr);
    }
}
