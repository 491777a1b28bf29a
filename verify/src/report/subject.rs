//! What a refusal is about: the register, and what the verifier knew of it.

use crate::log::{Location, Operation, Reg, Text, Value};
use crate::refusals::Parts;
use crate::states::{self, Made, Origin, Path};

/// The value that is refused.
pub struct Subject {
    /// The step of the refused instruction.
    step: Option<usize>,
    pub location: Option<Location>,
    /// What the verifier knew of it before, and the step that shows it.
    pub known: Option<(usize, Value)>,
    frame: u8,
}

/// Calls that end what earlier pointers point to, by the kinds of these.
const CHANGE_PACKET: &[&str] = &[
    "bpf_skb_*",
    "bpf_xdp_adjust_*",
    "bpf_l3_csum_replace",
    "bpf_l4_csum_replace",
    "bpf_clone_redirect",
    "bpf_msg_*",
    "bpf_lwt_*",
    "bpf_tail_call",
];
const RELEASE: &[&str] = &[
    "bpf_ringbuf_submit*",
    "bpf_ringbuf_discard*",
    "bpf_sk_release",
    "bpf_task_release",
    "bpf_cgroup_release",
    "bpf_cpumask_release",
    "bpf_obj_drop*",
    "bpf_spin_unlock",
    "bpf_rcu_read_unlock",
    "bpf_iter_*",
];

impl Subject {
    /// The register that the message names, else the one by which the last instruction accesses memory, which it tests or returns. Of a call the first
    /// argument that has a value of one of the kinds `about`, or of the type that the message names.
    pub fn find<T: Text>(path: &Path<'_, T>, parts: &Parts<'_>, about: &[&str]) -> Subject {
        let step = path.last();
        let frame = step.map_or(0, |step| path.steps()[step].frame);
        let named = parts.number("reg").or_else(|| parts.number("argument").and_then(|number| number.checked_add(1)));
        let register = named.and_then(|register| Reg::try_from(register).ok()).filter(|&register| register <= 10);
        let register = register.or_else(|| {
            let operation = path.insn(step?)?.operation;
            if let Operation::Call(_) = operation {
                return argument(path, step?, frame, parts, about);
            }
            if let Operation::Compute { to, from: Some(from) } = operation {
                return Some(added(path, step?, frame, to, from));
            }
            accessed(&operation)
        });
        let location = register.map(Location::Register);
        let location = location.map(|location| stack_slot(path, step, location, parts));
        let known = step.zip(location).and_then(|(step, location)| path.before(step, frame, location));
        Subject { step, location, known, frame }
    }

    /// Whether it was of one of these kinds before; `*` stands for any end.
    pub fn held(&self, kinds: &[&str]) -> bool {
        self.known.as_ref().is_some_and(|(_, value)| is_of(value, kinds))
    }

    /// Where it comes from.
    pub fn origin<T: Text>(&self, path: &Path<'_, T>) -> Option<Origin> {
        Some(states::origin(path, self.step?, self.frame, self.location?))
    }

    /// The call after which the value was not valid any more: the last that changes packets or releases, after the log showed it last.
    pub fn lost<T: Text>(&self, path: &Path<'_, T>) -> Option<usize> {
        let step = self.step?;
        let kind = self.known.as_ref().map_or("", |(_, value)| value.kind.as_str());
        let names = if kind.starts_with("pkt") { CHANGE_PACKET } else { RELEASE };
        if let Some(call) = path.call_before(step, names).filter(|_| !kind.is_empty() || self.is_argument(path)) {
            return Some(call);
        }
        let origin = self.origin(path)?;
        (origin.made == Made::Clobbered).then_some(origin.step)
    }

    fn is_argument<T: Text>(&self, path: &Path<'_, T>) -> bool {
        let insn = self.step.and_then(|step| path.insn(step));
        insn.is_some_and(|insn| matches!(insn.operation, Operation::Call(_)))
    }
}

/// Whether a value is of one of these kinds; `*` stands for any end.
fn is_of(value: &Value, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| match kind.strip_suffix('*') {
        Some(start) => value.kind.starts_with(start),
        None => value.kind == *kind,
    })
}

/// The first argument of a call that is of one of these kinds, or of the type that the message names.
fn argument<T: Text>(path: &Path<'_, T>, step: usize, frame: u8, parts: &Parts<'_>, about: &[&str]) -> Option<Reg> {
    let named = parts.get("type").filter(|kind| kind.len() > 2);
    (1..=5).find(|&register| {
        let known = path.before(step, frame, Location::Register(register));
        known.is_some_and(|(_, value)| is_of(&value, about) || named.is_some_and(|kind| value.kind.starts_with(kind)))
    })
}

/// The register that an instruction is about.
fn accessed(operation: &Operation) -> Option<Reg> {
    match operation {
        Operation::Load { base, .. } => *base,
        Operation::Store { base, .. } | Operation::Atomic { base, .. } => Some(*base),
        Operation::Branch { left, .. } => Some(*left),
        Operation::Compute { to, .. } => Some(*to),
        Operation::Move { from, .. } => Some(*from),
        Operation::Exit => Some(0),
        Operation::Constant { .. } | Operation::Call(_) | Operation::Jump | Operation::Other => None,
    }
}

/// Of an address and a number that are added the one that is the number.
fn added<T: Text>(path: &Path<'_, T>, step: usize, frame: u8, to: Reg, from: Reg) -> Reg {
    let number = |register| {
        let known = path.before(step, frame, Location::Register(register));
        known.is_some_and(|(_, value)| value.kind == "scalar")
    };
    if number(from) { from } else { to }
}

/// Of an access to the stack the slot is the subject, not the frame pointer.
fn stack_slot<T: Text>(path: &Path<'_, T>, step: Option<usize>, location: Location, parts: &Parts<'_>) -> Location {
    let offset = parts.get("off").and_then(|off| off.parse::<i32>().ok()).filter(|&off| (-512..0).contains(&off));
    let insn = step.and_then(|step| path.insn(step));
    match (insn.map(|insn| insn.operation), offset) {
        (Some(Operation::Load { base: Some(10), offset, .. }), Some(_)) => Location::slot(offset),
        (Some(Operation::Call(_)), Some(offset)) if location != Location::Register(0) => Location::slot(offset),
        _ => location,
    }
}
