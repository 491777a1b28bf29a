//! The parts of a body that decide what it throws.

use super::{Site, Thrown};
use crate::diag::codes::contexts::SETTING_OF_USER_SPACE;
use crate::sema::tree::{
    self, CatchKind, Const, Expr, ExprKind, Func, FuncId, Program, Role, Stmt, StmtKind, Storage, Visitor,
};
use crate::source::Span;
use crate::target::Target;
use crate::types::Ty;
use std::collections::BTreeSet;

/// Operations that may throw any errno, each with the help for code of the kernel.
const SETTING: (&str, &str) = ("a `@sysctl` variable", SETTING_OF_USER_SPACE);
const PYTHON: (&str, &str) =
    ("a function of Python", "send what it needs through a map, and call it where user space takes that");

/// The parts of one body.
pub struct Summary {
    /// In order of the text.
    pub nodes: Vec<Node>,
    /// The functions whose address it takes.
    pub addressed: BTreeSet<FuncId>,
    /// The functions that it registers as handlers of the records of a map.
    pub handlers: Vec<Handler>,
    /// The types of what it hands to C, functions among that, and where.
    pub handed_to_c: Vec<(Ty, Span)>,
    /// There is a loop in it.
    pub loops: bool,
    /// There is a `panic` in it.
    pub panics: bool,
}

/// A part of a body that throws, calls or catches.
pub enum Node {
    Throw {
        site: Site,
    },
    Call {
        target: Callee,
        span: Span,
    },
    /// The span is that of the body.
    Try {
        body: Vec<Node>,
        span: Span,
        catches: Vec<CatchNode>,
    },
    Defer {
        body: Vec<Node>,
    },
}

/// A handler of a `try`.
pub struct CatchNode {
    pub takes: CatchKind,
    pub body: Vec<Node>,
    pub span: Span,
}

/// The functions that a call may reach.
#[derive(Clone, Copy)]
pub enum Callee {
    Func(FuncId),
    /// Any whose address is taken of this function type.
    Pointer(Ty),
}

/// A function that is called for each record that a map sends.
#[derive(Clone, Copy)]
pub struct Handler {
    pub callee: Callee,
    /// The side that its callers run on.
    pub on: Target,
    pub span: Span,
}

/// Reduces the body of a function. The throws in it are appended to `sites`, to which nodes refer by index.
pub fn of(program: &Program, func: &Func, sites: &mut Vec<Thrown>) -> Summary {
    let (nodes, addressed, handlers) = (Vec::new(), BTreeSet::new(), Vec::new());
    let summary = Summary { nodes, addressed, handlers, handed_to_c: Vec::new(), loops: false, panics: false };
    let mut walk = Walk { program, sites, summary };
    walk.block(&func.body);
    walk.summary
}

/// All functions that calls through pointers may reach.
pub fn addressed(program: &Program, summaries: &[Summary]) -> BTreeSet<FuncId> {
    let mut found: BTreeSet<FuncId> = summaries.iter().flat_map(|summary| &summary.addressed).copied().collect();
    let globals = program.globals.iter().filter_map(|global| global.init.as_ref());
    for value in globals.chain(program.configs.iter().flat_map(|config| &config.defaults)) {
        functions(value, &mut found);
    }
    found.extend(program.maps.iter().filter_map(|map| map.callback));
    found.extend(program.migrations.iter().map(|migration| migration.func));
    found
}

fn functions(value: &Const, found: &mut BTreeSet<FuncId>) {
    match value {
        Const::Func(func) => {
            found.insert(*func);
        }
        Const::Struct(parts) | Const::Array(parts) => parts.iter().for_each(|part| functions(part, found)),
        Const::Int(_) | Const::Bool(_) | Const::Float(_) | Const::Null | Const::Str(_) | Const::Zero => {}
    }
}

struct Walk<'s> {
    program: &'s Program,
    sites: &'s mut Vec<Thrown>,
    summary: Summary,
}

