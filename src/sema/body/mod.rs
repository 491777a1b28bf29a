//! Checks the body of one function: statements and expressions of the syntax tree become those of the typed tree.

use super::env::Env;
use super::tree::{Block, FuncId, Local};
use crate::diag::codes::support::NotSupportedYet;
use crate::session::Session;

/// A function's body after checking.
pub struct Body {
    /// Begins with the locals that the declaration made: parameters, named result.
    pub locals: Vec<Local>,
    pub block: Block,
}

/// Checks a function's body; none if errors were reported, or if it has none.
pub fn check(cx: &mut Session, env: &Env, func: FuncId) -> Option<Body> {
    let declared = env.program.func(func);
    let body = env.funcs[func.0 as usize].decl.body.as_ref()?;
    for stmt in &body.stmts {
        cx.error(stmt.span, NotSupportedYet { what: "this statement".into() });
    }
    let locals = declared.locals.iter().map(|l| Local { name: l.name.clone(), ty: l.ty, span: l.span }).collect();
    let block = Block { stmts: Vec::new(), value: None, span: body.span };
    body.stmts.is_empty().then_some(Body { locals, block })
}
