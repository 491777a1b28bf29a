//! `print`: a line of the kernel's log.

use super::super::constants::quoted;
use super::super::expr::Expr;
use super::super::function::FnGen;
use super::arith::width;
use crate::codegen::formats::{Conversion, Piece, pieces};
use crate::ir::ops::KsPrint;
use crate::ir::{OpData, Value};
use crate::types::{Ty, TyKind};

pub fn emit(g: &mut FnGen, op: &OpData, view: &KsPrint) {
    let mut format = Vec::new();
    let mut args = Vec::new();
    let mut values = view.args().iter();
    for piece in pieces(view.format()) {
        match piece {
            Piece::Text(text) => format.extend(text),
            Piece::Conversion(conversion) => {
                for _ in conversion.modifiers.matches('*') {
                    let count = values.next().unwrap_or_else(|| crate::bug!("a format has its arguments"));
                    args.push(Expr::cast("int", &g.expr(*count)));
                }
                let value = values.next().unwrap_or_else(|| crate::bug!("a format has its arguments"));
                let (spelled, arg) = converted(g, op, &conversion, *value);
                format.extend(spelled.bytes());
                args.push(arg);
            }
        }
    }
    if view.newline() && !format.ends_with(b"\n") {
        format.push(b'\n');
    }
    let call = Expr::call("printk", &[&[Expr::primary(format!("KERN_INFO {}", quoted(&format)))], &args[..]].concat());
    g.statement(op, call.text().to_owned());
}

/// The conversion as the kernel spells it for the argument's type, and the argument.
fn converted(g: &mut FnGen, op: &OpData, conversion: &Conversion, value: Value) -> (String, Expr) {
    let Conversion { modifiers, letters } = conversion;
    let ty = g.ty(value);
    let expr = g.expr(value);
    if let TyKind::Place { of, .. } = g.types().kind(ty) {
        if letters == "s" && !matches!(g.types().kind(of), TyKind::Str(_)) && !modifiers.contains('.') {
            // Nothing ends the characters of an array.
            return (format!("%{modifiers}.{}s", g.types().size_of(of)), expr);
        }
        let text = letters == "s";
        return (format!("%{modifiers}{letters}"), if text { expr } else { Expr::address(&expr) });
    }
    if matches!(g.types().kind(ty), TyKind::Ptr { .. } | TyKind::Fn(_)) {
        return (format!("%{modifiers}{letters}"), Expr::cast("void *", &expr));
    }
    if letters.starts_with("pI") || letters.starts_with("pM") {
        // The kernel takes the address of an address.
        let name = g.names.inner("address");
        let text = g.g.declare(ty, &name);
        g.lines.declare(format!("{text};"));
        g.statement(op, format!("{name} = {}", expr.text()));
        return (format!("%{modifiers}{letters}"), Expr::unary(format!("&{name}")));
    }
    let (bits, _) = width(g, ty);
    let expr = if let TyKind::Be { bits } = g.types().kind(ty) {
        Expr::call(&format!("be{bits}_to_cpu"), &[expr])
    } else if ty == Ty::BOOL {
        Expr::cast("int", &expr)
    } else {
        expr
    };
    let length = if bits == 64 && letters != "c" { "ll" } else { "" };
    let letters = if letters == "p" { "x" } else { letters };
    (format!("%{modifiers}{length}{letters}"), expr)
}
