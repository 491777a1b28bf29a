//! The function whose body is checked, and what that sees from outside.

use super::value;
use crate::diag::Diagnostic;
use crate::diag::codes::support::NotSupportedYet;
use crate::modules::ModuleId;
use crate::sema::env::Env;
use crate::sema::tree::{Expr, FuncId, Role};
use crate::session::Session;
use crate::source::Span;
use crate::target::{Target, Targets};
use crate::types::Ty;

/// What does not change while a body is checked, and the run to which errors are reported.
pub(super) struct Site<'c, 'e> {
    pub cx: &'c mut Session,
    pub env: &'c Env<'e>,
    pub func: FuncId,
    /// Whose names it sees.
    pub module: ModuleId,
    /// The sides that the function may run on, as far as its declaration shows.
    pub targets: Targets,
    /// Errors that were reported before this function.
    errors_before: usize,
}

impl<'c, 'e> Site<'c, 'e> {
    /// The site of a function that the program declares.
    pub fn new(cx: &'c mut Session, env: &'c Env<'e>, func: FuncId) -> Site<'c, 'e> {
        let targets = match env.program.func(func).role {
            Role::Program(_) | Role::Helper => Targets::from([Target::Bpf]),
            Role::Main(_) | Role::Test => Targets::from([Target::Host]),
            Role::Kfunc(_) | Role::Private => Targets::from([Target::Kmod]),
            // Who calls it decides.
            Role::Plain => Targets::from([Target::Bpf, Target::Host]),
        };
        let errors_before = cx.diags.error_count();
        Site { cx, env, func, module: env.funcs[func.0 as usize].module, targets, errors_before }
    }

    /// Reports an error; returns it for labels and helps.
    pub fn error(&mut self, span: Span, code: impl crate::diag::Code) -> &mut Diagnostic {
        self.cx.error(span, code)
    }

    /// Reports a warning; returns it for labels and helps.
    pub fn warn(&mut self, span: Span, code: impl crate::diag::Code) -> &mut Diagnostic {
        self.cx.warn(span, code)
    }

    /// Whether an error of this function was reported.
    pub fn failed(&self) -> bool {
        self.cx.diags.error_count() > self.errors_before
    }

    /// The one answer to what the language has and this compiler has not.
    pub fn unsupported(&mut self, span: Span, what: impl Into<String>) -> Expr {
        self.cx.error(span, NotSupportedYet { what: what.into() });
        value::error_expr(span)
    }

    /// The name of a type in messages.
    pub fn ty_name(&self, ty: Ty) -> String {
        self.cx.types.name(ty)
    }

    /// The text there.
    pub fn text(&self, span: Span) -> &str {
        self.cx.sources.text(span)
    }

    /// The text there, in parentheses if an `as` behind it would take only its last part.
    pub fn cast_text(&self, span: Span) -> String {
        let text = self.text(span);
        let mut depth = 0;
        let mut before = ' ';
        let loose = text.char_indices().any(|(at, c)| {
            let infix = depth == 0
                && at > 0
                && match c {
                    '-' => !text[at..].starts_with("->"),
                    '>' => before != '-',
                    _ => "+*/%&|^<=?".contains(c),
                };
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            before = c;
            infix
        });
        if loose { format!("({text})") } else { text.to_owned() }
    }
}
