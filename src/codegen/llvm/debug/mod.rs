//! Debug information: DWARF on the host, BTF in the BPF object. The only code, with the diagnostic handler of `context`,
//! that calls llvm-sys: inkwell's builder of debug information lacks half of what is needed here.
//!
//! LLVM derives BTF from the same metadata as DWARF. The kernel requires:
//! - every parameter of a defined function has a variable that is always preserved, else it has no name in BTF and the
//!   kernel refuses all of it;
//! - members are in order of their offsets;
//! - line information carries the source's text, wherever the object is loaded (`line_texts`).

mod data;
mod files;
mod functions;
mod owners;
mod relocations;
mod types;

pub use data::{MapLayout, MapValues, copy};

use crate::session::Session;
use crate::source::FileId;
use crate::target::DebugForm;
use crate::types::Ty;
use inkwell::module::Module;
use llvm_sys::debuginfo::*;
use llvm_sys::prelude::{LLVMContextRef, LLVMDIBuilderRef, LLVMMetadataRef};
use std::collections::HashMap;
use std::ffi::c_char;

/// A metadata node; it lives as long as LLVM's context.
type Node = LLVMMetadataRef;

/// BTF names are C identifiers.
pub fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

/// The scopes of a function's locations.
#[derive(Clone, Copy)]
pub struct Scope {
    subprogram: Node,
    file: FileId,
}

/// The debug information of one LLVM module while it is made.
pub struct Debug {
    builder: LLVMDIBuilderRef,
    context: LLVMContextRef,
    unit: Node,
    form: DebugForm,
    files: HashMap<FileId, Node>,
    types: HashMap<Ty, Node>,
    /// Scopes for code of other files inside a function.
    foreign: HashMap<(Node, FileId), Node>,
    /// How many questions there are about whole structs.
    relocations: u64,
    /// How many modules of this process had relocations before; none as long as this one has none.
    generation: Option<u32>,
}

impl Debug {
    /// Begins the compile unit; `main` is its file.
    pub fn new(module: &Module, cx: &Session, main: FileId, form: DebugForm) -> Debug {
        // SAFETY: the module outlives the builder, which `ModuleGen` drops with it; inkwell's context is LLVM's.
        let builder = unsafe { LLVMCreateDIBuilder(module.as_mut_ptr()) };
        let context = module.get_context().raw();
        let mut debug = Debug {
            builder,
            context,
            unit: std::ptr::null_mut(),
            form,
            files: HashMap::new(),
            types: HashMap::new(),
            foreign: HashMap::new(),
            relocations: 0,
            generation: None,
        };
        let file = debug.file(cx, main);
        debug.unit = debug.compile_unit(file);
        debug
    }

    fn compile_unit(&self, file: Node) -> Node {
        let producer = concat!("ksc ", env!("CARGO_PKG_VERSION"));
        // SAFETY: `builder` is live, `file` a node of its context, and lengths are those of the texts.
        unsafe {
            LLVMDIBuilderCreateCompileUnit(
                self.builder,
                LLVMDWARFSourceLanguage::LLVMDWARFSourceLanguageC11,
                file,
                text(producer),
                producer.len(),
                1,
                text(""),
                0,
                0,
                text(""),
                0,
                // Less than this crashes LLVM 22 where BTF is emitted.
                LLVMDWARFEmissionKind::LLVMDWARFEmissionKindFull,
                0,
                0,
                0,
                text(""),
                0,
                text(""),
                0,
            )
        }
    }

    /// Completes the nodes; to be called before the module is verified.
    pub fn finish(&self) {
        // SAFETY: `builder` is live.
        unsafe { LLVMDIBuilderFinalize(self.builder) }
    }
}

impl Drop for Debug {
    fn drop(&mut self) {
        // SAFETY: `builder` was made by `new` and is used nowhere else.
        unsafe { LLVMDisposeDIBuilder(self.builder) }
    }
}

/// The bytes of a text, for calls that take their number too.
fn text(text: &str) -> *const c_char {
    text.as_ptr().cast()
}
