//! Checks the body of one function: statements and expressions of the syntax tree become those of the typed tree.
//!
//! One [`Checker`] lives as long as its function. It reports an error once: the wrong expression then has the type
//! `Ty::ERROR`, which fits everything.

mod actions;
mod after_headers;
mod arenas;
mod arith;
mod asserts;
mod assign;
mod assigned_variables;
mod atomics;
mod attach;
mod binary;
mod blocks;
mod branches;
mod builtins;
mod call_arguments;
mod calls;
mod casts;
mod compare;
mod conditions;
mod context;
mod context_advice;
mod context_arrays;
mod convert;
mod coverage;
mod defers;
mod deleted_entries;
mod elements;
mod enum_names;
mod escapes;
mod event_records;
mod events;
mod exprs;
mod field_methods;
mod fields;
mod floats;
mod flow;
mod format;
mod function_pointers;
mod heap;
mod helper_calls;
mod index_keys;
mod inner_maps;
mod iterators;
mod kept_results;
mod kernel_calls;
mod kernel_objects;
mod kernel_types;
mod kfunc_calls;
mod lifecycle;
mod literals;
mod locks;
mod loops;
mod map_methods;
mod maps;
mod matches;
mod mismatch;
mod modules;
mod names;
mod object_extents;
mod optionals;
mod owners;
mod packet;
mod packet_offsets;
mod percpu;
mod perf;
mod pins;
mod places;
mod pointers;
mod print;
mod program_values;
mod ranges;
mod redirects;
mod results;
mod run;
mod scope;
mod sessions;
mod signatures;
mod spaces;
mod stmts;
mod strings;
mod swapped_addresses;
mod tail_calls;
mod tested_next;
mod text_match;
mod throws;
mod trie_keys;
mod type_kinds;
mod value;
mod viewed;
mod views;

use super::env::Env;
use super::tree::{self, Expr, ExprKind, FuncId, Local, LocalId, Role, Stmt};
use crate::diag::Diagnostic;
use crate::diag::codes::support::NotSupportedYet;
use crate::diag::codes::types::MissingReturn;
use crate::modules::ModuleId;
use crate::session::Session;
use crate::source::Span;
use crate::target::{Target, Targets};
use crate::types::Ty;
use blocks::Blocks;
pub use events::takes as takes_events;
use flow::Flow;
use loops::Loop;
use scope::{LocalInfo, LocalKind};
use std::collections::{HashMap, HashSet};

/// A function's body after checking.
pub struct Body {
    /// Begins with the locals that the declaration made: parameters, named result.
    pub locals: Vec<Local>,
    pub block: tree::Block,
}

/// Checks a function's body; none if errors were reported, or if it has none.
pub fn check(cx: &mut Session, env: &Env, func: FuncId) -> Option<Body> {
    let body = env.funcs[func.0 as usize].decl.body.as_ref()?;
    let mut checker = Checker::new(cx, env, func);
    checker.find_last_value(body);
    let mut block = checker.block(body);
    if !checker.flow.leaves() {
        checker.end_of_body(&mut block.stmts, body.span);
    }
    checker.wants_on_return(&block);
    checker.check_escapes();
    checker.pop_scope();
    (!checker.failed()).then_some(Body { locals: checker.locals, block })
}

struct Checker<'c, 'e> {
    cx: &'c mut Session,
    env: &'c Env<'e>,
    func: FuncId,
    /// Whose names it sees.
    module: ModuleId,
    /// The sides that the function may run on, as far as its declaration shows.
    targets: Targets,
    locals: Vec<Local>,
    /// One for each of `locals`.
    info: Vec<LocalInfo>,
    scopes: Blocks,
    /// The last variable of each name whose block has ended: where it was declared.
    ended: HashMap<String, (Span, LocalKind)>,
    flow: Flow,
    loops: Vec<Loop>,
    /// How deep the expression that is being checked lies in others.
    depth: u32,
    /// The `try` statements whose blocks are around.
    tries: Vec<throws::Try>,
    defers: defers::Defers,
    /// Errors that were reported before this function.
    errors_before: usize,
    /// A help for a value that does not fit where it goes, such as the signature that wants it.
    wanted_by: Option<String>,
    /// The strings of patterns; while arms are checked, an index replaces its string.
    pattern_texts: Vec<Vec<u8>>,
    escapes: escapes::Escapes,
    /// Operations whose mixed signs were reported, or those of an operand: one warning for one sum.
    mixed: HashSet<Span>,
    /// The statement at the end of the body, if it may be meant for the result.
    last_value: Option<Span>,
    /// The `lock` blocks around, each with its entry, unless it is wrong.
    locks: Vec<Option<String>>,
    /// Where a field may be one that only the kernel touches.
    kept_at: Option<Span>,
    /// The value that a variable begins with, and its name.
    bound: Option<(Span, String)>,
    /// The value of a statement that keeps it: of a variable, an assignment, a `return`.
    kept_by_statement: Option<Span>,
    /// The calls in return position.
    returned_calls: HashSet<Span>,
    /// It was said that the function has no result: once, however many of its `return`s have a value.
    reported_no_result: bool,
}

