//! Functions: regions, blocks, ops and values in arenas.

use super::op_list::OpList;
use super::ops::{BpfHelper, BpfKfunc};
use super::{Arena, Attr, BlockId, OpId, Opcode, RegionId, Symbol, Value};
use crate::source::Span;
use crate::tables::{
    self, AttrKind, AttrSpec, KfuncFlag, Loading, Names, OpTrait, OperandKind, Placement, ProgramSpec,
};
use crate::target::Targets;
use crate::types::Ty;

/// The origin of an op. An op of a pass has its cause's span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loc {
    pub span: Span,
    /// The pass that made the op, unless lowering did.
    pub made_by: Option<&'static str>,
}

/// An op: what it does, its inputs and outputs, and its place.
#[derive(Clone, Debug)]
pub struct OpData {
    pub opcode: Opcode,
    pub operands: Vec<Value>,
    pub results: Vec<Value>,
    /// In the order of the op's record.
    pub attrs: Vec<Attr>,
    pub regions: Vec<RegionId>,
    pub successors: Vec<BlockId>,
    pub loc: Loc,
    /// The block that holds it.
    pub block: BlockId,
}

impl OpData {
    /// The map that the op names: of the records' attributes, `map: Symbol`.
    pub fn map(&self) -> Option<&Symbol> {
        let is_map = |attr: &AttrSpec| attr.name == "map" && attr.kind == AttrKind::Symbol;
        let at = self.opcode.spec().attrs.iter().position(is_map)?;
        Some(self.attrs[at].symbol())
    }

    /// Whether the op itself moves the packet, by its own record or by that of the helper or kernel function that it calls.
    pub fn moves_packet(&self) -> bool {
        if self.opcode == Opcode::BpfHelper {
            return tables::helper(BpfHelper::of(self).helper()).is_some_and(|helper| helper.changes_packet);
        }
        if self.opcode == Opcode::BpfKfunc {
            return tables::kfunc(BpfKfunc::of(self).function()).is_some_and(|known| known.changes_packet);
        }
        self.opcode.has(OpTrait::ChangesPacket)
    }

    /// The helper that BPF code calls for the op: the one of its record.
    pub fn helper(&self) -> &'static str {
        let &[helper] = self.opcode.spec().helpers else { crate::bug!("{} has one helper", self.opcode.spec().name) };
        helper
    }

    /// The program that an op of user space names: of the records' attributes, `program: Symbol`.
    pub fn program(&self) -> Option<&Symbol> {
        let is_program = |attr: &AttrSpec| attr.name == "program" && attr.kind == AttrKind::Symbol;
        let at = self.opcode.spec().attrs.iter().position(is_program)?;
        Some(self.attrs[at].symbol())
    }

    /// The table of functions for the kernel that an op of user space names.
    pub fn struct_ops(&self) -> Option<&Symbol> {
        let names = |attr: &AttrSpec| attr.names == Some(Names::StructOps);
        let at = self.opcode.spec().attrs.iter().position(names)?;
        Some(self.attrs[at].symbol())
    }

    /// Whether the op may write where an operand, a place or pointer, points to, or hand it to something that may.
    pub fn may_write(&self, operand: usize) -> bool {
        if self.opcode.has(OpTrait::Pure) || self.opcode == Opcode::KsPrint {
            return false;
        }
        let specs = self.opcode.spec().operands;
        specs.get(operand).or(specs.last()).is_none_or(|spec| spec.kind != OperandKind::Place)
    }
}

/// A block: its arguments and its ops in order.
#[derive(Clone, Debug)]
pub struct BlockData {
    pub args: Vec<Value>,
    pub ops: OpList,
    pub region: RegionId,
}

/// A region: its blocks, the entry first, and the op that has it.
#[derive(Clone, Debug)]
pub struct RegionData {
    pub blocks: Vec<BlockId>,
    /// The op that holds it; none for the function's own.
    pub parent: Option<OpId>,
}

