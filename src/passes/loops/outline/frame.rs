//! The frame that the bodies of a function's loops share with the function.

use super::{NAME, STOP};
use crate::ir::{Attr, Builder, Exit, Function, OpId, Opcode, Path, RegionId, Symbol, Value, ValueDef};
use crate::passes::analysis;
use crate::passes::loops::loop_form;
use crate::passes::verifier::unknown_values::{FOLLOWED, hide, written_places};
use crate::types::{FieldDef, Origin, Space, StructDef, StructId, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How a value of the function reaches a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capture {
    /// A variable that lives in the frame.
    Variable,
    /// A scalar, stored before the loop.
    Value,
    /// A place that is no variable: its address, stored before the loop.
    Address,
}

/// The captures of a function's loops, as they are found.
#[derive(Default)]
pub struct Frame {
    slots: Vec<(Value, Capture)>,
    index: HashMap<Value, usize>,
    /// For each loop: the slots that its body uses.
    uses: HashMap<OpId, BTreeSet<usize>>,
    /// How a loop's body leaves it, otherwise than by its condition.
    exits: HashMap<OpId, BTreeSet<Exit>>,
}

/// Whose loops they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Function,
    /// A `return` in its loops leaves its own loop too; so does what leaves a block around that.
    Callback,
}

/// The value of the frame's field `exit` after an exit; 0 means none.
fn code(exit: Exit) -> i128 {
    match exit {
        Exit::Break => 1,
        Exit::Return => 2,
        Exit::Leave(depth) => 3 + depth as i128,
        Exit::Continue => crate::bug!("the next iteration does not leave a loop"),
    }
}

/// The values of outside that a region uses, in order of the text.
pub fn free_values(func: &Function, region: RegionId) -> Vec<Value> {
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    let mut known: HashSet<Value> = func.blocks[func.only_block(region)].args.iter().copied().collect();
    for &op in &ops {
        known.extend(&func.ops[op].results);
        for &inner in &func.ops[op].regions {
            known.extend(&func.blocks[func.only_block(inner)].args);
        }
    }
    let mut free = Vec::new();
    for op in ops {
        for &operand in &func.ops[op].operands {
            if known.insert(operand) {
                free.push(operand);
            }
        }
    }
    free
}

/// Ops that a body makes anew instead of taking their result from the frame.
pub fn is_remade(func: &Function, op: OpId) -> bool {
    matches!(
        func.ops[op].opcode,
        Opcode::KsConst | Opcode::KsNull | Opcode::KsStr | Opcode::KsGlobal | Opcode::KsField | Opcode::KsDeref
    )
}

/// Whether an exit of a body leaves the loop other than by its condition, which would end the next iteration too.
pub fn leaves(func: &Function, (op, exit): (OpId, Exit)) -> bool {
    match exit {
        Exit::Break => func.ops[op].loc.made_by != Some(loop_form::PASS.name),
        Exit::Leave(_) | Exit::Return => true,
        Exit::Continue => false,
    }
}

/// The loops that share variables, directly or through others, each group in source order.
pub fn groups(func: &Function, loops: Vec<OpId>) -> Vec<Vec<OpId>> {
    let mut groups: Vec<(BTreeSet<Value>, Vec<OpId>)> = Vec::new();
    for op in loops {
        let mut group = (variables(func, func.ops[op].regions[0]), Vec::new());
        let (sharing, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(of, _)| !of.is_disjoint(&group.0));
        for (of, loops) in sharing {
            group.0.extend(of);
            group.1.extend(loops);
        }
        group.1.push(op);
        groups = others;
        groups.push(group);
    }
    groups.into_iter().map(|(_, loops)| loops).collect()
}

/// The variables of outside that a body uses, or parts of them.
fn variables(func: &Function, body: RegionId) -> BTreeSet<Value> {
    let roots = free_values(func, body).into_iter().filter_map(|value| analysis::root(func, value));
    let variables = roots.filter(|&root| func.ops[root].opcode == Opcode::KsVar);
    variables.map(|variable| func.ops[variable].results[0]).collect()
}