impl<'c, 'e> Checker<'c, 'e> {
    fn new(cx: &'c mut Session, env: &'c Env<'e>, func: FuncId) -> Checker<'c, 'e> {
        let declared = env.program.func(func);
        let targets = match declared.role {
            Role::Program(_) | Role::Helper => Targets::from([Target::Bpf]),
            Role::Main(_) => Targets::from([Target::Host]),
            Role::Kfunc(_) | Role::Private => Targets::from([Target::Kmod]),
            // Who calls it decides.
            Role::Plain => Targets::from([Target::Bpf, Target::Host]),
        };
        let mut checker = Checker {
            cx,
            env,
            func,
            module: env.funcs[func.0 as usize].module,
            targets,
            locals: Vec::new(),
            info: Vec::new(),
            scopes: Blocks::default(),
            ended: HashMap::new(),
            flow: Flow::start(),
            loops: Vec::new(),
            depth: 0,
            tries: Vec::new(),
            defers: defers::Defers::default(),
            errors_before: 0,
            wanted_by: None,
            pattern_texts: Vec::new(),
            escapes: escapes::Escapes::default(),
            mixed: HashSet::new(),
            last_value: None,
            locks: Vec::new(),
            kept_at: None,
            bound: None,
            kept_by_statement: None,
            returned_calls: HashSet::new(),
            reported_no_result: false,
        };
        checker.errors_before = checker.cx.diags.error_count();
        checker.push_scope();
        for (index, local) in declared.locals.iter().enumerate() {
            let id = LocalId(index as u32);
            if declared.context == Some(id) {
                checker.hidden_context(local);
                continue;
            }
            let named = declared.named_result == Some(id);
            let kind = if named { LocalKind::NamedResult } else { LocalKind::Param };
            checker.declare(&local.name, local.ty, local.span, kind);
        }
        checker
    }

    fn error(&mut self, span: Span, code: impl crate::diag::Code) -> &mut Diagnostic {
        self.cx.error(span, code)
    }

    fn warn(&mut self, span: Span, code: impl crate::diag::Code) -> &mut Diagnostic {
        self.cx.warn(span, code)
    }

    /// Whether an error of this function was reported.
    fn failed(&self) -> bool {
        self.cx.diags.error_count() > self.errors_before
    }

    /// The one answer to what the language has and this compiler has not.
    fn unsupported(&mut self, span: Span, what: impl Into<String>) -> Expr {
        self.cx.error(span, NotSupportedYet { what: what.into() });
        value::error_expr(span)
    }

    fn ty_name(&self, ty: Ty) -> String {
        self.cx.types.name(ty)
    }

    /// The text there.
    fn text(&self, span: Span) -> &str {
        self.cx.sources.text(span)
    }

    /// The text there, in parentheses if an `as` behind it would take only its last part.
    fn cast_text(&self, span: Span) -> String {
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

    /// Control reaches the end of the body: fine if there is no result, or one with a name.
    fn end_of_body(&mut self, stmts: &mut Vec<Stmt>, span: Span) {
        let declared = self.env.program.func(self.func);
        let end = Span { lo: span.hi.saturating_sub(1).max(span.lo), ..span };
        if let Some(local) = declared.named_result {
            let value = Expr { kind: ExprKind::Local(local), ty: declared.result, span: end };
            self.refuse_escape(&value);
            self.returned(value, end, stmts);
        } else if declared.result != Ty::VOID && declared.result != Ty::ERROR {
            let (name, ty) = (declared.name.clone(), self.ty_name(declared.result));
            self.cx
                .error(end, MissingReturn { name, ty })
                .label("control reaches this end")
                .note(declared.name_span, "its result is declared here")
                .help("end every path with `return`, or name the result: `-> r: T` returns `r` at the end");
        }
    }
}