impl Walk<'_> {
    /// The contents of a part of the body.
    fn within(&mut self, walk: impl FnOnce(&mut Self)) -> Vec<Node> {
        let before = std::mem::take(&mut self.summary.nodes);
        walk(self);
        std::mem::replace(&mut self.summary.nodes, before)
    }

    fn handler(&mut self, handler: &Expr, on: Target) {
        let callee = if let ExprKind::Const(Const::Func(func)) = handler.kind {
            Callee::Func(func)
        } else {
            Callee::Pointer(handler.ty)
        };
        self.summary.handlers.push(Handler { callee, on, span: handler.span });
    }
}

impl Visitor<'_> for Walk<'_> {
    fn stmt(&mut self, stmt: &Stmt) {
        if let StmtKind::Throw(code) = &stmt.kind {
            self.expr(code);
            let constant = if let ExprKind::Const(Const::Int(number)) = &code.kind { Some(*number) } else { None };
            let code = constant.and_then(|number| i32::try_from(number).ok());
            self.summary.nodes.push(Node::Throw { site: self.sites.len() });
            self.sites.push(Thrown { span: stmt.span, code, outside: None });
        } else if let StmtKind::Try { body, catches } = &stmt.kind {
            let (body, span) = (self.within(|walk| walk.block(body)), body.span);
            let mut nodes = Vec::new();
            for catch in catches {
                let body = self.within(|walk| walk.block(&catch.body));
                nodes.push(CatchNode { takes: catch.takes, body, span: catch.span });
            }
            self.summary.nodes.push(Node::Try { body, span, catches: nodes });
        } else if let StmtKind::Defer(block) = &stmt.kind {
            let body = self.within(|walk| walk.block(block));
            self.summary.nodes.push(Node::Defer { body });
        } else {
            self.summary.loops |= stmt.kind.is_loop();
            self.summary.panics |= matches!(stmt.kind, StmtKind::Panic { .. });
            self.parts_of_stmt(stmt);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        self.parts_of_expr(expr);
        let span = expr.span;
        if let ExprKind::Const(value) = &expr.kind {
            functions(value, &mut self.summary.addressed);
        } else if let ExprKind::Global(id) = expr.kind {
            // Where it is written; as a value it is an operation.
            if self.program.global(id).storage == Storage::Sysctl {
                self.outside(SETTING, span);
            }
        } else if let ExprKind::Operation { callee, args } = &expr.kind {
            self.operation(callee, args, span);
        }
    }
}

impl Walk<'_> {
    /// An operation that may throw any errno.
    fn outside(&mut self, what: (&'static str, &'static str), span: Span) {
        self.summary.nodes.push(Node::Throw { site: self.sites.len() });
        self.sites.push(Thrown { span, code: None, outside: Some(what) });
    }

    fn operation(&mut self, callee: &tree::Callee, args: &[Expr], span: Span) {
        if let Some((handler, on)) = callee.handed(args) {
            self.handler(handler, on);
        } else if let tree::Callee::New { init, .. } = callee {
            functions(init, &mut self.summary.addressed);
        } else if let tree::Callee::Func(func) = *callee {
            // A throw that leaves `main` ends the process, whoever called it.
            if !matches!(self.program.func(func).role, Role::Main(_)) {
                self.summary.nodes.push(Node::Call { target: Callee::Func(func), span });
            }
        } else if let tree::Callee::Builtin(builtin) = callee {
            if let Some(code) = builtin.thrown() {
                self.summary.nodes.push(Node::Throw { site: self.sites.len() });
                self.sites.push(Thrown { span, code: i32::try_from(code).ok(), outside: None });
            }
        } else if let tree::Callee::Python(_) = callee {
            self.outside(PYTHON, span);
        } else if let tree::Callee::Sysctl(_) = callee {
            self.outside(SETTING, span);
        } else if let tree::Callee::C(_) = callee {
            self.summary.handed_to_c.extend(args.iter().map(|arg| (arg.ty, arg.span)));
        } else if let (tree::Callee::Pointer, [pointer, ..]) = (callee, args) {
            self.summary.nodes.push(Node::Call { target: Callee::Pointer(pointer.ty), span });
        } else if let tree::Callee::Object { less: Some(less), .. } = *callee {
            self.summary.handlers.push(Handler { callee: Callee::Func(less), on: Target::Bpf, span });
        }
    }
}
