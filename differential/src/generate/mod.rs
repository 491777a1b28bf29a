//! Generates programs: well typed, ending soon, of every part of the language that runs the same on both sides.
//!
//! A program is text. It declares types, constants and globals, functions that call one another, tests named `t0`, `t1` …
//! of type `fn(u64, u64, u64, u64) -> u64`, `reset()`, which gives the globals their initial values, and `digest()`, which
//! folds them into a number; with maps also `contents()`, which folds what they hold. One file per family of the language;
//! a family is a method that yields text for what is asked.

mod choices;
mod exprs;
mod folding;
mod funcs;
mod maps;
mod numbers;
mod programs;
mod scope;
mod stmts;
mod strings;
mod throws;
mod types;

use differential::random::Random;
pub use folding::DIFFERS;
use maps::{Histogram, Map, Uses};
use scope::{Scope, Variable};
use throws::{Codes, Errors, Thrown};
use types::{Enum, Struct, Ty};

/// Bytes of local variables in one function: all of a chain of calls must fit a BPF stack of 512.
const STACK: usize = 72;

/// The same where maps are used, whose keys and values are there too.
const STACK_BESIDE_MAPS: usize = 40;

/// Functions that call one another, tests and what calls them not counted.
const CALL_DEPTH: u32 = 2;

/// Steps that a function may take: a bound, not exact.
const COST: u64 = 4000;

pub struct Func {
    name: String,
    /// With whether it is a pointer to the type.
    params: Vec<(Ty, bool)>,
    result: Option<Ty>,
    /// A bound on the steps of a call.
    cost: u64,
    /// Calls below it.
    depth: u32,
    uses: Uses,
    throws: Thrown,
}

/// What programs are made of, and so where they run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Family {
    /// All but maps: both sides.
    Plain,
    /// With maps as both sides have them.
    Maps,
    /// With maps as only BPF code has them: per-CPU entries, pointers to entries, atomic operations on them.
    Bpf,
    /// Programs that parse and write packets.
    Packets,
    /// Programs that call one another.
    Tails,
    /// Programs that take records of ring buffers and sockets, and give them back.
    References,
}

impl Family {
    pub const OF_PROGRAMS: [Family; 3] = [Family::Packets, Family::Tails, Family::References];

    /// As it is named in file names.
    pub fn name(self) -> &'static str {
        match self {
            Family::Plain => "plain",
            Family::Maps => "maps",
            Family::Bpf => "bpf",
            Family::Packets => "packets",
            Family::Tails => "tails",
            Family::References => "references",
        }
    }

    /// Whether the tests are programs, which get a packet, and not functions.
    pub fn is_of_programs(self) -> bool {
        Family::OF_PROGRAMS.contains(&self)
    }

    /// What is before functions.
    fn attribute(self) -> &'static str {
        match self {
            Family::Plain | Family::Maps | Family::Packets | Family::Tails | Family::References => "",
            Family::Bpf => "@helper ",
        }
    }
}

pub struct Generator {
    family: Family,
    random: Random,
    text: String,
    maps: Vec<Map>,
    histograms: Vec<Histogram>,
    /// Atomic operations that yield what was there.
    old_values: bool,
    structs: Vec<Struct>,
    /// Those of them that the program declares.
    own_structs: usize,
    enums: Vec<Enum>,
    /// Names and types.
    consts: Vec<(String, Ty)>,
    /// What is thrown.
    codes: Codes,
    globals: Vec<Variable>,
    funcs: Vec<Func>,
    next_name: usize,
    /// From here on of the function that is being generated.
    scope: Scope,
    uses: Uses,
    /// Maps whose entries stay as they are for as long as something points to one.
    held: Vec<usize>,
    /// Maps that nothing writes to: they are walked.
    sealed: Vec<usize>,
    /// Keys that were used, to be used again.
    sticky: Vec<(usize, String)>,
    /// Keys inside one another.
    keys: u32,
    errors: Errors,
    result: Option<Ty>,
    named_result: Option<String>,
    /// Statements that may still come.
    room: usize,
    nesting: u32,
    /// An index is being made, which has no variable index in it.
    indexing: bool,
    loops: u32,
    /// Those of them whose condition is being made.
    conditions: u32,
    /// How often the current statement may run.
    weight: u64,
    cost: u64,
    stack: usize,
    callee_depth: u32,
    /// Calls that are allowed below it.
    max_depth: u32,
    /// None in functions.
    program: Option<programs::Program>,
    rings: Vec<programs::Ring>,
    /// Records with bytes after their value, which old kernels do not have.
    has_tails: bool,
}

