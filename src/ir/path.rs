//! Paths of fields and elements: parts of places.

use super::ops::{KsElem, KsField};
use super::{Builder, Function, OpId, Opcode, RegionId, Value};
use crate::types::{Space, Ty, TyKind, Types};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Step {
    Field(i128),
    /// A field that has bytes, or its storage unit, in common with others of its struct.
    Shared(i128),
    Elem(i128),
}

/// A place, or a part of one: the fields and constant indexes that lead to it from the outermost place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Path {
    pub variable: Value,
    steps: Vec<Step>,
}

impl Path {
    /// The path of a place: follows `ks.field`, and `ks.elem` with a constant index, back to the outermost place. One without steps is the
    /// place itself.
    pub fn of(func: &Function, types: &Types, place: Value) -> Path {
        let mut path = Path::whole(place);
        while let Some((base, step)) = step(func, types, path.variable) {
            path.steps.insert(0, step);
            path.variable = base;
        }
        path
    }

    /// The part of the outermost variable that contains a place, whatever indexes lead there: a field if the variable is a struct, else all
    /// of it.
    pub fn outermost(func: &Function, types: &Types, place: Value) -> Path {
        let mut path = Path::whole(place);
        while let Some(op) = func.def(path.variable) {
            let data = &func.ops[op];
            if data.opcode == Opcode::KsField {
                let view = KsField::of(data);
                // A field that shares its bytes is written as its whole struct.
                path = match step(func, types, path.variable) {
                    Some((base, step @ Step::Field(_))) => Path { variable: base, steps: vec![step] },
                    Some(_) | None => Path::whole(view.base()),
                };
            } else if data.opcode == Opcode::KsElem {
                path = Path::whole(KsElem::of(data).base());
            } else {
                break;
            }
        }
        path
    }

    /// All of a place.
    pub fn whole(place: Value) -> Path {
        Path { variable: place, steps: Vec::new() }
    }

    /// The path to the same part from further out: `whole` leads to what this path starts at.
    pub fn within(&self, whole: &Path) -> Path {
        let steps = whole.steps.iter().chain(&self.steps).copied().collect();
        Path { variable: whole.variable, steps }
    }

    /// The largest parts that hold integers, bools and text alone, see [`Types::is_plain`].
    pub fn plain_parts(&self, func: &Function, types: &Types) -> Vec<Path> {
        let Some(ty) = self.ty(func, types) else { return Vec::new() };
        if types.is_plain(ty) {
            return vec![self.clone()];
        }
        parts_of(types, ty).flat_map(|step| self.then(step).plain_parts(func, types)).collect()
    }

    fn then(&self, step: Step) -> Path {
        let mut inner = self.clone();
        inner.steps.push(step);
        inner
    }

    /// The type of what the path leads to.
    pub fn ty(&self, func: &Function, types: &Types) -> Option<Ty> {
        let TyKind::Place { of, .. } = types.kind(func.ty(self.variable)) else { return None };
        self.steps.iter().try_fold(of, |ty, &step| part(types, ty, step))
    }

