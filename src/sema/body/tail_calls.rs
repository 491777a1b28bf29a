//! Tail calls: `return other(ctx)` where `other` is a program. This finds the calls in tail position and checks them.

use super::calls::counted;
use super::exprs::strip;
use super::value::{error_expr, local};
use super::{Checker, Site, State};
use crate::ast::{self, ArmBody, ExprKind as Ast, Ident, StmtKind as AstStmt};
use crate::diag::codes::contexts::{ProgramCalled, TailCallContext, TailCallPlace, TailCallType};
use crate::diag::codes::refused::NoTailCall;
use crate::diag::codes::shared::CallInLock;
use crate::sema::tree::{
    Arm, Block, Callee, Const, Expr, ExprKind, FuncId, If, LocalId, Match, ProgramRole, Role, Stmt, StmtKind,
};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

impl Checker<'_, '_> {
    /// A call of a program: a tail call, or an error.
    pub fn call_program(&mut self, callee: FuncId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let program = &self.env.program;
        let (own, other) = (&program.func(self.func).role, program.func(callee));
        let at = other.name_span;
        let returned = self.returned_calls.contains(&span);
        if program.func(self.func).global && returned {
            self.check_args(args);
            let why = "the kernel verifies it by itself, and it returns to its caller";
            self.error(span, NoTailCall { what: "in this function".into(), why: why.into() })
                .help("make it a `@helper` without `@global`, or make the tail call in the program");
            return Some(error_expr(span));
        }
        if let (Role::Helper, true) = (own, returned) {
            return self.tail_call(callee, name, args, span);
        }
        if let (Role::Program(own), true) = (own, returned)
            && let Role::Program(role) = &other.role
        {
            if role.arguments.is_some() {
                self.check_args(args);
                let what = format!("of a `@{}` program with parameters", role.spec.name);
                self.error(span, NoTailCall { what, why: "it passes the context alone".into() })
                    .note(at, "declared here")
                    .help("call a `@helper` function that both programs share");
                return Some(error_expr(span));
            }
            if own.loading.may_fail() || role.loading.may_fail() {
                // libbpf fills the array of the programs only with those that the kernel took.
                self.check_args(args);
                let why = "libbpf fills the array of the programs only with those that the kernel took";
                self.error(
                    span,
                    NoTailCall { what: "of or by a program that may be left out".into(), why: why.into() },
                )
                .note(at, "declared here")
                .help("call a `@helper` function that both programs share");
                return Some(error_expr(span));
            }
            if !self.may_follow(own, role) {
                let (own, other) = (in_words(own), in_words(role));
                self.check_args(args);
                self.error(span, TailCallType { name: name.name.clone(), own, other })
                    .note(at, "declared here")
                    .help("the kernel takes programs of one type and mode alone for one program array");
                return None;
            }
            return self.tail_call(callee, name, args, span);
        }
        let is_program = matches!(own, Role::Program(_));
        self.check_args(args);
        let call = self.text(span).to_owned();
        let error = self.error(name.span, ProgramCalled { name: name.name.clone() });
        error.note(at, "a program, by its attribute");
        if is_program {
            error.help(format!("`return {call}` hands over to it: a tail call, which does not come back"));
        }
        error.help("what several functions share goes into a `@helper` function");
        None
    }

