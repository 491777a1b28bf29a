//! One LLVM module under construction.

use super::builder::Build;
use super::debug::Debug;
use super::own_bools::OwnBools;
use crate::ir::{self, Symbol};
use crate::session::Session;
use crate::target::{Executor, Facts, Target};
use crate::tuning::Tuning;
use inkwell::context::Context;
use inkwell::module::{FlagBehavior, Linkage, Module};
use inkwell::targets::TargetMachine;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValue, FunctionValue, GlobalValue, PointerValue};
use std::collections::HashMap;

/// Alignment of memory that we lay out: anything of 8 bytes or more is copied and cleared by 8 bytes.
pub fn slot_align(size: u64, natural: u64) -> u64 {
    if size >= 8 { 8 } else { natural }
}

/// The LLVM module of one target while it is made.
pub struct ModuleGen<'a, 'c> {
    pub cx: &'a mut Session,
    pub ir: &'a ir::Module,
    pub target: Target,
    pub tuning: Tuning,
    pub facts: &'static Facts,
    pub context: &'c Context,
    pub module: Module<'c>,
    pub build: Build<'c>,
    pub debug: Debug,
    /// Functions of the program.
    pub funcs: HashMap<Symbol, FunctionValue<'c>>,
    /// Globals and maps that this module defines.
    pub data: HashMap<Symbol, PointerValue<'c>>,
    /// Pointers into packets may lead to copies on the stack.
    pub copies_packets: bool,
    pub own_bools: OwnBools,
    strings: HashMap<Vec<u8>, PointerValue<'c>>,
    /// Something was reported: what is made is not to be used.
    pub failed: bool,
}

impl<'a, 'c> ModuleGen<'a, 'c> {
    /// An empty module for a target, with its data layout.
    pub fn new(
        cx: &'a mut Session,
        ir: &'a ir::Module,
        (target, tuning): (Target, Tuning),
        context: &'c Context,
        machine: &TargetMachine,
    ) -> ModuleGen<'a, 'c> {
        let facts = target.facts();
        let module = context.create_module(&ir.name);
        module.set_source_file_name(&cx.recorded_name(ir.file));
        module.set_triple(&machine.get_triple());
        module.set_data_layout(&machine.get_target_data().get_data_layout());
        let number = |n| context.i32_type().const_int(n, false);
        // Without the first, debug information is dropped.
        module.add_basic_value_flag("Debug Info Version", FlagBehavior::Warning, number(3));
        module.add_basic_value_flag("Dwarf Version", FlagBehavior::Warning, number(5));
        if facts.executor == Executor::Native {
            module.add_basic_value_flag("PIC Level", FlagBehavior::Override, number(2));
        }
        let copies_packets = super::memory::copies_packets(ir, &cx.types);
        let own_bools = if facts.verified { OwnBools::of(ir, &cx.types) } else { OwnBools::default() };
        let debug = Debug::new(&module, cx, ir.file, facts.debug);
        ModuleGen {
            cx,
            ir,
            target,
            tuning,
            facts,
            context,
            module,
            build: Build::new(context),
            debug,
            funcs: HashMap::new(),
            data: HashMap::new(),
            copies_packets,
            own_bools,
            strings: HashMap::new(),
            failed: false,
        }
    }

    /// A constant of this module alone.
    pub fn private_constant(&self, name: &str, value: &dyn BasicValue<'c>, align: u64) -> GlobalValue<'c> {
        let ty: BasicTypeEnum<'c> = value.as_basic_value_enum().get_type();
        let global = self.module.add_global(ty, None, name);
        global.set_initializer(value);
        global.set_constant(true);
        global.set_linkage(Linkage::Private);
        global.set_alignment(align as u32);
        global
    }

    /// The bytes in read-only data, once; aligned so that copies of them are short.
    pub fn string(&mut self, bytes: &[u8]) -> PointerValue<'c> {
        if let Some(&known) = self.strings.get(bytes) {
            return known;
        }
        let value = self.context.const_string(bytes, false);
        let align = slot_align(bytes.len() as u64, 1);
        let place = self.private_constant("str", &value, align).as_pointer_value();
        self.strings.insert(bytes.to_vec(), place);
        place
    }

    /// The bytes and a NUL.
    pub fn c_string(&mut self, text: &str) -> PointerValue<'c> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        self.string(&bytes)
    }
}
