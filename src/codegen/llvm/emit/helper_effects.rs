//! The memory that helpers touch, as LLVM is told: what they leave alone is not stored before the call and loaded again behind it.
//!
//! A helper keeps no pointer to a key, a value or memory that it reads or fills, but for those with a dynptr, which may lead there. LLVM is
//! not told so (`captures`): variables that calls take by address would wait in registers that are spilled, and code would grow. A helper of
//! numbers alone touches nothing of the program; one that fills memory from an address touches nothing but that memory. Maps are memory
//! that no argument leads to.

use crate::codegen::llvm::builder::{INACCESSIBLE, OF_ARGUMENTS};
use crate::codegen::llvm::module::ModuleGen;
use crate::tables::{self, HelperArgKind, HelperSpec};
use inkwell::attributes::AttributeLoc;
use inkwell::values::{BasicValueEnum, CallSiteValue};

/// The attribute of calls with the helper's name.
const NAME: &str = "ksc-helper";

/// The attribute of calls that write all of the memory that they fill.
const FILLS: &str = "ksc-fills";

/// Whether a call of a helper writes all of the memory that it fills.
pub fn fills(call: CallSiteValue) -> bool {
    call.get_string_attribute(AttributeLoc::Function, FILLS).is_some()
}

/// The helper that a call is of; none if it is of something else.
pub fn helper(call: CallSiteValue) -> Option<&'static HelperSpec> {
    let name = call.get_string_attribute(AttributeLoc::Function, NAME)?;
    tables::helper(name.get_string_value().to_str().ok()?)
}

/// Says of a call of a helper what it does with memory.
pub fn mark<'c>(g: &ModuleGen<'_, 'c>, call: CallSiteValue<'c>, spec: &HelperSpec, args: &[BasicValueEnum<'c>]) {
    let build = &g.build;
    call.add_attribute(AttributeLoc::Function, g.context.create_string_attribute(NAME, spec.name));
    if g.cx.options.fills(spec) {
        call.add_attribute(AttributeLoc::Function, g.context.create_string_attribute(FILLS, ""));
    }
    let kinds: Vec<HelperArgKind> = spec.args.iter().map(|arg| arg.kind).collect();
    if kinds.contains(&HelperArgKind::Dynptr) || kinds.len() != args.len() {
        return;
    }
    for (index, (&kind, arg)) in kinds.iter().zip(args).enumerate() {
        if let Some(access) = access(kind).filter(|_| arg.is_pointer_value()) {
            build.attribute(call, AttributeLoc::Param(index as u32), access);
        }
    }
    let is_number = |kind: HelperArgKind| matches!(kind, HelperArgKind::Scalar | HelperArgKind::Constant);
    let leads = |(&kind, arg): (&HelperArgKind, &BasicValueEnum)| {
        matches!(kind, HelperArgKind::Out | HelperArgKind::Address) && arg.is_pointer_value()
    };
    if spec.constant {
        build.touches(call, 0);
        for name in ["nounwind", "willreturn"] {
            build.attribute(call, AttributeLoc::Function, name);
        }
    } else if kinds.iter().all(|&kind| is_number(kind)) {
        build.touches(call, INACCESSIBLE);
    } else if kinds.iter().zip(args).all(|(kind, arg)| is_number(*kind) || leads((kind, arg))) {
        build.touches(call, OF_ARGUMENTS | INACCESSIBLE);
    }
}

/// What LLVM calls the use of the memory that an argument leads to; none where the helper may read and write it.
fn access(kind: HelperArgKind) -> Option<&'static str> {
    match kind {
        HelperArgKind::Key | HelperArgKind::Value | HelperArgKind::Readable => Some("readonly"),
        HelperArgKind::Out | HelperArgKind::ValueOut => Some("writeonly"),
        HelperArgKind::Writable
        | HelperArgKind::Scalar
        | HelperArgKind::Constant
        | HelperArgKind::Context
        | HelperArgKind::Map
        | HelperArgKind::Address
        | HelperArgKind::Callback
        | HelperArgKind::Frame
        | HelperArgKind::SpinLock
        | HelperArgKind::Timer
        | HelperArgKind::Dynptr
        | HelperArgKind::Text
        | HelperArgKind::Record
        | HelperArgKind::Object
        | HelperArgKind::Rest => None,
    }
}
