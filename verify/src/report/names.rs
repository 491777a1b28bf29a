//! What the source calls a value: its variable by DWARF, the variable that the line of its origin assigns, or what the line calls.

use super::Sight;
use crate::log::{Callee, Location, Operation, Text, Value};
use crate::states::{Made, Origin};

/// The variable of the stack whose address the verifier took the value for.
pub fn of_address<T: Text>(sight: &Sight<'_, T>, known: &(usize, Value)) -> Option<String> {
    let (_, value) = known;
    let offset = i32::try_from(value.number.filter(|_| value.kind == "fp")?).ok()?;
    let name = variable(sight, sight.path.last()?, Location::slot(offset))?;
    Some(format!("`{name}`"))
}

/// The name of a value in the source, in backticks, or a description; none if nothing is known.
pub fn of<T: Text>(sight: &Sight<'_, T>, origin: &Origin) -> Option<String> {
    if let Some(name) = origin.carried.iter().find_map(|&(step, _, location)| variable(sight, step, location)) {
        return Some(format!("`{name}`"));
    }
    if let Some(name) = held_before(sight, origin) {
        return Some(format!("`{name}`"));
    }
    if origin.made != Made::Here {
        return (origin.made == Made::Argument && origin.carried.last().is_some_and(is_first_argument))
            .then(|| "the context".to_owned());
    }
    // Compilers record where a variable is from the next instruction on.
    let &(_, _, location) = origin.carried.last()?;
    let next = sight.path.next(origin.step)?;
    if let Some(name) = variable(sight, next, location) {
        return Some(format!("`{name}`"));
    }
    if let Some(name) = assigned_by(sight, origin.step) {
        return Some(format!("`{name}`"));
    }
    match sight.path.insn(origin.step)?.operation {
        Operation::Call(Callee::Named(name)) => Some(format!("the result of `{name}`")),
        Operation::Call(Callee::Function)
        | Operation::Move { .. }
        | Operation::Constant { .. }
        | Operation::Compute { .. }
        | Operation::Load { .. }
        | Operation::Store { .. }
        | Operation::Atomic { .. }
        | Operation::Branch { .. }
        | Operation::Jump
        | Operation::Exit
        | Operation::Other => None,
    }
}

/// The variable that the line of a step assigns; of a `return` of a function that was inlined the one that the caller's line assigns.
fn assigned_by<T: Text>(sight: &Sight<'_, T>, step: usize) -> Option<String> {
    let is_call = matches!(sight.path.insn(step)?.operation, Operation::Call(_));
    let text = line(sight, step)?;
    let place = sight.place_of_step(step);
    let is_refused = sight.path.last().and_then(|last| sight.place_of_step(last)).map(|place| place.line)
        == place.as_ref().map(|place| place.line);
    // What the refused line assigns is its result, not what it is computed from.
    if let Some(name) = assigned(&text).filter(|_| is_call || !is_refused) {
        return Some(name.to_owned());
    }
    if !is_call || !text.starts_with("return ") {
        return None;
    }
    let mut next = step;
    loop {
        next = sight.path.next(next).filter(|&next| next <= step + MAX_STEPS)?;
        let text = line(sight, next);
        if sight.place_of_step(next).map(|place| place.line) != place.as_ref().map(|place| place.line) {
            return assigned(&text?).map(str::to_owned);
        }
    }
}

/// Steps at which a value is looked for in a variable.
const MAX_STEPS: usize = 4096;

/// The variable that held the value at some step since it was made: compilers end a variable's location where it is not needed any more.
fn held_before<T: Text>(sight: &Sight<'_, T>, origin: &Origin) -> Option<String> {
    let froms = origin.carried.iter().skip(1).map(|&(step, ..)| step).chain([origin.step]);
    let spans = origin.carried.iter().zip(froms);
    let steps =
        spans.flat_map(|(&(to, frame, location), from)| (from + 1..to).rev().map(move |step| (step, frame, location)));
    let mut steps = steps.take(MAX_STEPS).filter(|&(step, frame, _)| sight.path.steps()[step].frame == frame);
    steps.find_map(|(step, _, location)| variable(sight, step, location))
}

fn is_first_argument(&(_, frame, location): &(usize, u8, Location)) -> bool {
    frame == 0 && location == Location::Register(1)
}

fn variable<T: Text>(sight: &Sight<'_, T>, step: usize, location: Location) -> Option<String> {
    let insn = sight.path.steps().get(step)?.insn;
    sight.program?.name(insn, location).map(str::to_owned)
}

/// The text of the source line of a step.
pub fn line<T: Text>(sight: &Sight<'_, T>, step: usize) -> Option<String> {
    let step = sight.path.steps().get(step)?;
    if let Some(program) = sight.program
        && let Some(place) = program.place(step.insn)
        && let Some(text) = program.object().recorded(&place.file, place.line)
    {
        return Some(text.trim().to_owned());
    }
    sight.log.comment(step).map(|(text, _)| text)
}

/// The variable that a line of source gives its value: `struct v *e = f(…)`, `var e = m[k]`, `if (var e = m[k]) {`, `let e = f()`, `e = f()`.
pub fn assigned(line: &str) -> Option<&str> {
    let at = line.match_indices('=').map(|(at, _)| at).find(|&at| {
        let (before, after) = (line[..at].chars().next_back(), line[at + 1..].chars().next());
        after != Some('=')
            && !matches!(before, Some('=' | '!' | '<' | '>' | '+' | '-' | '*' | '/' | '&' | '|' | '^' | '%'))
    })?;
    let before = line[..at].trim_end();
    // `let e: T = …`
    let before = before.split_once(": ").map_or(before, |(name, _)| name).trim_end();
    let name = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    let rest = before.strip_suffix(name)?;
    // A member or an element has no name of its own.
    let plain = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') && !rest.ends_with(['.', '>']);
    plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::assigned;

    #[test]
    fn variables_of_lines() {
        assert_eq!(assigned("long *e = bpf_map_lookup_elem(&m, &k);"), Some("e"));
        assert_eq!(assigned("if (var e = m[k]) {"), Some("e"));
        assert_eq!(assigned("let value: u64 = read(x);"), Some("value"));
        assert_eq!(assigned("e = f(a == b);"), Some("e"));
        assert_eq!(assigned("if (a == b) return;"), None);
        assert_eq!(assigned("p->x = 3;"), None);
        assert_eq!(assigned("n += 3;"), None);
        assert_eq!(assigned("return *v;"), None);
        assert_eq!(assigned("="), None);
        assert_eq!(assigned(""), None);
    }
}
