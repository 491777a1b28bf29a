//! One function under construction.

use super::debug::Scope;
use super::module::ModuleGen;
use crate::ir::{BlockId, Function, OpData, Symbol, Value};
use crate::types::{Ty, Types};
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValueEnum, FunctionValue, IntValue, PhiValue, PointerValue};
use std::collections::HashMap;

/// The state of the emitters of one function.
pub struct FnGen<'g, 'a, 'c> {
    pub g: &'g mut ModuleGen<'a, 'c>,
    pub func: &'a Function,
    pub llvm: FunctionValue<'c>,
    pub(super) scope: Scope,
    /// Where stack slots go; ends in a branch to the first block once everything is emitted.
    pub(super) entry: BasicBlock<'c>,
    pub(super) values: Vec<Option<BasicValueEnum<'c>>>,
    pub(super) blocks: HashMap<BlockId, BasicBlock<'c>>,
    pub(super) phis: HashMap<BlockId, Vec<PhiValue<'c>>>,
    /// The one block that returns, where several blocks want to.
    pub(super) exit: Option<Exit<'c>>,
    /// Where the pointers to bound maps are kept.
    pub bound: HashMap<Symbol, PointerValue<'c>>,
}

/// As C compilers do, so that LLVM keeps the return at the end: it would make such a block itself, but place it first.
#[derive(Clone, Copy)]
pub(super) struct Exit<'c> {
    pub block: BasicBlock<'c>,
    pub value: Option<PhiValue<'c>>,
}

impl<'a, 'c> FnGen<'_, 'a, 'c> {
    /// The types of the session.
    pub fn types(&self) -> &Types {
        &self.g.cx.types
    }

    /// Room on the stack for the whole function.
    pub fn slot(&self, ty: inkwell::types::BasicTypeEnum<'c>, align: u64, name: &str) -> PointerValue<'c> {
        self.in_entry(|f| f.g.build.alloca(ty, align, name))
    }

    /// Emits something at the end of the entry.
    pub fn in_entry<T>(&self, emit: impl FnOnce(&Self) -> T) -> T {
        let here = self.g.build.raw().get_insert_block();
        self.g.build.go_to(self.entry);
        let made = emit(self);
        if let Some(here) = here {
            self.g.build.go_to(here);
        }
        made
    }

    /// Returns from here.
    pub fn ret(&self, value: Option<BasicValueEnum<'c>>) {
        let Some(exit) = self.exit else { return self.g.build.ret(value) };
        if let (Some(phi), Some(value)) = (exit.value, value) {
            phi.add_incoming(&[(&value, self.g.build.here())]);
        }
        self.g.build.br(exit.block);
    }

    /// The LLVM block of a block.
    pub fn llvm_block(&self, block: BlockId) -> BasicBlock<'c> {
        self.blocks[&block]
    }

    /// Hands the operands of a branch from here to a block's arguments.
    pub fn pass_args(&self, to: BlockId, args: &[Value]) {
        let here = self.g.build.here();
        for (phi, &arg) in std::iter::zip(self.phis.get(&to).map_or(&[][..], Vec::as_slice), args) {
            phi.add_incoming(&[(&self.value(arg), here)]);
        }
    }

    /// The LLVM value of an IR value, whose definition was emitted before.
    pub fn value(&self, value: Value) -> BasicValueEnum<'c> {
        match self.values[value.0 as usize] {
            Some(value) => value,
            None => crate::bug!("a value of @{} is used before it is made", self.func.name),
        }
    }

    /// The LLVM value of an integer.
    pub fn int(&self, value: Value) -> IntValue<'c> {
        self.value(value).into_int_value()
    }

    /// The LLVM value of a pointer.
    pub fn ptr(&self, value: Value) -> PointerValue<'c> {
        self.value(value).into_pointer_value()
    }

    /// The result of an op that has one.
    pub fn set(&mut self, op: &OpData, value: impl Into<BasicValueEnum<'c>>) {
        self.values[op.results[0].0 as usize] = Some(value.into());
    }

    /// The type of an op's only result.
    pub fn result_ty(&self, op: &OpData) -> Ty {
        self.func.ty(op.results[0])
    }
}
