//! Where local variables are alive, so that those that never are at the same time share their place on the BPF stack.
//!
//! A variable lives from the first op that writes a part of it to its last use. One that on some path is used before it was
//! written, or whose address is taken, lives in the whole function. Parts are told apart, since a struct literal is
//! written field by field.

use crate::ir::ops::{KsConst, KsElem, KsField, MemBlur};
use crate::ir::{BlockId, Function, OpId, Opcode, Value};
use crate::types::{FieldDef, Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Variables whose lives begin and end at places of the function.
#[derive(Default)]
pub struct Lifetimes {
    /// Before an op.
    pub begin: HashMap<OpId, Vec<Value>>,
    /// After an op.
    pub end: HashMap<OpId, Vec<Value>>,
    /// At the start of a block, where they were alive on the way to another block.
    pub end_at: HashMap<BlockId, Vec<Value>>,
}

/// A part of a variable that is written as a whole: its offset.
type Part = (Value, u64);
type Parts = BTreeSet<Part>;

/// Elements of longer arrays are one part.
const MAX_ELEMENTS: u64 = 16;

/// The variables of the blocks in `order`, which control reaches.
pub fn of(func: &Function, types: &Types, order: &[BlockId]) -> Lifetimes {
    let touches = Touches::of(func, types, order);
    let flow = touches.flow(func, order);
    let mut endless = touches.escaped.clone();
    endless.extend(flow.live_in[&func.entry()].iter().map(|&(var, _)| var));
    let mut lifetimes = Lifetimes::default();
    for &block in order {
        let mut live = flow.live_out[&block].clone();
        for &op in func.blocks[block].ops.iter().rev() {
            let Some(touch) = touches.by_op.get(&op) else { continue };
            for var in touch.variables().difference(&endless) {
                let alive_after = is_alive(&live, *var);
                touch.step_back(*var, &mut live);
                if !alive_after {
                    lifetimes.end.entry(op).or_default().push(*var);
                }
                if !is_alive(&live, *var) {
                    lifetimes.begin.entry(op).or_default().push(*var);
                }
            }
        }
        let dead: Vec<Value> = flow.ended_before(func, order, block).difference(&endless).copied().collect();
        if !dead.is_empty() {
            lifetimes.end_at.insert(block, dead);
        }
    }
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

    /// From what is alive after the op to what is alive before.
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
    fn of(func: &Function, types: &Types, order: &[BlockId]) -> Touches {
        let mut touches = Touches { by_op: HashMap::new(), escaped: BTreeSet::new() };
        for &block in order {
            for &op in &func.blocks[block].ops {
                touches.op(func, types, op);
            }
        }
        touches
    }

    fn op(&mut self, func: &Function, types: &Types, op: OpId) {
        let data = &func.ops[op];
        if matches!(data.opcode, Opcode::KsField | Opcode::KsElem) {
            return;
        }
        // All three have the place that they write first.
        let writes = matches!(data.opcode, Opcode::KsStore | Opcode::KsZero | Opcode::KsCopy);
        for (index, &operand) in data.operands.iter().enumerate() {
            let Some(mut region) = region(func, types, operand) else { continue };
            if data.opcode == Opcode::MemBlur {
                let at = region.low + MemBlur::of(data).offset() as u64;
                region = Region { low: at, high: at + 1, ..region };
            }
            // What yields or passes on an address may be used anywhere later.
            if matches!(data.opcode, Opcode::KsAddr | Opcode::MapBind | Opcode::CfBr | Opcode::ArithSelect) {
                self.escaped.insert(region.var);
                continue;
            }
            let touch = self.by_op.entry(op).or_default();
            for (offset, size) in parts(types, pointee(func, types, region.var)) {
                let inside = region.low <= offset && offset + size <= region.high;
                let overlaps = offset < region.high && region.low < offset + size;
                if writes && index == 0 && inside && region.exact {
                    touch.fills.insert((region.var, offset));
                } else if overlaps {
                    touch.uses.insert((region.var, offset));
                }
            }
        }
    }

    /// Parts alive at the start and end of each block.
    fn flow(&self, func: &Function, order: &[BlockId]) -> Flow {
        let empty = || order.iter().map(|&block| (block, Parts::new())).collect();
        let mut flow = Flow { live_in: empty(), live_out: empty() };
        let mut changed = true;
        while changed {
            changed = false;
            for &block in order.iter().rev() {
                let after = successors(func, block).iter().flat_map(|to| flow.live_in[to].iter().copied());
                let mut live: Parts = after.collect();
                flow.live_out.insert(block, live.clone());
                for touch in func.blocks[block].ops.iter().rev().filter_map(|op| self.by_op.get(op)) {
                    for var in touch.variables() {
                        touch.step_back(var, &mut live);
                    }
                }
                changed |= live != flow.live_in[&block];
                flow.live_in.insert(block, live);
            }
        }
        flow
    }
}

struct Flow {
    live_in: BTreeMap<BlockId, Parts>,
    live_out: BTreeMap<BlockId, Parts>,
}

impl Flow {
    /// What is alive at the end of a block before this one, but not here.
    fn ended_before(&self, func: &Function, order: &[BlockId], block: BlockId) -> BTreeSet<Value> {
        let before = order.iter().filter(|&&b| successors(func, b).contains(&block));
        let alive = before.flat_map(|b| self.live_out[b].iter().map(|&(var, _)| var));
        alive.filter(|&var| !is_alive(&self.live_in[&block], var)).collect()
    }
}

fn successors(func: &Function, block: BlockId) -> &[BlockId] {
    func.blocks[block].ops.last().map_or(&[], |&op| &func.ops[op].successors)
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
    if !matches!(data.opcode, Opcode::KsVar | Opcode::KsField | Opcode::KsElem) {
        return None;
    }
    let size = types.size_of(pointee(func, types, place));
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
    let low = base.low + KsConst::of(index).value() as u64 * size;
    Some(Region { low, high: low + size, ..base })
}

fn pointee(func: &Function, types: &Types, place: Value) -> Ty {
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else {
        crate::bug!("{} is no place", types.ir_text(func.ty(place)));
    };
    of
}

/// Offsets and sizes of the parts of a type. Padding is a part too: the kernel compares it in keys.
fn parts(types: &Types, ty: Ty) -> Vec<(u64, u64)> {
    if let TyKind::Struct(id) = types.kind(ty) {
        let def = types.struct_def(id);
        let mut fields: Vec<&FieldDef> = def.fields.iter().collect();
        fields.sort_by_key(|f| f.offset);
        let (mut all, mut end) = (Vec::new(), 0);
        for field in fields {
            if field.offset > end {
                all.push((end, field.offset - end));
            }
            all.extend(parts(types, field.ty).into_iter().map(|(at, size)| (field.offset + at, size)));
            end = end.max(field.offset + types.size_of(field.ty));
        }
        if def.size > end {
            all.push((end, def.size - end));
        }
        return all;
    }
    if let TyKind::Array(element, length) = types.kind(ty)
        && length <= MAX_ELEMENTS
    {
        let size = types.size_of(element);
        let inner = parts(types, element);
        return (0..length).flat_map(|i| inner.iter().map(move |&(at, part)| (i * size + at, part))).collect();
    }
    vec![(0, types.size_of(ty))]
}

/// The variables that something else than a load or store works on: they cannot become registers.
pub fn in_memory(func: &Function, types: &Types) -> BTreeSet<Value> {
    let mut found = BTreeSet::new();
    for op in func.walk() {
        let data = &func.ops[op];
        let by_value =
            matches!(data.opcode, Opcode::KsLoad | Opcode::KsStore | Opcode::KsZero | Opcode::KsField | Opcode::KsElem);
        if !by_value {
            found.extend(data.operands.iter().filter_map(|&operand| region(func, types, operand)).map(|r| r.var));
        }
    }
    found
}
