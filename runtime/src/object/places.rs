//! Programs for which the load fixes a place in the kernel, a function, a hook or an event: why the kernel has no such place.

use super::parts::RETURN;
use crate::abi::{KsForm, KsProg};
use crate::kernel::errors::reason;
use crate::kernel::program::{self, text};

/// The message of libbpf if the kernel's BTF has no such function.
const NOT_FOUND: &str = "failed to find kernel BTF type ID of '";
/// What it says where the kernel refuses a program.
const REFUSED: &str = "': failed to load: ";

/// In words, if that is why the load failed.
pub fn message(error: i32, log: &str) -> Option<String> {
    if let Some(prog) = named(log, NOT_FOUND) {
        let help = match kind(prog) {
            Kind::Hook => "it has those of its security modules for which it was built with CONFIG_BPF_LSM=y",
            Kind::Function => "it may be inlined here, or be in a module that is not loaded",
            Kind::Event => "it may be one of other kernels, or be in a module that is not loaded",
        };
        return Some(format!("cannot load `{}`: this kernel has no {}\n  help: {help}", text(prog.name), place(prog)));
    }
    let fixed = [KsForm::Function, KsForm::Probe, KsForm::Session, KsForm::Lsm];
    let prog = named(log, REFUSED).filter(|prog| fixed.iter().any(|&form| form as u32 == prog.form))?;
    let kernel = match kind(prog) {
        Kind::Hook => "the kernel needs CONFIG_BPF_LSM=y and trampolines, and a policy of the machine may forbid this",
        Kind::Function | Kind::Event => {
            "the kernel needs trampolines (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y), and a policy of the machine may \
             forbid this; `@kprobe` may be possible"
        }
    };
    let (name, place) = (text(prog.name), place(prog));
    Some(format!(
        "cannot load `{name}`: this kernel lets no program be at the {place}: {}\n  help: {kernel}",
        reason(error)
    ))
}

/// The program of the line that says this.
fn named(log: &str, says: &str) -> Option<&'static KsProg> {
    let line = log.lines().find(|line| line.contains(says))?;
    let at_return = RETURN.to_str().unwrap_or_default();
    let (name, _) = line.split_once("prog '")?.1.split_once('\'')?;
    // In the pair of a session, the program at the return has the name of the other one with a suffix.
    let is_named = |prog: &&KsProg| {
        let rest = name.strip_prefix(text(prog.name));
        rest.is_some_and(|rest| rest.is_empty() || rest == at_return && prog.form == KsForm::Session as u32)
    };
    program::progs().iter().find(is_named)
}

/// What a place is.
enum Kind {
    Function,
    Hook,
    Event,
}

fn kind(prog: &KsProg) -> Kind {
    if prog.form == KsForm::Lsm as u32 {
        Kind::Hook
    } else if prog.form == KsForm::Tracing as u32 {
        Kind::Event
    } else {
        Kind::Function
    }
}

fn place(prog: &KsProg) -> String {
    let what = match kind(prog) {
        Kind::Hook => "hook",
        Kind::Function => "function",
        Kind::Event => "event",
    };
    format!("{what} `{}`", text(prog.target))
}
