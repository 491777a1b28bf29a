//! What LLVM takes from debug information for the relocations of fields (CO-RE): the struct that an access is of.

use super::Debug;
use super::types::in_order;
use crate::session::Session;
use crate::types::{Ty, TyKind};
use inkwell::values::{AsValueRef, CallSiteValue};
use llvm_sys::core::{LLVMGetMDKindIDInContext, LLVMMetadataAsValue, LLVMSetMetadata};
use std::sync::atomic::{AtomicU32, Ordering};

/// How many modules with relocations there were.
static GENERATIONS: AtomicU32 = AtomicU32::new(0);

const KIND: &str = "llvm.preserve.access.index";

impl Debug {
    /// The name of a struct or an enum of the kernel. LLVM keeps the variables that it makes for accesses in a map of the process
    /// (`BPFAbstractMemberAccess::GEPGlobals`), by names that begin with the type's, and in a second module would use those
    /// of the first. So a later module has a flavour of its own of each: loaders ignore what follows `___`.
    pub(super) fn flavour(&mut self, name: &str) -> String {
        // The kernel has no name for it.
        if name.contains('.') {
            return String::new();
        }
        let generation = self.generation.get_or_insert_with(|| GENERATIONS.fetch_add(1, Ordering::Relaxed));
        // A flavour of the program's has its own `___`, and loaders ignore what follows the last one.
        let mark = if name.contains("___") { "_" } else { "___" };
        if *generation == 0 { name.to_owned() } else { format!("{name}{mark}{generation}") }
    }

    /// The place of a field among the members of its struct's node.
    pub fn member_index(&self, cx: &Session, of: Ty, field: usize) -> u64 {
        let TyKind::Struct(id) = cx.types.kind(of) else { crate::bug!("a field of no struct") };
        let def = cx.types.struct_def(id);
        let found = in_order(def).iter().position(|member| std::ptr::eq(*member, &def.fields[field]));
        found.unwrap_or_else(|| crate::bug!("every field is a member")) as u64
    }

    /// A number that no other question about a struct has.
    pub fn next_relocation(&mut self) -> u64 {
        self.relocations += 1;
        self.relocations
    }

    /// Says that a call accesses a struct of this type.
    pub fn relocate(&mut self, cx: &Session, call: CallSiteValue, of: Ty) {
        let node = self.ty(cx, of);
        // SAFETY: the context is live, and the node and the call are of it; the length is the name's.
        unsafe {
            let kind = LLVMGetMDKindIDInContext(self.context, KIND.as_ptr().cast(), KIND.len() as u32);
            LLVMSetMetadata(call.as_value_ref(), kind, LLVMMetadataAsValue(self.context, node));
        }
    }
}