/// An SSA value: its type and its definition.
#[derive(Clone, Debug)]
pub struct ValueData {
    pub ty: Ty,
    pub def: ValueDef,
}

/// The definition of a value: the result of an op, or the argument of a block, by index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueDef {
    Result(OpId, u32),
    Arg(BlockId, u32),
}

/// A parameter as the IR has it, after aggregates became places.
#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    /// An aggregate is a place of `Space::Stack`; so is the room for an aggregate result, which comes first.
    pub ty: Ty,
    /// The room for an aggregate result: the function reads nothing that was there before, and writes all of it, if it returns
    /// otherwise than by a throw, after which nobody looks at it.
    pub out: bool,
    pub span: Span,
}

/// The role of a function: who calls it, and the facts of its attribute.
#[derive(Clone, Debug)]
pub enum Role {
    Program {
        spec: &'static ProgramSpec,
        mode: &'static str,
        target: Option<String>,
        placement: Placement,
        loading: Loading,
    },
    Helper,
    /// A function of the kernel module that BPF code calls. `callers`: the `bpf_prog_type` of the programs that do, directly or
    /// through other functions; set by the pass `reach`.
    Kfunc {
        flags: Vec<&'static KfuncFlag>,
        callers: Vec<&'static str>,
    },
    /// A function of the kernel module alone.
    Private,
    Plain,
    Main,
    /// An entry point of user space that is checked, and then left out.
    Checked,
}

/// The target of a throw in a function if no handler in it takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Throws {
    /// Nothing is thrown out of the function.
    Never,
    /// To its callers: control comes back from a call to what is after it, or to their handlers.
    ToCaller,
    /// It ends the process, which says what was thrown.
    Ends,
}

impl Throws {
    /// The default of a role.
    pub fn of(role: &Role) -> Throws {
        if matches!(role, Role::Main | Role::Checked) { Throws::Ends } else { Throws::Never }
    }
}

/// A function: its role, its signature, and the arenas of its body. The ids of ops, values, blocks and regions are its own.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: Symbol,
    pub name_span: Span,
    pub span: Span,
    pub role: Role,
    /// The targets that it runs on; set by the pass `reach`.
    pub targets: Targets,
    /// What the pass `exits` lowers; after it no function throws.
    pub throws: Throws,
    /// A signal may have to leave it while something is deferred in it, or in what calls it.
    pub cancels: bool,
    /// The kernel verifies it by itself, for any arguments, and lets programs replace it.
    pub global: bool,
    pub params: Vec<Param>,
    /// `void` also where an aggregate result goes through the first parameter.
    pub result: Ty,
    /// The function's own region; its first block's arguments are the parameters.
    pub body: RegionId,
    pub ops: Arena<OpId, OpData>,
    pub blocks: Arena<BlockId, BlockData>,
    pub regions: Arena<RegionId, RegionData>,
    pub values: Arena<Value, ValueData>,
}

impl Function {
    /// A function with an empty entry block that takes the parameters.
    pub fn new(name: &str, name_span: Span, span: Span, role: Role, params: Vec<Param>, result: Ty) -> Function {
        let mut func = Function {
            name: name.into(),
            name_span,
            span,
            throws: Throws::of(&role),
            cancels: false,
            global: false,
            role,
            targets: Targets::default(),
            params,
            result,
            body: RegionId(0),
            ops: Arena::default(),
            blocks: Arena::default(),
            regions: Arena::default(),
            values: Arena::default(),
        };
        func.body = func.add_region();
        let types: Vec<Ty> = func.params.iter().map(|p| p.ty).collect();
        func.add_block(func.body, &types);
        func
    }

    /// A region that is not part of an op yet; the op that takes it becomes its parent.
    pub fn add_region(&mut self) -> RegionId {
        self.regions.push(RegionData { blocks: Vec::new(), parent: None })
    }

    /// Appends a block to a region, with arguments of these types.
    pub fn add_block(&mut self, region: RegionId, args: &[Ty]) -> BlockId {
        let block = self.blocks.push(BlockData { args: Vec::new(), ops: OpList::default(), region });
        self.regions[region].blocks.push(block);
        for &ty in args {
            self.add_block_arg(block, ty);
        }
        block
    }