impl Frame {
    /// Adds a loop: the values that its body captures, each with a slot in the frame, and its exits.
    pub fn add_loop(&mut self, func: &Function, types: &Types, op: OpId) {
        let region = func.ops[op].regions[0];
        let mut slots = BTreeSet::new();
        for value in free_values(func, region) {
            self.capture(func, types, value, &mut slots);
        }
        self.uses.insert(op, slots);
        let exits = func.exits(region).into_iter().filter(|&exit| leaves(func, exit));
        self.exits.insert(op, exits.map(|(_, exit)| exit).collect());
    }

    fn capture(&mut self, func: &Function, types: &Types, value: Value, slots: &mut BTreeSet<usize>) {
        let def = func.def(value);
        if let Some(op) = def
            && is_remade(func, op)
        {
            for &operand in &func.ops[op].operands {
                self.capture(func, types, operand, slots);
            }
            return;
        }
        let capture = if def.is_some_and(|op| func.ops[op].opcode == Opcode::KsVar) {
            Capture::Variable
        } else if matches!(types.kind(func.ty(value)), TyKind::Place { .. }) {
            Capture::Address
        } else {
            Capture::Value
        };
        let next = self.slots.len();
        let slot = *self.index.entry(value).or_insert(next);
        if slot == next {
            self.slots.push((value, capture));
        }
        slots.insert(slot);
    }

    /// Makes the frame a variable of the function, and the captured variables its fields. `number`: of the function's frames.
    pub fn place(self, func: &mut Function, types: &mut Types, kind: Kind, number: usize) -> Placed {
        let mut fields: Vec<FieldDef> = Vec::new();
        for (index, &(value, capture)) in self.slots.iter().enumerate() {
            let ty = func.ty(value);
            let (name, ty) = match (capture, types.kind(ty)) {
                (Capture::Variable, TyKind::Place { of, .. }) => (variable_name(func, value, index), of),
                (Capture::Address, TyKind::Place { of, space }) => {
                    (format!("address{index}"), types.ptr(of, space, false))
                }
                (_, _) => (format!("value{index}"), ty),
            };
            fields.push(field(&name, ty));
        }
        let mut exits = self.exits.values().flatten();
        if exits.clone().next().is_some() {
            // The field has 64 bits for a small number: the verifier keeps track of whole stack slots only.
            fields.push(field("exit", Ty::U64));
        }
        if exits.any(|&exit| exit == Exit::Return) && func.result != Ty::VOID && kind == Kind::Function {
            fields.push(field("result", func.result));
        }
        let def = StructDef {
            name: if number == 0 { format!("{}__frame", func.name) } else { format!("{}__frame{number}", func.name) },
            origin: Origin::User,
            fields,
            size: 0,
            align: 1,
            span: None,
        };
        let id = types.add_struct(def);
        types.lay_out(id);
        let of = types.intern(TyKind::Struct(id));
        let place = types.place(of, Space::Stack);
        let Some(&first) = func.blocks[func.entry()].ops.first() else { crate::bug!("a function without an end") };
        let value = Builder::before(func, first, NAME).ks_var(b"frame", place);
        for (index, &(variable, capture)) in self.slots.iter().enumerate() {
            if let (Capture::Variable, Some(op)) = (capture, func.def(variable)) {
                func.become_op(op, Opcode::KsField, vec![value], vec![Attr::Int(index as i128)]);
            }
        }
        Placed { frame: self, kind, value, id, of }
    }
}

fn field(name: &str, ty: Ty) -> FieldDef {
    FieldDef { name: name.to_owned(), ty, offset: 0, bits: None, span: None }
}

/// Unique, since shadowed variables share a name.
fn variable_name(func: &Function, value: Value, index: usize) -> String {
    let name = func.def(value).map(|op| String::from_utf8_lossy(func.ops[op].attrs[0].bytes()).into_owned());
    format!("{}{index}", name.unwrap_or_default())
}

/// The frame as a variable.
pub struct Placed {
    frame: Frame,
    kind: Kind,
    /// The variable's place, in the function that has the loops.
    pub value: Value,
    id: StructId,
    of: Ty,
}

impl Placed {
    /// The type of a pointer to the frame, as callbacks get it.
    pub fn pointer(&self, types: &mut Types) -> Ty {
        types.ptr(self.of, Space::Stack, false)
    }