    fn tail_call(&mut self, callee: FuncId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if !self.locks.is_empty() {
            self.error(span, CallInLock { what: "a tail call".into() })
                .help("keep in a variable what to do, and return after the `lock` block");
            return None;
        }
        let params = self.env.funcs[callee.0 as usize].sig.params.len();
        if params != args.len() {
            let takes = counted(params, "argument");
            let (signature, declared) = (self.signature(callee), self.env.program.func(callee).name_span);
            self.check_args(args);
            self.wrong_count(&name.name, takes, args.len(), span).note(declared, "declared here").remark(signature);
            return None;
        }
        let own = self.own_context(callee);
        let mut passed = Vec::new();
        for arg in args {
            self.refuse_name(arg, &name.name);
            let value = self.value(&arg.value, None).expr.known()?;
            if own.is_none() || local(&value) != own {
                let context = own.map(|own| self.vars[own].name.clone());
                let error = self.error(value.span, TailCallContext { name: name.name.clone() });
                match context {
                    Some(context) => error.help(format!("`{}({context})`", name.name)),
                    None => error.help("declare the parameter of this program"),
                };
                return None;
            }
            passed.push(value);
        }
        if own.is_none() && matches!(self.env.program.func(self.func).role, Role::Helper) {
            self.error(span, TailCallContext { name: name.name.clone() })
                .help("declare the context as a parameter of this function");
            return None;
        }
        let ty = self.env.program.func(callee).result;
        let wanted = self.env.program.func(self.func).result;
        let call = Expr::operation(Callee::Func(callee), passed, ty, span);
        // The kernel gets the callee's result unchanged, whatever integer types the two declare.
        if ty == wanted { Some(call) } else { Some(Expr { kind: ExprKind::Cast(Box::new(call)), ty: wanted, span }) }
    }
}

impl State<'_, '_> {
    /// Notes the calls whose results are those of a returned value.
    pub fn note_returned(&mut self, value: &ast::Expr) {
        let value = strip(value);
        if let Ast::Call { .. } = value.kind {
            self.returned_calls.insert(value.span);
        } else if let Ast::Ternary { then, otherwise, .. } = &value.kind {
            self.note_returned(then);
            self.note_returned(otherwise);
        } else if let Ast::If(branch) = &value.kind {
            self.note_returned_block(&branch.then);
            branch.otherwise.iter().for_each(|block| self.note_returned_block(block));
        } else if let Ast::Block(block) = &value.kind {
            self.note_returned_block(block);
        } else if let Ast::Match(matching) = &value.kind {
            for arm in &matching.arms {
                match &arm.body {
                    ArmBody::Expr(value) => self.note_returned(value),
                    ArmBody::Block(block) => self.note_returned_block(block),
                    // A `return` notes what it returns.
                    ArmBody::Stmt(_) => {}
                }
            }
        }
    }

    fn note_returned_block(&mut self, block: &ast::Block) {
        if let Some(AstStmt::Expr(value)) = block.stmts.last().map(|last| &last.kind) {
            self.note_returned(value);
        }
    }

    /// `tail_call(array, index)` where the kernel refuses it, or what is deferred would not be done. True if that was reported.
    pub fn refuse_tail_call(&mut self, span: Span) -> bool {
        let func = self.env.program.func(self.func);
        let returned = matches!(func.role, Role::Helper) && func.result != Ty::VOID;
        let why = if !returned && !matches!(func.role, Role::Program(_)) {
            "is for programs, and for `@helper` functions whose result they return"
        } else if !self.loops.is_empty() {
            "cannot be in a loop"
        } else if self.defers.any() {
            "cannot follow a `defer`, which it would leave undone"
        } else {
            return false;
        };
        self.error(span, TailCallPlace { why: why.into() })
            .help("`return other(ctx)`, of a program by its name, leaves loops and does what is deferred first");
        true
    }
}

impl Site<'_, '_> {
    /// Whether the kernel lets one program array hold both.
    fn may_follow(&self, own: &ProgramRole, other: &ProgramRole) -> bool {
        let section = |role: &ProgramRole| {
            role.form().map(|form| form.section(role.target.as_deref(), &role.loading, self.cx.options.tcx))
        };
        own.spec.name == other.spec.name && section(own) == section(other)
    }

    /// The parameter that is the context: of a program the first one, of a helper the one of the callee's type.
    fn own_context(&self, callee: FuncId) -> Option<LocalId> {
        let func = self.env.program.func(self.func);
        if matches!(func.role, Role::Program(_)) {
            return func.params.first().copied();
        }
        let wanted =
            self.env.program.func(callee).params.first().map(|&param| self.env.program.func(callee).local(param).ty);
        let is_context = |ty: Ty| match wanted {
            Some(wanted) => ty == wanted,
            None => matches!(self.cx.types.kind(ty), TyKind::Ptr { space: Space::Ctx, .. }),
        };
        func.params.iter().copied().find(|&param| is_context(func.local(param).ty))
    }

