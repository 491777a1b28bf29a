//! The BPF side: compiled for each level of the instruction set, loaded, run.

use super::{Comparison, Export, Kind};
use crate::execute::Engine;
use crate::execute::compile::{Front, Refusal, guarded};
use crate::reduce;
use differential::case::{Case, Expected, Runner};
use differential::kernel::{self, Loaded, Pruning};
use differential::packets::Form;
use ksc::session::Mcpu;

/// The errors of programs that need more stack than there is: of one function, and of all together.
const STACK: [&str; 2] = ["E0540", "E0543"];

/// What the verifier says of a program that is right but has too many paths.
const LIMIT: &str = "BPF program is too large. Processed";

impl Comparison<'_> {
    pub(super) fn bpf(&mut self, text: &str, mut names: Vec<String>) {
        kernel::quiet();
        // What the evaluator did not finish once is not worth a program.
        let evaluated = |e: &Expected| !e.outcomes.is_empty() || e.form == Form::Loaded || self.plan.must_load;
        names.retain(|name| self.expected.iter().any(|e| e.name == *name && evaluated(e)));
        let mut groups = vec![names];
        while let Some(group) = groups.pop() {
            let whole = self.whole(text, &group);
            let front = self.timed("front", |_| guarded(|| Front::of(&whole, self.plan.machine)));
            match front {
                Ok(mut front) => {
                    for &(engine, mcpu) in self.bpf_engines() {
                        if self.wants(engine, text) {
                            let refused = self.level(&mut front, &group, engine, mcpu);
                            self.parts(text, refused, engine, mcpu);
                        }
                    }
                }
                Err(refusal) => self.split(&group, self.bpf_engines()[0].0, refusal, &mut groups),
            }
        }
    }

    /// A test at one level of the instruction set, which says nothing about what the compiler makes of it.
    pub(super) fn leave_out(&mut self, because: &str) {
        *self.report.left_out.entry(because.into()).or_default() += 1;
    }

    /// After a refusal: the halves, or the culprit.
    fn split(&mut self, group: &[String], engine: Engine, refusal: Refusal, groups: &mut Vec<Vec<String>>) {
        if group.len() <= 1 {
            if STACK.contains(&refusal.code.as_str()) {
                return self.leave_out("they need more stack than BPF has");
            }
            let name = group.first().map(|name| (name.as_str(), None));
            self.fail(Kind::NotCompiled(refusal.code), Some(engine), name, refusal.message);
            return;
        }
        let (left, right) = group.split_at(group.len() / 2);
        groups.extend([left.to_vec(), right.to_vec()]);
    }

    /// What is compiled and loaded for the tests of a group.
    fn whole(&self, text: &str, group: &[String]) -> String {
        if self.has_functions() {
            kernel::text(text, group, &self.extras)
        } else {
            kernel::text(&reduce::source::keeping(text, group), &[], &self.extras)
        }
    }

    /// One instruction set level; the parts of the group that are to be tried by themselves.
    fn level(&mut self, front: &mut Front, group: &[String], engine: Engine, mcpu: Mcpu) -> Vec<Vec<String>> {
        let mut parts = Vec::new();
        match self.timed("llvm bpf", |_| guarded(|| front.bpf(mcpu, self.plan.min_kernel))) {
            Ok(object) if self.plan.machine.is_some() => self.interpret(&object, group, engine),
            Ok(object) => self.load(&object, group, engine, &mut parts),
            Err(refusal) => self.split(group, engine, refusal, &mut parts),
        }
        parts
    }

    fn parts(&mut self, text: &str, mut groups: Vec<Vec<String>>, engine: Engine, mcpu: Mcpu) {
        while let Some(group) = groups.pop() {
            let whole = self.whole(text, &group);
            match guarded(|| Front::of(&whole, self.plan.machine)) {
                Ok(mut front) => groups.extend(self.level(&mut front, &group, engine, mcpu)),
                Err(refusal) => self.split(&group, engine, refusal, &mut groups),
            }
        }
    }

    /// Writes what another kernel is to load and run.
    fn export(&mut self, to: &Export, object: &[u8], group: &[String], engine: Engine) {
        let tests = self.expected.iter().filter(|test| group.contains(&test.name)).cloned().collect();
        let case = Case { extras: self.extras.clone(), initial: self.initial, tests };
        // A program that was split has several objects.
        let first = group.first().map_or("none", String::as_str);
        let name = format!("{}.{first}.{}", to.name, engine.name().replace(' ', "."));
        if let Err(error) = case.write(&to.folder, &name, object) {
            self.fail(Kind::NotRun, Some(engine), None, format!("{}: {error}", to.folder.display()));
        }
    }

    fn load(&mut self, object: &[u8], group: &[String], engine: Engine, parts: &mut Vec<Vec<String>>) {
        if let Some(to) = self.plan.export.clone() {
            return self.export(&to, object, group, engine);
        }
        let all = self.timed("load", |_| Loaded::load(object, &|_| true, Pruning::Usual));
        if let Ok(loaded) = all {
            self.report.loaded += group.len() as u64;
            let processed = loaded.processed().unwrap_or_default().into_iter();
            self.report.processed.extend(processed.map(|(name, count)| (name, engine.name().to_owned(), count)));
            return self.timed("run bpf", |this| this.run_bpf(engine, &loaded, group));
        }
        // One of them is refused: each alone says which. Programs that call one another are loaded together.
        if !self.has_functions() && group.len() > 1 {
            let (left, right) = group.split_at(group.len() / 2);
            return parts.extend([left.to_vec(), right.to_vec()]);
        }
        for name in group {
            let wanted = |test: &str| test == name || test == "reset" || test == "digest";
            match Loaded::load(object, &wanted, Pruning::Usual) {
                Ok(loaded) => {
                    self.report.loaded += 1;
                    self.run_bpf(engine, &loaded, std::slice::from_ref(name));
                }
                Err(why) => {
                    let detail = format!("{why}\n{}", Loaded::log(object, name));
                    if !self.has_functions() && !self.plan.must_load && detail.contains(LIMIT) {
                        self.leave_out("the verifier walks through too many paths");
                        continue;
                    }
                    self.fail(Kind::NotLoaded, Some(engine), Some((name, None)), detail);
                }
            }
        }
    }

    fn run_bpf(&mut self, engine: Engine, loaded: &Loaded, group: &[String]) {
        if let Err(why) = self.try_bpf(engine, loaded, group) {
            self.fail(Kind::NotRun, Some(engine), None, why);
        }
    }

    fn try_bpf(&mut self, engine: Engine, loaded: &Loaded, group: &[String]) -> Result<(), String> {
        let extras = self.extras.clone();
        let runner = Runner::new(loaded, &extras)?;
        let initial = runner.digest()?;
        self.judge_initial(engine, initial);
        for name in group {
            let Some(at) = self.expected.iter().position(|e| e.name == *name) else { continue };
            let inputs: Vec<[u64; 4]> = self.expected[at].outcomes.iter().map(|(input, _)| *input).collect();
            let form = self.expected[at].form;
            runner.run((name, form), inputs.iter(), |index, got| self.judge(engine, at, index, &got))?;
        }
        Ok(())
    }
}
