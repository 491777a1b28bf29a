//! `sort(array)`, `sort(array, n)`, `sort(array, n, less)`: the array is sorted in place.
//!
//! The statements are made here, so that the function that compares is called as any other is. They are a sort by gaps (Shell, 1959): it
//! needs no memory, and takes an order that contradicts itself.

use super::value::{Value, all_known, cast, error_expr, int_expr};
use super::{Checker, Site};
use crate::ast;
use crate::diag::codes::types::{BadOperand, MismatchedTypes};
use crate::sema::tree::{
    ArithOp, Block, Callee, CompareOp, CompoundOp, Const, Expr, ExprKind, LocalId, Stmt, StmtKind,
};
use crate::source::Span;
use crate::tables;
use crate::types::{FnSig, Ty, TyKind};

const SORT: &str = "sort";

/// The runtime's function that yields the smaller of two numbers.
const COUNT: &str = "ks_sort_count";

/// libc's, which is below zero where the first text goes before the second one.
const COMPARE_TEXTS: &str = "strcmp";

/// How two elements are compared.
enum Order {
    /// By their values, as numbers of this type.
    Number(Ty),
    Text,
    /// By a function, of values or of pointers.
    Function {
        function: Expr,
        params: Vec<Ty>,
        by_pointer: bool,
    },
}

/// What is sorted, and the variables of the loops.
struct Sorted {
    /// The address of the array.
    array: LocalId,
    array_ty: Ty,
    element: Ty,
    order: Order,
    span: Span,
}

impl Checker<'_, '_> {
    /// Checks a call of `sort`, which is a block of statements.
    pub fn sort(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes(SORT, 1..=3, args, span)?;
        args.iter().for_each(|arg| self.refuse_name(arg, SORT));
        let (array, rest) = args.split_first()?;
        let address = self.array_to_sort(&array.value)?;
        let array_ty = self.pointer(address.ty)?.to;
        let TyKind::Array(element, length) = self.cx.types.kind(array_ty) else { return None };
        let whole = int_expr(i128::from(length), Ty::U64, span);
        let (count, less) = match rest {
            [] => (None, None),
            [one] => {
                let value = self.value(&one.value, None);
                if self.is_function(value.ty()) { (None, Some(value.expr)) } else { (Some(value), None) }
            }
            [count, less, ..] => (Some(self.value(&count.value, Some(Ty::U64))), Some(self.typed(&less.value, None))),
        };
        let count = count.map(|count| self.coerce(count, Ty::U64));
        let count = all_known(vec![count.unwrap_or_else(|| int_expr(i128::from(length), Ty::U64, span)), whole])?;
        let order = match less {
            Some(less) => self.order_by(less, element)?,
            None => self.own_order(element, array.value.span)?,
        };
        Some(self.sorted_by_gaps(address, element, count, order, span))
    }

    /// The address of an array that is named, or that a pointer points to.
    fn array_to_sort(&mut self, written: &ast::Expr) -> Option<Expr> {
        let value = self.typed(written, None);
        let points = |this: &Self, ty: Ty| this.pointer(ty).is_some_and(|of| this.array_length(of.to).is_some());
        if points(self, value.ty) {
            return Some(value);
        }
        if value.ty != Ty::ERROR && self.array_length(value.ty).is_none() {
            let found = format!("`{}`", self.ty_name(value.ty));
            self.error(value.span, MismatchedTypes { wanted: "an array".into(), found });
        }
        self.array_length(value.ty)?;
        let address = self.address_of(written, None, written.span);
        points(self, address.ty).then_some(address)
    }

