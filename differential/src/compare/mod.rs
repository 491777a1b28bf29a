//! Runs one program on all engines and reports where they differ.

mod bpf;
mod host;
mod interpreted;

use crate::evaluate::{self, Machine, Stop, Value};
use crate::execute::Engine;
use crate::execute::compile::{self, Refusal, guarded};
use crate::generate::DIFFERS;
use differential::case::{Expected, Outcome};
use differential::kernel::Extras;
use differential::packets::{Form, packet};
use differential::random::Random;
use ksc::sema::tree::{Func, Map, Program, Role};
use ksc::session::KernelVersion;
use ksc::types::Types;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// What went wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// The checker refuses a program that should be well typed.
    Rejected(String),
    /// A later stage refuses what the checker accepted, or panics: the code of the error, or `bug`.
    NotCompiled(String),
    /// The verifier refuses it, or libbpf.
    NotLoaded,
    /// It cannot be run.
    NotRun,
    /// Another result than the evaluator's.
    Differs,
    /// What the compiler computes is not what running computes.
    Folding,
    /// The evaluator does not know a part of the language.
    NotEvaluated,
    /// The process that compiled and ran the program died.
    Crashed,
    /// It did not end.
    Hangs,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    pub kind: Kind,
    pub engine: Option<Engine>,
    pub test: Option<String>,
    pub input: Option<[u64; 4]>,
    /// Runs of the test before this one, whose maps and globals it found.
    pub after: usize,
    pub detail: String,
}

/// The results of running a program on all engines.
#[derive(Default, Debug, Serialize, Deserialize)]
pub struct Report {
    pub tests: usize,
    /// Pairs of a test and an input; those that take too long are not among them.
    pub inputs: u64,
    pub too_long: u64,
    /// Programs that are too large for BPF, one for each level of the instruction set, by the reason.
    pub left_out: BTreeMap<String, u64>,
    /// Entries of maps, headers, records and sockets that the evaluator looked up, and how many of those were there.
    pub lookups: (u64, u64),
    pub executions: BTreeMap<Engine, u64>,
    /// Programs that the verifier took.
    pub loaded: u64,
    pub failures: Vec<Failure>,
    /// How many instructions the verifier processed of programs, with the level of the instruction set.
    pub processed: Vec<(String, String, u32)>,
    /// Milliseconds, by what they went into.
    pub time: BTreeMap<String, u64>,
}

#[derive(Clone)]
pub struct Plan {
    /// Of the inputs.
    pub seed: u64,
    /// Random inputs for each test.
    pub inputs: usize,
    /// These instead, if there are any.
    pub given: Vec<[u64; 4]>,
    /// None: all engines.
    pub engines: Vec<Engine>,
    /// None: all tests.
    pub only: Vec<String>,
    /// No program is left out because the verifier walks through it for too long, or because nothing evaluates it.
    pub must_load: bool,
    /// Where objects go, with what they must return, instead of into the kernel.
    pub export: Option<Export>,
    /// BPF objects for this machine are interpreted, and nothing else runs the programs.
    pub machine: Option<&'static ksc::target::Machine>,
    /// The oldest kernel that the BPF objects are compiled for; none: as `Front::bpf` has it.
    pub min_kernel: Option<KernelVersion>,
}

/// A folder, and the name of the program.
#[derive(Clone)]
pub struct Export {
    pub folder: PathBuf,
    pub name: String,
}

impl Plan {
    /// The same for a test of this name whatever else is in the program.
    fn inputs(&self, test: &str) -> Vec<[u64; 4]> {
        if !self.given.is_empty() {
            return self.given.clone();
        }
        let mut random = Random::new(self.seed ^ Random::hash(test));
        (0..self.inputs).map(|_| std::array::from_fn(|_| random.interesting())).collect()
    }
}

struct Comparison<'a> {
    plan: &'a Plan,
    report: Report,
    extras: Extras,
    expected: Vec<Expected>,
    /// What `contents` yields after each run of each test; of programs without maps 0.
    walked: Vec<Vec<u64>>,
    /// The digest of the globals as they are declared.
    initial: u64,
}

/// The tests of a program: `t0`, `t1` …, in order of their declaration.
fn tests(program: &Program) -> Vec<(String, Form)> {
    let is_test = |name: &str| name.strip_prefix('t').is_some_and(|rest| rest.parse::<u32>().is_ok());
    let tests = program.funcs.iter().filter(|f| is_test(&f.name));
    tests.filter_map(|f| Some((f.name.clone(), form(f)?))).collect()
}

