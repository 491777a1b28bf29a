//! Runs one program in all ways and says where they differ.

use crate::evaluate::{Machine, Stop, Value};
use crate::execute::Way;
use crate::execute::compile::{self, Checked, Front, Refusal, guarded};
use crate::execute::host::Library;
use crate::generate::DIFFERS;
use crate::random::Random;
use differential::case::{Case, Expected, Outcome};
use differential::kernel::{self, Loaded};
use ksc::sema::tree::Program;
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
    pub way: Option<Way>,
    pub test: Option<String>,
    pub input: Option<[u64; 4]>,
    pub detail: String,
}

/// What came out of running a program in all ways.
#[derive(Default, Debug, Serialize, Deserialize)]
pub struct Report {
    pub tests: usize,
    /// Pairs of a test and an input; those that take too long are not among them.
    pub inputs: u64,
    pub too_long: u64,
    pub executions: BTreeMap<Way, u64>,
    /// Programs that the verifier took.
    pub loaded: u64,
    pub failures: Vec<Failure>,
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
    /// None: all ways.
    pub ways: Vec<Way>,
    /// None: all tests.
    pub only: Vec<String>,
    /// Where objects go, with what they must return, instead of into the kernel.
    pub export: Option<Export>,
}

/// A folder, and the number of the program.
#[derive(Clone)]
pub struct Export {
    pub folder: PathBuf,
    pub number: usize,
}

impl Plan {
    fn wants(&self, way: Way) -> bool {
        self.ways.is_empty() || self.ways.contains(&way)
    }

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
    has_reset: bool,
    has_digest: bool,
    expected: Vec<Expected>,
    /// The digest of the globals as they are declared.
    initial: u64,
}

/// The tests of a program: `t0`, `t1` …, in order of their declaration.
fn tests(program: &Program) -> Vec<String> {
    let is_test = |name: &str| name.strip_prefix('t').is_some_and(|rest| rest.parse::<u32>().is_ok());
    program.funcs.iter().filter(|f| is_test(&f.name) && f.params.len() == 4).map(|f| f.name.clone()).collect()
}