    /// `return value`, in each branch of the value if some branch is a tail call.
    pub fn returned(&self, value: Expr, span: Span, out: &mut Vec<Stmt>) {
        if !self.has_tail_call(&value) {
            let value = self.returned_by_test(value);
            return out.push(Stmt { kind: StmtKind::Return(Some(value)), span });
        }
        self.sink(value, &[], out);
    }

    /// Whether a value that is returned is a tail call, or one of its branches is.
    pub fn has_tail_call(&self, value: &Expr) -> bool {
        if let Some((func, _)) = value.call() {
            matches!(self.env.program.func(func).role, Role::Program(_))
        } else if let ExprKind::Cast(inner) = &value.kind {
            self.has_tail_call(inner)
        } else {
            value.branches().into_iter().flatten().any(|value| self.has_tail_call(value))
        }
    }

    /// `casts`: the types that the value is converted to, the last one first.
    fn sink(&self, value: Expr, casts: &[Ty], out: &mut Vec<Stmt>) {
        let Expr { kind, ty, span } = value;
        if !has_branches(&kind) {
            let value = converted(Expr { kind, ty, span }, casts);
            return out.push(Stmt { kind: StmtKind::Return(Some(value)), span });
        }
        if let ExprKind::Cast(inner) = kind {
            let casts: Vec<Ty> = casts.iter().copied().chain([ty]).collect();
            return self.sink(*inner, &casts, out);
        }
        let kind = self.sink_branches(kind, casts);
        out.push(Stmt { kind: StmtKind::Expr(Expr { kind, ty: Ty::VOID, span }), span });
        // Where no arm of a match takes the value, the result is zero.
        let zero = Expr { kind: ExprKind::Const(Const::Zero), ty, span };
        out.push(Stmt { kind: StmtKind::Return(Some(converted(zero, casts))), span });
    }

    /// What chooses among branches, with a `return` at the end of each.
    fn sink_branches(&self, kind: ExprKind, casts: &[Ty]) -> ExprKind {
        if let ExprKind::If(node) = kind {
            let If { condition, then, otherwise } = *node;
            let (then, otherwise) =
                (self.sink_block(then, casts), otherwise.map(|block| self.sink_block(block, casts)));
            ExprKind::If(Box::new(If { condition, then, otherwise }))
        } else if let ExprKind::Block(block) = kind {
            ExprKind::Block(self.sink_block(block, casts))
        } else if let ExprKind::Match(node) = kind {
            let Match { subject, arms, exhaustive, default } = *node;
            let arms = arms.into_iter().map(|arm| Arm { body: self.sink_block(arm.body, casts), ..arm }).collect();
            let default = default.map(|block| self.sink_block(block, casts));
            ExprKind::Match(Box::new(Match { subject, arms, exhaustive, default }))
        } else {
            kind
        }
    }

    fn sink_block(&self, mut block: Block, casts: &[Ty]) -> Block {
        if let Some(value) = block.value.take() {
            self.sink(*value, casts, &mut block.stmts);
        }
        block
    }
}

/// Whether a value is chosen by branches, apart from conversions.
fn has_branches(kind: &ExprKind) -> bool {
    if let ExprKind::Cast(inner) = kind {
        return has_branches(&inner.kind);
    }
    matches!(kind, ExprKind::If(_) | ExprKind::Block(_) | ExprKind::Match(_))
}

fn converted(value: Expr, casts: &[Ty]) -> Expr {
    let span = value.span;
    let cast = |value: Expr, &ty: &Ty| Expr { kind: ExprKind::Cast(Box::new(value)), ty, span };
    casts.iter().rev().fold(value, cast)
}

/// The type of a program, as its attribute says it.
fn in_words(role: &ProgramRole) -> String {
    match role.mode.filter(|mode| !mode.is_empty()) {
        Some(mode) => format!("`@{}(\"{mode}\")`", role.spec.name),
        None => format!("`@{}`", role.spec.name),
    }
}