    /// Appends an argument to a block and returns its value. The branches to the block must be given an operand for it.
    pub fn add_block_arg(&mut self, block: BlockId, ty: Ty) -> Value {
        let index = self.blocks[block].args.len() as u32;
        let value = self.values.push(ValueData { ty, def: ValueDef::Arg(block, index) });
        self.blocks[block].args.push(value);
        value
    }

    /// The first block of the function.
    pub fn entry(&self) -> BlockId {
        self.regions[self.body].blocks[0]
    }

    /// The index of an op in its block.
    pub fn position(&self, op: OpId) -> usize {
        let position = self.blocks[self.ops[op].block].ops.position(op);
        position.unwrap_or_else(|| crate::bug!("an op is in its block"))
    }

    /// The value of a parameter: an argument of the entry block. Panics if there is none of this index.
    pub fn param(&self, index: usize) -> Value {
        self.blocks[self.entry()].args[index]
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Ty {
        self.values[value].ty
    }

    /// The op that defines a value; none for block arguments.
    pub fn def(&self, value: Value) -> Option<OpId> {
        match self.values[value].def {
            ValueDef::Result(op, _) => Some(op),
            ValueDef::Arg(..) => None,
        }
    }

    /// The only block of a region of structured control flow.
    pub fn only_block(&self, region: RegionId) -> BlockId {
        match self.regions[region].blocks.as_slice() {
            [block] => *block,
            blocks => crate::bug!("a structured region has one block, not {}", blocks.len()),
        }
    }

    /// The op in whose region an op is; none in the function's own.
    pub fn around(&self, op: OpId) -> Option<OpId> {
        self.regions[self.blocks[self.ops[op].block].region].parent
    }

    /// The loops around an op, the innermost first.
    pub fn loops(&self, op: OpId) -> impl Iterator<Item = OpId> {
        let around = std::iter::successors(self.around(op), |&op| self.around(op));
        around.filter(|&op| self.ops[op].opcode.is_loop())
    }

    /// Whether an op is in a region of another, or in one inside that.
    pub fn is_inside(&self, op: OpId, holder: OpId) -> bool {
        self.around(op).is_some_and(|around| around == holder || self.is_inside(around, holder))
    }

    /// Every op in order of the text: an op before those of its regions.
    pub fn walk(&self) -> Vec<OpId> {
        let mut ops = Vec::with_capacity(self.ops.len());
        self.walk_region(self.body, &mut ops);
        ops
    }

    /// Every op with its record, in the order of `walk`.
    pub fn each(&self) -> impl Iterator<Item = (OpId, &OpData)> {
        self.walk().into_iter().map(|op| (op, &self.ops[op]))
    }

    /// The records of all ops, in the order of `walk`.
    pub fn all(&self) -> impl Iterator<Item = &OpData> {
        self.each().map(|(_, data)| data)
    }

    /// Whether an op of the function has the property.
    pub fn has(&self, property: OpTrait) -> bool {
        self.all().any(|data| data.opcode.has(property))
    }

    /// The ops of one opcode, in the order of `walk`.
    pub fn ids_of(&self, opcode: Opcode) -> impl Iterator<Item = OpId> {
        self.each().filter(move |(_, data)| data.opcode == opcode).map(|(op, _)| op)
    }

    /// The records of the ops of one opcode, in the order of `walk`.
    pub fn all_of(&self, opcode: Opcode) -> impl Iterator<Item = &OpData> {
        self.all().filter(move |data| data.opcode == opcode)
    }

    /// The ops of a region and of the regions inside it.
    pub fn walk_region(&self, region: RegionId, ops: &mut Vec<OpId>) {
        for &block in &self.regions[region].blocks {
            for &op in &self.blocks[block].ops {
                ops.push(op);
                for &inner in &self.ops[op].regions {
                    self.walk_region(inner, ops);
                }
            }
        }
    }
}
