//! What a line of the log is.

/// A line, cut into its parts.
#[derive(PartialEq, Eq, Debug)]
pub enum Line<'a> {
    /// `8: (56) if w1 != 0x7 goto pc+2   ; R1=7`
    Insn { insn: u32, opcode: u8, text: &'a str, state: &'a str, frame: Option<u8> },
    /// Registers of a whole frame.
    State(StateLine<'a>),
    /// `; if (k == 7) @ a.c:11`
    Comment,
    /// A function of its own begins, so that what was before is no part of the path.
    Start,
    /// The log of a program begins, which libbpf names.
    Begin(&'a str),
    /// It ends.
    End,
    /// The verifier's time in microseconds.
    Time(u64),
    /// Bytes of stack, of all functions together.
    Stack(u64),
    /// The line with the figures.
    Processed { processed: u64, total_states: Option<u64>, peak_states: Option<u64> },
    /// The heading of the report that Linux 7.3 and later write behind their message: category and problem.
    Report(&'a str),
    /// What says nothing of the program.
    Noise,
    /// Everything else. A refusal is one of these.
    Message(&'a str),
}

/// `from 8 to 11: R0=…`, `16: frame1: R1=7 R10=fp0`, ` frame1: R1=7`.
#[derive(PartialEq, Eq, Debug)]
pub struct StateLine<'a> {
    /// The branch that the verifier comes back to, and where it goes on.
    pub jump: Option<(u32, u32)>,
    pub insn: Option<u32>,
    pub frame: Option<u8>,
    pub state: &'a str,
}

/// Around a program's log in the output of libbpf.
const BEGIN: &str = "-- BEGIN PROG LOAD LOG --";
const END: &str = "-- END PROG LOAD LOG --";

/// Beginnings of lines that describe the verifier's own work.
const NOISE: &[&str] = &[
    "mark_precise:",
    "force_precise:",
    "func#",
    "Live regs before insn",
    "last_idx ",
    "regs=",
    "parent ",
    "propagating ",
    "falling back",
    "caller:",
    "callee:",
    "returning from callee:",
    "Func#",
    "cur state:",
    "old state:",
    "stack_depth",
    "libbpf: ",
    "subprog ",
    "subprog#",
    "SCC ",
    "topo_order[",
    "stack use/def ",
    "arg JOIN ",
    "insns processed ",
];

/// Begins a report of Linux 7.3 and later (kernel/bpf/diagnostics.c).
pub const REPORT: &str = "Verification failed: ";

/// The parts of a line.
pub fn classify(line: &str) -> Line<'_> {
    let text = unwrapped(line);
    let Some(&first) = text.as_bytes().first() else { return Line::Noise };
    if first.is_ascii_digit() {
        return numbered(text);
    }
    if first == b';' {
        return Line::Comment;
    }
    if first == b' ' {
        return indented(text);
    }
    if let Some(rest) = text.strip_prefix("from ")
        && let Some(line) = from(rest)
    {
        return line;
    }
    if let Some(rest) = text.strip_prefix("to caller at ") {
        let number = rest.trim_end_matches(':').parse::<u32>().ok();
        return number.map_or(Line::Message(text), |_| Line::Noise);
    }
    if text.starts_with("Validating ") {
        return Line::Start;
    }
    if text.ends_with(BEGIN) {
        return Line::Begin(text.split('\'').nth(1).unwrap_or_default());
    }
    if text.ends_with(END) {
        return Line::End;
    }
    if let Some(line) = statistic(text) {
        return line;
    }
    if let Some(heading) = text.strip_prefix(REPORT) {
        return Line::Report(heading);
    }
    if NOISE.iter().any(|start| text.starts_with(start)) {
        return Line::Noise;
    }
    // `frame 0: propagating r6`
    if text.strip_prefix("frame ").is_some_and(|rest| rest.contains(": propagating")) {
        return Line::Noise;
    }
    // Before 6.2 a state may begin its line.
    let (frame, state) = frame(text);
    if is_state(state) {
        return Line::State(StateLine { jump: None, insn: None, frame, state });
    }
    Line::Message(text)
}

/// Without what other tools put before each line, or before the first one.
pub fn unwrapped(line: &str) -> &str {
    let text = line.trim_start_matches('\t').trim_end();
    let text = text.strip_prefix("Verifier output: ").unwrap_or(text);
    // The time in the kernel's log.
    match text.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((time, rest)) if time.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => rest,
        _ => text,
    }
}

