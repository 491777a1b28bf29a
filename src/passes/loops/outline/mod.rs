//! `outline`: bodies of `bpf.repeat` and `bpf.walk` become callbacks of the helpers `bpf_loop` and `bpf_for_each_map_elem`.
//!
//! Takes structured code with `bpf.repeat` from `loop-form` and `bpf.walk` from `maps`. A body moves to a function of
//! its own. Its parameters are the iteration, or map, key and value, and the address of a *frame*, a struct on the
//! stack of the function that had the loop. The frame holds what the loop bodies share with the function: variables
//! that bodies use live in it; other values and addresses are stored to it before the loop. Where the stack is scarce,
//! loops that share no variable have a frame each, and frames that are not live at the same time share their slots. A
//! callback returns 0 to go on and 1 to leave the loop. A `return` in the body leaves its value in the frame, and the
//! function returns it after the loop. An exit from a block around the loop leaves its number in the frame, and the
//! function takes the exit after the loop. Leaves `bpf.loop` and `bpf.for_each`. Before `to-cf`, since it moves
//! structured code.
//!
//! The verifier ignores what a callback returns and always goes on with another iteration. So a body that leaves its
//! loop notes this in the frame, and a later iteration does nothing; otherwise the verifier would follow iterations
//! that never run.
//!
//! Verifiers before 6.7 walk a callback once and go on after that iteration. If each path of the body leaves the loop, they
//! would never see the loop end otherwise. So the frame's note is a zero at first that they do not know, and the iteration
//! that does nothing ends the loop for them. A loop that returns pointers has an idle iteration for that: where the verifier
//! does not know the note, it would take null for what was returned.

mod bound_maps;
mod callback;
mod frame;
mod pointers;

use super::{Because, Changed, Pass, Run, iterators};
use crate::diag::lowered::{LoopCallback, Lowered, WalkCallback};
use crate::ir::ops::{BpfRepeat, BpfWalk};
use crate::ir::{Builder, Function, Module, OpId, Opcode, Path, RegionId, Symbol};
use crate::passes::verifier::unknown_values;
use crate::session::{Session, SourceNames};
use crate::tables::workarounds;
use crate::tuning::Tuning;
use crate::types::{Ty, Types};
use frame::{Frame, Kind, Placed};
pub use pointers::changes_pointer;
use std::rc::Rc;

const NAME: &str = "outline";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Move loop bodies to callbacks of helpers",
    after: &[],
    before: &[("to-cf", "takes structured control flow, and this pass moves it")],
    because: Because::Target,
    run: Run::Tuned(run),
};

fn run(module: &mut Module, cx: &mut Session, tuning: &Tuning) -> Changed {
    let refused = module.funcs.iter().filter(|func| !pointers::check(func, cx)).count();
    if refused > 0 {
        return Changed::No;
    }
    let why = if iterators::are_missing(cx) {
        "the oldest kernel has no iterators"
    } else {
        "a body of the program calls functions or has many branches"
    };
    let mut outliner = Outliner {
        why,
        walked_once: cx.options.works_around(workarounds::CALLBACKS_ONCE),
        forgets: cx.options.works_around(workarounds::FORGOTTEN_NUMBERS),
        stays_out: cx.options.works_around(workarounds::LEFT_CALLBACKS),
        worked_around: false,
        lowered: Vec::new(),
        stack_is_scarce: tuning.scarce,
        types: &mut cx.types,
        names: Rc::make_mut(&mut cx.names),
        taken: module.funcs.iter().map(|f| f.name.clone()).collect(),
        zero: unknown_values::zero_name(module),
        needs_zero: false,
        made: Vec::new(),
    };
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        changed = changed.or(outliner.function(func, Kind::Function, &[]));
    }
    // Callbacks may have loops of their own.
    let mut done = Vec::new();
    while let Some((mut func, outer)) = outliner.made.pop() {
        outliner.function(&mut func, Kind::Callback, &outer);
        done.push(func);
    }
    done.sort_by(|a, b| a.name.cmp(&b.name));
    if outliner.needs_zero {
        unknown_values::add_zero(module, outliner.zero, done[0].name_span);
    }
    let (lowered, worked_around) = (outliner.lowered, outliner.worked_around);
    module.funcs.extend(done);
    if worked_around {
        cx.worked_around(workarounds::CALLBACKS_ONCE);
    }
    cx.explain_all(lowered);
    changed
}

struct Outliner<'t> {
    /// The reason why its loops are no walks of iterators.
    why: &'static str,
    /// Kernels may walk a callback for one iteration alone.
    walked_once: bool,
    /// The workarounds `forgotten-numbers` and `left-callbacks` are in force.
    forgets: bool,
    stays_out: bool,
    /// Code is made for the kernels that walk a callback once.
    worked_around: bool,
    lowered: Vec<Lowered>,
    stack_is_scarce: bool,
    types: &'t mut Types,
    names: &'t mut SourceNames,
    /// Names of functions.
    taken: Vec<Symbol>,
    /// A variable that is zero, which the verifier does not know.
    zero: Symbol,
    needs_zero: bool,
    /// Callbacks whose own loops are still to be outlined, and the parts of frames that have a value whenever they run.
    made: Vec<(Function, Vec<Path>)>,
}

