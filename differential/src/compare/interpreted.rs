//! BPF objects of any machine, in the virtual machine.

use super::{Comparison, Kind};
use crate::execute::Engine;
use crate::interpret::{Interpreter, Stop};
use differential::case::Outcome;
use differential::packets::{Form, packet};

impl Comparison<'_> {
    pub(super) fn interpret(&mut self, object: &[u8], group: &[String], engine: Engine) {
        self.timed("interpret", |this| match Interpreter::load(object) {
            Ok(mut object) => {
                let initial = this.interpret_initial(&mut object, engine);
                this.stopped(initial, engine, None);
                for name in group {
                    let run = this.interpret_test(&mut object, engine, name);
                    this.stopped(run, engine, Some(name));
                }
            }
            Err(stop) => this.stopped(Err(stop), engine, None),
        });
    }

    fn stopped(&mut self, run: Result<(), Stop>, engine: Engine, test: Option<&str>) {
        match run {
            Ok(()) => {}
            Err(Stop::Lacks(what)) => self.leave_out(&what),
            Err(Stop::Error(why)) => self.fail(Kind::NotRun, Some(engine), test.map(|name| (name, None)), why),
        }
    }

    fn interpret_initial(&mut self, object: &mut Interpreter, engine: Engine) -> Result<(), Stop> {
        let digest = if self.extras.has_digest { object.call("digest", [0; 4])? } else { 0 };
        self.judge_initial(engine, digest);
        Ok(())
    }

    fn interpret_test(&mut self, object: &mut Interpreter, engine: Engine, name: &str) -> Result<(), Stop> {
        let Some(at) = self.expected.iter().position(|expected| expected.name == name) else { return Ok(()) };
        let inputs: Vec<[u64; 4]> = self.expected[at].outcomes.iter().map(|(input, _)| *input).collect();
        let (form, extras) = (self.expected[at].form, self.extras.clone());
        object.clear(&extras.maps)?;
        // A test that was left out may have sent some.
        object.records(&extras.rings)?;
        for (index, input) in inputs.into_iter().enumerate() {
            if extras.has_reset && (index == 0 || extras.maps.is_empty()) {
                object.call("reset", [0; 4])?;
            }
            let (result, packet) = match form {
                Form::Function => (object.call(name, input)?, Vec::new()),
                Form::Xdp | Form::Frags | Form::Tc => {
                    let (result, left) = object.handle(name, &packet(form, &input))?;
                    (result.into(), left)
                }
                Form::Loaded => return Ok(()),
            };
            let globals = if extras.has_digest { object.call("digest", [0; 4])? } else { 0 };
            let (maps, records) = (object.contents(&extras.maps)?, object.records(&extras.rings)?);
            self.judge(engine, at, index, &Outcome { result, globals, maps, packet, records });
        }
        Ok(())
    }
}
