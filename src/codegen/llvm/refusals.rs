//! Reports what LLVM refuses to compile.

use super::module::ModuleGen;
use super::stack;
use crate::diag::codes::limits::{BranchTooFar, Refused, StackTooLarge, TooManyArguments};
use crate::ir::{self, Module};
use crate::session::Session;
use crate::source::Span;
use crate::target::Facts;
use std::collections::BTreeSet;

/// One message of LLVM, taken apart: `FILE:LINE:COLUMN: in function NAME TYPE: TEXT`, all but the text optional.
struct Refusal<'m> {
    place: Option<(&'m str, u32, u32)>,
    function: Option<&'m str>,
    text: &'m str,
}

/// Reports each kind of message once per function: LLVM repeats it for every instruction concerned.
pub fn report(cx: &mut Session, module: &Module, facts: &Facts, messages: &[String]) {
    let mut seen = BTreeSet::new();
    for message in messages {
        let refusal = read(message);
        if seen.insert((refusal.function, refusal.text)) {
            say(cx, module, facts, &refusal);
        }
    }
}

fn say(cx: &mut Session, module: &Module, facts: &Facts, refusal: &Refusal) {
    let span = span(cx, module, refusal);
    if refusal.text.contains("stack limit") {
        let largest = refusal.function.map(|name| ir::frames::largest(module, cx, name)).unwrap_or_default();
        ir::frames::refuse_bpf(cx.error(span, StackTooLarge {}), largest);
    } else if refusal.text.contains("too many args") || refusal.text.contains("stack arguments") {
        cx.error(span, TooManyArguments {}).help("pass fewer parameters, or a struct");
    } else {
        let why = refusal.text.to_owned();
        cx.error(span, Refused { what: facts.code.to_owned(), why });
    }
}

/// Reports the fatal error that LLVM met, with what it had remarked of the functions before.
pub fn report_fatal(g: &mut ModuleGen, words: &str, remarks: &[String]) {
    if words.contains("Branch target out of") {
        // LLVM finds it as it writes the object, behind the last function, and does not say which one it is in.
        let largest = stack::sizes(remarks).into_iter().max_by_key(|&(_, size)| size);
        let (name, size) = largest.unwrap_or_default();
        let span = stack::span(g, &name);
        let name = g.cx.names.of(&name).to_owned();
        g.cx.error(span, BranchTooFar { name, size: size.to_string() })
            .remark("a branch reaches 32767 instructions; inlined functions and unrolled loops count each time")
            .help("make a loop of what repeats, or put what differs into a map or a constant array and walk over that")
            .help("a large function that has at most five parameters is not inlined: move parts of this one into some")
            .help("`--mcpu=v4` has branches that reach farther; it needs Linux 6.6");
        return;
    }
    let (why, function) = read_fatal(words);
    let span = match function.map(str::to_owned).or_else(|| unfinished(g, remarks)) {
        Some(name) => stack::span(g, &name),
        None => Span::new(g.ir.file, 0, 0),
    };
    g.cx.error(span, Refused { what: g.facts.code.to_owned(), why: why.to_owned() });
}

/// `TEXT`, or `TEXT`, lines of detail, and `In function: NAME`.
fn read_fatal(words: &str) -> (&str, Option<&str>) {
    let (why, rest) = words.split_once('\n').unwrap_or((words, ""));
    (why, rest.split_once("In function: ").map(|(_, name)| name.trim()))
}

/// The first function without a remark of LLVM, which makes instructions function by function.
fn unfinished(g: &ModuleGen, remarks: &[String]) -> Option<String> {
    let finished = stack::frames(remarks);
    let functions = g.module.get_functions().filter(|function| function.count_basic_blocks() > 0);
    let mut names = functions.map(|function| function.get_name().to_string_lossy().into_owned());
    names.find(|name| !finished.contains_key(name))
}

fn read(message: &str) -> Refusal<'_> {
    let (place, rest) = place(message).map_or((None, message), |(place, rest)| (Some(place), rest));
    let Some(after) = rest.trim_start().strip_prefix("in function ") else {
        return Refusal { place, function: None, text: rest.trim() };
    };
    let (head, text) = after.split_once(": ").unwrap_or((after, after));
    Refusal { place, function: head.split_whitespace().next(), text: text.trim() }
}

/// `FILE:LINE:COLUMN: ` at the start.
fn place(message: &str) -> Option<((&str, u32, u32), &str)> {
    let (head, rest) = message.split_once(": ")?;
    let (head, column) = head.rsplit_once(':')?;
    let (file, line) = head.rsplit_once(':')?;
    Some(((file, line.parse().ok()?, column.parse().ok()?), rest))
}

/// The line that LLVM names, else the function, else the start of the file.
fn span(cx: &Session, module: &Module, refusal: &Refusal) -> Span {
    if let Some((name, line, column)) = refusal.place
        && let Some((id, file)) = cx.sources.files().find(|&(id, _)| name.ends_with(&cx.recorded_name(id)))
        && let Some(offset) = file.offset(line, column)
    {
        return Span { file: id, lo: offset, hi: offset };
    }
    let named = |name: &str| module.funcs.iter().find(|f| name.ends_with(&*f.name));
    match refusal.function.and_then(named) {
        Some(func) => func.name_span,
        None => Span::new(module.file, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, read_fatal};

    #[test]
    fn a_fatal_error() {
        assert_eq!(read_fatal("out of luck"), ("out of luck", None));
        let words = "Cannot select: t8: i64 = fadd t1, t2\n  t1: i64\nIn function: prog";
        assert_eq!(read_fatal(words), ("Cannot select: t8: i64 = fadd t1, t2", Some("prog")));
    }

    #[test]
    fn a_message_with_everything() {
        let refusal = read("dir/foo.ks:3:12: in function prog i32 (ptr): Looks bad: very");
        assert_eq!(refusal.place, Some(("dir/foo.ks", 3, 12)));
        assert_eq!(refusal.function, Some("prog"));
        assert_eq!(refusal.text, "Looks bad: very");
    }

    #[test]
    fn a_message_of_text_alone() {
        let refusal = read("out of luck: today");
        assert!(refusal.place.is_none() && refusal.function.is_none());
        assert_eq!(refusal.text, "out of luck: today");
    }
}
