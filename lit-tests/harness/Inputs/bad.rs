use crate::sema::Program;
use super::super::ast::File;
fn quiet() { let quote = '\''; let text = "unsafe { } llvm_sys"; }
fn loud() { value.unwrap(); unsafe { } }
// SAFETY: there is a reason.
fn fine() { unsafe { } }
pub unsafe fn bare() {}
fn list(name: &str) -> u32 { match name { "lru_hash" => 1 } }
// What is stored is what is read. What follows is fine: what a string has.
// A pair, of which one is named.
/// A row of constants has one comment.
pub const FIRST: &str = "of which";
pub const SECOND: u32 = 2;

pub const THIRD: u32 = 3;
