//! Tests that are programs: they get a packet instead of numbers, and what they leave of it is compared too.
//!
//! One file per family of what programs do; all share this one's declarations and the statements of functions.

mod chain;
mod headers;
mod packet;
mod records;
mod sockets;
mod tails;
mod views;

use super::scope::Variable;
use super::types::{Ty, U64};
use super::{CALL_DEPTH, Family, Generator};
use differential::packets::Form;
pub use records::Ring;

/// What the program that is being generated may do.
pub struct Program {
    /// The test that it belongs to.
    test: String,
    form: Form,
    /// It writes to the packet.
    writes: bool,
    /// Programs that it may call where it returns.
    next: Vec<String>,
    /// A ring buffer's record or a socket that is taken now.
    holds: bool,
}

const XDP_VERDICTS: [&str; 5] = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"];
const TC_VERDICTS: [&str; 6] =
    ["TC_ACT_UNSPEC", "TC_ACT_OK", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN", "TC_ACT_RECLASSIFY"];

/// What programs call: functions of views, and one that notes a number in the first global.
const FUNCTIONS: &str = "\
fn note(v: u64) { g0 = mix(g0, v) }
fn count_of(b: bytes, wanted: u8) -> u32 {
    var n: u32 = 0
    for (c in b) {
        if (c == wanted) n += 1
    }
    return n
}
fn sum_of(b: bytes) -> u64 {
    var sum: u64 = 1
    for (i, c in b) {
        if (c == 0xff) break
        sum = mix(sum, c as u64 + i)
    }
    return sum
}
fn scramble(b: bytes, key: u8) {
    var n = len(b) < 8 ? len(b) : 8
    for (i in 0..n) b[i] ^= key + i as u8
}
";

impl Generator {
    /// After the declarations that all programs have.
    pub fn declare_for_programs(&mut self) {
        self.line(FUNCTIONS.trim_end());
        self.declare_headers();
        if self.family == Family::References {
            self.declare_rings();
        }
    }

    pub fn program_test(&mut self, at: usize) {
        let form = self.random.pick(&[Form::Xdp, Form::Xdp, Form::Frags, Form::Tc, Form::Tc]);
        match self.family {
            Family::Tails => self.tail_test(at, form),
            Family::Plain | Family::Maps | Family::Bpf | Family::Packets | Family::References => {
                self.program(&format!("t{at}"), form, Vec::new());
            }
        }
    }

    /// One program with a name, which may call others where it returns.
    pub fn program(&mut self, name: &str, form: Form, next: Vec<String>) {
        let room = 4 + self.random.below(6);
        self.begin(None, room, CALL_DEPTH + 1);
        self.begin_errors(false);
        let writes = self.random.percent(60);
        let test = name.split('_').next().unwrap_or(name).to_owned();
        self.program = Some(Program { test, form, writes, next, holds: false });
        let mut body = String::new();
        if self.family == Family::Tails && name == self.of_program().test {
            // No program calls the first one.
            body.push_str(&format!("{} = 0\n", tails::hops(name)));
        }
        body.push_str(&self.inputs());
        if self.family == Family::Packets && self.random.percent(70) {
            body.push_str(&self.chain());
            body.push('\n');
        }
        let count = 2 + self.random.below(4);
        body.push_str(&self.statements(count));
        body.push_str("\nvar h: u64 = 7\n");
        let variables: Vec<Variable> = self.scope.visible().filter(|v| !v.pointer).cloned().collect();
        for variable in &variables {
            body.push_str(&self.folded("h", &variable.name, &variable.ty));
        }
        body.push_str("note(h)\n");
        body.push_str(&self.leave_program());
        self.line(&format!("{} {{\n{body}\n}}", head(form, name)));
        self.program = None;
    }

    /// Variables of what the packet begins with.
    fn inputs(&mut self) -> String {
        let mut text = String::new();
        for at in 0..1 + self.random.below(3) {
            let name = format!("x{at}");
            let (ty, value) = match self.random.below(4) {
                0 => (U64, "ctx.len as u64".to_owned()),
                1 => (Ty::Be(16), format!("ctx.bytes(0).read({}, be16)", self.random.below(24))),
                2 => (Ty::Be(32), format!("ctx.bytes(0, 60).read({}, be32)", self.random.below(30))),
                _ => (Ty::Int { bits: 8, signed: false }, format!("ctx.bytes(0)[{}]", self.random.below(40))),
            };
            text.push_str(&format!("var {name} = {value}\n"));
            self.scope.add(&name, ty, true);
            self.stack += 8;
        }
        text
    }

    /// The program that is being generated.
    fn of_program(&self) -> &Program {
        self.program.as_ref().expect("this is asked in programs")
    }

    /// A name for a function that goes with the test.
    fn own_name(&mut self, word: &str) -> String {
        let name = format!("{}_{word}", self.of_program().test);
        self.fresh(&name)
    }

    fn form(&self) -> Form {
        self.of_program().form
    }

    /// A constant that a program returns.
    fn verdict(&mut self) -> String {
        match self.form() {
            Form::Function | Form::Xdp | Form::Frags | Form::Loaded => self.random.pick(&XDP_VERDICTS).to_owned(),
            Form::Tc => self.random.pick(&TC_VERDICTS).to_owned(),
        }
    }

    /// A `return` of a program.
    pub fn leave_program(&mut self) -> String {
        if let Some(call) = self.tail_return() {
            return call;
        }
        match self.random.below(8) {
            0 => {
                let (condition, then, otherwise) = (self.condition(1), self.verdict(), self.verdict());
                format!("return {condition} ? {then} : {otherwise}")
            }
            1 => {
                let subject = self.variable_number();
                let (first, second, third) = (self.verdict(), self.verdict(), self.verdict());
                format!("return match (({subject}) & 7) {{\n0: {first},\n1..=3: {second},\ndefault: {third},\n}}")
            }
            _ => format!("return {}", self.verdict()),
        }
    }

    /// Out of a loop, or of the program: what `else` of a binding does.
    fn exit(&mut self) -> String {
        if self.loops > 0 && self.random.percent(70) {
            return self.random.pick(&["break", "continue"]).into();
        }
        self.leave_program()
    }

    /// Whether control may leave here: not out of a deferred block.
    fn may_exit(&self) -> bool {
        !self.errors.is_deferred && self.conditions == 0 && !self.is_holding()
    }

    /// A statement that only programs have, if it is time for one.
    pub fn program_statement(&mut self) -> Option<String> {
        self.program.as_ref()?;
        if self.nesting > 3 {
            return None;
        }
        self.nesting += 1;
        let text = match self.family {
            Family::Packets if self.random.percent(60) => Some(self.packet_statement()),
            Family::Tails if self.random.percent(20) => Some(self.packet_statement()),
            Family::References if self.random.percent(15) => Some(self.packet_statement()),
            Family::References if self.random.percent(45) => self.reference_statement(),
            Family::Plain | Family::Maps | Family::Bpf | Family::Packets | Family::Tails | Family::References => None,
        };
        self.nesting -= 1;
        text
    }

    fn reference_statement(&mut self) -> Option<String> {
        if self.random.percent(60) { self.record_statement() } else { self.socket_statement() }
    }
}

/// How a program of this name begins.
fn head(form: Form, name: &str) -> String {
    match form {
        Form::Function | Form::Xdp | Form::Loaded => format!("@xdp fn {name}(ctx: *xdp_md) -> xdp_action"),
        Form::Frags => format!("@xdp(\"frags\") fn {name}(ctx: *xdp_md) -> xdp_action"),
        Form::Tc => format!("@tc fn {name}(ctx: *__sk_buff) -> i32"),
    }
}
