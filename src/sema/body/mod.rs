//! Checks the body of one function: statements and expressions of the syntax tree become those of the typed tree.
//!
//! Three layers, each with its own fields and rules, live as long as the function; each derefs to the one below it, and knows
//! none above. The [`Site`] is what the body sees from outside: it answers questions about types and declarations. The [`State`]
//! knows the variables, the flow and the blocks around a point of the body; its rules take checked expressions. The [`Checker`]
//! walks the syntax tree.
//!
//! An error is reported once: the wrong expression then has the type `Ty::ERROR`, which fits everything.

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
mod c_calls;
mod call_arguments;
mod calls;
mod candidates;
mod casts;
mod compare;
mod conditions;
mod context;
mod context_advice;
mod context_arrays;
mod convert;
mod coverage;
mod daemon;
mod defers;
mod deleted_entries;
mod elements;
mod enum_names;
mod escapes;
mod event_records;
mod events;
mod exec;
mod exprs;
mod field_methods;
mod fields;
mod floats;
mod flow;
mod format;
mod function_arguments;
mod function_pointers;
mod heap;
mod helper_calls;
mod helper_objects;
mod histograms;
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
mod made_entries;
mod map_methods;
mod maps;
mod matches;
mod mismatch;
mod modules;
mod names;
mod noted;
mod object_extents;
mod optionals;
mod owners;
mod packet;
mod packet_offsets;
mod packets;
mod percpu;
mod perf;
mod pins;
mod places;
mod pointers;
mod print;
mod program_values;
mod python;
mod ranges;
mod redirects;
mod results;
mod run;
mod scope;
mod sessions;
mod show;
mod signatures;
mod site;
mod sort;
mod spaces;
mod state;
mod stmts;
mod strings;
mod swapped_addresses;
mod tables;
mod tail_calls;
mod test_context;
mod test_runs;
mod tested_next;
mod text_match;
mod throws;
mod trie_keys;
mod type_kinds;
mod upgrade;
mod value;
mod variables;
mod viewed;
mod views;

use super::env::Env;
use super::tree::{self, Expr, ExprKind, FuncId, Local, Stmt};
use crate::diag::codes::types::MissingReturn;
use crate::session::Session;
use crate::source::Span;
use crate::types::Ty;
pub use events::takes as takes_events;
use site::Site;
use state::State;
use std::ops::{Deref, DerefMut};

/// A function's body after checking.
pub struct Body {
    /// Begins with the locals that the declaration made: parameters, named result.
    pub locals: Vec<Local>,
    pub block: tree::Block,
}

/// Checks a function's body; none if errors were reported, or if it has none.
pub fn check(cx: &mut Session, env: &Env, func: FuncId) -> Option<Body> {
    let body = env.funcs[func.0 as usize].decl.body.as_ref()?;
    let state = State::new(cx, env, func);
    let mut checker = Checker { state, depth: 0, pattern_texts: Vec::new() };
    checker.find_last_value(body);
    let mut block = checker.block(body);
    if !checker.flow.leaves() {
        checker.end_of_body(&mut block.stmts, body.span);
    }
    checker.wants_on_return(&block);
    checker.check_escapes();
    checker.pop_scope();
    (!checker.failed()).then_some(Body { locals: checker.state.vars.into_locals(), block })
}

/// Walks the syntax tree.
struct Checker<'c, 'e> {
    state: State<'c, 'e>,
    /// How deep the expression that is being checked lies in others.
    depth: u32,
    /// The strings of patterns; while arms are checked, an index replaces its string.
    pattern_texts: Vec<Vec<u8>>,
}

impl<'c, 'e> Deref for Checker<'c, 'e> {
    type Target = State<'c, 'e>;

    fn deref(&self) -> &State<'c, 'e> {
        &self.state
    }
}

impl DerefMut for Checker<'_, '_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.state
    }
}

impl Checker<'_, '_> {
    /// Control reaches the end of the body: fine if there is no result, or one with a name.
    fn end_of_body(&mut self, stmts: &mut Vec<Stmt>, span: Span) {
        let declared = self.env.program.func(self.func);
        let end = Span { lo: span.hi.saturating_sub(1).max(span.lo), ..span };
        if let Some(local) = declared.named_result {
            let value = Expr { kind: ExprKind::Local(local), ty: declared.result, span: end };
            self.refuse_escape(&value);
            self.returned(value, end, stmts);
        } else if declared.result != Ty::VOID && declared.result != Ty::ERROR {
            let name = declared.name.clone();
            let ty = self.made_name().unwrap_or_else(|| self.ty_name(self.env.program.func(self.func).result));
            self.cx
                .error(end, MissingReturn { name, ty })
                .label("control reaches this end")
                .note(declared.name_span, "its result is declared here")
                .help("end every path with `return`, or name the result: `-> r: T` returns `r` at the end");
        }
    }
}
