//! Which values become parts of expressions, and which are local variables of C.
//!
//! A value that one op uses, in the same block, goes into the expression there, unless it was read from memory that may have changed in
//! between. Places are written out wherever they are used; so if that is more than once, the values in them have to be constants or
//! variables.

use crate::ir::{Function, OpId, Opcode, RegionId, Uses, Value};
use crate::tables::OpTrait;
use crate::types::Types;
use std::collections::{HashMap, HashSet};

/// The form in which an op is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Nobody uses it, and it does nothing.
    Nothing,
    /// A part of the expression that uses it.
    Inline,
    /// A statement, with a variable for its result if it has one that is used.
    Statement,
}

/// The form of each op of a function.
pub struct Plan {
    forms: HashMap<OpId, Form>,
    /// Results that nothing uses, and variables that nothing reads.
    unread: HashSet<Value>,
}

impl Plan {
    /// Decides the form of each op: whether it is dead, and whether it becomes a part of an expression.
    pub fn of(func: &Function, types: &Types) -> Plan {
        let ops = func.walk();
        let mut planner = Planner {
            func,
            types,
            uses: func.uses(),
            forms: HashMap::new(),
            reads: HashMap::new(),
            position: ops.iter().enumerate().map(|(at, &op)| (op, at)).collect(),
            users: HashMap::new(),
        };
        for &op in ops.iter().rev() {
            let form = if planner.is_dead(op) { Form::Nothing } else { Form::Statement };
            planner.forms.insert(op, form);
        }
        planner.decide(func.body);
        let results = ops.iter().flat_map(|&op| &func.ops[op].results);
        let unread = results.copied().filter(|&value| !planner.is_read(value)).collect();
        Plan { forms: planner.forms, unread }
    }

    /// The form of an op.
    pub fn form(&self, op: OpId) -> Form {
        self.forms.get(&op).copied().unwrap_or(Form::Statement)
    }

    /// Whether something uses a result, or reads a variable; its address may be for that.
    pub fn is_read(&self, value: Value) -> bool {
        !self.unread.contains(&value)
    }

    /// Whether a region is no more than an expression.
    pub fn is_expression(&self, func: &Function, region: RegionId) -> bool {
        func.blocks[func.only_block(region)].ops.iter().all(|&op| {
            let data = &func.ops[op];
            self.form(op) != Form::Statement || data.opcode == Opcode::KsYield && data.operands.len() == 1
        })
    }
}

/// Written out at each use: places, and what has no cost.
fn is_written_out(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::KsVar
            | Opcode::KsField
            | Opcode::KsElem
            | Opcode::KsDeref
            | Opcode::KsGlobal
            | Opcode::KsStr
            | Opcode::KsConst
            | Opcode::KsNull
            | Opcode::KsFunc
    )
}

struct Planner<'f> {
    func: &'f Function,
    types: &'f Types,
    uses: Uses,
    forms: HashMap<OpId, Form>,
    /// Whether the expression of an inline op reads memory.
    reads: HashMap<OpId, bool>,
    position: HashMap<OpId, usize>,
    users: HashMap<Value, Vec<OpId>>,
}

