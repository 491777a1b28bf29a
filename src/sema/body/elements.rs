//! Arrays: elements, literals, loops.

use super::context_arrays;
use super::exprs::strip;
use super::value::{Value, cast, constant, error_expr, int_expr, number};
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::refused::{FixedPointer, LongVariableIndex};
use crate::diag::codes::types::{ElementCount, IndexRange, MismatchedTypes, NotIndexable, UnknownTypeOf};
use crate::sema::consts;
use crate::sema::tree::{Const, Expr, ExprKind, StmtKind};
use crate::sema::types;
use crate::source::Span;
use crate::tables::LONGEST_OF_CHOICES;
use crate::types::{Space, Ty, TyKind};

impl Checker<'_, '_> {
    /// `base[index]` of an array or a string, or of a pointer to one.
    pub fn element(&mut self, base: Expr, index: &ast::Expr, span: Span) -> Expr {
        if base.ty == Ty::BYTES {
            return self.view_byte(base, index, span);
        }
        let base = match self.packet_receiver(base) {
            Ok(packet) => return self.byte_of_packet(packet, index, span),
            Err(base) => self.through_pointer(base),
        };
        if self.elements(base.ty).is_none() {
            if self.pointer(base.ty).is_some() && self.rewritten(base.ty).is_none() {
                return self.pointer_element(base, index, span);
            }
            self.typed(index, None);
            return self.no_elements(&base, span);
        }
        let index = self.value(index, None);
        self.element_at(base, index, span)
    }

    /// `[1, 2, 3]`; one element fills the array that is asked for, none zeroes it.
    pub fn array_literal(&mut self, elements: &[ast::Expr], expected: Option<Ty>, span: Span) -> Expr {
        if expected == Some(Ty::ERROR) && elements.is_empty() {
            return error_expr(span);
        }
        let place = expected.and_then(|ty| self.array(ty).map(|(element, length)| (ty, element, length)));
        let Some((ty, element, length)) = place else { return self.free_array(elements, span) };
        if let Some(transposed) = self.transposed((element, length), elements) {
            let (found, wanted) = (elements.len().to_string(), length.to_string());
            let help = format!("the number of the outer array comes first: `{}`", self.ty_name(transposed));
            self.error(span, ElementCount { found, wanted }).help(help);
            return error_expr(span);
        }
        let mut values: Vec<Expr> = Vec::new();
        for element_expr in elements {
            let value = self.coerced(element_expr, element);
            values.push(value);
        }
        if values.iter().any(|value| value.ty == Ty::ERROR) {
            return error_expr(span);
        }
        if values.len() > 1 && values.len() as u64 != length {
            self.error(span, ElementCount { found: values.len().to_string(), wanted: length.to_string() });
            return error_expr(span);
        }
        match values.pop() {
            None => Expr { kind: ExprKind::Const(Const::Zero), ty, span },
            Some(value) if values.is_empty() && length > 1 => self.filled(value, ty, span),
            Some(value) => {
                values.push(value);
                Expr { kind: ExprKind::Array(values), ty, span }
            }
        }
    }

    /// An array literal where nothing asks for a type: the first element that has one decides, of strings the longest.
    fn free_array(&mut self, elements: &[ast::Expr], span: Span) -> Expr {
        let mut values: Vec<Value> = Vec::new();
        for element in elements {
            let value = self.value(element, None);
            values.push(Value { untyped: value.untyped, expr: self.no_void(value.expr) });
        }
        if values.iter().any(Value::is_error) {
            return error_expr(span);
        }
        let typed = values.iter().find(|value| !value.untyped && value.ty() != Ty::NULL).map(Value::ty);
        let typed = typed.map(|ty| self.longest(ty, &values)).map(|ty| self.variable_type(ty));
        let numbers: Vec<i128> = values.iter().filter_map(|value| number(&value.expr)).collect();
        let bounds = numbers.iter().min().zip(numbers.iter().max());
        let Some(element) = typed.or_else(|| bounds.map(|(&low, &high)| self.literal_pair_type([low, high]))) else {
            let name = self.text(span).to_owned();
            self.error(span, UnknownTypeOf { name }).help("give the variable a type: `var a: T[N]`");
            return error_expr(span);
        };
        let mut elements = Vec::new();
        for value in values {
            let value = self.coerce(value, element);
            elements.push(value);
        }
        if elements.iter().any(|value| value.ty == Ty::ERROR) {
            return error_expr(span);
        }
        let ty = self.cx.types.array(element, elements.len() as u64);
        if types::check_size(self.cx, span, ty) == Ty::ERROR {
            return error_expr(span);
        }
        Expr { kind: ExprKind::Array(elements), ty, span }
    }

