//! The function that a loop's body becomes.

use super::frame::{Placed, free_values, leaves};
use super::{GO_ON, NAME, STOP};
use crate::ir::{
    Builder, Exit, Function, Loc, OpData, OpId, Opcode, Param, Path, RegionId, Role, Symbol, Value, clone,
};
use crate::passes::verifier::unknown_values::{FOLLOWED, branch_points, compared_places, hide, number, written_places};
use crate::target::{Target, Targets};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::HashMap;

/// A loop's body as a function.
pub struct Made {
    pub callback: Function,
    /// The parts of frames that have a value whenever it runs.
    pub outer: Vec<Path>,
    /// It uses the variable that is always zero.
    pub hides: bool,
}

/// The parameters of a callback before the frame.
fn params(data: &OpData, types: &mut Types, args: &[Ty]) -> Vec<(&'static str, Ty)> {
    if data.opcode == Opcode::BpfRepeat {
        return vec![("iteration", Ty::U32)];
    }
    let map = types.ptr(Ty::U8, Space::Map, false);
    vec![("map", map), ("key", args[0]), ("value", args[1])]
}

/// `fn name(iteration: u32, frame: *Frame) -> i64`, or `fn name(map, key, value, frame: *Frame) -> i64`, with the body of the
/// loop `op` of `func`. `outer`: the parts of frames around `func` that have a value whenever it runs. `zero`: the variable that is always
/// zero; `forgets`: what the body compares becomes unknown; `stays_out`: iterations behind the one that left do nothing.
pub fn make(
    func: &Function,
    types: &mut Types,
    op: OpId,
    (frame, outer): (&Placed, &[Path]),
    (name, zero, forgets): (&Symbol, &Symbol, bool),
    stays_out: bool,
) -> Made {
    let data = &func.ops[op];
    let body = data.regions[0];
    let block = func.only_block(body);
    let args = &func.blocks[block].args;
    let span = data.loc.span;
    let loc = Loc { span, made_by: Some(NAME) };
    let pointer = frame.pointer(types);
    let types_of_args: Vec<Ty> = args.iter().map(|&arg| func.ty(arg)).collect();
    let mut params = params(data, types, &types_of_args);
    params.push(("frame", pointer));
    let params: Vec<Param> =
        params.into_iter().map(|(name, ty)| Param { name: name.into(), ty, out: false, span }).collect();
    let count = params.len();
    let mut callback = Function::new(name, span, span, Role::Helper, params, Ty::I64);
    callback.targets = Targets::from([Target::Bpf]);
    let (address, entry) = (callback.param(count - 1), callback.entry());
    let mut values: HashMap<Value, Value> = HashMap::new();
    let mut b = Builder::at_end(&mut callback, entry, loc);
    let place = frame.place_type(types);
    let place = b.ks_deref(address, place);
    let free = free_values(func, body);
    for &value in &free {
        frame.import(func, &mut b, types, place, &mut values, value);
    }
    let mut hidden = hidden_each_iteration(func, types, op, (frame, outer));
    hidden.retain(|_| forgets);
    for part in &hidden {
        let variable = values.get(&part.0.variable).copied().unwrap_or(place);
        hide(&mut b, types, zero, variable, part);
    }
    let behind = if forgets { written_behind_pointers(func, types, body) } else { Vec::new() };
    let mut hides = !hidden.is_empty();
    for (pointer, part) in &behind {
        // A pointer that the body itself computes has no value yet.
        if let Some(&pointer) = values.get(pointer) {
            let place = b.ks_deref(pointer, func.ty(part.0.variable));
            hide(&mut b, types, zero, place, part);
            hides = true;
        }
    }
    let returns = func.exits(body).iter().filter(|(_, exit)| *exit == Exit::Return).count();
    if forgets && returns > MAX_RETURNS && branch_points(func, body) > MAX_BRANCH_POINTS {
        hides |= frame.hide_result(&mut b, types, zero, place);
    }
    let start = b.func.blocks[entry].ops.len();
    // The body's arguments are the callback's last before the frame.
    let first = count - 1 - args.len();
    values.extend(args.iter().enumerate().map(|(at, &arg)| (arg, callback.param(first + at))));
    let outer = frame.with_value((func, &callback), types, (op, outer), &values);
    clone::ops(func, block, &mut callback, entry, &mut values);
    let first = callback.blocks[entry].ops[start];
    Ends { callback: &mut callback, types, frame, place }.convert();
    if stays_out && frame.is_left(op) {
        stay_out(&mut Builder::before(&mut callback, first, NAME), types, frame, place);
    }
    Made { callback, outer, hides }
}

