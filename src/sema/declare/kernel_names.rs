//! The kernel keeps 15 characters of the name of a program or map (BPF_OBJ_NAME_LEN less the NUL).

use crate::diag::codes::names::SameKernelName;
use crate::sema::tree::{Program, Role};
use crate::session::Session;
use crate::source::Span;
use std::collections::HashMap;

pub(super) const KEPT: usize = 15;

pub(super) fn check(cx: &mut Session, program: &Program) {
    // The members of an `impl` are known by the map that it is.
    let is_program = |role: &Role| matches!(role, Role::Program(role) if !role.spec.is_member());
    let programs = program.funcs.iter().filter(|f| is_program(&f.role));
    same(cx, programs.map(|f| (f.symbol.as_str(), f.name_span)));
    let impls = program.impls.iter().map(|i| (i.symbol.as_str(), i.span));
    same(cx, program.maps.iter().map(|m| (m.symbol.as_str(), m.span)).chain(impls));
}

fn same<'a>(cx: &mut Session, names: impl Iterator<Item = (&'a str, Span)>) {
    let mut seen: HashMap<&str, (&str, Span)> = HashMap::new();
    for (name, span) in names {
        let kept = &name[..name.len().min(KEPT)];
        match seen.get(kept) {
            Some(&(first, at)) if first != name => {
                let (first, second, kept) = (first.to_owned(), name.to_owned(), kept.to_owned());
                cx.warn(span, SameKernelName { first, second, kept }).note(at, "the other one");
            }
            Some(_) => {}
            None => {
                seen.insert(kept, (name, span));
            }
        }
    }
}
