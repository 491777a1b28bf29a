//! How constants and types look names up: declarations see each other while they are being resolved, a body sees its
//! locals first.

use super::env::Declared;
use super::imports::Imports;
use super::tree::{Const, FuncId, MapId};
use crate::ast::Ident;
use crate::modules::ModuleId;
use crate::session::Session;
use crate::source::Span;
use crate::types::{FnSig, StructId, Ty};

/// What a name means at its position.
pub enum Found {
    Declared(Declared),
    /// A parameter, local or global variable: neither constant nor type, but `sizeof` takes it.
    Variable(Ty),
    Nothing,
    /// Declared, but its declaration is wrong; that was reported, so its uses are not.
    Broken,
}

/// The kind of declaration that a name is looked up for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    Any,
    Type,
}

/// The names that are visible at a place, and the facts about them that constant expressions need.
pub trait Scope {
    fn find(&mut self, cx: &mut Session, name: &str) -> Found;

    /// What a module declares itself under a name.
    fn find_in(&mut self, cx: &mut Session, module: ModuleId, name: &str) -> Found;

    fn imports(&self) -> &Imports;

    /// Makes sure that the size, fields and variants of a type are known; `span` is where it is used. False if they
    /// cannot be, which was reported.
    fn complete(&mut self, cx: &mut Session, ty: Ty, span: Span) -> bool;

    /// As `complete`, for one variant of an enum: others of it may still be unknown.
    fn complete_variant(&mut self, cx: &mut Session, of: Ty, variant: &Ident) -> bool {
        self.complete(cx, of, variant.span)
    }

    /// The value of a field that a struct literal leaves out; none if the literal must give it.
    fn field_default(&mut self, cx: &mut Session, of: StructId, field: usize) -> Option<Const>;

    /// The signature of a function that can be a value; none for programs and `main`, which are not called by name.
    fn signature(&mut self, cx: &mut Session, func: FuncId) -> Option<FnSig>;

    /// Whether an enumerator of the kernel is a constant, with the value that it has where the program is compiled: the loader fills such a
    /// value into code alone.
    fn takes_enumerators(&self) -> bool {
        false
    }

    /// Says which function orders the objects of a tree.
    fn note_order(&mut self, _tree: StructId, _less: FuncId) {}

    /// Says that one more level of a constant expression is being evaluated, or one less. Who resolves declarations in
    /// the middle of an expression bounds the sum.
    fn nest(&mut self, _deeper: bool) {}

    /// The symbol of a map of stacks; none of another map.
    fn stacks(&self, map: MapId) -> Option<String>;

    /// The names that one could have meant by a misspelt one.
    fn candidates(&self, wanted: Wanted) -> Vec<String>;
}
