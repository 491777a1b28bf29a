//! What becomes of a part of a packet: the ops that read and write it, through the pointers that lead there.
//!
//! Follows pointers through fields, branches, calls and variables. A variable counts if it is declared in the same loop as the
//! access, or outside all loops with it; then it holds the address of what the access found last.

use crate::ir::ops::{BpfHelper, KsCall, KsElem, KsField, KsIfSome, KsStore, PacketAt};
use crate::ir::{Function, Module, OpId, Opcode, Symbol, Uses, Value};
use crate::tables::{self, HelperArgKind, OpTrait, OperandKind};
use crate::types::{Ty, TyKind, Types};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

/// An op, and which bytes of the part it may access: their offset and number; none if that is not known.
pub type Use = (OpId, Option<(u64, u64)>);

/// The uses of a part of the packet.
#[derive(Clone, Default)]
pub struct Followed {
    pub reads: Vec<Use>,
    pub writes: Vec<Use>,
    /// Where a pointer goes on to where it is not followed.
    pub kept: Option<OpId>,
    /// The calls that are given a pointer, each with the operand.
    pub given: BTreeSet<(OpId, usize)>,
}

/// The effect of a function on the pointee of a parameter.
#[derive(Clone, Copy, Default)]
struct Effect {
    writes: bool,
    keeps: bool,
}

/// Follows pointers through the functions of a module; the effects of parameters are computed once.
pub struct Follower<'m> {
    module: &'m Module,
    types: &'m Types,
    uses: Vec<OnceCell<Uses>>,
    by_name: HashMap<&'m Symbol, usize>,
    params: RefCell<HashMap<(usize, usize), Effect>>,
}

/// What a `packet.at` looks for.
pub fn part(func: &Function, types: &Types, op: OpId) -> Ty {
    let TyKind::Opt(found) = types.kind(func.ty(func.ops[op].results[0])) else {
        crate::bug!("packet.at yields an optional")
    };
    let TyKind::Place { of, .. } = types.kind(found) else { crate::bug!("packet.at yields a place") };
    of
}

/// The accesses to packets.
pub fn accesses(func: &Function) -> impl Iterator<Item = OpId> {
    func.ids_of(Opcode::PacketAt)
}

/// Whether an op is in the block of another one, or in a region there.
pub fn is_around(func: &Function, op: OpId, inner: OpId) -> bool {
    let mut at = Some(inner);
    while let Some(current) = at {
        if func.ops[current].block == func.ops[op].block {
            return true;
        }
        at = func.around(current);
    }
    false
}

impl<'m> Follower<'m> {
    /// Computes nothing yet.
    pub fn new(module: &'m Module, types: &'m Types) -> Follower<'m> {
        let uses = module.funcs.iter().map(|_| OnceCell::new()).collect();
        let by_name = module.funcs.iter().enumerate().map(|(at, func)| (&func.name, at)).collect();
        Follower { module, types, uses, by_name, params: RefCell::default() }
    }

    /// From a `packet.at`.
    pub fn access(&self, at: usize, op: OpId) -> Followed {
        let func = &self.module.funcs[at];
        let size = self.types.size_of(part(func, self.types, op));
        let mut found = self.from(at, func.ops[op].results[0], (Some((0, size)), func.loops(op).next()));
        let is_entry = |ctx| func.def(ctx).is_none_or(|def| func.ops[def].block == func.entry());
        if !is_entry(PacketAt::of(&func.ops[op]).ctx()) {
            let uses = found.reads.iter().chain(&found.writes).map(|&(user, _)| user);
            found.kept = found.kept.or(uses.into_iter().find(|&user| !is_around(func, op, user)));
        }
        found
    }

    fn from(&self, at: usize, value: Value, (bytes, inside): (Option<(u64, u64)>, Option<OpId>)) -> Followed {
        let mut walk = Walk { follower: self, at, inside, seen: BTreeSet::new(), found: Followed::default() };
        walk.value(value, bytes);
        walk.found
    }

    fn param(&self, callee: &Symbol, index: usize) -> Effect {
        let Some(&at) = self.by_name.get(callee) else { return Effect { writes: true, keeps: false } };
        if let Some(&known) = self.params.borrow().get(&(at, index)) {
            return known;
        }
        self.params.borrow_mut().insert((at, index), Effect::default());
        let found = self.from(at, self.module.funcs[at].param(index), (None, None));
        let is_return = |op: OpId| self.module.funcs[at].ops[op].opcode == Opcode::KsReturn;
        // A returned pointer is followed where the function is called.
        let keeps = found.kept.is_some_and(|op| !is_return(op));
        let effect = Effect { writes: !found.writes.is_empty(), keeps };
        self.params.borrow_mut().insert((at, index), effect);
        effect
    }
}

struct Walk<'f, 'm> {
    follower: &'f Follower<'m>,
    at: usize,
    /// The loop of the access.
    inside: Option<OpId>,
    seen: BTreeSet<Value>,
    found: Followed,
}