    /// Whether the path goes through no array.
    pub fn is_of_fields(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Field(_) | Step::Shared(_)))
    }

    /// Whether the path leads to the same place as `whole`, or to a part of it.
    pub fn is_of(&self, whole: &Path) -> bool {
        self.variable == whole.variable && self.steps.starts_with(&whole.steps)
    }

    /// Whether a write of one changes the other.
    pub fn overlaps(&self, other: &Path) -> bool {
        let differing = std::iter::zip(&self.steps, &other.steps).find(|(own, other)| own != other);
        let same = match differing {
            None => true,
            Some((own, other)) => matches!((own, other), (Step::Shared(_), Step::Shared(_))),
        };
        same && self.variable == other.variable
    }

    /// Whether what the path leads to is written on every path to an op. Variables of the source are; temporaries of
    /// lowering may not be: a loop's body writes them before it reads them.
    pub fn is_written_before(&self, func: &Function, types: &Types, op: OpId) -> bool {
        self.written_until(func, types, (func.body, op), false).unwrap_or(false)
    }

    /// How much of it has been written there: all of it, or some of its integers.
    pub fn parts_written_before(&self, func: &Function, types: &Types, op: OpId, limit: usize) -> Vec<Path> {
        if self.is_written_before(func, types, op) {
            return vec![self.clone()];
        }
        let integers = self.integers(func, types, limit).unwrap_or_default().into_iter();
        integers.map(|(part, _)| part).filter(|part| part.is_written_before(func, types, op)).collect()
    }

    /// Whether it is written, from the start of a region, with what is known there; none if the op is not in the region.
    fn written_until(
        &self,
        func: &Function,
        types: &Types,
        (region, until): (RegionId, OpId),
        mut written: bool,
    ) -> Option<bool> {
        for &op in &func.blocks[func.only_block(region)].ops {
            if op == until {
                return Some(written);
            }
            let data = &func.ops[op];
            let mut inside = data.regions.iter().map(|&inner| self.written_until(func, types, (inner, until), written));
            if let Some(found) = inside.find_map(|found| found) {
                return Some(found);
            }
            let mut places = data.operands.iter().enumerate().filter(|&(index, _)| data.may_write(index));
            written |= places.any(|(_, &place)| self.is_of(&Path::of(func, types, place)));
        }
        None
    }

    /// The same steps from another variable of that type.
    pub fn moved_to(&self, variable: Value) -> Path {
        Path { variable, steps: self.steps.clone() }
    }

    /// The integers that this is made of, if they are at most `limit`.
    pub fn integers(&self, func: &Function, types: &Types, limit: usize) -> Option<Vec<(Path, Ty)>> {
        let TyKind::Place { of, space: Space::Stack } = types.kind(func.ty(self.variable)) else { return None };
        let ty = self.steps.iter().try_fold(of, |ty, &step| part(types, ty, step))?;
        let mut found = Vec::new();
        self.collect(types, ty, limit, &mut found);
        (found.len() <= limit).then_some(found)
    }

    fn collect(&self, types: &Types, ty: Ty, limit: usize, found: &mut Vec<(Path, Ty)>) {
        if is_integer(types, ty) {
            found.push((self.clone(), ty));
            return;
        }
        for step in parts_of(types, ty) {
            if found.len() > limit {
                return;
            }
            if let Some(ty) = part(types, ty, step) {
                self.then(step).collect(types, ty, limit, found);
            }
        }
    }

    /// The place that the path leads to from `variable`.
    pub fn place(&self, b: &mut Builder<'_>, types: &mut Types, variable: Value) -> Value {
        self.steps.iter().fold(variable, |base, &step| {
            let TyKind::Place { of, space } = types.kind(b.func.ty(base)) else {
                crate::bug!("a path through no place")
            };
            let Some(ty) = part(types, of, step) else { crate::bug!("a path through {}", types.ir_text(of)) };
            let place = types.place(ty, space);
            match step {
                Step::Field(field) | Step::Shared(field) => b.ks_field(base, field, place),
                Step::Elem(index) => {
                    let index = b.ks_const(index, Ty::U64);
                    b.ks_elem(base, index, place)
                }
            }
        })
    }
}

/// The place that a place is a part of, and which part.
fn step(func: &Function, types: &Types, place: Value) -> Option<(Value, Step)> {
    let data = &func.ops[func.def(place)?];
    if data.opcode == Opcode::KsField {
        let view = KsField::of(data);
        let TyKind::Place { of, .. } = types.kind(func.ty(view.base())) else { return None };
        return Some((view.base(), field(types, of, view.field())));
    }
    if data.opcode == Opcode::KsElem {
        let view = KsElem::of(data);
        return Some((view.base(), Step::Elem(func.known(types, view.index())?)));
    }
    None
}

/// The steps to the parts of a type: to its fields, or to its elements.
fn parts_of(types: &Types, ty: Ty) -> impl Iterator<Item = Step> + use<> {
    let (mut fields, mut elements) = (0, 0);
    if let TyKind::Struct(id) = types.kind(ty) {
        fields = types.struct_def(id).fields.len() as i128;
    } else if let TyKind::Array(_, length) = types.kind(ty) {
        elements = i128::from(length);
    }
    let fields: Vec<Step> = (0..fields).map(|index| field(types, ty, index)).collect();
    fields.into_iter().chain((0..elements).map(Step::Elem))
}

fn field(types: &Types, ty: Ty, field: i128) -> Step {
    let shared = matches!(types.kind(ty), TyKind::Struct(id) if types.is_beside_others(id, field as usize));
    if shared { Step::Shared(field) } else { Step::Field(field) }
}

/// The type of a part; none of bits, which are no place, and of elements that an array does not have: a branch that is never taken may
/// have them.
fn part(types: &Types, ty: Ty, step: Step) -> Option<Ty> {
    match step {
        Step::Field(field) | Step::Shared(field) => {
            let TyKind::Struct(id) = types.kind(ty) else { return None };
            types.struct_def(id).fields.get(field as usize).filter(|f| f.bits.is_none()).map(|f| f.ty)
        }
        Step::Elem(index) => {
            let TyKind::Array(element, length) = types.kind(ty) else { return None };
            (0..i128::from(length)).contains(&index).then_some(element)
        }
    }
}

fn is_integer(types: &Types, ty: Ty) -> bool {
    ty == Ty::BOOL || types.as_int(ty).is_some()
}