impl Planner<'_> {
    /// From the inside: whether a branch is an expression depends on what is in it.
    fn decide(&mut self, region: RegionId) {
        let func = self.func;
        for &op in func.blocks[func.only_block(region)].ops.iter() {
            for &inner in &func.ops[op].regions {
                self.decide(inner);
            }
            if self.forms[&op] == Form::Statement && self.is_inline(op) {
                self.forms.insert(op, Form::Inline);
            }
        }
    }

    /// Whether a branch is `?:`, `&&` or `||`.
    fn is_choice(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        let in_region = |&region: &RegionId| {
            self.func.blocks[self.func.only_block(region)].ops.iter().all(|&op| {
                let data = &self.func.ops[op];
                self.forms[&op] != Form::Statement || data.opcode == Opcode::KsYield && data.operands.len() == 1
            })
        };
        data.opcode == Opcode::KsIf && data.regions.iter().all(in_region)
    }

    /// Whether something in a branch that is an expression reads memory.
    fn choice_reads(&self, op: OpId) -> bool {
        let func = self.func;
        let mut inside =
            func.ops[op].regions.iter().flat_map(|&region| func.blocks[func.only_block(region)].ops.iter());
        inside.any(|op| self.reads.get(op).copied().unwrap_or(false))
    }

    fn is_dead(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        let idle = data.opcode.has(OpTrait::Pure)
            || data.opcode == Opcode::KsVar
            || data.opcode.has(OpTrait::ReadsMemory)
                && !data.opcode.has(OpTrait::WritesMemory)
                && !data.opcode.has(OpTrait::Calls);
        idle && data.results.iter().all(|&result| self.live_users(result).next().is_none())
    }

    fn live_users(&self, value: Value) -> impl Iterator<Item = OpId> {
        self.uses.users(value).iter().copied().filter(|user| self.forms.get(user) != Some(&Form::Nothing))
    }

    /// The ops in whose text a value is.
    fn text_users(&mut self, value: Value) -> Vec<OpId> {
        if let Some(users) = self.users.get(&value) {
            return users.clone();
        }
        let mut users = Vec::new();
        for user in self.live_users(value).collect::<Vec<_>>() {
            if is_written_out(self.func.ops[user].opcode) {
                users.extend(self.text_users(self.func.ops[user].results[0]));
            } else {
                users.push(user);
            }
        }
        self.users.insert(value, users.clone());
        users
    }

    /// Whether the bits of an op alone decide the comparison that uses it, as in `(x & 3) == 4`; C compilers warn of that.
    fn is_foregone(&self, op: OpId, user: OpId) -> bool {
        let (data, comparison) = (&self.func.ops[op], &self.func.ops[user]);
        if comparison.opcode != Opcode::ArithCmp {
            return false;
        }
        let known = |operands: &[Value]| operands.iter().find_map(|&operand| self.func.known(self.types, operand));
        let (Some(mask), Some(with)) = (known(&data.operands), known(&comparison.operands)) else { return false };
        data.opcode == Opcode::ArithAnd && with & !mask != 0 || data.opcode == Opcode::ArithOr && mask & !with != 0
    }

    fn is_read(&mut self, value: Value) -> bool {
        self.text_users(value).into_iter().any(|user| {
            let data = &self.func.ops[user];
            let writes = matches!(data.opcode, Opcode::KsStore | Opcode::KsZero | Opcode::KsCopy);
            !(writes && self.is_within(data.operands[0], value))
        })
    }

    /// Whether a place is a part of another.
    fn is_within(&self, place: Value, whole: Value) -> bool {
        let base = |def: OpId| {
            let data = &self.func.ops[def];
            matches!(data.opcode, Opcode::KsField | Opcode::KsElem).then(|| data.operands[0])
        };
        place == whole || self.func.def(place).and_then(base).is_some_and(|base| self.is_within(base, whole))
    }

    fn is_inline(&mut self, op: OpId) -> bool {
        let func = self.func;
        let data = &func.ops[op];
        if is_written_out(data.opcode) {
            return true;
        }
        let choice = self.is_choice(op);
        let reads = data.opcode.has(OpTrait::ReadsMemory) || choice && self.choice_reads(op);
        let expression = data.opcode.has(OpTrait::Pure)
            || reads && !data.opcode.has(OpTrait::WritesMemory) && !data.opcode.has(OpTrait::Calls);
        if !(choice || expression && data.regions.is_empty()) || data.results.len() != 1 {
            return false;
        }
        let reads = reads || data.operands.iter().any(|&operand| self.reads_memory(operand));
        let [user] = self.text_users(data.results[0])[..] else { return false };
        if func.ops[user].block != data.block || self.func.ops[user].opcode == Opcode::KsFor {
            return false;
        }
        if self.is_foregone(op, user) {
            return false;
        }
        if reads && self.changes_between(op, user) {
            return false;
        }
        self.reads.insert(op, reads);
        true
    }

    fn reads_memory(&self, value: Value) -> bool {
        let Some(def) = self.func.def(value) else { return false };
        if is_written_out(self.func.ops[def].opcode) {
            return self.func.ops[def].operands.iter().any(|&operand| self.reads_memory(operand));
        }
        self.reads.get(&def).copied().unwrap_or(false)
    }

    /// Whether an op between two of one block may write memory.
    fn changes_between(&self, from: OpId, to: OpId) -> bool {
        let (start, end) = (self.position[&from], self.position[&to]);
        self.func.blocks[self.func.ops[from].block].ops.iter().any(|between| {
            let data = &self.func.ops[*between];
            let inside = self.position[between] > start && self.position[between] < end;
            inside
                && self.forms[between] == Form::Statement
                && (data.opcode.has(OpTrait::WritesMemory)
                    || data.opcode.has(OpTrait::Calls)
                    || !data.regions.is_empty())
        })
    }
}
