//! Cycles of declarations that need each other.

use super::{Declare, State};
use crate::ast::ItemKind;
use crate::diag::codes::names::DeclarationCycle;
use crate::diag::codes::types::RecursiveStruct;
use crate::session::Session;
use crate::source::Span;

impl Declare<'_> {
    /// Reports that `index`, which is being resolved, is needed (at `at`) to resolve itself. All of the cycle is broken
    /// then.
    pub(super) fn report_cycle(&mut self, cx: &mut Session, index: usize, at: Option<Span>) {
        let start = self.stack.iter().position(|&(i, _)| i == index).unwrap_or(0);
        let mut cycle = self.stack[start..].to_vec();
        let structs_only = cycle.iter().all(|&(i, _)| matches!(self.entries[i].item.kind, ItemKind::Struct(_)));
        let members: Vec<usize> = cycle.iter().map(|&(i, _)| i).collect();
        cycle.push((index, at));
        let names: Vec<&str> = cycle.iter().map(|&(i, _)| self.entries[i].name.name.as_str()).collect();
        let first = self.entries[index].name;
        let name = first.name.clone();
        let error = if structs_only {
            cx.error(first.span, RecursiveStruct { name }).help("a pointer breaks the cycle: `*T`")
        } else {
            cx.error(first.span, DeclarationCycle { name })
        };
        for pair in cycle.windows(2) {
            let (needing, (needed, at)) = (self.entries[pair[0].0].name, pair[1]);
            let needed = self.entries[needed].name;
            let span = at.unwrap_or(needed.span);
            if span != first.span {
                error.note(span, format!("`{}` needs `{}`", needing.name, needed.name));
            }
        }
        error.remark(format!("the cycle: {}", names.join(" → ")));
        for i in members {
            self.entries[i].state = State::Broken;
        }
    }
}
