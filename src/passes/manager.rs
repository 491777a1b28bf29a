//! Runs lists of passes over a module; implements `--stop-after`, `--print-ir-after`, `--time-passes` and `KSC_DUMP`.

use super::{Changed, Declarations, Pass, Run};
use crate::diag::escape;
use crate::ir::{self, Module};
use crate::session::Session;
use crate::tuning::Tuning;
use std::time::Instant;

/// How far a list of passes went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All ran, or an error was reported (then the rest did not).
    Done,
    /// `--stop-after` named one of them.
    Stopped,
}

/// Runs `passes` in order. A module that comes from IR text resumes after the pass that it names.
pub fn run(module: &mut Module, cx: &mut Session, passes: &[&'static Pass], tuning: &Tuning) -> Outcome {
    let position = |name: &str| passes.iter().position(|p| p.name == name);
    let first = module.after.and_then(position).map_or(0, |at| at + 1);
    let last = cx.options.stop_after.as_deref().and_then(position);
    for (index, pass) in passes.iter().enumerate().skip(first) {
        if last.is_some_and(|last| index > last) {
            break;
        }
        let before = cx.options.verify_changes.then(|| ir::print::module(module, &cx.types));
        let changed = one(module, cx, pass, tuning);
        if cx.diags.has_errors() {
            return Outcome::Done;
        }
        if changed == Changed::No && before.is_some_and(|before| before != ir::print::module(module, &cx.types)) {
            crate::bug!("pass `{}` says that it changed nothing, and did", pass.name);
        }
        module.after = Some(pass.name);
        // What a pass left as it was has been verified. A pass that is wrong about that is found by the next one that says otherwise, or
        // at the end.
        let is_last = index == last.unwrap_or(passes.len() - 1);
        if changed == Changed::Yes || is_last || cx.options.verify_changes {
            verify(module, cx, pass);
        }
        show(module, cx, pass, index);
    }
    if last.is_some() { Outcome::Stopped } else { Outcome::Done }
}

/// Runs passes for what they report, up to the first that finds errors. The module serves nothing else.
pub fn report(module: &mut Module, cx: &mut Session, passes: &[&'static Pass]) {
    for pass in passes {
        one(module, cx, pass, &Tuning::default());
        if cx.diags.has_errors() {
            return;
        }
    }
}

fn one(module: &mut Module, cx: &mut Session, pass: &'static Pass, tuning: &Tuning) -> Changed {
    let workarounds = pass.because.workarounds();
    if !workarounds.is_empty() && !workarounds.iter().any(|workaround| cx.options.works_around(workaround)) {
        return Changed::No;
    }
    let since = Instant::now();
    let changed = match pass.run {
        Run::Module(run) => run(module, cx),
        Run::Tuned(run) => run(module, cx, tuning),
        Run::Function(run) => {
            let declarations = Declarations::of(module);
            module.funcs.iter_mut().fold(Changed::No, |changed, func| changed.or(run(func, &declarations, cx)))
        }
    };
    cx.timed(pass.name, since);
    if changed == Changed::Yes {
        workarounds.iter().for_each(|workaround| cx.worked_around(workaround));
    }
    changed
}

fn verify(module: &Module, cx: &Session, pass: &Pass) {
    if !cx.options.verify_ir {
        return;
    }
    if let Err(why) = ir::verify::module(module, cx) {
        let text = ir::print::module(module, &cx.types);
        crate::bug!("pass `{}` left IR that is not well formed: {why}\n{text}", pass.name);
    }
}

/// Prints and dumps the module as the options ask.
fn show(module: &Module, cx: &Session, pass: &Pass, index: usize) {
    if cx.options.print_ir_after.wants(pass.name) {
        eprint!("// after {}\n{}", pass.name, escape::lines(&ir::print::module(module, &cx.types)));
    }
    let side = module.target.map_or("front", |t| t.name());
    cx.dump(&format!("{side}-{index:02}-{}.ksir", pass.name), |cx| ir::print::module(module, &cx.types));
}
