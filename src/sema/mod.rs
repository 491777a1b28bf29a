//! Checks a program: names, types, roles, rules. Takes the syntax tree, yields the typed tree.
//!
//! `types::resolve(cx, &mut dyn Scope, &ast::Type, Position) -> Ty` (`Ty::ERROR` once reported) and
//! `consts::eval(cx, &mut dyn Scope, &ast::Expr, Option<Ty>) -> Option<Constant>` serve declarations and bodies alike.

pub mod body;
pub mod consts;
pub mod env;
pub mod predefined;
pub mod scope;
pub mod similar;
pub mod tree;
pub mod types;
