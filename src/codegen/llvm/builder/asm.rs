//! Inline assembly: BPF instructions that the optimiser does not see through.

use super::{Build, made};
use inkwell::attributes::AttributeLoc;
use inkwell::types::{BasicType, BasicTypeEnum, FunctionType};
use inkwell::values::{CallSiteValue, InstructionValue, IntValue, PointerValue};

impl<'c> Build<'c> {
    /// Marks assembly as free of memory accesses, so that LLVM may drop it, reuse the result of an equal one before it, and move loads
    /// across it.
    /// Not for all assembly: loads that move across it cost the verifier paths.
    pub fn computes(&self, call: CallSiteValue<'c>) {
        for name in ["nounwind", "willreturn", "memory"] {
            self.attribute(call, AttributeLoc::Function, name);
        }
    }

    /// Assembly that depends on nothing but its operands: BPF instructions on `left` and `right`, result in `left`.
    pub fn asm_binary(&self, text: &str, constraints: &str, left: IntValue<'c>, right: IntValue<'c>) -> IntValue<'c> {
        let ty = left.get_type();
        let fn_type = ty.fn_type(&[ty.into(), ty.into()], false);
        let asm = self.context.create_inline_asm(fn_type, text.into(), constraints.into(), false, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[left.into(), right.into()]);
        self.computes(call);
        call.try_as_basic_value().expect_basic("the assembly yields a value").into_int_value()
    }

    /// Assembly without operands, right before an instruction.
    pub fn asm_before(&self, instruction: &InstructionValue<'c>, ty: FunctionType<'c>, asm: PointerValue<'c>) {
        self.before(instruction);
        let call = self.call_pointer(ty, asm, &[]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
    }

    /// The address `offset` bytes further, as one BPF instruction that the optimiser cannot take apart.
    pub fn asm_offset(&self, base: PointerValue<'c>, offset: IntValue<'c>) -> PointerValue<'c> {
        let fn_type = base.get_type().fn_type(&[base.get_type().into(), offset.get_type().into()], false);
        let (text, constraints) = ("$0 += $2".into(), "=r,0,r".into());
        let asm = self.context.create_inline_asm(fn_type, text, constraints, false, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[base.into(), offset.into()]);
        self.computes(call);
        call.try_as_basic_value().expect_basic("the assembly yields a pointer").into_pointer_value()
    }

    /// Yields `pointer`, opaque to the optimiser.
    pub fn asm_pointer(&self, pointer: PointerValue<'c>) -> PointerValue<'c> {
        let fn_type = pointer.get_type().fn_type(&[pointer.get_type().into()], false);
        let asm = self.context.create_inline_asm(fn_type, "".into(), "=r,0".into(), false, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[pointer.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        call.try_as_basic_value().expect_basic("the assembly yields a pointer").into_pointer_value()
    }

    /// What replaces a load of a field of the context; different fields have different names.
    pub fn asm_record_load(
        &self,
        ty: BasicTypeEnum<'c>,
        (ctx, place): (PointerValue<'c>, PointerValue<'c>),
        name: String,
    ) -> CallSiteValue<'c> {
        let fn_type = ty.fn_type(&[ctx.get_type().into(), place.get_type().into()], false);
        let asm = self.context.create_inline_asm(fn_type, name, "=r,r,r".into(), false, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[ctx.into(), place.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        self.attribute(call, AttributeLoc::Function, "willreturn");
        self.touches(call, super::READS_ARGUMENTS);
        call
    }

    /// Stores a constant, which needs no register.
    pub fn asm_store_constant(&self, to: PointerValue<'c>, bits: u32, value: i64) {
        let fn_type = self.context.void_type().fn_type(&[to.get_type().into()], false);
        let text = format!("*(u{bits} *)$0 = {value}");
        let asm = self.context.create_inline_asm(fn_type, text, "=*m".into(), false, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[to.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        self.element_type(call, AttributeLoc::Param(0), self.int_type(bits).into());
    }

    /// Empty assembly that has an address in a register.
    pub fn asm_use(&self, pointer: PointerValue<'c>) {
        let fn_type = self.context.void_type().fn_type(&[pointer.get_type().into()], false);
        let asm = self.context.create_inline_asm(fn_type, "".into(), "r".into(), true, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[pointer.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
    }

    /// The 8 bytes at an address that need not be aligned: of a load LLVM would make one of each byte.
    pub fn asm_load_word(&self, from: PointerValue<'c>) -> IntValue<'c> {
        let fn_type = self.int_type(64).fn_type(&[from.get_type().into()], false);
        let (text, constraints) = ("$0 = *(u64 *)($1 + 0)".into(), "=r,r,~{memory}".into());
        let asm = self.context.create_inline_asm(fn_type, text, constraints, true, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[from.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        call.try_as_basic_value().expect_basic("the assembly yields a value").into_int_value()
    }

    /// Stores 8 bytes at an address that need not be aligned.
    pub fn asm_store_word(&self, to: PointerValue<'c>, word: IntValue<'c>) {
        let fn_type = self.context.void_type().fn_type(&[to.get_type().into(), word.get_type().into()], false);
        let (text, constraints) = ("*(u64 *)($0 + 0) = $1".into(), "r,r,~{memory}".into());
        let asm = self.context.create_inline_asm(fn_type, text, constraints, true, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[to.into(), word.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
    }

    /// The outcome of a comparison, opaque to the optimiser.
    pub fn asm_outcome(&self, comparison: InstructionValue<'c>) -> IntValue<'c> {
        let next = comparison.get_next_instruction().unwrap_or_else(|| crate::bug!("a comparison ends no block"));
        self.builder.position_before(&next);
        let Ok(outcome) = IntValue::try_from(comparison) else { crate::bug!("a comparison yields a condition") };
        let wide = made(self.builder.build_int_z_extend(outcome, self.int_type(64), ""));
        let opaque = self.asm_unary("", "=r,0", wide);
        made(self.builder.build_int_truncate(opaque, outcome.get_type(), ""))
    }

    /// Yields `value` as a number that the verifier and LLVM do not know, made at the builder's position.
    ///
    /// A shift by 64 or more gives any number to every verifier (`kernel/bpf/verifier.c`: "Shifts greater than 31 or 63 are
    /// undefined"). 127 shifted right by 127 is zero, whether the machine shifts by 127 or, as RFC 9669 has it, by 63.
    ///
    /// Two swaps of the bytes would do, but later kernels know their result. So would a difference of pointers, but
    /// before Linux 6.16 the verifier cannot backtrack through one, and marks all numbers of the program as precise.
    ///
    /// A number of 32 bits is in the half of a register; so the target needs these.
    pub fn asm_forget(&self, value: IntValue<'c>) -> IntValue<'c> {
        let ty = value.get_type();
        let both = self.context.struct_type(&[ty.into(), ty.into()], false);
        let fn_type = both.fn_type(&[ty.into()], false);
        let text = "$1 = 127\n\t$1 >>= $1\n\t$0 ^= $1".into();
        let constraints = if ty.get_bit_width() == 32 { "=w,=&w,0" } else { "=r,=&r,0" };
        let asm = self.context.create_inline_asm(fn_type, text, constraints.into(), true, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[value.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        let results = call.try_as_basic_value().expect_basic("the assembly yields values").into_struct_value();
        made(self.builder.build_extract_value(results, 0, "")).into_int_value()
    }

    /// A zero that the verifier does not know, see [`Build::asm_forget`]. Each `of` has its own, and it is made only
    /// where something uses it.
    pub fn asm_unknown_zero(&self, of: IntValue<'c>) -> IntValue<'c> {
        self.asm_unary("$0 = 127\n\t$0 >>= $0", "=r,r", of)
    }

    /// Yields `value` in a register, made at the builder's position.
    pub fn asm_settled(&self, value: IntValue<'c>) -> IntValue<'c> {
        self.asm_placed("", value)
    }

    /// Yields `value` in a register, made at the builder's position. For an `or` every verifier makes limits that agree with the bits.
    pub fn asm_consistent(&self, value: IntValue<'c>) -> IntValue<'c> {
        self.asm_placed("$0 |= 0", value)
    }

    fn asm_placed(&self, text: &str, value: IntValue<'c>) -> IntValue<'c> {
        let ty = value.get_type();
        let fn_type = ty.fn_type(&[ty.into()], false);
        let (text, constraints) = (text.into(), "=r,0".into());
        let asm = self.context.create_inline_asm(fn_type, text, constraints, true, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[value.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        call.try_as_basic_value().expect_basic("the assembly yields a value").into_int_value()
    }

    /// Jumps to the next instruction. They touch no memory of the program.
    pub fn asm_jumps(&self, count: usize) {
        let fn_type = self.context.void_type().fn_type(&[], false);
        let text = vec!["goto +0"; count].join("\n\t");
        let asm = self.context.create_inline_asm(fn_type, text, "".into(), true, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        self.touches(call, super::INACCESSIBLE);
    }

    /// A zero that is made at the builder's position.
    pub fn asm_zero(&self) -> IntValue<'c> {
        let fn_type = self.int_type(64).fn_type(&[], false);
        let asm = self.context.create_inline_asm(fn_type, "$0 = 0".into(), "=r".into(), true, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        call.try_as_basic_value().expect_basic("the assembly yields a value").into_int_value()
    }

    /// Assembly that depends on nothing but its operand.
    pub fn asm_unary(&self, text: &str, constraints: &str, value: IntValue<'c>) -> IntValue<'c> {
        let ty = value.get_type();
        let fn_type = ty.fn_type(&[ty.into()], false);
        let (text, constraints) = (text.into(), constraints.into());
        let asm = self.context.create_inline_asm(fn_type, text, constraints, false, false, None, false);
        let call = self.call_pointer(fn_type, asm, &[value.into()]);
        self.attribute(call, AttributeLoc::Function, "nounwind");
        call.try_as_basic_value().expect_basic("the assembly yields a value").into_int_value()
    }
}
