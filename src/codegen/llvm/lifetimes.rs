//! Live ranges of local variables, so that variables whose live ranges do not overlap share a slot of the BPF stack.
//!
//! A variable is live from the first op that writes a part of it to its last use. If on some path a use precedes the
//! first write, it is live from its `ks.var` on. If this analysis cannot follow its address, it is live in the whole
//! function. Parts are tracked separately, since a struct literal is written field by field.

use super::memory::parts;
use crate::dataflow::{self, Analysis, Point};
use crate::ir::flow::Graph;
use crate::ir::ops::{BpfForEach, BpfLoop, KsCall, KsConst, KsDeref, KsElem, KsField, MemBlur};
use crate::ir::{BlockId, Function, Module, OpData, OpId, Opcode, Uses, Value};
use crate::types::{Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

/// Variables whose lives begin and end at places of the function.
#[derive(Default)]
pub struct Lifetimes {
    /// Before an op.
    pub begin: HashMap<OpId, Vec<Value>>,
    /// After an op.
    pub end: HashMap<OpId, Vec<Value>>,
    /// At the start of a block, where they were alive before it on the path to another block.
    pub end_at: HashMap<BlockId, BTreeSet<Value>>,
}

/// Parts of variables that are written as a whole: their offsets.
type Parts = BTreeSet<(Value, u64)>;

/// The variables of the blocks in `order`, which control reaches.
pub fn of(module: &Module, func: &Function, types: &Types, order: &[BlockId]) -> Lifetimes {
    let mut touches = Touches::of(module, func, types, order);
    let mut lifetimes = Lifetimes::default();
    let graph = Graph::of(func);
    let alive = dataflow::backward(&graph, &mut touches, &Parts::new());
    alive.visit(&mut touches, |touches, (point, live)| match point {
        Point::Op(op) => touches.around(func, op, live, &mut lifetimes),
        Point::Edge(edge) => {
            let block = graph.nodes[edge.to].ops.first().map(|&op| func.ops[op].block);
            let before = alive.at(edge.from).into_iter().flatten().map(|&(var, _)| var);
            let dead = before.filter(|&var| !is_alive(live, var) && !touches.escaped.contains(&var));
            if let Some(block) = block {
                lifetimes.end_at.entry(block).or_default().extend(dead);
            }
        }
    });
    lifetimes
}

fn is_alive(live: &Parts, var: Value) -> bool {
    live.range((var, 0)..=(var, u64::MAX)).next().is_some()
}

/// The parts that an op writes and those that it uses, or writes only in part.
#[derive(Default)]
struct Touch {
    fills: Parts,
    uses: Parts,
}

impl Touch {
    fn variables(&self) -> BTreeSet<Value> {
        self.fills.union(&self.uses).map(|&(var, _)| var).collect()
    }

    /// The transfer function of the op, backwards: `live` are the parts alive after it, then those before it.
    fn step_back(&self, var: Value, live: &mut Parts) {
        for part in self.fills.iter().filter(|part| part.0 == var) {
            live.remove(part);
        }
        live.extend(self.uses.iter().filter(|part| part.0 == var));
    }
}

struct Touches {
    by_op: HashMap<OpId, Touch>,
    escaped: BTreeSet<Value>,
}

impl Touches {
    fn of(module: &Module, func: &Function, types: &Types, order: &[BlockId]) -> Touches {
        let mut touches = Touches { by_op: HashMap::new(), escaped: BTreeSet::new() };
        let uses = func.uses();
        for &block in order {
            for &op in &func.blocks[block].ops {
                let data = &func.ops[op];
                if data.opcode == Opcode::KsAddr {
                    let escapes = !stays(func, &uses, data.results[0]);
                    touches.escaped.extend(region(func, types, data.operands[0]).filter(|_| escapes).map(|r| r.var));
                } else if data.opcode == Opcode::KsVar {
                    let all = parts(types, pointee(func, types, data.results[0]));
                    let fills = all.into_iter().map(|part| (data.results[0], part.at)).collect();
                    touches.by_op.insert(op, Touch { fills, uses: Parts::new() });
                } else if let Some((frame, callback)) = callback(module, data) {
                    touches.frame(func, types, op, (frame, callback));
                } else {
                    touches.op(module, func, types, op);
                }
            }
        }
        touches
    }

    fn op(&mut self, module: &Module, func: &Function, types: &Types, op: OpId) {
        let data = &func.ops[op];
        if matches!(data.opcode, Opcode::KsField | Opcode::KsElem) {
            return;
        }
        for (index, &operand) in data.operands.iter().enumerate() {
            let Some(mut region) = region(func, types, operand) else { continue };
            if data.opcode == Opcode::MemBlur {
                let at = region.low + MemBlur::of(data).offset() as u64;
                region = Region { low: at, high: at + 1, ..region };
            }
            // An op that passes on a place may use it anywhere later.
            if matches!(data.opcode, Opcode::MapBind | Opcode::CfBr | Opcode::ArithSelect) {
                self.escaped.insert(region.var);
                continue;
            }
            let touch = self.by_op.entry(op).or_default();
            for part in parts(types, pointee(func, types, region.var)) {
                let inside = region.low <= part.at && part.end() <= region.high;
                let overlaps = part.at < region.high && region.low < part.end();
                if inside && region.exact && is_written(module, data, index) {
                    touch.fills.insert((region.var, part.at));
                } else if overlaps {
                    touch.uses.insert((region.var, part.at));
                }
            }
        }
    }

    /// A loop uses of the frame what its callback does.
    fn frame(&mut self, func: &Function, types: &Types, op: OpId, (frame, callback): (Value, Option<&Function>)) {
        let Some(region) = addressed(func, frame).and_then(|place| region(func, types, place)) else { return };
        let ty = pointee(func, types, region.var);
        let fields = callback.and_then(used_fields);
        let used = |offset: u64| match (&fields, types.kind(ty)) {
            (Some(fields), TyKind::Struct(id)) => fields.iter().any(|&field| {
                let field = &types.struct_def(id).fields[field];
                (field.offset..field.offset + types.size_of(field.ty)).contains(&offset)
            }),
            (_, _) => true,
        };
        let all = parts(types, ty).into_iter();
        let uses = all.filter(|part| used(part.at)).map(|part| (region.var, part.at)).collect();
        self.by_op.insert(op, Touch { fills: Parts::new(), uses });
    }

    /// The variables whose lives begin or end at an op; `live` is what is alive after it.
    fn around(&self, func: &Function, op: OpId, live: &Parts, lifetimes: &mut Lifetimes) {
        let Some(touch) = self.by_op.get(&op) else { return };
        let is_birth = func.ops[op].opcode == Opcode::KsVar;
        for var in touch.variables().difference(&self.escaped) {
            let mut own: Parts = live.range((*var, 0)..=(*var, u64::MAX)).copied().collect();
            let alive_after = !own.is_empty();
            touch.step_back(*var, &mut own);
            if is_birth && !alive_after {
                continue;
            }
            if !alive_after {
                lifetimes.end.entry(op).or_default().push(*var);
            }
            if own.is_empty() {
                lifetimes.begin.entry(op).or_default().push(*var);
            }
        }
    }
}

impl Analysis for Touches {
    /// The live parts of variables.
    type State = Parts;

    fn step(&mut self, op: OpId, live: &mut Parts) {
        if let Some(touch) = self.by_op.get(&op) {
            touch.variables().into_iter().for_each(|var| touch.step_back(var, live));
        }
    }
}

/// Whether an op writes all of a place that is an operand, without reading it.
fn is_written(module: &Module, data: &OpData, operand: usize) -> bool {
    if data.opcode == Opcode::KsCall {
        let callee = module.func(KsCall::of(data).callee());
        return callee.is_some_and(|callee| callee.params[operand].out);
    }
    // All have the place that they write first.
    operand == 0 && matches!(data.opcode, Opcode::KsStore | Opcode::KsZero | Opcode::KsCopy)
}

/// Whether nothing but ops that this follows uses an address: it leads to places, and frames go to callbacks, which
/// keep no address of them.
fn stays(func: &Function, uses: &Uses, address: Value) -> bool {
    uses.users(address).iter().all(|&user| {
        let data = &func.ops[user];
        let is_followed = matches!(data.opcode, Opcode::KsDeref | Opcode::BpfLoop | Opcode::BpfForEach);
        is_followed || data.opcode == Opcode::ArithCast && stays(func, uses, data.results[0])
    })
}

/// The frame of a loop, and the function that gets it.
fn callback<'m>(module: &'m Module, data: &OpData) -> Option<(Value, Option<&'m Function>)> {
    let (frame, callback) = if data.opcode == Opcode::BpfLoop {
        (BpfLoop::of(data).frame(), BpfLoop::of(data).callback())
    } else if data.opcode == Opcode::BpfForEach {
        (BpfForEach::of(data).frame(), BpfForEach::of(data).callback())
    } else {
        return None;
    };
    Some((frame, module.func(callback)))
}

