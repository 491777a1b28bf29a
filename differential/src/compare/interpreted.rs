//! BPF objects of any machine, interpreted.

use super::{Comparison, Kind};
use crate::execute::Engine;
use crate::interpret::{self, Context, Interpreter, LACKS};
use differential::case::Outcome;
use differential::packets::{Form, packet};

impl Comparison<'_> {
    pub(super) fn interpret(&mut self, object: &[u8], group: &[String], engine: Engine) {
        self.timed("interpret", |this| match interpret::load(object) {
            Ok(mut object) => {
                if let Err(why) = this.interpret_initial(&mut object, engine) {
                    this.fail(Kind::NotRun, Some(engine), None, why);
                }
                for name in group {
                    match this.interpret_test(&mut object, engine, name) {
                        Err(why) if why.contains(LACKS) => {
                            let what = why.find(LACKS).map_or("", |at| &why[at..]);
                            this.leave_out(what.split(" of 0x").next().unwrap_or(what));
                        }
                        Err(why) => this.fail(Kind::NotRun, Some(engine), Some((name, None)), why),
                        Ok(()) => {}
                    }
                }
            }
            Err(why) => this.fail(Kind::NotRun, Some(engine), None, why),
        });
    }

    fn interpret_initial(&mut self, object: &mut Interpreter, engine: Engine) -> Result<(), String> {
        let digest = if self.extras.has_digest { object.call("digest", [0; 4])? } else { 0 };
        self.judge_initial(engine, digest);
        Ok(())
    }

    fn interpret_test(&mut self, object: &mut Interpreter, engine: Engine, name: &str) -> Result<(), String> {
        let Some(at) = self.expected.iter().position(|expected| expected.name == name) else { return Ok(()) };
        let inputs: Vec<[u64; 4]> = self.expected[at].outcomes.iter().map(|(input, _)| *input).collect();
        let (form, extras) = (self.expected[at].form, self.extras.clone());
        object.clear(&extras.maps);
        // A test that was left out may have sent some.
        object.records(&extras.rings)?;
        for (index, input) in inputs.into_iter().enumerate() {
            if extras.has_reset && (index == 0 || extras.maps.is_empty()) {
                object.call("reset", [0; 4])?;
            }
            let (result, packet) = match form {
                Form::Function => (object.call(name, input)?, Vec::new()),
                Form::Xdp | Form::Frags => handled(object, (name, Context::Xdp), form, input)?,
                Form::Tc => handled(object, (name, Context::Socket), form, input)?,
                Form::Loaded => return Ok(()),
            };
            let globals = if extras.has_digest { object.call("digest", [0; 4])? } else { 0 };
            let (maps, records) = (object.contents(&extras.maps)?, object.records(&extras.rings)?);
            self.judge(engine, at, index, &Outcome { result, globals, maps, packet, records });
        }
        Ok(())
    }
}

fn handled(
    object: &mut Interpreter,
    program: (&str, Context),
    form: Form,
    input: [u64; 4],
) -> Result<(u64, Vec<u8>), String> {
    let (result, left) = object.handle(program, &packet(form, &input))?;
    Ok((result.into(), left))
}