    /// The type of the longest string among the elements, where one has this type and it is a string; another type stays.
    fn longest(&self, ty: Ty, values: &[Value]) -> Ty {
        let length = |ty| if let TyKind::Str(length) = self.cx.types.kind(ty) { Some(length) } else { None };
        let strings = values.iter().map(Value::ty).filter(|ty| length(*ty).is_some());
        length(ty).and_then(|_| strings.max_by_key(|ty| length(*ty))).unwrap_or(ty)
    }

    /// `[value; count]`
    pub fn fill_literal(&mut self, value: &ast::Expr, count: &ast::Expr, expected: Option<Ty>, span: Span) -> Expr {
        let place = expected.and_then(|ty| self.array(ty));
        let value = match place {
            Some((element, _)) => self.coerced(value, element),
            None => self.typed(value, None),
        };
        let element = self.variable_type(value.ty);
        let value = cast(value, element);
        let found = self.with_scope(|cx, scope| consts::integer(cx, scope, count));
        let Some(found) = found.filter(|_| value.ty != Ty::ERROR) else { return error_expr(span) };
        if value.ty == Ty::NULL {
            self.error(value.span, UnknownTypeOf { name: "null".into() });
            return error_expr(span);
        }
        let wanted = place.map(|(_, length)| i128::from(length));
        if wanted.is_some_and(|wanted| wanted != found) || !(1..=i128::from(u32::MAX)).contains(&found) {
            let wanted = wanted.map_or("at least 1 element".to_owned(), |wanted| wanted.to_string());
            self.error(count.span, ElementCount { found: found.to_string(), wanted });
            return error_expr(span);
        }
        let ty = self.cx.types.array(value.ty, found as u64);
        if types::check_size(self.cx, span, ty) == ty { self.filled(value, ty, span) } else { error_expr(span) }
    }

    /// `for (i, v in array)`
    pub fn for_array(&mut self, stmt: &ast::ForStmt, array: Expr) -> Option<StmtKind> {
        let Some(value) = stmt.names.last() else { crate::bug!("a loop without a name") };
        // `for (v in array)` walks the values.
        let no_index = ast::Ident { name: "_".to_owned(), span: value.span };
        let index = if stmt.names.len() > 1 { &stmt.names[0] } else { &no_index };
        let array = self.through_pointer(array);
        let (element, length) = self.array(array.ty)?;
        self.forget_changed(&stmt.body);
        let after = self.flow.clone();
        self.vars.blocks.push();
        let index = self.declare(&index.name, Ty::U32, index.span, LocalKind::LoopVariable);
        self.vars[index].range = Some((0, i128::from(length) - 1));
        let value = self.declare(&value.name, element, value.span, LocalKind::LoopVariable);
        self.note_held(value, &array);
        let body = self.loop_body(&stmt.body);
        self.flow = after;
        self.join_breaks();
        self.pop_scope();
        Some(StmtKind::ForArray { array, index, value, body })
    }
}

impl State<'_, '_> {
    /// The element of an array or string.
    pub fn element_at(&mut self, base: Expr, index: Value, span: Span) -> Expr {
        let Some((element, length)) = self.elements(base.ty) else { return error_expr(span) };
        if index.is_error() {
            return error_expr(span);
        }
        let at = index.span();
        if self.cx.types.as_int(index.ty()).is_none() {
            let found = format!("`{}`", self.ty_name(index.ty()));
            self.error(at, MismatchedTypes { wanted: "an integer".into(), found }).help("an index is an integer");
            return error_expr(span);
        }
        let Some(number) = number(&index.expr) else {
            return self.variable_element(base, index.expr, element, span);
        };
        if !(0..i128::from(length)).contains(&number) {
            let (ty, range) = (self.ty_name(base.ty), consts::index_range(length));
            self.error(at, IndexRange { index: number.to_string(), ty, range });
            return error_expr(span);
        }
        if let ExprKind::Const(whole) = &base.kind {
            let part = consts::part(&self.cx.types, whole, number as usize, element);
            return Expr { kind: ExprKind::Const(part), ty: element, span };
        }
        if let Some(field) = context_arrays::element(&base, number as usize, span) {
            return field;
        }
        let index = Box::new(int_expr(number, Ty::U64, at));
        Expr { kind: ExprKind::Index { base: Box::new(base), index }, ty: element, span }
    }

