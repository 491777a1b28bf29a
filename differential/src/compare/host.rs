//! The host side: functions called in a shared object; or, of programs with maps, an executable that makes its own.

use super::{Comparison, Kind};
use crate::execute::Engine;
use crate::execute::compile::{Checked, Front, guarded};
use crate::execute::executable::{self, Executable};
use crate::execute::host::Library;
use differential::case::Outcome;

impl Comparison<'_> {
    pub(super) fn host(&mut self, checked: Checked, names: &[String]) {
        let mut exports = names.to_vec();
        exports.extend(["reset".into(), "digest".into()]);
        let front = self.timed("front", |_| guarded(|| checked.front(exports)));
        let mut front = match front {
            Ok(front) => front,
            Err(refusal) => {
                return self.fail(Kind::NotCompiled(refusal.code), Some(Engine::HostO0), None, refusal.message);
            }
        };
        for (engine, level) in Engine::HOST {
            if !self.plan.engines.is_empty() && !self.plan.engines.contains(&engine) {
                continue;
            }
            let object = self.timed("llvm host", |_| guarded(|| front.host(level)));
            let library = match object {
                Ok(object) => self.timed("link", |_| Library::open(&object)),
                Err(refusal) => {
                    self.fail(Kind::NotCompiled(refusal.code), Some(engine), None, refusal.message);
                    continue;
                }
            };
            match library {
                Ok(library) => self.timed("run host", |this| this.run_host(engine, &library)),
                Err(why) => self.fail(Kind::NotLoaded, Some(engine), None, why),
            }
        }
    }

    fn run_host(&mut self, engine: Engine, library: &Library) {
        let digest = |this: &Self| if this.extras.has_digest { library.call_plain("digest") } else { 0 };
        self.judge_initial(engine, digest(self));
        for at in 0..self.expected.len() {
            for index in 0..self.expected[at].outcomes.len() {
                if self.extras.has_reset {
                    library.call_plain("reset");
                }
                let expected = &self.expected[at];
                let result = library.call(&expected.name, expected.outcomes[index].0);
                let globals = digest(self);
                self.judge(engine, at, index, &Outcome { result, globals, ..Outcome::default() });
            }
        }
    }

    /// A program with maps: in user space they are made by an executable's runtime.
    pub(super) fn executable(&mut self, text: &str, names: &[String]) {
        let whole = executable::text(text, names, &self.extras);
        let mut front = match self.timed("front", |_| guarded(|| Front::of(&whole, None))) {
            Ok(front) => front,
            Err(refusal) => {
                return self.fail(Kind::NotCompiled(refusal.code), Some(Engine::HostO0), None, refusal.message);
            }
        };
        for (engine, level) in Engine::HOST {
            if !self.wants(engine, text) {
                continue;
            }
            let bytes = match self.timed("llvm host", |_| guarded(|| front.executable(level))) {
                Ok(bytes) => bytes,
                Err(refusal) => {
                    self.fail(Kind::NotCompiled(refusal.code), Some(engine), None, refusal.message);
                    continue;
                }
            };
            match Executable::write(&bytes) {
                Ok(executable) => self.timed("run host", |this| this.run_executable(engine, &executable)),
                Err(why) => self.fail(Kind::NotLoaded, Some(engine), None, why),
            }
        }
    }

    /// Each test in a process of its own, with maps of its own.
    fn run_executable(&mut self, engine: Engine, executable: &Executable) {
        for at in 0..self.expected.len() {
            let name = self.expected[at].name.clone();
            let inputs: Vec<[u64; 4]> = self.expected[at].outcomes.iter().map(|(input, _)| *input).collect();
            let ran = match executable.run(at, &inputs) {
                Ok(ran) => ran,
                Err(why) => {
                    self.fail(Kind::NotRun, Some(engine), Some((&name, None)), why);
                    continue;
                }
            };
            for (index, got) in ran.iter().enumerate() {
                let want = &self.expected[at].outcomes[index].1;
                let (result, globals) = (got.result, got.globals);
                let outcome = Outcome { result, globals, maps: want.maps.clone(), ..Outcome::default() };
                let walked = self.walked[at][index];
                if outcome == *want && got.walked != walked {
                    let detail = format!("maps {:#x}, expected {walked:#x}", got.walked);
                    self.differs(engine, at, index, detail);
                } else {
                    self.judge(engine, at, index, &outcome);
                }
            }
        }
    }
}
