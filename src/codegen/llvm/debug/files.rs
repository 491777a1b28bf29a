//! Files and source locations.

use super::{Debug, Node, Scope, text};
use crate::codegen::llvm::builder::Build;
use crate::session::Session;
use crate::source::{FileId, Span};
use crate::target::DebugForm;
use llvm_sys::core::LLVMSetCurrentDebugLocation2;
use llvm_sys::debuginfo::*;

/// Replaces the source in a file's node: without one LLVM reads the file, and puts its lines into BTF at a cost that
/// grows with the square of their number. `line_texts` puts them there.
const NO_LINES: &str = "\n";

/// Columns beyond this do not fit BTF's line information; 0 means the whole line.
const MAX_COLUMN: u32 = 1023;

/// The compilation's folder in DWARF, from which relative names of files count: the one that the debugger runs in. BTF has no
/// such folder; LLVM would put it before the names (BTFDebug::populateFileContent in llvm/lib/Target/BPF/BTFDebug.cpp).
fn compilation_folder(form: DebugForm) -> &'static str {
    match form {
        DebugForm::Btf => "",
        DebugForm::Dwarf => ".",
    }
}

impl Debug {
    /// The node of a source file.
    pub(super) fn file(&mut self, cx: &Session, id: FileId) -> Node {
        if let Some(&known) = self.files.get(&id) {
            return known;
        }
        let file = cx.sources.file(id);
        let (name, folder) = (cx.recorded_name(id), compilation_folder(self.form));
        let node = if self.form == DebugForm::Btf {
            let sum = format!("{:x}", md5::compute(&file.text));
            // SAFETY: `builder` is live, and lengths are those of the texts.
            unsafe {
                LLVMDIBuilderCreateFileWithChecksum(
                    self.builder,
                    text(&name),
                    name.len(),
                    text(folder),
                    folder.len(),
                    LLVMChecksumKind::CSK_MD5,
                    text(&sum),
                    sum.len(),
                    text(NO_LINES),
                    NO_LINES.len(),
                )
            }
        } else {
            // SAFETY: as above.
            unsafe { LLVMDIBuilderCreateFile(self.builder, text(&name), name.len(), text(folder), folder.len()) }
        };
        self.files.insert(id, node);
        node
    }

    pub(super) fn line(cx: &Session, span: Span) -> u32 {
        cx.sources.line_col(span).line
    }

    /// Gives the instructions built next the location `span`.
    pub fn locate(&mut self, cx: &Session, build: &Build, scope: Scope, span: Span) {
        let location = self.location(cx, scope, span);
        // SAFETY: the builder is live and `location` a node of its context.
        unsafe { LLVMSetCurrentDebugLocation2(build.raw().as_mut_ptr(), location) }
    }

    /// Gives the instructions built next no location.
    pub fn leave(&self, build: &Build) {
        // SAFETY: the builder is live; null takes the location away.
        unsafe { LLVMSetCurrentDebugLocation2(build.raw().as_mut_ptr(), std::ptr::null_mut()) }
    }

    pub(super) fn location(&mut self, cx: &Session, scope: Scope, span: Span) -> Node {
        let node = self.scope_in(cx, scope, span.file);
        let place = cx.sources.line_col(span);
        let column = if place.column > MAX_COLUMN { 0 } else { place.column };
        // SAFETY: `context` is live and `node` a scope of it.
        unsafe { LLVMDIBuilderCreateDebugLocation(self.context, place.line, column, node, std::ptr::null_mut()) }
    }

    fn scope_in(&mut self, cx: &Session, scope: Scope, file: FileId) -> Node {
        if file == scope.file {
            return scope.subprogram;
        }
        if let Some(&known) = self.foreign.get(&(scope.subprogram, file)) {
            return known;
        }
        let in_file = self.file(cx, file);
        // SAFETY: `builder` is live and the nodes are of its context.
        let node = unsafe { LLVMDIBuilderCreateLexicalBlockFile(self.builder, scope.subprogram, in_file, 0) };
        self.foreign.insert((scope.subprogram, file), node);
        node
    }
}