    fn variable_element(&mut self, base: Expr, index: Expr, element: Ty, span: Span) -> Expr {
        let length = self.elements(base.ty).map_or(0, |(_, length)| length);
        let in_packet = self.is_in_packet(&base);
        let in_kernel = matches!(self.space_of(&base), Some(Space::BtfTrusted | Space::BtfUntrusted | Space::User));
        if length > LONGEST_OF_CHOICES
            && !in_kernel
            && (in_packet || (self.targets.all(|on| on.verified) && self.cx.types.holds_pointer(element)))
        {
            // The verifier follows constant offsets alone there, so each element is a branch of its own.
            let what = if in_packet { "packet data" } else { "an array of pointers" };
            let text = self.text(base.span).to_owned();
            let error = self.error(span, LongVariableIndex { what: what.into(), most: LONGEST_OF_CHOICES.to_string() });
            if in_packet {
                error.help(format!("take a copy: `var a = {text}`, and index that"));
            } else {
                error.help("keep what they point to in a map, or index several shorter arrays");
            }
            return error_expr(span);
        }
        let (base, index) = (Box::new(base), Box::new(index));
        Expr { kind: ExprKind::Index { base, index }, ty: element, span }
    }

    /// The array of a pointer to one; any other value unchanged.
    fn through_pointer(&mut self, base: Expr) -> Expr {
        if self.pointer(base.ty).is_none_or(|p| self.elements(p.to).is_none()) {
            return base;
        }
        let span = base.span;
        self.pointee(base, span)
    }
}

impl Site<'_, '_> {
    /// Element type and length.
    pub fn array(&self, ty: Ty) -> Option<(Ty, u64)> {
        if let TyKind::Array(element, length) = self.cx.types.kind(ty) { Some((element, length)) } else { None }
    }

    /// Type and number of what an index selects: elements, or the characters of a string.
    pub fn elements(&self, ty: Ty) -> Option<(Ty, u64)> {
        self.cx.types.elements(ty)
    }

    fn no_elements(&mut self, base: &Expr, span: Span) -> Expr {
        let ty = self.ty_name(base.ty);
        if base.ty == Ty::ERROR {
            return error_expr(span);
        }
        if self.pointer(base.ty).is_some() {
            self.error(span, FixedPointer { what: format!("of type `{ty}`") })
                .help("follow the pointer itself: `p->field`");
            return error_expr(span);
        }
        self.error(base.span, NotIndexable { ty });
        error_expr(span)
    }

    /// Whether a place is in the packet, by the pointer that leads there.
    pub fn is_in_packet(&self, place: &Expr) -> bool {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            return self.is_in_packet(base);
        }
        let ExprKind::Deref(pointer) = &place.kind else { return false };
        self.pointer(pointer.ty).is_some_and(|p| p.space == Space::Packet)
    }

    /// The type with the lengths of outer and inner arrays exchanged, if the elements are written for that type.
    fn transposed(&mut self, (row, rows): (Ty, u64), elements: &[ast::Expr]) -> Option<Ty> {
        let (element, columns) = self.array(row)?;
        let is_column = |written: &ast::Expr| matches!(&strip(written).kind, ast::ExprKind::Array(values) if values.len() as u64 == rows);
        if rows == columns || elements.len() as u64 != columns || !elements.iter().all(is_column) {
            return None;
        }
        let row = self.cx.types.array(element, rows);
        Some(self.cx.types.array(row, columns))
    }

    fn filled(&self, value: Expr, ty: Ty, span: Span) -> Expr {
        let is_zero = constant(&self.cx.types, &value).is_some_and(|value| consts::is_zero(&value));
        let kind = if is_zero { ExprKind::Const(Const::Zero) } else { ExprKind::Fill(Box::new(value)) };
        Expr { kind, ty, span }
    }
}