    /// The type of the variable that is the frame.
    pub fn place_type(&self, types: &mut Types) -> Ty {
        types.place(self.of, Space::Stack)
    }

    /// Whether a body leaves the loop otherwise than by its condition.
    pub fn is_left(&self, op: OpId) -> bool {
        !self.frame.exits[&op].is_empty()
    }

    /// The place of a field in `frame`, which is the frame's place in the function that is built, and the field's type.
    fn field(&self, b: &mut Builder<'_>, types: &mut Types, frame: Value, index: usize) -> (Value, Ty) {
        let ty = types.struct_def(self.id).fields[index].ty;
        let place = types.place(ty, Space::Stack);
        (b.ks_field(frame, index as i128, place), ty)
    }

    /// The place of the note by which exit the loop was left, zero for none.
    pub fn exit(&self, b: &mut Builder<'_>, types: &mut Types, frame: Value) -> Value {
        self.field(b, types, frame, self.frame.slots.len()).0
    }

    /// Stores the values and addresses that a loop's body uses.
    pub fn fill(&self, b: &mut Builder<'_>, types: &mut Types, op: OpId) {
        for &slot in &self.frame.uses[&op] {
            let (value, capture) = self.frame.slots[slot];
            if capture == Capture::Variable {
                continue;
            }
            let (place, ty) = self.field(b, types, self.value, slot);
            let value = if capture == Capture::Address { b.ks_addr(value, ty) } else { value };
            b.ks_store(place, value);
        }
    }

    /// Integers that the body of a loop writes and that have a value before it: in variables of the frame, and in `outer`,
    /// which are parts of the frames around the function.
    pub fn written_in(&self, func: &Function, types: &Types, op: OpId, outer: &[Path]) -> Vec<(Path, Ty)> {
        // A struct may have been written field by field.
        let has_value = |part: &Path| {
            let own = part.variable == self.value && part.is_written_before(func, types, op);
            own || outer.iter().any(|whole| part.is_of(whole))
        };
        let written = written_places(func, types, func.ops[op].regions[0]).into_iter().filter(Path::is_of_fields);
        let integers = written.flat_map(|path| path.integers(func, types, FOLLOWED).unwrap_or_default());
        let mut found = Vec::new();
        for part in integers {
            if !found.contains(&part) && has_value(&part.0) {
                found.push(part);
            }
        }
        found
    }

    /// The parts of frames that have a value whenever the body of a loop runs: as `known` has them, which are their places in
    /// the callback. `outer`: those that have one whenever the function runs.
    pub fn with_value(
        &self,
        (func, callback): (&Function, &Function),
        types: &Types,
        (op, outer): (OpId, &[Path]),
        known: &HashMap<Value, Value>,
    ) -> Vec<Path> {
        let slots = self.frame.uses[&op].iter().map(|&slot| self.frame.slots[slot]);
        let own = slots.filter(|(_, capture)| *capture == Capture::Variable).flat_map(|(variable, _)| {
            let place = known.get(&variable).map(|&place| Path::of(callback, types, place).variable);
            let parts = Path::of(func, types, variable).parts_written_before(func, types, op, FOLLOWED);
            parts.into_iter().filter_map(move |part| Some(part.moved_to(place?)))
        });
        let outer = outer.iter().filter_map(|path| Some(path.moved_to(*known.get(&path.variable)?)));
        own.chain(outer).collect()
    }

    /// The value in a callback that corresponds to a value of the function. `known` holds those that exist already.
    pub fn import(
        &self,
        func: &Function,
        b: &mut Builder<'_>,
        types: &mut Types,
        frame: Value,
        known: &mut HashMap<Value, Value>,
        value: Value,
    ) -> Value {
        if let Some(&made) = known.get(&value) {
            return made;
        }
        let made = match self.frame.index.get(&value) {
            Some(&slot) => self.read(b, types, frame, slot, func.ty(value)),
            None => {
                let ValueDef::Result(op, _) = func.values[value].def else {
                    crate::bug!("a captured argument has a slot");
                };
                let data = func.ops[op].clone();
                let operands: Vec<Value> =
                    data.operands.iter().map(|&o| self.import(func, b, types, frame, known, o)).collect();
                let copy = b.insert(data.opcode, operands, data.attrs, &[func.ty(value)], Vec::new(), Vec::new());
                b.result(copy)
            }
        };
        known.insert(value, made);
        made
    }

