//! A line of bpftrace where a declaration is expected: the same program in this language.

use super::Hint;
use crate::source::Span;
use crate::source::scan::{Scanner, TokenKind};

/// `PROBE:TARGET /PREDICATE/ { ACTIONS }`
struct Clause<'a> {
    probe: &'a str,
    /// The parts between the colons behind the kind of the probe.
    target: Vec<&'a str>,
    predicate: Option<&'a str>,
    actions: &'a str,
}

/// The values of bpftrace that have a counterpart as an expression.
const VALUES: &[(&str, &str)] = &[
    ("pid", "pid()"),
    ("tid", "tid()"),
    ("uid", "uid()"),
    ("gid", "gid()"),
    ("cgroup", "cgroup_id()"),
    ("cpu", "cpu()"),
    ("nsecs", "now_ns()"),
    ("comm", "comm()"),
];

/// A hint for the text from `at` on, if it is such a line.
pub fn hint(source: &str, at: Span) -> Option<Hint> {
    let text = &source[at.lo as usize..];
    let clause = clause(text)?;
    let target = clause.target.join(":");
    let text = match (clause.probe, clause.target.as_slice()) {
        ("BEGIN", _) => {
            "what bpftrace does in `BEGIN` is at the start of `fn main() -> i32 { … }`, before `attach`".to_owned()
        }
        ("END", _) => {
            "what bpftrace does in `END` is at the end of `fn main() -> i32 { … }`, behind `wait()`".to_owned()
        }
        ("interval" | "i", _) => {
            "what bpftrace does in an `interval` is in a loop of `main`: `while (true) { sleep(1000); … }`".to_owned()
        }
        ("tracepoint" | "t", [category, event]) => {
            let class = match *event {
                event if event.starts_with("sys_enter_") => "sys_enter",
                event if event.starts_with("sys_exit_") => "sys_exit",
                event => event,
            };
            program(&format!("@tracepoint(\"{category}/{event}\")"), &format!("ctx: *trace_event_raw_{class}"), &clause)
        }
        ("rawtracepoint" | "rt", [.., event]) => program(&format!("@raw_tracepoint(\"{event}\")"), "", &clause),
        ("kprobe" | "k", [function]) => program(&format!("@kprobe(\"{function}\")"), "ctx: *pt_regs", &clause),
        ("kretprobe" | "kr", [function]) => program(&format!("@kretprobe(\"{function}\")"), "ctx: *pt_regs", &clause),
        ("fentry" | "kfunc" | "f", [.., function]) => program(&format!("@fentry(\"{function}\")"), "", &clause),
        ("fexit" | "kretfunc" | "fr", [.., function]) => program(&format!("@fexit(\"{function}\")"), "", &clause),
        ("uprobe" | "u", [_, _]) => program(&format!("@uprobe(\"{target}\")"), "ctx: *pt_regs", &clause),
        ("uretprobe" | "ur", [_, _]) => program(&format!("@uretprobe(\"{target}\")"), "ctx: *pt_regs", &clause),
        ("usdt" | "U", [_, _, _]) => program(&format!("@usdt(\"{target}\")"), "ctx: *pt_regs", &clause),
        ("profile" | "p" | "software" | "s" | "hardware" | "h", _) => {
            program("@perf_event", "ctx: *bpf_perf_event_data", &clause)
        }
        ("iter" | "it", [of]) => program(&format!("@iter(\"{of}\")"), &format!("ctx: *bpf_iter__{of}"), &clause),
        _ => return None,
    };
    Some(Hint::text(text))
}

fn clause(text: &str) -> Option<Clause<'_>> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}').unwrap_or(text.len() - open);
    let header = text[..open].trim();
    // A predicate is between two slashes behind a blank: paths have slashes too.
    let (probe, predicate) = match header.split_once(|c: char| c.is_whitespace()) {
        Some((probe, rest)) => (probe, Some(rest.trim().strip_prefix('/')?.strip_suffix('/')?.trim())),
        None => (header, None),
    };
    let mut parts = probe.split(':');
    let probe = parts.next()?;
    let target: Vec<&str> = parts.collect();
    let is_clause = !target.is_empty() || matches!(probe, "BEGIN" | "END");
    is_clause.then(|| Clause { probe, target, predicate, actions: text[open + 1..close.max(open + 1)].trim() })
}

fn program(attribute: &str, parameter: &str, clause: &Clause<'_>) -> String {
    let mut declared = Vec::new();
    let mut body = Vec::new();
    if let Some(predicate) = clause.predicate {
        body.push(format!("if (!({})) return 0", translated(predicate)));
    }
    for action in clause.actions.split(';').map(str::trim).filter(|action| !action.is_empty()) {
        body.push(statement(action, &mut declared));
    }
    body.push("return 0".to_owned());
    let known = declared.iter().map(|declared| format!("`{declared}`, and ")).collect::<String>();
    format!("this is bpftrace; here it is {known}`{attribute} fn traced({parameter}) -> i32 {{ {} }}`", body.join("; "))
}

fn statement(action: &str, declared: &mut Vec<String>) -> String {
    if let Some(arguments) = action.strip_prefix("printf(").and_then(|rest| rest.strip_suffix(')')) {
        return format!("print({})", translated(&arguments.replace("\\n\"", "\"")));
    }
    let (map, value) = match action.split_once('=') {
        Some((map, value)) => (map.trim(), value.trim()),
        None => return "…".to_owned(),
    };
    let name = map.trim_start_matches('@').split('[').next().filter(|name| !name.is_empty()).unwrap_or("counts");
    let key = map.split_once('[').and_then(|(_, key)| key.strip_suffix(']')).map(str::trim);
    if !map.starts_with('@') || value != "count()" {
        return "…".to_owned();
    }
    let (form, place) = match key {
        Some("comm") => (format!("var {name}: hash<str(16), u64>(1024)"), format!("{name}[comm()]")),
        Some(key) => (format!("var {name}: hash<u64, u64>(1024)"), format!("{name}[{}]", translated(key))),
        None => (format!("var {name}: u64"), name.to_owned()),
    };
    declared.push(form);
    format!("{place} += 1")
}

/// An expression with the values of this language.
fn translated(text: &str) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for token in Scanner::new(text).filter(|token| token.kind == TokenKind::Word) {
        let word = &text[token.lo..token.hi];
        let value = VALUES.iter().find(|(name, _)| *name == word).map_or(word, |(_, value)| value);
        out += &text[at..token.lo];
        out += value;
        at = token.hi;
    }
    out + &text[at..]
}
