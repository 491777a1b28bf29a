//! Global variables and maps.

use super::{Debug, Node, text};
use crate::ir::StructOps;
use crate::session::Session;
use crate::source::Span;
use crate::types::Ty;
use inkwell::values::{AsValueRef, GlobalValue};
use llvm_sys::core::{
    LLVMDisposeValueMetadataEntries, LLVMGlobalCopyAllMetadata, LLVMGlobalSetMetadata, LLVMValueMetadataEntriesGetKind,
    LLVMValueMetadataEntriesGetMetadata,
};
use llvm_sys::debuginfo::*;

/// `LLVMContext::MD_dbg`
const DBG_KIND: u32 = 0;
const DW_TAG_CONST: u32 = 0x26;
const DW_TAG_VOLATILE: u32 = 0x35;

/// The parts of a map's definition.
pub struct MapLayout {
    pub numbers: Vec<(&'static str, u32)>,
    pub types: Vec<(&'static str, Ty)>,
}

/// The kind of a map's entries, if libbpf has to know more than their size.
pub enum MapValues<'a> {
    Plain,
    /// Maps like this one.
    Maps(&'a MapLayout),
    Programs,
}

/// Gives a variable the debug information of another.
pub fn copy(from: GlobalValue, to: GlobalValue) {
    let mut count = 0;
    // SAFETY: both are live; the list has as many entries as is said, and is ours to free.
    unsafe {
        let entries = LLVMGlobalCopyAllMetadata(from.as_value_ref(), &mut count);
        for at in 0..count as u32 {
            let (kind, node) =
                (LLVMValueMetadataEntriesGetKind(entries, at), LLVMValueMetadataEntriesGetMetadata(entries, at));
            LLVMGlobalSetMetadata(to.as_value_ref(), kind, node);
        }
        LLVMDisposeValueMetadataEntries(entries);
    }
}

impl Debug {
    /// Describes a global variable of the program; `local` ones are not visible outside of the object.
    pub fn global(&mut self, cx: &Session, value: GlobalValue, name: &str, ty: Ty, span: Span, local: bool) {
        let ty = self.ty(cx, ty);
        self.variable(cx, value, name, ty, span, local);
    }

    /// One that the kernel freezes: `const volatile`, as C declares such variables.
    pub fn constant(&mut self, cx: &Session, value: GlobalValue, name: &str, ty: Ty, span: Span) {
        let ty = self.ty(cx, ty);
        // SAFETY: `builder` is live and the nodes are of its context.
        let ty = unsafe {
            let volatile = LLVMDIBuilderCreateQualifiedType(self.builder, DW_TAG_VOLATILE, ty);
            LLVMDIBuilderCreateQualifiedType(self.builder, DW_TAG_CONST, volatile)
        };
        self.variable(cx, value, name, ty, span, false);
    }

    /// A map as libbpf reads it: an anonymous struct, in which a number N is a pointer to `int[N]` and a type T a pointer to T. A map of
    /// maps has a member `values`, an array without length, of pointers to such a struct; in a map of programs it is an array of pointers
    /// to functions.
    pub fn map(
        &mut self,
        cx: &Session,
        value: GlobalValue,
        name: &str,
        span: Span,
        layout: &MapLayout,
        values: &MapValues<'_>,
    ) {
        let mut members = self.map_members(cx, span, layout);
        let (file, line) = (self.file(cx, span.file), Self::line(cx, span));
        let bits = members.len() as u64 * 64;
        let entry = match values {
            MapValues::Plain => None,
            MapValues::Maps(inner) => {
                let mut own = self.map_members(cx, span, inner);
                Some(self.structure(file, line, "", own.len() as u64 * 64, &mut own))
            }
            MapValues::Programs => Some(self.subroutine(cx, Ty::I32, &[])),
        };
        if let Some(entry) = entry {
            let pointer = self.pointer_to(entry);
            let values = self.array_of(pointer, 0, 64);
            members.push(self.member(file, line, "values", values, 0, bits));
        }
        let ty = self.structure(file, line, "", bits, &mut members);
        self.variable(cx, value, name, ty, span, false);
    }

    /// A table of functions: each member with its type, offset and size in bytes; one without a type is a pointer to a function.
    pub fn struct_ops(
        &mut self,
        cx: &Session,
        value: GlobalValue,
        ops: &StructOps,
        layout: &[(&str, Option<Ty>, u64, u64)],
        size: u64,
    ) {
        let (file, line) = (self.file(cx, ops.span.file), Self::line(cx, ops.span));
        let mut members = Vec::new();
        for &(name, ty, offset, bytes) in layout {
            let node = match ty {
                Some(ty) => self.ty(cx, ty),
                None => {
                    let function = self.subroutine(cx, Ty::VOID, &[]);
                    self.pointer_to(function)
                }
            };
            members.push(self.member(file, line, name, node, 8 * bytes, 8 * offset));
        }
        let ty = self.structure(file, line, &ops.of, 8 * size, &mut members);
        self.variable(cx, value, &ops.name, ty, ops.span, false);
    }

    fn map_members(&mut self, cx: &Session, span: Span, layout: &MapLayout) -> Vec<Node> {
        let mut pointees = Vec::new();
        for &(name, number) in &layout.numbers {
            let int = self.basic("int", 32, super::types::SIGNED);
            pointees.push((name, self.array_of(int, u64::from(number), 32)));
        }
        for &(name, ty) in &layout.types {
            pointees.push((name, self.ty(cx, ty)));
        }
        let (file, line) = (self.file(cx, span.file), Self::line(cx, span));
        let mut members = Vec::new();
        for (index, (name, pointee)) in pointees.into_iter().enumerate() {
            let pointer = self.pointer_to(pointee);
            members.push(self.member(file, line, name, pointer, 64, index as u64 * 64));
        }
        members
    }

    fn variable(&mut self, cx: &Session, value: GlobalValue, name: &str, ty: Node, span: Span, local: bool) {
        let file = self.file(cx, span.file);
        // SAFETY: `builder` is live, the nodes are of its context, the length is the name's, and `value` is a variable of
        // the builder's module.
        unsafe {
            let node = LLVMDIBuilderCreateGlobalVariableExpression(
                self.builder,
                self.unit,
                text(name),
                name.len(),
                text(""),
                0,
                file,
                Self::line(cx, span),
                ty,
                local.into(),
                self.plain_expression(),
                std::ptr::null_mut(),
                0,
            );
            LLVMGlobalSetMetadata(value.as_value_ref(), DBG_KIND, node);
        }
    }
}
