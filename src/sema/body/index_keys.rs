//! Keys of arrays, and of the other kinds whose key is an index: the kernel takes a `u32`, the program any integer.

use super::value::{Value, cast, int_expr, number};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::maps::EntryRange;
use crate::fold;
use crate::sema::tree::{Block, CompareOp, Condition, Expr, ExprKind, If, MapId, Stmt, StmtKind};
use crate::types::Ty;

/// No kind has an entry of this index, since the number of entries is a `u32` too.
const BEYOND: i128 = u32::MAX as i128;

impl Checker<'_, '_> {
    /// The index of an entry, in the type of the kernel's key.
    pub fn index_key(&mut self, map: MapId, key: &ast::Expr) -> Expr {
        let declared = self.env.program.map(map);
        let kernel = declared.key;
        let value = self.value(key, Some(declared.index.unwrap_or(kernel)));
        if value.is_error() || self.cx.types.as_int(value.ty()).is_none() || kernel == Ty::ERROR {
            return self.coerce(value, kernel);
        }
        match number(&value.expr) {
            Some(number) => self.constant_index(map, number, &value),
            None if value.ty() == kernel => value.expr,
            None => {
                let index = self.within_key(value.expr);
                cast(cast(index, Ty::U32), kernel)
            }
        }
    }
}

impl State<'_, '_> {
    /// The index, or one beyond all entries where it does not fit the kernel's key.
    fn within_key(&mut self, index: Expr) -> Expr {
        let (low, high) = self.known_range(&index);
        let bits = self.cx.types.as_int(index.ty).map_or(64, |(bits, _)| bits);
        if bits <= 32 || low >= 0 && high <= BEYOND {
            return index;
        }
        let span = index.span;
        let local = self.hidden("index", Ty::U64, span);
        let init = Stmt { kind: StmtKind::Var { local, init: Some(cast(index, Ty::U64)) }, span };
        let held = || self.vars.local_expr(local, span);
        let value = |expr: Expr| Block { stmts: Vec::new(), value: Some(Box::new(expr)), span };
        let (left, right) = (Box::new(held()), Box::new(int_expr(BEYOND, Ty::U64, span)));
        let beyond = Expr { kind: ExprKind::Compare { op: CompareOp::Gt, left, right }, ty: Ty::BOOL, span };
        let choice = If {
            condition: Condition::Expr(beyond),
            then: value(int_expr(BEYOND, Ty::U32, span)),
            otherwise: Some(value(cast(held(), Ty::U32))),
        };
        let choice = Expr { kind: ExprKind::If(Box::new(choice)), ty: Ty::U32, span };
        let block = Block { stmts: vec![init], value: Some(Box::new(choice)), span };
        Expr { kind: ExprKind::Block(block), ty: Ty::U32, span }
    }
}

impl Site<'_, '_> {
    fn constant_index(&mut self, map: MapId, number: i128, value: &Value) -> Expr {
        let declared = self.env.program.map(map);
        let kernel = declared.key;
        let (entries, span) = (i128::from(declared.max_entries), value.span());
        // A map of maps may hold some that are larger than the one that says what they are; CPUs are counted at the load, which is when a
        // config says the size, too.
        let known = entries > 0 && !declared.is_bound && declared.sized_by.is_none();
        if known && !(0..entries).contains(&number) || !(0..=BEYOND).contains(&number) {
            let name = declared.name.clone();
            let range = if entries == 1 { "only 0".to_owned() } else { format!("0 to {}", entries - 1) };
            self.warn(span, EntryRange { name, index: number.to_string(), range });
        }
        let index = if (0..=BEYOND).contains(&number) { number } else { BEYOND };
        let (bits, signed) = self.cx.types.as_int(kernel).unwrap_or((32, false));
        int_expr(fold::wrap(index, bits, signed), kernel, span)
    }
}