/// What runs a function; none if nothing runs such ones.
fn form(func: &Func) -> Option<Form> {
    match &func.role {
        Role::Program(role) => match (role.spec.name, role.mode) {
            ("xdp", None) => Some(Form::Xdp),
            ("xdp", Some("frags")) => Some(Form::Frags),
            ("tc", _) => Some(Form::Tc),
            ("cgroup_skb", _) => Some(Form::Loaded),
            (_, _) => None,
        },
        Role::Helper | Role::Plain => (func.params.len() == 4).then_some(Form::Function),
        Role::Kfunc { .. } | Role::Private => None,
        Role::Main(_) | Role::Test => None,
    }
}

pub fn compare(text: &str, plan: &Plan) -> Report {
    let mut comparison = Comparison {
        plan,
        report: Report::default(),
        extras: Extras::default(),
        expected: Vec::new(),
        walked: Vec::new(),
        initial: 0,
    };
    if let Err(refusal) = comparison.run(text) {
        let line = refusal.at.map_or(String::new(), |at| format!(" at `{}`", line_at(text, at)));
        comparison.fail(Kind::Rejected(refusal.code), None, None, format!("{}{line}", refusal.message));
    }
    comparison.report
}

/// The line of the text around a byte.
fn line_at(text: &str, at: usize) -> &str {
    let start = text[..at.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    text[start..].lines().next().unwrap_or_default().trim()
}

impl Comparison<'_> {
    fn run(&mut self, text: &str) -> Result<(), Refusal> {
        let checked = self.timed("front", |this| guarded(|| compile::check(text, this.plan.machine)))?;
        let (cx, program) = (&checked.cx, &checked.program);
        let mut tests = tests(program);
        if !self.plan.only.is_empty() {
            tests.retain(|(name, _)| self.plan.only.contains(name));
        }
        self.report.tests = tests.len();
        let has = |name: &str| program.funcs.iter().any(|f| f.name == name);
        let (rings, maps): (Vec<_>, Vec<_>) = program.maps.iter().partition(|map| evaluate::is_ring(map));
        let symbols = |maps: Vec<&Map>| maps.into_iter().map(|map| map.symbol.clone()).collect::<Vec<String>>();
        let (rings, maps) = (symbols(rings), symbols(maps));
        let (has_reset, has_digest, has_sockets) = (has("reset"), has("digest"), text.contains("_lookup_tcp("));
        let is_stateful = !maps.is_empty();
        self.extras = Extras { has_reset, has_digest, maps, rings, has_sockets };
        self.timed("evaluate", |this| this.evaluate(program, &cx.types, &tests));
        let names: Vec<String> = tests.into_iter().map(|(name, _)| name).collect();
        if self.plan.machine.is_some() {
            self.bpf(text, names);
            return Ok(());
        }
        if Engine::HOST.iter().any(|(engine, _)| self.wants(*engine, text)) {
            if is_stateful { self.executable(text, &names) } else { self.host(checked, &names) }
        }
        if Engine::BPF.iter().any(|(engine, _)| self.wants(*engine, text)) {
            self.bpf(text, names);
        }
        Ok(())
    }

    /// Whether a program is to run on an engine, and can: its ops decide where.
    fn wants(&self, engine: Engine, text: &str) -> bool {
        let only_bpf = text.contains("@helper") || !self.has_functions();
        let has_old_values = ["fetch_", "exchange("].iter().any(|word| text.contains(word));
        let can = match engine {
            Engine::Evaluator => true,
            Engine::HostO0 | Engine::HostO2 => !only_bpf,
            Engine::BpfV1 | Engine::BpfV2 | Engine::InterpretedV1 => !has_old_values,
            Engine::BpfV3 | Engine::BpfV4 | Engine::InterpretedV3 | Engine::InterpretedV4 => true,
        };
        can && (self.plan.engines.is_empty() || self.plan.engines.contains(&engine))
    }

    /// The engines of BPF objects that the plan asks for.
    fn bpf_engines(&self) -> &'static [(Engine, ksc::session::Mcpu)] {
        if self.plan.machine.is_some() { &Engine::INTERPRETED } else { &Engine::BPF }
    }

    /// Whether the tests are functions, which both sides call, and not programs.
    fn has_functions(&self) -> bool {
        self.expected.iter().all(|test| test.form == Form::Function)
    }

    fn timed<T>(&mut self, what: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let since = Instant::now();
        let result = run(self);
        *self.report.time.entry(what.to_owned()).or_default() += since.elapsed().as_millis() as u64;
        result
    }

    fn fail(&mut self, kind: Kind, engine: Option<Engine>, test: Option<(&str, Option<[u64; 4]>)>, detail: String) {
        let input = test.and_then(|(_, input)| input);
        let test = test.map(|(name, _)| name.to_owned());
        self.report.failures.push(Failure { kind, engine, test, input, after: 0, detail });
    }

    fn evaluate(&mut self, program: &Program, types: &Types, tests: &[(String, Form)]) {
        let mut machine = Machine::new(program, types);
        match digest(&mut machine) {
            Ok(initial) => self.initial = initial,
            Err(_) => return self.fail(Kind::NotEvaluated, None, None, "the digest".into()),
        }
        for (name, form) in tests {
            if *form == Form::Loaded {
                self.expected.push(Expected { name: name.clone(), form: *form, outcomes: Vec::new() });
                self.walked.push(Vec::new());
                continue;
            }
            let (outcomes, walked) = self.evaluate_test(&mut machine, (name, *form));
            let count = outcomes.len() as u64;
            self.report.inputs += count;
            *self.report.executions.entry(Engine::Evaluator).or_default() += count;
            self.expected.push(Expected { name: name.clone(), form: *form, outcomes });
            self.walked.push(walked);
        }
        self.report.lookups = machine.lookups;
    }

    /// What a test does, input by input, and what `contents` yields then.
    fn evaluate_test(
        &mut self,
        machine: &mut Machine,
        (name, form): (&str, Form),
    ) -> (Vec<([u64; 4], Outcome)>, Vec<u64>) {
        let (mut outcomes, mut all_walked) = (Vec::new(), Vec::new());
        let is_stateful = !self.extras.maps.is_empty();
        machine.clear_maps();
        for (index, input) in self.plan.inputs(name).into_iter().enumerate() {
            match evaluated(machine, (name, form), input, index == 0 || !is_stateful) {
                Ok((outcome, walked)) => {
                    if outcome.result == DIFFERS {
                        self.fail(Kind::Folding, None, Some((name, Some(input))), String::new());
                    }
                    outcomes.push((input, outcome));
                    all_walked.push(walked);
                }
                Err(Stop::Unknown(what)) => {
                    self.fail(Kind::NotEvaluated, None, Some((name, Some(input))), what.into());
                    break;
                }
                Err(Stop::TooLong) => {
                    self.report.too_long += 1;
                    // Nothing says what state the others would find.
                    if is_stateful {
                        break;
                    }
                }
                Err(Stop::Break | Stop::Continue | Stop::Return(_) | Stop::Throw(_) | Stop::TailCall(_)) => {
                    self.fail(Kind::NotEvaluated, None, Some((name, Some(input))), "an exit to nowhere".into());
                }
            }
        }
        (outcomes, all_walked)
    }

    /// Compares one run with what is expected.
    fn judge(&mut self, engine: Engine, at: usize, index: usize, got: &Outcome) {
        *self.report.executions.entry(engine).or_default() += 1;
        let expected = &self.expected[at];
        let want = &expected.outcomes[index].1;
        if got != want {
            let detail = got.difference(want, &self.extras.maps);
            self.differs(engine, at, index, detail);
        }
    }

    fn differs(&mut self, engine: Engine, at: usize, index: usize, detail: String) {
        let name = self.expected[at].name.clone();
        let input = self.expected[at].outcomes[index].0;
        self.fail(Kind::Differs, Some(engine), Some((&name, Some(input))), detail);
        let after = if self.extras.maps.is_empty() { 0 } else { index };
        if let Some(failure) = self.report.failures.last_mut() {
            failure.after = after;
        }
    }

    fn judge_initial(&mut self, engine: Engine, digest: u64) {
        if digest != self.initial {
            let detail = format!("initial globals {digest:#x}, expected {:#x}", self.initial);
            self.fail(Kind::Differs, Some(engine), None, detail);
        }
    }
}