impl<'m> Walk<'_, 'm> {
    fn func(&self) -> &'m Function {
        &self.follower.module.funcs[self.at]
    }

    fn value(&mut self, value: Value, bytes: Option<(u64, u64)>) {
        if !self.seen.insert(value) {
            return;
        }
        let uses = self.follower.uses[self.at].get_or_init(|| self.func().uses());
        let users: BTreeSet<OpId> = uses.users(value).iter().copied().collect();
        for op in users {
            let operands = self.func().ops[op].operands.iter().enumerate();
            for (index, _) in operands.filter(|&(_, &operand)| operand == value) {
                self.operand(op, index, bytes);
            }
        }
    }

    /// The results that lead to the part.
    fn results(&mut self, op: OpId, bytes: Option<(u64, u64)>) {
        let types = self.follower.types;
        let leads = |ty| matches!(types.kind(ty), TyKind::Ptr { .. } | TyKind::Place { .. } | TyKind::Opt(_));
        let func = self.func();
        for &result in func.ops[op].results.iter().filter(|&&result| leads(func.ty(result))) {
            self.value(result, bytes);
        }
    }

    fn operand(&mut self, op: OpId, index: usize, bytes: Option<(u64, u64)>) {
        let data = &self.func().ops[op];
        let opcode = data.opcode;
        if opcode == Opcode::KsField || opcode == Opcode::KsElem {
            let inner = if index == 0 { bytes.and_then(|bytes| self.inner(op, bytes)) } else { None };
            self.results(op, inner);
        } else if opcode == Opcode::KsIfSome {
            let region = KsIfSome::of(data).some_region();
            for &arg in &self.func().blocks[self.func().only_block(region)].args {
                self.value(arg, bytes);
            }
        } else if opcode == Opcode::KsYield {
            let parent = self.func().around(op);
            let result = parent.and_then(|parent| self.func().ops[parent].results.get(index).copied());
            match result {
                Some(result) => self.value(result, bytes),
                None => self.found.kept = Some(op),
            }
        } else if opcode == Opcode::KsStore && index == 1 {
            self.stored(op, bytes);
        } else if opcode.spec().operands.get(index).is_some_and(|spec| spec.kind == OperandKind::Out) {
            self.found.writes.push((op, bytes));
            if opcode.has(OpTrait::Updates) {
                self.found.reads.push((op, bytes));
            }
        } else if opcode == Opcode::KsReturn {
            self.found.kept = Some(op);
        } else if opcode == Opcode::KsCall {
            let effect = self.follower.param(KsCall::of(data).callee(), index);
            self.call((op, index), effect, bytes);
        } else if opcode == Opcode::BpfHelper {
            let args = tables::helper(BpfHelper::of(data).helper()).map_or(&[][..], |helper| helper.args);
            let kind = args.get(index).map(|arg| arg.kind);
            let reads = [Some(HelperArgKind::Readable), Some(HelperArgKind::Key), Some(HelperArgKind::Value)];
            self.call((op, index), Effect { writes: !reads.contains(&kind), keeps: false }, bytes);
        } else if opcode.has(OpTrait::Pure) {
            self.results(op, bytes);
        } else if data.may_write(index) {
            self.call((op, index), Effect { writes: true, keeps: false }, bytes);
        } else {
            self.found.reads.push((op, bytes));
        }
    }

    fn call(&mut self, (op, index): (OpId, usize), effect: Effect, bytes: Option<(u64, u64)>) {
        self.found.given.insert((op, index));
        self.found.reads.push((op, bytes));
        if effect.writes {
            self.found.writes.push((op, None));
        }
        if effect.keeps {
            self.found.kept = Some(op);
        }
        self.results(op, None);
    }

    /// The bytes of a field, or of an element at a constant index.
    fn inner(&self, op: OpId, (start, _): (u64, u64)) -> Option<(u64, u64)> {
        let (func, types) = (self.func(), self.follower.types);
        let data = &func.ops[op];
        let TyKind::Place { of: base, .. } = types.kind(func.ty(data.operands[0])) else { return None };
        let TyKind::Place { of, .. } = types.kind(func.ty(data.results[0])) else { return None };
        let size = types.size_of(of);
        let offset = if data.opcode == Opcode::KsField {
            let TyKind::Struct(id) = types.kind(base) else { return None };
            types.struct_def(id).fields.get(usize::try_from(KsField::of(data).field()).ok()?)?.offset
        } else {
            let index = func.known(types, KsElem::of(data).index())?;
            u64::try_from(index).ok()?.checked_mul(size)?
        };
        Some((start + offset, size))
    }

    /// A variable holds the pointer.
    fn stored(&mut self, op: OpId, bytes: Option<(u64, u64)>) {
        let func = self.func();
        let place = KsStore::of(&func.ops[op]).place();
        let variable = func.def(place).filter(|&def| func.ops[def].opcode == Opcode::KsVar);
        if variable.is_none_or(|variable| func.loops(variable).next() != self.inside) {
            self.found.kept = Some(op);
            return;
        }
        let uses = self.follower.uses[self.at].get_or_init(|| func.uses());
        let mut loads = Vec::new();
        for &user in uses.users(place) {
            let data = &func.ops[user];
            let stores = data.opcode == Opcode::KsStore && KsStore::of(data).place() == place;
            if data.opcode == Opcode::KsLoad {
                loads.push(data.results[0]);
            } else if !stores && data.opcode != Opcode::KsZero {
                self.found.kept = Some(user);
            }
        }
        for load in loads {
            let uses = self.follower.uses[self.at].get_or_init(|| self.func().uses());
            let again = |&&user: &&OpId| {
                let data = &self.func().ops[user];
                data.opcode == Opcode::KsStore && KsStore::of(data).value() == load
            };
            // A second variable may outlive what the first one holds.
            if let Some(&user) = uses.users(load).iter().find(again) {
                self.found.kept = Some(user);
            }
            self.value(load, bytes);
        }
    }
}
