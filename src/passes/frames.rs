//! `frames`: reports functions whose local variables do not fit their stack frame.
//!
//! Runs last, when passes add no more local variables. In user space a frame has a limit, so that no call overflows the
//! stack of a thread. Only LLVM knows the exact size of a BPF frame; this refuses frames that are far too large,
//! because LLVM would take very long to fail.

use super::{Because, Changed, EVERY, Pass, Run};
use crate::diag::codes::limits::{FrameTooLarge, StackTooLarge};
use crate::ir::{Module, frames};
use crate::session::Session;

const NAME: &str = "frames";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Refuse frames that are too large",
    after: &[(EVERY, "may make a variable")],
    before: &[],
    because: Because::Target,
    run: Run::Module(run),
};

/// Bytes of one variable of BPF code, and of all of a function, which LLVM may still find not to need.
const MAX_BPF_VARIABLE: u64 = 16 << 10;
const MAX_BPF: u64 = 64 << 10;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let Some(target) = module.target else { return Changed::No };
    for func in &module.funcs {
        let sizes = || frames::variables(func).map(|op| frames::size(func, &cx.types, op));
        let all: u64 = sizes().sum();
        match target.facts().max_frame {
            None if all > MAX_BPF || sizes().any(|size| size > MAX_BPF_VARIABLE) => {
                let largest = frames::largest(module, cx, &func.name);
                let variable = frames::variables(func).max_by_key(|&op| frames::size(func, &cx.types, op));
                let span = variable.map_or(func.name_span, |op| func.ops[op].loc.span);
                frames::refuse_bpf(cx.error(span, StackTooLarge {}), largest);
            }
            Some(max) if all > max => {
                let name = cx.source_name(&func.name);
                let largest = frames::words(cx, &[func]);
                cx.error(func.name_span, FrameTooLarge { name, bytes: all.to_string() })
                    .help("make the largest a global variable, at file level")
                    .notes
                    .extend(largest);
            }
            Some(_) | None => {}
        }
    }
    Changed::No
}
