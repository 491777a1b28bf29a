//! Instructions. The only module that unwraps inkwell's results: they fail for a builder without a position and for
//! operands of a wrong type, which are bugs of the emitter.

mod asm;
mod floats;

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::basic_block::BasicBlock;
use inkwell::builder::{Builder, BuilderError};
use inkwell::context::Context;
use inkwell::intrinsics::Intrinsic;
use inkwell::module::Module;
use inkwell::types::{AnyTypeEnum, BasicTypeEnum, FunctionType, IntType, PointerType};
use inkwell::values::{
    BasicMetadataValueEnum, BasicValue, BasicValueEnum, CallSiteValue, FloatValue, FunctionValue, InstructionValue,
    IntValue, PhiValue, PointerValue,
};
use inkwell::{AddressSpace, AtomicOrdering, AtomicRMWBinOp, IntPredicate};

/// Makes instructions at a position.
pub struct Build<'c> {
    pub context: &'c Context,
    builder: Builder<'c>,
}

/// How an integer gets wider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extend {
    Sign,
    Zero,
    /// The value is known not to be negative: the verifier keeps the range that it learned of the narrow one.
    ZeroNonNegative,
}

fn made<T>(result: Result<T, BuilderError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => crate::bug!("LLVM refuses an instruction: {error}"),
    }
}

impl<'c> Build<'c> {
    /// A builder without a position.
    pub fn new(context: &'c Context) -> Build<'c> {
        Build { context, builder: context.create_builder() }
    }

    /// For debug locations, which inkwell cannot set from what `debug` makes.
    pub fn raw(&self) -> &Builder<'c> {
        &self.builder
    }