    fn sorted_by_gaps(&mut self, address: Expr, element: Ty, count: Vec<Expr>, order: Order, span: Span) -> Expr {
        let array = self.hidden("array", address.ty, span);
        let array_ty = self.pointer(address.ty).map_or(Ty::ERROR, |of| of.to);
        let mut stmts = vec![set(array, Some(address), span)];
        let order = match order {
            // A function that is computed is evaluated once.
            Order::Function { function, params, by_pointer } if !matches!(function.kind, ExprKind::Const(_)) => {
                let local = self.hidden("less", function.ty, span);
                let known = self.vars.local_expr(local, span);
                stmts.push(set(local, Some(function), span));
                Order::Function { function: known, params, by_pointer }
            }
            order @ (Order::Number(_) | Order::Text | Order::Function { .. }) => order,
        };
        let sorted = Sorted { array, array_ty, element, order, span };
        let [n, gap, at, to] = ["n", "gap", "at", "to"].map(|name| self.hidden(name, Ty::U64, span));
        let taken = self.hidden("taken", element, span);
        let read = |this: &Self, local: LocalId| this.vars.local_expr(local, span);
        let number = |value: i128| int_expr(value, Ty::U64, span);
        stmts.push(set(n, Some(Expr::operation(Callee::Runtime(COUNT), count, Ty::U64, span)), span));
        stmts.push(set(gap, Some(read(self, n)), span));

        let before = arith(ArithOp::Sub, read(self, to), read(self, gap));
        let has_room = compare(CompareOp::Ge, read(self, to), read(self, gap));
        let goes_before = self.goes_before(&sorted, taken, before);
        let before = arith(ArithOp::Sub, read(self, to), read(self, gap));
        let moved = self.sorted_at(&sorted, before);
        let shift = vec![
            assign(self.sorted_at(&sorted, read(self, to)), moved),
            change(read(self, to), ArithOp::Sub, read(self, gap)),
        ];
        let logical = ExprKind::Logical { and: true, left: Box::new(has_room), right: Box::new(goes_before) };
        let shifts = repeat(Expr { kind: logical, ty: Ty::BOOL, span }, shift, span);
        let insert = vec![
            set(taken, Some(self.sorted_at(&sorted, read(self, at))), span),
            set(to, Some(read(self, at)), span),
            shifts,
            assign(self.sorted_at(&sorted, read(self, to)), read(self, taken)),
            change(read(self, at), ArithOp::Add, number(1)),
        ];
        let inserts = repeat(compare(CompareOp::Lt, read(self, at), read(self, n)), insert, span);
        // Gaps that are 5/11 of the one before come to 1 from any number.
        let part = arith(ArithOp::Mul, read(self, gap), number(5));
        let part = arith(ArithOp::Div, arith(ArithOp::Add, part, number(6)), number(11));
        let pass = vec![assign(read(self, gap), part), set(at, Some(read(self, gap)), span), inserts];
        stmts.push(repeat(compare(CompareOp::Gt, read(self, gap), number(1)), pass, span));
        Expr { kind: ExprKind::Block(Block { stmts, value: None, span }), ty: Ty::VOID, span }
    }

    /// Whether the element that was taken out goes before the one at an index.
    fn goes_before(&mut self, sorted: &Sorted, taken: LocalId, index: Expr) -> Expr {
        let span = sorted.span;
        let (left, right) = (self.vars.local_expr(taken, span), self.sorted_at(sorted, index));
        match &sorted.order {
            Order::Number(ty) => compare(CompareOp::Lt, number_of(left, *ty), number_of(right, *ty)),
            Order::Text => {
                let args = vec![self.address(left), self.address(right)];
                let order = Expr::operation(Callee::Runtime(COMPARE_TEXTS), args, Ty::I32, span);
                compare(CompareOp::Lt, order, int_expr(0, Ty::I32, span))
            }
            Order::Function { function, params, by_pointer } => {
                let mut args = vec![left, right];
                if *by_pointer {
                    args = args.into_iter().map(|arg| self.address(arg)).collect();
                }
                let args = std::iter::zip(args, params).map(|(arg, &ty)| self.coerce(Value::from(arg), ty));
                let mut args: Vec<Expr> = args.collect();
                self.may_throw();
                if let ExprKind::Const(Const::Func(func)) = function.kind {
                    return Expr::operation(Callee::Func(func), args, Ty::BOOL, span);
                }
                let ExprKind::Local(function) = function.kind else { return error_expr(span) };
                args.insert(0, self.vars.local_expr(function, span));
                Expr::operation(Callee::Pointer, args, Ty::BOOL, span)
            }
        }
    }

    fn sorted_at(&mut self, sorted: &Sorted, index: Expr) -> Expr {
        let span = sorted.span;
        let pointer = Box::new(self.vars.local_expr(sorted.array, span));
        let array = Expr { kind: ExprKind::Deref(pointer), ty: sorted.array_ty, span };
        let kind = ExprKind::Index { base: Box::new(array), index: Box::new(index) };
        Expr { kind, ty: sorted.element, span }
    }