    fn read(&self, b: &mut Builder<'_>, types: &mut Types, frame: Value, slot: usize, ty: Ty) -> Value {
        let (place, stored) = self.field(b, types, frame, slot);
        match self.frame.slots[slot].1 {
            Capture::Variable => place,
            Capture::Value => b.ks_load(place, stored),
            Capture::Address => {
                let pointer = b.ks_load(place, stored);
                b.ks_deref(pointer, ty)
            }
        }
    }

    /// Before a loop that a body leaves: older verifiers take the result as read after the loop.
    pub fn clear_result(&self, b: &mut Builder<'_>, types: &mut Types) {
        if self.has_result(types) {
            let (result, _) = self.field(b, types, self.value, self.frame.slots.len() + 1);
            b.ks_zero(result);
        }
    }

    /// In a callback, before each iteration: the result of an earlier one becomes unknown, if it is a number. Otherwise each constant that the
    /// loop may return is a state in which the verifier walks the body again.
    pub fn hide_result(&self, b: &mut Builder<'_>, types: &mut Types, zero: &Symbol, frame: Value) -> bool {
        if !self.has_result(types) {
            return false;
        }
        let (result, ty) = self.field(b, types, frame, self.frame.slots.len() + 1);
        if types.as_int(ty).is_none() {
            return false;
        }
        hide(b, types, zero, result, &(Path::whole(result), ty));
        true
    }

    fn has_result(&self, types: &Types) -> bool {
        types.struct_def(self.id).fields.len() > self.frame.slots.len() + 1
    }

    /// In a callback: the loop is left; with the value that the function is to return, if there is one.
    pub fn set_exit(&self, b: &mut Builder<'_>, types: &mut Types, frame: Value, (exit, value): (Exit, Option<Value>)) {
        if let Some(value) = value
            && self.has_result(types)
        {
            let (result, _) = self.field(b, types, frame, self.frame.slots.len() + 1);
            b.ks_store(result, value);
        }
        let place = self.exit(b, types, frame);
        let code = b.ks_const(code(exit), Ty::U64);
        b.ks_store(place, code);
    }

    /// Whether the loop has been left, in a callback or after the loop: at all, or by this exit.
    pub fn test_exit(&self, b: &mut Builder<'_>, types: &mut Types, frame: Value, by: Option<Exit>) -> Value {
        let exit = self.exit(b, types, frame);
        let exit = b.ks_load(exit, Ty::U64);
        let code = b.ks_const(by.map_or(0, code), Ty::U64);
        b.arith_cmp(exit, code, if by.is_some() { "eq" } else { "ne" }, Ty::BOOL)
    }

    /// After a loop: leaves the blocks around it too, if an iteration stored such an exit.
    pub fn leave_after(&self, b: &mut Builder<'_>, types: &mut Types, op: OpId, result: Ty) {
        for &exit in &self.frame.exits[&op] {
            if exit == Exit::Return {
                self.return_after(b, types, result);
            } else if let Exit::Leave(depth) = exit {
                let leaves = self.test_exit(b, types, self.value, Some(exit));
                let leave = |b: &mut Builder<'_>| {
                    b.ks_leave(depth as i128);
                };
                b.either(leaves, &[], leave, |b| b.done());
            }
        }
    }

    fn return_after(&self, b: &mut Builder<'_>, types: &mut Types, result: Ty) {
        let returns = self.test_exit(b, types, self.value, Some(Exit::Return));
        let leave = |b: &mut Builder<'_>| {
            let value = if self.kind == Kind::Callback {
                Some(b.ks_const(STOP, result))
            } else if self.has_result(types) {
                let (place, _) = self.field(b, types, self.value, self.frame.slots.len() + 1);
                Some(b.ks_load(place, result))
            } else {
                None
            };
            b.ks_return(value);
        };
        b.either(returns, &[], leave, |b| b.done());
    }
}