/// The program of a seed, with so many tests.
pub fn program(family: Family, seed: u64, tests: usize) -> String {
    let mut generator = Generator {
        family,
        random: Random::new(seed),
        text: String::new(),
        maps: Vec::new(),
        histograms: Vec::new(),
        old_values: false,
        structs: Vec::new(),
        own_structs: 0,
        enums: Vec::new(),
        consts: Vec::new(),
        codes: Codes::new(),
        globals: Vec::new(),
        funcs: Vec::new(),
        next_name: 0,
        scope: Scope::default(),
        uses: Uses::default(),
        held: Vec::new(),
        sealed: Vec::new(),
        sticky: Vec::new(),
        keys: 0,
        errors: Errors::default(),
        result: None,
        named_result: None,
        room: 0,
        nesting: 0,
        indexing: false,
        loops: 0,
        conditions: 0,
        weight: 1,
        cost: 0,
        stack: 0,
        callee_depth: 0,
        max_depth: 0,
        program: None,
        rings: Vec::new(),
        has_tails: false,
    };
    generator.declarations();
    for at in 0..tests {
        // New functions now and then, for the tests that follow.
        if at % 3 == 0 {
            if generator.random.percent(25) {
                generator.thrower();
            }
            generator.function();
        }
        if family.is_of_programs() {
            generator.program_test(at)
        } else if family == Family::Plain && generator.random.percent(8) {
            generator.folding_test(at)
        } else {
            generator.test(at)
        }
    }
    generator.text
}

impl Generator {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.next_name += 1;
        format!("{prefix}{}", self.next_name)
    }

    fn spend(&mut self, steps: u64) {
        self.cost = self.cost.saturating_add(steps.saturating_mul(self.weight));
    }

    /// Whether a call still fits the bounds of the function that is being generated.
    fn affordable(&self, func: &Func) -> bool {
        func.depth < self.max_depth && self.cost.saturating_add(func.cost.saturating_mul(self.weight)) < COST
    }

    fn declarations(&mut self) {
        for _ in 0..3 {
            self.declare_enum();
        }
        for _ in 0..4 {
            self.declare_struct();
        }
        for at in 0..5 {
            let ty = self.int_type();
            let literal = self.literal_of(&ty);
            let name = format!("K{at}");
            self.line(&format!("const {name}: {} = {literal}", self.type_name(&ty)));
            self.consts.push((name, ty));
        }
        self.declare_codes();
        let mut reset = String::new();
        let mut digest = String::new();
        for at in 0..10 {
            let ty = if at == 0 { types::U64 } else { self.value_type() };
            let name = format!("g{at}");
            let type_name = self.type_name(&ty);
            // Only the first has no initial value.
            let initial = if at == 0 { "0".into() } else { self.literal_of(&ty) };
            let init = if at == 0 { String::new() } else { format!(" = {initial}") };
            self.line(&format!("var {name}: {type_name}{init}"));
            reset.push_str(&format!("    {name} = {initial}\n"));
            digest.push_str(&self.folded("d", &name, &ty));
            self.globals.push(Variable::new(&name, ty));
        }
        self.line("fn mix(h: u64, v: u64) -> u64 {\n    return (h ^ v) * 0x100000001b3 + (v >> 29)\n}");
        self.line(&format!("fn reset() {{\n{reset}}}"));
        self.line(&format!("fn digest() -> u64 {{\n    var d: u64 = 1\n{digest}    return d\n}}"));
        match self.family {
            Family::Plain => {}
            Family::Maps | Family::Bpf => self.declare_maps(),
            Family::Packets | Family::Tails | Family::References => self.declare_for_programs(),
        }
    }
}