fn digest(machine: &mut Machine) -> Result<u64, Stop> {
    match machine.find("digest") {
        Some(digest) => Ok(machine.start(digest, Vec::new())?.number() as u64),
        None => Ok(0),
    }
}

/// What a run does, and what `contents` yields after it.
fn evaluated(
    machine: &mut Machine,
    (name, form): (&str, Form),
    input: [u64; 4],
    is_fresh: bool,
) -> Result<(Outcome, u64), Stop> {
    if is_fresh && let Some(reset) = machine.find("reset") {
        machine.start(reset, Vec::new())?;
    }
    let test = machine.find(name).ok_or(Stop::Unknown("no such test"))?;
    let (result, packet, records) = if form == Form::Function {
        let args = input.iter().map(|&number| Value::Int(number.into())).collect();
        (machine.start(test, args)?.number() as u64, Vec::new(), Vec::new())
    } else {
        let handled = machine.handle(test, packet(form, &input).bytes, form.failed())?;
        (handled.result.into(), handled.packet, handled.records)
    };
    let globals = digest(machine)?;
    let walked = match machine.find("contents") {
        Some(contents) => machine.start(contents, Vec::new())?.number() as u64,
        None => 0,
    };
    Ok((Outcome { result, globals, maps: machine.contents(), packet, records }, walked))
}
