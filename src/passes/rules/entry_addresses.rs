//! Addresses of map entries in user space, where an entry is a copy and has none.

use crate::diag::Diagnostic;
use crate::diag::codes::maps::EntryAddress;
use crate::ir::{Function, Opcode, Role};
use crate::session::Session;
use crate::target::{Maps, Target};
use crate::types::{Space, TyKind};

/// Reports those that a function of user space takes. `called_from` adds how the function is reached.
pub fn check(cx: &mut Session, func: &Function, target: Target, called_from: &dyn Fn(&mut Diagnostic)) {
    if target.facts().maps == Maps::InPlace {
        return;
    }
    for data in func.all() {
        let in_entry =
            |&of| matches!(cx.types.kind(func.ty(of)), TyKind::Place { space: Space::MapValue | Space::Percpu, .. });
        if data.opcode != Opcode::KsAddr || !data.operands.iter().any(in_entry) {
            continue;
        }
        let name = variable(cx.sources.text(data.loc.span)).to_owned();
        let error = cx.error(data.loc.span, EntryAddress { name: name.clone() });
        error.help(format!("pass a copy: `var copy = {name}`, and write back what changed"));
        if matches!(func.role, Role::Plain) {
            error
                .help("`@helper` before `fn` makes a function that BPF code alone calls, where entries have addresses");
        }
        called_from(error);
    }
}

/// The variable of a place whose address is written.
fn variable(address: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let place = address.trim_start_matches(|c| !is_part(c));
    place.split(|c| !is_part(c)).next().unwrap_or(place)
}