fn numbered(text: &str) -> Line<'_> {
    let Some((number, rest)) = text.split_once(": ") else { return Line::Message(text) };
    let Ok(insn) = number.parse() else { return Line::Message(text) };
    if let Some(coded) = rest.strip_prefix('(')
        && let Some((opcode, rest)) = coded.split_once(')')
        && let Ok(opcode) = u8::from_str_radix(opcode, 16)
    {
        // The instruction has no `;` of its own.
        let (text, state) = rest.split_once(';').unwrap_or_else(|| jump_and_state(rest));
        let (frame, state) = frame(state.trim());
        return Line::Insn { insn, opcode, text: text.trim(), state, frame };
    }
    let (frame, state) = frame(rest.trim());
    if !is_state(state) {
        return Line::Noise;
    }
    Line::State(StateLine { jump: None, insn: Some(insn), frame, state })
}

/// Before 6.2 what follows a branch is on its line: `if w2 > 0x3 goto pc+4 19: R0=…`.
fn jump_and_state(text: &str) -> (&str, &str) {
    let split = text.find("goto pc").and_then(|at| text[at + 5..].find(' ').map(|length| at + 5 + length));
    let Some((jump, rest)) = split.map(|at| text.split_at(at)) else { return (text, "") };
    match rest.trim().split_once(": ") {
        Some((number, state)) if number.parse::<u32>().is_ok() => (jump, state),
        _ => (text, ""),
    }
}

/// A register, a slot of the stack, or what else begins a state.
fn is_state(text: &str) -> bool {
    let mut after = text.trim_start_matches("R").chars();
    (text.starts_with('R') && after.next().is_some_and(|c| c.is_ascii_digit()) && word(text).contains('='))
        || (text.starts_with("fp-") && word(text).contains('='))
        || text.starts_with("refs=")
}

fn word(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

fn indented(text: &str) -> Line<'_> {
    let inner = text.trim_start();
    let (frame, state) = frame(inner);
    if is_state(state) {
        return Line::State(StateLine { jump: None, insn: None, frame, state });
    }
    // `     12: .1........ (bf) r6 = r1`: which registers live; the end of a message is indented by one blank.
    if inner.as_bytes().first().is_some_and(u8::is_ascii_digit) { Line::Noise } else { Line::Message(inner) }
}

fn from(rest: &str) -> Option<Line<'_>> {
    let (from, rest) = rest.split_once(" to ")?;
    let (to, state) = rest.split_once(':')?;
    let to = to.split(' ').next().unwrap_or(to);
    let jump = Some((from.parse().ok()?, to.parse().ok()?));
    let (frame, state) = frame(state.trim());
    if state == "safe" {
        return Some(Line::Noise);
    }
    Some(Line::State(StateLine { jump, insn: None, frame, state }))
}

/// The number of the frame before a state, and the state.
fn frame(text: &str) -> (Option<u8>, &str) {
    let split = text.strip_prefix("frame").and_then(|rest| rest.split_once(':'));
    if let Some((number, state)) = split
        && let Ok(number) = number.parse()
    {
        return (Some(number), state.trim_start());
    }
    (text.starts_with('R').then_some(0), text)
}

fn statistic(text: &str) -> Option<Line<'_>> {
    if let Some(rest) = text.strip_prefix("verification time ") {
        return number(rest).map(Line::Time);
    }
    if let Some(rest) = text.strip_prefix("stack depth ") {
        // From Linux 7.2 on the depth of the deepest chain of calls is there too.
        if let Some((_, deepest)) = rest.rsplit_once("max ") {
            return number(deepest).map(Line::Stack);
        }
        let depths = rest.split('+').filter_map(|depth| depth.trim().parse::<u64>().ok());
        return Some(Line::Stack(depths.fold(0, u64::saturating_add)));
    }
    let processed = number(text.strip_prefix("processed ")?)?;
    let named = |name: &str| text.split_once(name).and_then(|(_, rest)| number(rest.trim_start()));
    Some(Line::Processed { processed, total_states: named("total_states"), peak_states: named("peak_states") })
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}