/// The fields of its frame that a callback uses; none if it may use all.
fn used_fields(callback: &Function) -> Option<BTreeSet<usize>> {
    let frame = callback.param(callback.params.len() - 1);
    let uses = callback.uses();
    let mut fields = BTreeSet::new();
    for &user in uses.users(frame) {
        let data = &callback.ops[user];
        if data.opcode != Opcode::KsDeref {
            return None;
        }
        for &user in uses.users(data.results[0]) {
            let data = &callback.ops[user];
            if data.opcode == Opcode::KsField {
                fields.insert(KsField::of(data).field() as usize);
            } else if data.opcode != Opcode::MemBlur {
                // That is of bytes which were written through a field.
                return None;
            }
        }
    }
    Some(fields)
}

/// The place that a pointer is the address of, where that is in sight.
fn addressed(func: &Function, pointer: Value) -> Option<Value> {
    let data = &func.ops[func.def(pointer)?];
    if data.opcode == Opcode::ArithCast {
        return addressed(func, data.operands[0]);
    }
    (data.opcode == Opcode::KsAddr).then(|| data.operands[0])
}

/// Bytes of a variable that a place lies in; `exact`: that it is.
struct Region {
    var: Value,
    low: u64,
    high: u64,
    exact: bool,
}

fn region(func: &Function, types: &Types, place: Value) -> Option<Region> {
    let data = &func.ops[func.def(place)?];
    if !matches!(data.opcode, Opcode::KsVar | Opcode::KsField | Opcode::KsElem | Opcode::KsDeref) {
        return None;
    }
    let size = types.size_of(pointee(func, types, place));
    if data.opcode == Opcode::KsDeref {
        let base = region(func, types, addressed(func, KsDeref::of(data).pointer())?)?;
        let (high, exact) = (base.low + size, base.exact && base.low + size <= base.high);
        return Some(if exact { Region { high, ..base } } else { Region { exact, ..base } });
    }
    if data.opcode == Opcode::KsVar {
        return Some(Region { var: place, low: 0, high: size, exact: true });
    }
    if data.opcode == Opcode::KsField {
        let view = KsField::of(data);
        let base = region(func, types, view.base())?;
        let TyKind::Struct(id) = types.kind(pointee(func, types, view.base())) else { return Some(base) };
        let low = base.low + types.struct_def(id).fields[view.field() as usize].offset;
        return Some(if base.exact { Region { low, high: low + size, ..base } } else { base });
    }
    let view = KsElem::of(data);
    let base = region(func, types, view.base())?;
    let index = func.def(view.index()).map(|op| &func.ops[op]).filter(|op| op.opcode == Opcode::KsConst);
    let Some(index) = index.filter(|_| base.exact) else { return Some(Region { exact: false, ..base }) };
    // Code that is never reached may have an index beyond the array.
    let index = u64::try_from(KsConst::of(index).value()).ok();
    let low = index.and_then(|index| index.checked_mul(size)?.checked_add(base.low));
    let range = low.and_then(|low| Some((low, low.checked_add(size)?)));
    Some(range.map_or(Region { exact: false, ..base }, |(low, high)| Region { low, high, ..base }))
}

fn pointee(func: &Function, types: &Types, place: Value) -> Ty {
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else {
        crate::bug!("{} is no place", types.ir_text(func.ty(place)));
    };
    of
}

/// The variables that something else than a load or store works on: they cannot become registers.
pub fn in_memory(func: &Function, types: &Types) -> BTreeSet<Value> {
    let mut found = BTreeSet::new();
    for data in func.all() {
        let by_value =
            matches!(data.opcode, Opcode::KsLoad | Opcode::KsStore | Opcode::KsZero | Opcode::KsField | Opcode::KsElem);
        if !by_value {
            found.extend(data.operands.iter().filter_map(|&operand| region(func, types, operand)).map(|r| r.var));
        }
    }
    found
}