pub fn compare(text: &str, plan: &Plan) -> Report {
    let mut comparison = Comparison {
        plan,
        report: Report::default(),
        has_reset: false,
        has_digest: false,
        expected: Vec::new(),
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
        let checked = self.timed("front", |_| guarded(|| compile::check(text)))?;
        let (cx, program) = (&checked.cx, &checked.program);
        let mut names = tests(program);
        if !self.plan.only.is_empty() {
            names.retain(|name| self.plan.only.contains(name));
        }
        self.report.tests = names.len();
        self.has_reset = program.funcs.iter().any(|f| f.name == "reset");
        self.has_digest = program.funcs.iter().any(|f| f.name == "digest");
        self.timed("evaluate", |this| this.evaluate(program, &cx.types, &names));
        if Way::HOST.iter().any(|(way, _)| self.plan.wants(*way)) {
            self.host(checked, &names);
        }
        if Way::BPF.iter().any(|(way, _)| self.plan.wants(*way)) {
            self.bpf(text, names);
        }
        Ok(())
    }

    fn timed<T>(&mut self, what: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let since = Instant::now();
        let result = run(self);
        *self.report.time.entry(what.to_owned()).or_default() += since.elapsed().as_millis() as u64;
        result
    }

    fn fail(&mut self, kind: Kind, way: Option<Way>, test: Option<(&str, Option<[u64; 4]>)>, detail: String) {
        let input = test.and_then(|(_, input)| input);
        let test = test.map(|(name, _)| name.to_owned());
        self.report.failures.push(Failure { kind, way, test, input, detail });
    }

    fn evaluate(&mut self, program: &Program, types: &Types, names: &[String]) {
        let mut machine = Machine::new(program, types);
        match digest(&mut machine) {
            Ok(initial) => self.initial = initial,
            Err(_) => return self.fail(Kind::NotEvaluated, None, None, "the digest".into()),
        }
        for name in names {
            let mut expected = Expected { name: name.clone(), outcomes: Vec::new() };
            for input in self.plan.inputs(name) {
                match evaluated(&mut machine, name, input) {
                    Ok(outcome) => {
                        if outcome.0 == DIFFERS {
                            self.fail(Kind::Folding, None, Some((name, Some(input))), String::new());
                        }
                        expected.outcomes.push((input, outcome));
                    }
                    Err(Stop::Unknown(what)) => {
                        self.fail(Kind::NotEvaluated, None, Some((name, Some(input))), what.into());
                        break;
                    }
                    Err(Stop::TooLong) => self.report.too_long += 1,
                    Err(Stop::Break | Stop::Continue | Stop::Return(_)) => {
                        self.fail(Kind::NotEvaluated, None, Some((name, Some(input))), "an exit to nowhere".into());
                    }
                }
            }
            let count = expected.outcomes.len() as u64;
            self.report.inputs += count;
            *self.report.executions.entry(Way::Evaluator).or_default() += count;
            self.expected.push(expected);
        }
    }

    /// Compares one run with what is expected.
    fn judge(&mut self, way: Way, at: usize, index: usize, got: Outcome) {
        *self.report.executions.entry(way).or_default() += 1;
        let expected = &self.expected[at];
        let (input, want) = expected.outcomes[index];
        if got != want {
            let name = expected.name.clone();
            let detail = format!("{:#x} and globals {:#x}, expected {:#x} and {:#x}", got.0, got.1, want.0, want.1);
            self.fail(Kind::Differs, Some(way), Some((&name, Some(input))), detail);
        }
    }

    fn host(&mut self, checked: Checked, names: &[String]) {
        let mut exports = names.to_vec();
        exports.extend(["reset".into(), "digest".into()]);
        let front = self.timed("front", |_| guarded(|| checked.front(exports)));
        let mut front = match front {
            Ok(front) => front,
            Err(refusal) => {
                return self.fail(Kind::NotCompiled(refusal.code), Some(Way::HostO0), None, refusal.message);
            }
        };
        for (way, level) in Way::HOST {
            if !self.plan.wants(way) {
                continue;
            }
            let object = self.timed("llvm host", |_| guarded(|| front.host(level)));
            let library = match object {
                Ok(object) => self.timed("link", |_| Library::open(&object)),
                Err(refusal) => {
                    self.fail(Kind::NotCompiled(refusal.code), Some(way), None, refusal.message);
                    continue;
                }
            };
            match library {
                Ok(library) => self.timed("run host", |this| this.run_host(way, &library)),
                Err(why) => self.fail(Kind::NotLoaded, Some(way), None, why),
            }
        }
    }

    fn run_host(&mut self, way: Way, library: &Library) {
        let digest = |this: &Self| if this.has_digest { library.call_plain("digest") } else { 0 };
        self.judge_initial(way, digest(self));
        for at in 0..self.expected.len() {
            for index in 0..self.expected[at].outcomes.len() {
                if self.has_reset {
                    library.call_plain("reset");
                }
                let expected = &self.expected[at];
                let result = library.call(&expected.name, expected.outcomes[index].0);
                let digest = digest(self);
                self.judge(way, at, index, (result, digest));
            }
        }
    }

    fn judge_initial(&mut self, way: Way, digest: u64) {
        if digest != self.initial {
            let detail = format!("initial globals {digest:#x}, expected {:#x}", self.initial);
            self.fail(Kind::Differs, Some(way), None, detail);
        }
    }

    fn bpf(&mut self, text: &str, mut names: Vec<String>) {
        kernel::quiet();
        // What the evaluator did not finish once is not worth a program.
        names.retain(|name| self.expected.iter().any(|e| e.name == *name && !e.outcomes.is_empty()));
        let mut groups = vec![names];
        while let Some(group) = groups.pop() {
            let whole = kernel::text(text, &group, self.has_reset, self.has_digest);
            let front = self.timed("front", |_| guarded(|| Front::of(&whole)));
            match front {
                Ok(mut front) => {
                    for (way, mcpu) in Way::BPF {
                        if self.plan.wants(way) {
                            self.level(text, &mut front, &group, way, mcpu);
                        }
                    }
                }
                Err(refusal) => self.split(&group, Way::BpfV1, refusal, &mut groups),
            }
        }
    }

    /// After a refusal: the halves, or the culprit.
    fn split(&mut self, group: &[String], way: Way, refusal: Refusal, groups: &mut Vec<Vec<String>>) {
        if group.len() <= 1 {
            let name = group.first().map(|name| (name.as_str(), None));
            self.fail(Kind::NotCompiled(refusal.code), Some(way), name, refusal.message);
            return;
        }
        let (left, right) = group.split_at(group.len() / 2);
        groups.extend([left.to_vec(), right.to_vec()]);
    }

    /// One instruction set level.
    fn level(&mut self, text: &str, front: &mut Front, group: &[String], way: Way, mcpu: ksc::session::Mcpu) {
        match self.timed("llvm bpf", |_| guarded(|| front.bpf(mcpu))) {
            Ok(object) => self.load(&object, group, way),
            Err(refusal) => {
                let mut groups = Vec::new();
                self.split(group, way, refusal, &mut groups);
                while let Some(group) = groups.pop() {
                    let whole = kernel::text(text, &group, self.has_reset, self.has_digest);
                    let object = guarded(|| Front::of(&whole).and_then(|mut front| front.bpf(mcpu)));
                    match object {
                        Ok(object) => self.load(&object, &group, way),
                        Err(refusal) => self.split(&group, way, refusal, &mut groups),
                    }
                }
            }
        }
    }

    /// Writes what another kernel is to load and run.
    fn export(&mut self, to: &Export, object: &[u8], group: &[String], way: Way) {
        let tests = self.expected.iter().filter(|test| group.contains(&test.name)).cloned().collect();
        let case = Case { has_reset: self.has_reset, has_digest: self.has_digest, initial: self.initial, tests };
        // A program that was split has several objects.
        let first = group.first().map_or("none", String::as_str);
        let name = format!("{}.{first}.{}", to.number, way.name().replace(' ', "."));
        if let Err(error) = case.write(&to.folder, &name, object) {
            self.fail(Kind::NotRun, Some(way), None, format!("{}: {error}", to.folder.display()));
        }
    }

    fn load(&mut self, object: &[u8], group: &[String], way: Way) {
        if let Some(to) = self.plan.export.clone() {
            return self.export(&to, object, group, way);
        }
        let all = self.timed("load", |_| Loaded::load(object, &|_| true));
        if let Ok(loaded) = all {
            self.report.loaded += group.len() as u64;
            return self.timed("run bpf", |this| this.run_bpf(way, &loaded, group));
        }
        // One of them is refused: each alone says which.
        for name in group {
            let wanted = |test: &str| test == name || test == "reset" || test == "digest";
            match Loaded::load(object, &wanted) {
                Ok(loaded) => {
                    self.report.loaded += 1;
                    self.run_bpf(way, &loaded, std::slice::from_ref(name));
                }
                Err(why) => {
                    let detail = format!("{why}\n{}", Loaded::log(object, name));
                    self.fail(Kind::NotLoaded, Some(way), Some((name, None)), detail);
                }
            }
        }
    }

    fn run_bpf(&mut self, way: Way, loaded: &Loaded, group: &[String]) {
        if let Err(why) = self.try_bpf(way, loaded, group) {
            self.fail(Kind::NotRun, Some(way), None, why);
        }
    }

    fn try_bpf(&mut self, way: Way, loaded: &Loaded, group: &[String]) -> Result<(), String> {
        let program = |name: &str| loaded.program(name).ok_or_else(|| format!("no program {name}"));
        let reset = if self.has_reset { Some(program("reset")?) } else { None };
        let digest = if self.has_digest { Some(program("digest")?) } else { None };
        let folded = || digest.map_or(Ok(0), |digest| loaded.run(digest, [0; 4]));
        let initial = folded()?;
        self.judge_initial(way, initial);
        for name in group {
            let Some(at) = self.expected.iter().position(|e| e.name == *name) else { continue };
            let program = program(name)?;
            for index in 0..self.expected[at].outcomes.len() {
                if let Some(reset) = reset {
                    loaded.run(reset, [0; 4])?;
                }
                let result = loaded.run(program, self.expected[at].outcomes[index].0)?;
                let digest = folded()?;
                self.judge(way, at, index, (result, digest));
            }
        }
        Ok(())
    }
}

fn digest(machine: &mut Machine) -> Result<u64, Stop> {
    match machine.find("digest") {
        Some(digest) => Ok(machine.start(digest, Vec::new())?.number() as u64),
        None => Ok(0),
    }
}

fn evaluated(machine: &mut Machine, name: &str, input: [u64; 4]) -> Result<Outcome, Stop> {
    if let Some(reset) = machine.find("reset") {
        machine.start(reset, Vec::new())?;
    }
    let test = machine.find(name).ok_or(Stop::Unknown("no such test"))?;
    let args = input.iter().map(|&number| Value::Int(number.into())).collect();
    let result = machine.start(test, args)?.number() as u64;
    Ok((result, digest(machine)?))
}