impl Outliner<'_> {
    fn function(&mut self, func: &mut Function, kind: Kind, outer: &[Path]) -> Changed {
        bound_maps::bind_again(func);
        let mut loops = Vec::new();
        outermost(func, func.body, &mut loops);
        if loops.is_empty() {
            return Changed::No;
        }
        let groups = if self.stack_is_scarce { frame::groups(func, loops) } else { vec![loops] };
        let frames: Vec<Placed> =
            groups.iter().enumerate().map(|(number, loops)| self.frame(func, kind, number, loops)).collect();
        for (frame, loops) in std::iter::zip(&frames, groups) {
            for op in loops {
                let name = self.name(func);
                let mut made = callback::make(
                    func,
                    self.types,
                    op,
                    (frame, outer),
                    (&name, &self.zero, self.forgets),
                    self.stays_out,
                );
                self.needs_zero |= made.hides;
                if self.walked_once && frame.is_left(op) {
                    self.worked_around = true;
                    if self.types.holds_pointer(func.result) {
                        callback::add_idle_iteration(&mut made.callback, self.types, &self.zero);
                    }
                }
                self.made.push((made.callback, made.outer));
                self.call(func, op, (frame, outer), &name);
            }
        }
        Changed::Yes
    }

    /// The frame that some loops of a function have in common.
    fn frame(&mut self, func: &mut Function, kind: Kind, number: usize, loops: &[OpId]) -> Placed {
        let mut frame = Frame::default();
        for &op in loops {
            frame.add_loop(func, self.types, op);
        }
        frame.place(func, self.types, kind, number)
    }

    fn name(&mut self, func: &Function) -> Symbol {
        let mut number = 0;
        loop {
            let name: Symbol = format!("{}__loop{number}", func.name).into();
            if !self.taken.contains(&name) {
                self.names.derive(&name, &func.name);
                self.taken.push(name.clone());
                return name;
            }
            number += 1;
        }
    }

    fn explain(&mut self, func: &Function, op: OpId, callback: &Symbol) {
        let data = &func.ops[op];
        let callback = self.names.of(callback).to_owned();
        self.lowered.push(if data.opcode == Opcode::BpfWalk {
            let map = self.names.of(BpfWalk::of(data).map()).to_owned();
            Lowered::at(data.loc.span, &WalkCallback { callback, map })
        } else {
            Lowered::at(data.loc.span, &LoopCallback { callback, why: self.why.to_owned() })
        });
    }

    /// The call of the helper, in place of the loop.
    fn call(&mut self, func: &mut Function, op: OpId, (frame, outer): (&Placed, &[Path]), callback: &Symbol) {
        self.explain(func, op, callback);
        let mut written = frame.written_in(func, self.types, op, outer);
        written.retain(|_| self.forgets);
        let result = func.result;
        let yields_pointer = self.types.holds_pointer(result);
        let mut b = Builder::before(func, op, NAME);
        frame.fill(&mut b, self.types, op);
        for part in &written {
            unknown_values::hide(&mut b, self.types, &self.zero, part.0.variable, part);
            self.needs_zero = true;
        }
        if frame.is_left(op) {
            let exit = frame.exit(&mut b, self.types, frame.value);
            if self.walked_once && !yields_pointer {
                let none = b.ks_const(0, Ty::U64);
                let hidden = unknown_values::number(&mut b, self.types, &self.zero, none);
                b.ks_store(exit, hidden);
                self.needs_zero = true;
            } else {
                b.ks_zero(exit);
            }
            frame.clear_result(&mut b, self.types);
        }
        let pointer = frame.pointer(self.types);
        let pointer = b.ks_addr(frame.value, pointer);
        if b.func.ops[op].opcode == Opcode::BpfRepeat {
            // A count that the verifier knows to be zero makes it drop the callback as never called, and then miss it
            // (6.18).
            let count = BpfRepeat::of(&b.func.ops[op]).count();
            let count = unknown_values::number(&mut b, self.types, &self.zero, count);
            self.needs_zero = true;
            b.bpf_loop(count, pointer, callback);
        } else {
            let map = BpfWalk::of(&b.func.ops[op]).map().clone();
            b.bpf_for_each(pointer, &map, callback);
        }
        frame.leave_after(&mut b, self.types, op, result);
        func.erase(op);
    }
}

/// The loops to outline that lie in no other such loop.
fn outermost(func: &Function, region: RegionId, loops: &mut Vec<OpId>) {
    for &op in &func.blocks[func.only_block(region)].ops {
        if matches!(func.ops[op].opcode, Opcode::BpfRepeat | Opcode::BpfWalk) {
            loops.push(op);
        } else {
            for &inner in &func.ops[op].regions {
                outermost(func, inner, loops);
            }
        }
    }
}

/// The results of a callback.
const GO_ON: i128 = 0;
const STOP: i128 = 1;