    fn address(&mut self, place: Expr) -> Expr {
        let span = place.span;
        let space = self.space_of(&place).unwrap_or(crate::types::Space::Stack);
        let ty = self.cx.types.ptr(place.ty, space, false);
        Expr { kind: ExprKind::AddressOf(Box::new(place)), ty, span }
    }
}

impl Site<'_, '_> {
    /// How values of a type are compared: as numbers, or as texts.
    fn own_order(&mut self, element: Ty, span: Span) -> Option<Order> {
        if element == Ty::ERROR {
            return None;
        }
        if self.is_str(element) {
            return Some(Order::Text);
        }
        if element == Ty::F64 {
            return Some(Order::Number(Ty::F64));
        }
        if element == Ty::BOOL {
            return Some(Order::Number(Ty::U32));
        }
        if let TyKind::Be { bits } = self.cx.types.kind(element) {
            return Some(Order::Number(self.cx.types.int(bits, false)));
        }
        if let Some((bits, signed)) = self.cx.types.as_int(element) {
            return Some(Order::Number(self.cx.types.int(bits, signed)));
        }
        let ty = self.ty_name(element);
        let array = self.text(span).to_owned();
        self.error(span, BadOperand { op: SORT.into(), ty: ty.clone() }).help(format!(
            "say which one goes first: `sort({array}, n, before)`, with `fn before(a: *{ty}, b: *{ty}) -> bool`"
        ));
        None
    }

    /// The order that a function says, which takes two values or two pointers and yields a bool.
    fn order_by(&mut self, function: Expr, element: Ty) -> Option<Order> {
        if function.ty == Ty::ERROR || element == Ty::ERROR {
            return None;
        }
        let FnSig { params, result } =
            self.function_type(function.ty).unwrap_or(FnSig { params: Vec::new(), result: Ty::VOID });
        let all = |wanted: &dyn Fn(Ty) -> bool| params.len() == 2 && params.iter().all(|&ty| wanted(ty));
        let by_value = all(&|ty| ty == element);
        let by_pointer = all(&|ty| self.pointer(ty).is_some_and(|of| of.to == element));
        if result != Ty::BOOL || !(by_value || by_pointer) {
            let (ty, found) = (self.ty_name(element), format!("`{}`", self.ty_name(function.ty)));
            let wanted = format!("a `fn({ty}, {ty}) -> bool`, or one of pointers");
            let builtin = tables::builtin(SORT).map(super::builtins::form).unwrap_or_default();
            self.error(function.span, MismatchedTypes { wanted, found }).remark(builtin);
            return None;
        }
        Some(Order::Function { function, params, by_pointer })
    }
}

/// The value of an element as the number by which it is ordered.
fn number_of(element: Expr, ty: Ty) -> Expr {
    if element.ty == ty { element } else { cast(element, ty) }
}

fn set(local: LocalId, init: Option<Expr>, span: Span) -> Stmt {
    Stmt { kind: StmtKind::Var { local, init }, span }
}

fn assign(place: Expr, value: Expr) -> Stmt {
    let span = value.span;
    Stmt { kind: StmtKind::Assign { place, op: None, value }, span }
}

fn change(place: Expr, op: ArithOp, value: Expr) -> Stmt {
    let span = value.span;
    Stmt { kind: StmtKind::Assign { place, op: Some(CompoundOp { op, compute: Ty::U64 }), value }, span }
}

fn repeat(condition: Expr, stmts: Vec<Stmt>, span: Span) -> Stmt {
    let body = Block { stmts, value: None, span };
    Stmt { kind: StmtKind::While { condition, body }, span }
}

fn arith(op: ArithOp, left: Expr, right: Expr) -> Expr {
    let (ty, span) = (left.ty, left.span);
    Expr { kind: ExprKind::Arith { op, left: Box::new(left), right: Box::new(right) }, ty, span }
}

fn compare(op: CompareOp, left: Expr, right: Expr) -> Expr {
    let span = left.span;
    Expr { kind: ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, ty: Ty::BOOL, span }
}