    /// The integer type of 1, 8, 16, 32 or 64 bits.
    pub fn int_type(&self, bits: u32) -> IntType<'c> {
        match bits {
            1 => self.context.bool_type(),
            8 => self.context.i8_type(),
            16 => self.context.i16_type(),
            32 => self.context.i32_type(),
            64 => self.context.i64_type(),
            128 => self.context.i128_type(),
            other => crate::bug!("no integer type of {other} bits"),
        }
    }

    /// The pointer type of the default address space.
    pub fn ptr_type(&self) -> PointerType<'c> {
        self.context.ptr_type(AddressSpace::default())
    }

    /// The type of pointers into an arena: LLVM converts each address where BPF code accesses the memory (`addr_space_cast`).
    pub fn arena_ptr_type(&self) -> PointerType<'c> {
        self.context.ptr_type(AddressSpace::from(1))
    }

    /// An unsigned constant of this width in bits.
    pub fn int(&self, bits: u32, value: u64) -> IntValue<'c> {
        self.int_type(bits).const_int(value, false)
    }

    /// The null pointer of the default address space.
    pub fn null(&self) -> PointerValue<'c> {
        self.ptr_type().const_null()
    }

    // Positions and control flow

    /// Continues at the end of a block.
    pub fn go_to(&self, block: BasicBlock<'c>) {
        self.builder.position_at_end(block);
    }

    /// Appends a block to a function; the position stays.
    pub fn block(&self, func: FunctionValue<'c>, name: &str) -> BasicBlock<'c> {
        self.context.append_basic_block(func, name)
    }

    /// A block behind the one that is filled now. LLVM's branches fall through to the next block: it does not swap their targets.
    pub fn block_behind(&self, name: &str) -> BasicBlock<'c> {
        self.context.insert_basic_block_after(self.here(), name)
    }

    /// Continues before an instruction.
    pub fn before(&self, instruction: &InstructionValue<'c>) {
        self.builder.position_before(instruction);
    }

    /// Makes these the first instructions of their block, in this order.
    pub fn move_to_start(&self, block: BasicBlock<'c>, instructions: &[InstructionValue<'c>]) {
        for instruction in instructions {
            instruction.remove_from_basic_block();
        }
        if let Some(first) = block.get_first_instruction() {
            self.before(&first);
            instructions.iter().for_each(|instruction| self.builder.insert_instruction(instruction, None));
        }
    }

    /// The block that instructions go to.
    pub fn here(&self) -> BasicBlock<'c> {
        match self.builder.get_insert_block() {
            Some(block) => block,
            None => crate::bug!("the builder has no position"),
        }
    }

    /// An unconditional branch, which ends the block.
    pub fn br(&self, to: BasicBlock<'c>) {
        made(self.builder.build_unconditional_branch(to));
    }

    /// A branch on an `i1`, which ends the block.
    pub fn cond_br(&self, condition: IntValue<'c>, then: BasicBlock<'c>, otherwise: BasicBlock<'c>) {
        made(self.builder.build_conditional_branch(condition, then, otherwise));
    }

    /// A `switch`, which ends the block.
    pub fn switch(
        &self,
        subject: IntValue<'c>,
        default: BasicBlock<'c>,
        cases: &[(IntValue<'c>, BasicBlock<'c>)],
    ) -> InstructionValue<'c> {
        made(self.builder.build_switch(subject, default, cases))
    }

    /// A return, which ends the block.
    pub fn ret(&self, value: Option<BasicValueEnum<'c>>) {
        made(self.builder.build_return(value.as_ref().map(|v| v as &dyn BasicValue<'c>)));
    }

    /// A phi without incoming values.
    pub fn phi(&self, ty: BasicTypeEnum<'c>) -> PhiValue<'c> {
        made(self.builder.build_phi(ty, ""))
    }

    // Memory

    /// A slot of the stack at the present position, aligned to `align` bytes.
    pub fn alloca(&self, ty: BasicTypeEnum<'c>, align: u64, name: &str) -> PointerValue<'c> {
        let slot = made(self.builder.build_alloca(ty, name));
        if let Some(instruction) = slot.as_instruction() {
            set_align(instruction, align);
        }
        slot
    }

    /// A load of a place that is aligned to `align` bytes.
    pub fn load(&self, ty: BasicTypeEnum<'c>, from: PointerValue<'c>, align: u64) -> BasicValueEnum<'c> {
        let value = made(self.builder.build_load(ty, from, ""));
        if let Some(instruction) = value.as_instruction_value() {
            set_align(instruction, align);
        }
        value
    }

    /// A load that stays although the value is known from before.
    pub fn keep_load(&self, loaded: BasicValueEnum<'c>) {
        if let Some(Err(error)) = loaded.as_instruction_value().map(|load| load.set_volatile(true)) {
            crate::bug!("a load cannot be volatile: {error}");
        }
    }

    /// Says of a number that was loaded that it is not 0.
    pub fn not_zero(&self, loaded: IntValue<'c>) {
        // From 1 on, and around up to 0.
        self.is_from(loaded, 1, 0);
    }

    /// Says of a byte that was loaded that it is 0 or 1.
    pub fn is_bool(&self, loaded: IntValue<'c>) {
        self.is_from(loaded, 0, 2);
    }

    /// Says of a number that was loaded that it is at least `low` and below `end`.
    fn is_from(&self, loaded: IntValue<'c>, low: u64, end: u64) {
        let ty = loaded.get_type();
        let Some(load) = loaded.as_instruction_value() else { return };
        let range = self.context.metadata_node(&[ty.const_int(low, false).into(), ty.const_int(end, false).into()]);
        if load.set_metadata(range, self.context.get_kind_id("range")).is_err() {
            crate::bug!("an instruction takes metadata");
        }
    }

    /// A store to a place that is aligned to `align` bytes.
    pub fn store(&self, to: PointerValue<'c>, value: BasicValueEnum<'c>, align: u64) {
        set_align(made(self.builder.build_store(to, value)), align);
    }

    /// A store that stays although another one of the same bytes follows.
    pub fn store_volatile(&self, to: PointerValue<'c>, value: BasicValueEnum<'c>, align: u64) {
        let instruction = made(self.builder.build_store(to, value));
        set_align(instruction, align);
        if let Err(error) = instruction.set_volatile(true) {
            crate::bug!("a store cannot be volatile: {error}");
        }
    }

    /// The address `offset` bytes further.
    pub fn offset(&self, base: PointerValue<'c>, offset: IntValue<'c>) -> PointerValue<'c> {
        self.element(base, self.int_type(8).into(), offset)
    }

    /// The address of element `index` of an array.
    pub fn element(&self, base: PointerValue<'c>, element: BasicTypeEnum<'c>, index: IntValue<'c>) -> PointerValue<'c> {
        // SAFETY: the instruction is well typed; that its result stays in bounds is what `inbounds` asserts of the program.
        made(unsafe { self.builder.build_in_bounds_gep(element, base, &[index], "") })
    }

    /// The address `count` elements further, which may be before or beyond what is pointed to.
    pub fn element_anywhere(
        &self,
        base: PointerValue<'c>,
        element: BasicTypeEnum<'c>,
        count: IntValue<'c>,
    ) -> PointerValue<'c> {
        // SAFETY: the instruction is well typed, and without `inbounds` it asserts nothing.
        made(unsafe { self.builder.build_gep(element, base, &[count], "") })
    }

    /// `atomicrmw`; yields the old value.
    pub fn atomic(
        &self,
        op: AtomicRMWBinOp,
        place: PointerValue<'c>,
        value: IntValue<'c>,
        order: AtomicOrdering,
    ) -> IntValue<'c> {
        let old = made(self.builder.build_atomicrmw(op, place, value, order));
        // Otherwise LLVM makes `or 0` of `add 0`, for which BPF has no instruction before v3.
        if let Some(instruction) = old.as_instruction()
            && let Err(error) = instruction.set_volatile(true)
        {
            crate::bug!("an atomic operation cannot be volatile: {error}");
        }
        old
    }

    /// `cmpxchg` with sequential consistency; yields the old value, whether it was replaced or not.
    pub fn compare_exchange(&self, place: PointerValue<'c>, old: IntValue<'c>, new: IntValue<'c>) -> IntValue<'c> {
        let order = AtomicOrdering::SequentiallyConsistent;
        let both = made(self.builder.build_cmpxchg(place, old, new, order, order));
        made(self.builder.build_extract_value(both, 0, "")).into_int_value()
    }

    // Calculation

    /// The sum modulo 2ⁿ.
    pub fn add(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_int_add(left, right, ""))
    }

    /// The difference modulo 2ⁿ.
    pub fn sub(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_int_sub(left, right, ""))
    }

    /// The product modulo 2ⁿ.
    pub fn mul(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_int_mul(left, right, ""))
    }

    /// Bitwise `and`.
    pub fn and(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_and(left, right, ""))
    }

    /// Bitwise `or`.
    pub fn or(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_or(left, right, ""))
    }

    /// Bitwise `xor`.
    pub fn xor(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_xor(left, right, ""))
    }

    /// The unsigned quotient; undefined for a divisor of 0.
    pub fn udiv(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_int_unsigned_div(left, right, ""))
    }

    /// The unsigned remainder; undefined for a divisor of 0.
    pub fn urem(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_int_unsigned_rem(left, right, ""))
    }

    /// The signed quotient towards zero; undefined for a divisor of 0 and on overflow.
    pub fn sdiv(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_int_signed_div(left, right, ""))
    }

    /// The signed remainder; undefined for a divisor of 0 and on overflow.
    pub fn srem(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_int_signed_rem(left, right, ""))
    }

    /// A left shift; undefined for a count of the width or more.
    pub fn shl(&self, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        made(self.builder.build_left_shift(left, right, ""))
    }

    /// A right shift, arithmetic if `signed`; undefined for a count of the width or more.
    pub fn shr(&self, left: IntValue<'c>, right: IntValue<'c>, signed: bool) -> IntValue<'c> {
        made(self.builder.build_right_shift(left, right, signed, ""))
    }

    /// `icmp` on integers or pointers; yields an `i1`.
    pub fn compare(&self, pred: IntPredicate, left: BasicValueEnum<'c>, right: BasicValueEnum<'c>) -> IntValue<'c> {
        match (left, right) {
            (BasicValueEnum::PointerValue(left), BasicValueEnum::PointerValue(right)) => {
                made(self.builder.build_int_compare(pred, left, right, ""))
            }
            _ => made(self.builder.build_int_compare(pred, left.into_int_value(), right.into_int_value(), "")),
        }
    }

    /// `select`
    pub fn select(
        &self,
        condition: IntValue<'c>,
        then: BasicValueEnum<'c>,
        otherwise: BasicValueEnum<'c>,
    ) -> BasicValueEnum<'c> {
        made(self.builder.build_select(condition, then, otherwise, ""))
    }

    /// Converts to a width: truncates, extends, or keeps it.
    pub fn resize(&self, value: IntValue<'c>, bits: u32, extend: Extend) -> IntValue<'c> {
        let from = value.get_type().get_bit_width();
        let to = self.int_type(bits);
        if from == bits {
            return value;
        }
        if from > bits {
            return made(self.builder.build_int_truncate(value, to, ""));
        }
        match extend {
            Extend::Sign => made(self.builder.build_int_s_extend(value, to, "")),
            Extend::Zero => made(self.builder.build_int_z_extend(value, to, "")),
            Extend::ZeroNonNegative => {
                let wide = made(self.builder.build_int_z_extend(value, to, ""));
                // A constant was folded and has no instruction.
                if let Some(instruction) = wide.as_instruction() {
                    let _ = instruction.set_non_negative_flag(true);
                }
                wide
            }
        }
    }

    /// The pointer with this address, in the default address space.
    pub fn int_to_ptr(&self, value: IntValue<'c>) -> PointerValue<'c> {
        made(self.builder.build_int_to_ptr(value, self.ptr_type(), ""))
    }

    /// The address as 64 bits.
    pub fn ptr_to_int(&self, value: PointerValue<'c>) -> IntValue<'c> {
        made(self.builder.build_ptr_to_int(value, self.int_type(64), ""))
    }

    /// The bits of a `double`.
    pub fn float_bits(&self, value: FloatValue<'c>) -> IntValue<'c> {
        made(self.builder.build_bit_cast(value, self.int_type(64), "")).into_int_value()
    }

    // Calls

    /// A direct call.
    pub fn call(&self, callee: FunctionValue<'c>, args: &[BasicMetadataValueEnum<'c>]) -> CallSiteValue<'c> {
        made(self.builder.build_call(callee, args, ""))
    }

    /// A call through a pointer.
    pub fn call_pointer(
        &self,
        ty: FunctionType<'c>,
        callee: PointerValue<'c>,
        args: &[BasicMetadataValueEnum<'c>],
    ) -> CallSiteValue<'c> {
        made(self.builder.build_indirect_call(ty, callee, args, ""))
    }

    /// A BPF helper by its number.
    pub fn helper(
        &self,
        number: u32,
        result: Option<BasicTypeEnum<'c>>,
        args: &[BasicValueEnum<'c>],
    ) -> CallSiteValue<'c> {
        let ty = function_type(self.context, result, &args.iter().map(|a| a.get_type()).collect::<Vec<_>>());
        let callee = self.int(64, u64::from(number)).const_to_pointer(self.ptr_type());
        let args: Vec<BasicMetadataValueEnum> = args.iter().map(|&a| a.into()).collect();
        self.call_pointer(ty, callee, &args)
    }

    /// Copies `size` bytes between places that do not overlap, each with its alignment in bytes.
    pub fn memcpy(&self, module: &Module<'c>, to: (PointerValue<'c>, u64), from: (PointerValue<'c>, u64), size: u64) {
        let size = self.int(64, size);
        let args = [to.0.into(), from.0.into(), size.into(), self.int(1, 0).into()];
        let types = [to.0.get_type().into(), from.0.get_type().into(), self.int_type(64).into()];
        let call = self.intrinsic(module, "llvm.memcpy", &types, &args);
        call.set_alignment_attribute(AttributeLoc::Param(0), to.1 as u32);
        call.set_alignment_attribute(AttributeLoc::Param(1), from.1 as u32);
    }

    /// A call of an intrinsic, which is declared in the module if it is not yet.
    pub fn intrinsic(
        &self,
        module: &Module<'c>,
        name: &str,
        overloads: &[BasicTypeEnum<'c>],
        args: &[BasicMetadataValueEnum<'c>],
    ) -> CallSiteValue<'c> {
        let Some(callee) = Intrinsic::find(name).and_then(|i| i.get_declaration(module, overloads)) else {
            crate::bug!("LLVM has no intrinsic {name}");
        };
        self.call(callee, args)
    }

    /// Adds an attribute without a value to a call.
    pub fn attribute(&self, call: CallSiteValue<'c>, at: AttributeLoc, name: &str) {
        call.add_attribute(at, enum_attribute(self.context, name));
    }

    /// Says which memory a call touches: `effects` has two bits, a read and a write, for each kind of memory (llvm/Support/ModRef.h).
    pub fn touches(&self, call: CallSiteValue<'c>, effects: u64) {
        let memory = Attribute::get_named_enum_kind_id("memory");
        call.add_attribute(AttributeLoc::Function, self.context.create_enum_attribute(memory, effects));
    }

    /// The type of what a pointer points to, where an intrinsic wants it.
    pub fn element_type(&self, call: CallSiteValue<'c>, at: AttributeLoc, ty: AnyTypeEnum<'c>) {
        let kind = Attribute::get_named_enum_kind_id("elementtype");
        call.add_attribute(at, self.context.create_type_attribute(kind, ty));
    }
}

/// Reads memory that the pointers among the arguments lead to.
pub const READS_ARGUMENTS: u64 = 1;
/// Reads and writes memory that the pointers among the arguments lead to.
pub const OF_ARGUMENTS: u64 = 3;
/// Reads and writes memory that no pointer of the program leads to.
pub const INACCESSIBLE: u64 = 3 << 2;

/// An attribute without a value.
pub fn enum_attribute(context: &Context, name: &str) -> Attribute {
    context.create_enum_attribute(Attribute::get_named_enum_kind_id(name), 0)
}

/// The type of a function; no result is `void`.
pub fn function_type<'c>(
    context: &'c Context,
    result: Option<BasicTypeEnum<'c>>,
    params: &[BasicTypeEnum<'c>],
) -> FunctionType<'c> {
    use inkwell::types::BasicType;
    let params: Vec<_> = params.iter().map(|&p| p.into()).collect();
    match result {
        Some(result) => result.fn_type(&params, false),
        None => context.void_type().fn_type(&params, false),
    }
}

fn set_align(instruction: InstructionValue, align: u64) {
    if let Err(error) = instruction.set_alignment(align as u32) {
        crate::bug!("no alignment of {align}: {error}");
    }
}
