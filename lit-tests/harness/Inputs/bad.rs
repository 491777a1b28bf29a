use crate::sema::Program;
use super::super::ast::File;
fn quiet() { let quote = '\''; let text = "unsafe { } llvm_sys"; }
fn loud() { value.unwrap(); unsafe { } }
// SAFETY: there is a reason.
fn fine() { unsafe { } }
pub unsafe fn bare() {}
fn list(name: &str) -> u32 { match name { "lru_hash" => 1 } }
