//! Functions, parameters and local variables.

use super::identifier;
use super::{Debug, Node, Scope, text};
use crate::ir::{Function, Param};
use crate::session::Session;
use crate::source::Span;
use crate::target::DebugForm;
use crate::types::Ty;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{AsValueRef, BasicValueEnum, FunctionValue, PointerValue};
use llvm_sys::debuginfo::*;

/// `DIFlagPrototyped`
const PROTOTYPED: LLVMDIFlags = 1 << 8;

impl Debug {
    /// Describes a function that is defined here. `local`: static, in C's terms.
    pub fn function(&mut self, cx: &Session, llvm: FunctionValue, func: &Function, local: bool) -> Scope {
        let params: Vec<Ty> = func.params.iter().map(|p| p.ty).collect();
        let ty = self.subroutine(cx, func.result, &params);
        self.subprogram(cx, llvm, func, ty, local)
    }

    /// Declares a function of the kernel, so that its BTF says which one is meant.
    pub fn kernel_function(&mut self, cx: &Session, llvm: FunctionValue, name: &str, (result, params): (Ty, &[Ty])) {
        let ty = self.subroutine(cx, result, params);
        let file = self.any_file(cx);
        // SAFETY: `builder` is live, the nodes are of its context, the length is the name's, and `llvm` is a function of
        // the builder's module.
        unsafe {
            let node = LLVMDIBuilderCreateFunction(
                self.builder,
                file,
                text(name),
                name.len(),
                text(""),
                0,
                file,
                0,
                ty,
                0,
                0,
                0,
                PROTOTYPED,
                1,
            );
            LLVMSetSubprogram(llvm.as_value_ref(), node);
        }
    }

    /// Describes C's `main`, at the position of the user's.
    pub fn entry(&mut self, cx: &Session, llvm: FunctionValue, main: &Function) -> Scope {
        let ty = self.subroutine(cx, Ty::I32, &[]);
        self.subprogram(cx, llvm, main, ty, false)
    }

    /// Describes a function that the compiler makes around one of the program, at its position and with its name.
    pub fn wrapper(&mut self, cx: &Session, llvm: FunctionValue, wrapped: &Function) -> Scope {
        self.function(cx, llvm, wrapped, true)
    }

    fn subprogram(&mut self, cx: &Session, llvm: FunctionValue, func: &Function, ty: Node, local: bool) -> Scope {
        let name = if self.form == DebugForm::Btf { identifier(&func.name) } else { func.name.to_string() };
        let file = self.file(cx, func.name_span.file);
        let line = Self::line(cx, func.name_span);
        // SAFETY: `builder` is live, the nodes are of its context, the length is the name's, and `llvm` is a function of
        // the builder's module.
        let subprogram = unsafe {
            let node = LLVMDIBuilderCreateFunction(
                self.builder,
                file,
                text(&name),
                name.len(),
                text(""),
                0,
                file,
                line,
                ty,
                local.into(),
                1,
                line,
                PROTOTYPED,
                1,
            );
            LLVMSetSubprogram(llvm.as_value_ref(), node);
            node
        };
        Scope { subprogram, file: func.name_span.file }
    }

    /// Describes a parameter. In BPF its name is what matters; on the host its value too, for the debugger.
    pub fn parameter(
        &mut self,
        cx: &Session,
        scope: Scope,
        index: usize,
        param: &Param,
        value: BasicValueEnum,
        entry: BasicBlock,
    ) {
        let ty = self.ty(cx, param.ty);
        let file = self.file(cx, param.span.file);
        let (name, line) = (identifier(&param.name), Self::line(cx, param.span));
        // SAFETY: `builder` is live, the nodes are of its context, and the length is the name's.
        let variable = unsafe {
            LLVMDIBuilderCreateParameterVariable(
                self.builder,
                scope.subprogram,
                text(&name),
                name.len(),
                index as u32 + 1,
                file,
                line,
                ty,
                1,
                0,
            )
        };
        if self.form == DebugForm::Dwarf {
            let location = self.location(cx, scope, param.span);
            // SAFETY: as above; the value is a parameter of the function that holds `entry`.
            unsafe {
                LLVMDIBuilderInsertDbgValueRecordAtEnd(
                    self.builder,
                    value.as_value_ref(),
                    variable,
                    self.plain_expression(),
                    location,
                    entry.as_mut_ptr(),
                );
            }
        }
    }

    /// Describes a local variable for the debugger. BTF has no local variables.
    #[allow(clippy::too_many_arguments)]
    pub fn local(
        &mut self,
        cx: &Session,
        scope: Scope,
        name: &str,
        ty: Ty,
        span: Span,
        slot: PointerValue,
        entry: BasicBlock,
    ) {
        if self.form == DebugForm::Btf || name.is_empty() {
            return;
        }
        let ty = self.ty(cx, ty);
        let file = self.file(cx, span.file);
        let (line, location) = (Self::line(cx, span), self.location(cx, scope, span));
        // SAFETY: `builder` is live, the nodes are of its context, the length is the name's, and the slot is a value of the
        // function that holds `entry`.
        unsafe {
            let variable = LLVMDIBuilderCreateAutoVariable(
                self.builder,
                scope.subprogram,
                text(name),
                name.len(),
                file,
                line,
                ty,
                0,
                0,
                0,
            );
            LLVMDIBuilderInsertDeclareRecordAtEnd(
                self.builder,
                slot.as_value_ref(),
                variable,
                self.plain_expression(),
                location,
                entry.as_mut_ptr(),
            );
        }
    }

    pub(super) fn plain_expression(&self) -> Node {
        // SAFETY: `builder` is live, and no elements are read.
        unsafe { LLVMDIBuilderCreateExpression(self.builder, std::ptr::null_mut(), 0) }
    }
}