/// The outer variables that a body writes, and compares so that the verifier learns about them: if a number is below a
/// bound and then grows, its known range is wider in each iteration. In a body with many branches all that it writes,
/// since each known value doubles the states. Bools have only two values.
fn hidden_each_iteration(
    func: &Function,
    types: &Types,
    op: OpId,
    (frame, outer): (&Placed, &[Path]),
) -> Vec<(Path, Ty)> {
    let body = func.ops[op].regions[0];
    let compared = compared_places(func, types, body);
    let many = branch_points(func, body) > MAX_BRANCH_POINTS;
    let written = frame.written_in(func, types, op, outer).into_iter();
    written.filter(|(path, ty)| (many || compared.contains(path)) && *ty != Ty::BOOL).collect()
}

/// The integers on the stack that a body with many branches writes through pointers, as those of a parameter, and the pointers. The paths
/// begin at what the pointer leads to. The bytes of a slot differ by which branches of the earlier iterations wrote a part of it, and each
/// combination is a state.
fn written_behind_pointers(func: &Function, types: &Types, body: RegionId) -> Vec<(Value, (Path, Ty))> {
    if branch_points(func, body) <= MAX_BRANCH_POINTS {
        return Vec::new();
    }
    let mut targets: HashMap<Value, Value> = HashMap::new();
    let mut found = Vec::new();
    for path in written_places(func, types, body).into_iter().filter(Path::is_of_fields) {
        let Some(pointer) = stack_pointer(func, types, path.variable) else { continue };
        let target = *targets.entry(pointer).or_insert(path.variable);
        for (part, ty) in path.moved_to(target).integers(func, types, FOLLOWED).unwrap_or_default() {
            if ty != Ty::BOOL && !found.contains(&(pointer, (part.clone(), ty))) {
                found.push((pointer, (part, ty)));
            }
        }
    }
    found
}

/// The pointer that leads to a place, if it is never null and points to the stack.
fn stack_pointer(func: &Function, types: &Types, place: Value) -> Option<Value> {
    let data = func.def(place).map(|op| &func.ops[op]).filter(|data| data.opcode == Opcode::KsDeref)?;
    let pointer = data.operands[0];
    matches!(types.kind(func.ty(pointer)), TyKind::Ptr { space: Space::Stack, nullable: false, .. }).then_some(pointer)
}

/// Branches of a body up to which only what is compared is hidden.
const MAX_BRANCH_POINTS: usize = 4;

/// So many places of a body may return before the result is hidden from the verifier. A hidden result costs another walk over the code behind
/// the loop.
const MAX_RETURNS: usize = 2;

/// Ends an iteration that follows the one that left the loop.
fn stay_out(b: &mut Builder<'_>, types: &mut Types, frame: &Placed, place: Value) {
    let left = frame.test_exit(b, types, place, None);
    let stop = |b: &mut Builder<'_>| {
        let stop = b.ks_const(STOP, Ty::I64);
        b.ks_return(Some(stop));
    };
    b.either(left, &[], stop, |b| b.done());
}

/// Adds an iteration that does nothing, and that never runs: the verifier does not know that the variable `zero` is zero.
pub fn add_idle_iteration(callback: &mut Function, types: &mut Types, zero: &Symbol) {
    let first = callback.blocks[callback.entry()].ops[0];
    let mut b = Builder::before(callback, first, NAME);
    let none = b.ks_const(0, Ty::U64);
    let hidden = number(&mut b, types, zero, none);
    let idle = b.arith_cmp(hidden, none, "ne", Ty::BOOL);
    let go_on = |b: &mut Builder<'_>| {
        let go_on = b.ks_const(GO_ON, Ty::I64);
        b.ks_return(Some(go_on));
    };
    b.either(idle, &[], go_on, |b| b.done());
}

/// Converts the exits of the body to results of the callback.
struct Ends<'a> {
    callback: &'a mut Function,
    types: &'a mut Types,
    frame: &'a Placed,
    /// The frame's, in the callback.
    place: Value,
}

impl Ends<'_> {
    fn convert(&mut self) {
        let entry = self.callback.entry();
        for (op, exit) in self.callback.exits(self.callback.body) {
            if exit == Exit::Continue {
                self.end(op, GO_ON);
            } else if leaves(self.callback, (op, exit)) {
                let value = self.callback.ops[op].operands.first().copied();
                self.leave(op, exit, value);
            } else {
                self.end(op, STOP);
            }
        }
        if let Some(&end) = self.callback.blocks[entry].ops.last()
            && self.callback.ops[end].opcode == Opcode::KsYield
        {
            self.end(end, GO_ON);
        }
    }

    fn leave(&mut self, op: OpId, exit: Exit, value: Option<Value>) {
        let mut b = Builder::before(self.callback, op, NAME);
        self.frame.set_exit(&mut b, self.types, self.place, (exit, value));
        self.end(op, STOP);
    }

    fn end(&mut self, op: OpId, code: i128) {
        let code = Builder::before(self.callback, op, NAME).ks_const(code, Ty::I64);
        self.callback.become_op(op, Opcode::KsReturn, vec![code], Vec::new());
    }
}
