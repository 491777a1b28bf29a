//! Pointers: taking addresses, dereferences, and null.

use super::exprs::strip;
use super::places::is_place;
use super::type_kinds::Pointer;
use super::value::{Value, cast, error_expr, int_expr, local, number, strip_cast};
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, BinaryOp};
use crate::diag::codes::refused::{AddressOfIndexed, AddressOfNoMemory, FixedPointer, NamelessStruct, WholeStruct};
use crate::diag::codes::types::{MismatchedTypes, NoAddress, NotAPointer, PackedAddress};
use crate::sema::tree::{ArithOp, Const, Expr, ExprKind, LocalId, Unproven};
use crate::source::Span;
use crate::types::{BitField, Space, Ty, TyKind};

impl Checker<'_, '_> {
    /// `*p`
    pub fn deref(&mut self, operand: &ast::Expr, span: Span) -> Expr {
        if let Some(byte) = self.packet_byte(operand, None, span) {
            return byte;
        }
        let pointer = self.typed(operand, None);
        if pointer.ty == Ty::ERROR {
            return error_expr(span);
        }
        if self.pointer(pointer.ty).is_none() {
            let ty = self.ty_name(pointer.ty);
            let power = self.is_power(span);
            let help = if power {
                "there is no `**`: a square is written `n * n`, a power of two `1 << n`".to_owned()
            } else {
                format!("without the `*`: `{}`", self.text(pointer.span))
            };
            self.error(pointer.span, NotAPointer { ty }).help(help);
            return error_expr(span);
        }
        if let Some(spec) = self.rewritten(pointer.ty) {
            let what = if spec.object { "an object of the kernel" } else { "a context" };
            self.error(span, WholeStruct { what: what.into() }).help("read the fields that you need");
            return error_expr(span);
        }
        self.pointee(pointer, span)
    }

    fn no_address(&mut self, what: &str, why: &str, help: &str, span: Span) -> Expr {
        self.error(span, AddressOfNoMemory { what: what.into(), why: why.into() }).help(help);
        error_expr(span)
    }

    /// `&place`
    pub fn address_of(&mut self, operand: &ast::Expr, expected: Option<Ty>, span: Span) -> Expr {
        if self.map_named(operand).is_some() {
            let help = "hand over the key, or a pointer to an entry: `&m[key]`; helpers of the kernel take `&m`";
            return self.no_address("a map", "it is a handle of the kernel", help, span);
        }
        let place = self.typed(strip(operand), None);
        if place.ty == Ty::ERROR {
            return error_expr(span);
        }
        if let Some((what, why)) = self.without_address(&place) {
            let help = if matches!(place.kind, ExprKind::ViewByte { .. }) {
                "hand over a `bytes`, or the address of a value that was read: `var x = v.read(0, T)`"
            } else {
                "take a copy in a variable, and the address of that"
            };
            return self.no_address(what, why, help, span);
        }
        if !is_place(&place) {
            let what = format!("`{}`", self.text(place.span));
            let function =
                matches!(self.cx.types.kind(place.ty), TyKind::Fn(_)) && matches!(place.kind, ExprKind::Const(_));
            let entry = matches!(place.kind, ExprKind::MapGet { .. });
            let help = if function {
                "a function's name alone is a pointer to it".to_owned()
            } else if entry {
                format!(
                    "in BPF code a name for the entry has one: `if (var e = {}) {{ … &e … }}`",
                    self.text(place.span)
                )
            } else {
                "store it in a variable first".to_owned()
            };
            self.error(place.span, NoAddress { what }).help(help);
            return error_expr(span);
        }
        if let ExprKind::Index { base, .. } = &place.kind
            && self.is_str(base.ty)
        {
            let what = "a character of a string".to_owned();
            self.error(place.span, NoAddress { what }).help("characters are read-only; an array of `u8` is not");
            return error_expr(span);
        }
        if self.refuse_packed(&place, expected) {
            return error_expr(span);
        }
        let Some(space) = self.space_of(&place) else { return error_expr(span) };
        if let Some(local) = root_local(&place) {
            // In the iteration before, the pointer may have been changed by its address.
            if self.vars[local].indexed && !self.loops.is_empty() && self.pointer(place.ty).is_some() {
                self.error(span, AddressOfIndexed {})
                    .help("keep the pointer in two variables: index one, and take the address of the other");
                return error_expr(span);
            }
            self.vars[local].address_taken = true;
        }
        let may_be_absent = self.may_be_out_of_range(&place);
        let ty = self.cx.types.ptr(place.ty, space, may_be_absent);
        Expr { kind: ExprKind::AddressOf(Box::new(place)), ty, span }
    }

    /// `p[i]` of a pointer to one element: `*(p + i)`.
    pub fn pointer_element(&mut self, base: Expr, index: &ast::Expr, span: Span) -> Expr {
        let Some(pointer) = self.pointer(base.ty) else { return error_expr(span) };
        let index = self.value(index, None);
        if index.is_error() {
            return error_expr(span);
        }
        // What lies before the pointer is another matter.
        let backwards = number(&index.expr).is_some_and(|number| number < 0);
        if let Some(count) = self.elements_within(&base).filter(|_| !backwards) {
            return self.element_within(base, count, index, span);
        }
        let at = if number(&index.expr) == Some(0) && !self.is_text(pointer.to) {
            base
        } else {
            self.moved(ArithOp::Add, base.into(), pointer, index, span)
        };
        if at.ty == Ty::ERROR {
            return at;
        }
        self.pointee(at, span)
    }
}

impl State<'_, '_> {
    /// Dereferences a pointer. It must not be null (`passes/nulls`); into the packet it may, and then a test is put in.
    pub fn pointee(&mut self, pointer: Expr, span: Span) -> Expr {
        let Some(Pointer { to, space, .. }) = self.pointer(pointer.ty) else { return error_expr(span) };
        if space == Space::Packet && self.may_be_null(&pointer) {
            let must_test = local(strip_cast(&pointer)).is_some_and(|local| self.vars[local].must_test);
            let unproven = if must_test { Unproven::Error } else { Unproven::Warning };
            let header = self.header_of(&pointer);
            return Expr { kind: ExprKind::DerefIf { pointer: Box::new(pointer), header, unproven }, ty: to, span };
        }
        // A read of unmapped memory yields zero; for pointers that the verifier tracks, it demands a test for null.
        if space == Space::BtfTrusted && self.cx.types.is_relocated(to) {
            if self.may_be_null(&pointer) {
                let (header, unproven) = (None, Unproven::Fine);
                let kind = ExprKind::DerefIf { pointer: Box::new(pointer), header, unproven };
                return Expr { kind, ty: to, span };
            }
        } else if !space.is_probed() {
            self.use_object(&pointer);
        }
        Expr { kind: ExprKind::Deref(Box::new(pointer)), ty: to, span }
    }

    /// The memory of a place; none if it has no address, which was reported.
    pub fn space_of(&mut self, place: &Expr) -> Option<Space> {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            return self.space_of(base);
        }
        if let ExprKind::Deref(pointer) | ExprKind::DerefIf { pointer, .. } = &place.kind {
            return self.pointer(pointer.ty).map(|p| p.space);
        }
        if self.env.program.is_entry(place) {
            return Some(Space::MapValue);
        }
        let Some(local) = local(place) else { return Some(Space::Global) };
        if self.vars[local].kind != LocalKind::Entry {
            return Some(Space::Stack);
        }
        let percpu = self.vars[local].map.is_some_and(|map| self.env.program.map(map).kind.percpu);
        Some(if percpu { Space::Percpu } else { Space::MapValue })
    }

    /// A pointer that goes where null may not: the conversion is what `passes/nulls` looks at.
    pub fn not_null(&mut self, pointer: Expr) -> Expr {
        self.use_object(&pointer);
        let TyKind::Ptr { to, space, nullable: true } = self.cx.types.kind(pointer.ty) else { return pointer };
        let ty = self.cx.types.ptr(to, space, false);
        cast(pointer, ty)
    }

    /// Whether the place is behind an index that is not known to be in range.
    pub fn may_be_out_of_range(&self, place: &Expr) -> bool {
        if let ExprKind::Index { base, index } = &place.kind {
            let length = self.elements(base.ty).map_or(0, |(_, length)| length);
            return !self.is_in_range(index, length) || self.may_be_out_of_range(base);
        }
        if let ExprKind::Field { base, .. } = &place.kind {
            return self.may_be_out_of_range(base);
        }
        matches!(place.kind, ExprKind::DerefIf { .. })
    }

    /// `p + n`, `n + p`, `p - n`, `p - q`
    pub fn pointer_arith(&mut self, op: ArithOp, token: BinaryOp, left: Value, right: Value, span: Span) -> Expr {
        let (l, r) = (self.pointer(left.ty()), self.pointer(right.ty()));
        match (l, r, op) {
            (Some(l), Some(r), ArithOp::Sub) => self.pointer_difference((left, l), (right, r), span),
            (Some(pointer), None, ArithOp::Add | ArithOp::Sub) => self.moved(op, left, pointer, right, span),
            (None, Some(pointer), ArithOp::Add) => self.moved(op, right, pointer, left, span),
            (None, Some(_), _) => self.bad_operand(token, &right),
            (Some(_) | None, _, _) => self.bad_operand(token, &left),
        }
    }

    /// The pointer this many elements further; null plus elements is no pointer to use.
    fn moved(&mut self, op: ArithOp, pointer: Value, of: Pointer, count: Value, span: Span) -> Expr {
        if self.cx.types.as_int(count.ty()).is_none() {
            let found = format!("`{}`", self.ty_name(count.ty()));
            self.error(count.span(), MismatchedTypes { wanted: "an integer".into(), found })
                .help("what is added to a pointer counts the elements that it moves by");
            return error_expr(span);
        }
        if self.is_kernel_memory(of) {
            return self.moved_in_kernel(op, pointer.expr, of, count, span);
        }
        if self.is_plain_memory(of.space) {
            // The placeholder of a place that is updated has no value.
            if !matches!(pointer.expr.kind, ExprKind::Const(Const::Zero)) {
                self.use_object(&pointer.expr);
            }
        } else {
            return self.packet_arith(&pointer.expr, of.space, span);
        }
        let count = match number(&count.expr) {
            Some(number) => int_expr(number, Ty::I64, count.span()),
            None => cast(count.expr, Ty::I64),
        };
        let ty = self.cx.types.ptr(of.to, of.space, false);
        let pointer = cast(pointer.expr, ty);
        Expr { kind: ExprKind::Arith { op, left: Box::new(pointer), right: Box::new(count) }, ty, span }
    }

    /// How many elements `right` is before `left`, as `i64`.
    fn pointer_difference(&mut self, (left, l): (Value, Pointer), (right, r): (Value, Pointer), span: Span) -> Expr {
        if l.to != r.to {
            self.mismatch(right.span(), right.ty(), left.ty());
            return error_expr(span);
        }
        let size = self.cx.types.size_of(l.to);
        let bytes = ExprKind::Arith {
            op: ArithOp::Sub,
            left: Box::new(cast(left.expr, Ty::I64)),
            right: Box::new(cast(right.expr, Ty::I64)),
        };
        let bytes = Expr { kind: bytes, ty: Ty::I64, span };
        if size <= 1 {
            return bytes;
        }
        let size = Box::new(int_expr(size.into(), Ty::I64, span));
        Expr { kind: ExprKind::Arith { op: ArithOp::Div, left: Box::new(bytes), right: size }, ty: Ty::I64, span }
    }
}

impl Site<'_, '_> {
    /// Whether the `*` at the start of a dereference is right behind one that multiplies.
    fn is_power(&self, deref: Span) -> bool {
        let Some(left) = self.text(Span { lo: 0, hi: deref.lo, ..deref }).strip_suffix('*') else { return false };
        let left = left.trim_end_matches([' ', '\t']);
        let ends_operand = left.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']'));
        ends_operand && !left.ends_with("return") && !left.ends_with(" in")
    }

    /// The address of a field that a packed struct may put anywhere goes only where nothing relies on its alignment.
    fn refuse_packed(&mut self, place: &Expr, expected: Option<Ty>) -> bool {
        let wanted = expected.and_then(|ty| self.pointer(ty)).map_or(place.ty, |pointer| pointer.to);
        let promised = self.least_align(place);
        if self.cx.types.align_of(place.ty).min(self.cx.types.align_of(wanted)) > promised {
            let (field, ty) = (self.text(place.span).to_owned(), self.ty_name(place.ty));
            self.error(place.span, PackedAddress { field: field.clone(), ty })
                .help(format!("take a copy: `var v = {field}` has an address; `&{field} as *u8` points to its bytes"));
            return true;
        }
        false
    }

    /// The alignment of a place that the structs around it guarantee.
    pub fn least_align(&self, place: &Expr) -> u64 {
        let user = |id| self.cx.types.struct_def(id).origin.is_own();
        let own =
            self.struct_id(place.ty).filter(|&id| user(id)).map_or(u64::MAX, |_| self.cx.types.align_of(place.ty));
        let (ExprKind::Field { base, .. } | ExprKind::Index { base, .. }) = &place.kind else { return own };
        own.min(self.least_align(base))
    }

    /// Whether a place is a bit-field, which has no address.
    pub fn is_bit_field(&self, place: &Expr) -> bool {
        self.bits_of(place).is_some()
    }

    /// The bits of a place that is a bit-field.
    pub fn bits_of(&self, place: &Expr) -> Option<BitField> {
        let ExprKind::Field { base, field } = &place.kind else { return None };
        let TyKind::Struct(id) = self.cx.types.kind(base.ty) else { return None };
        self.cx.types.struct_def(id).fields.get(*field)?.bits
    }

    /// What the place is, and why it has no address, if it has none.
    pub fn without_address(&self, place: &Expr) -> Option<(&'static str, &'static str)> {
        if matches!(place.kind, ExprKind::CtxField { .. }) {
            Some(("a context's field", "the kernel rewrites each access to it"))
        } else if self.is_bit_field(place) {
            Some(("a bit-field", "it shares its bytes with other fields"))
        } else if matches!(place.kind, ExprKind::ViewByte { .. }) {
            Some(("a byte of a `bytes`", "a pointer to it would not say where the view ends"))
        } else if self.is_kconfig(place) {
            Some(("a `@kconfig` variable", "the loader writes its value into the code"))
        } else if self.is_sysctl(place) {
            Some(("a `@sysctl` variable", "the kernel stores it, and gives it out as text"))
        } else {
            None
        }
    }

    /// Whether a pointer may be null as far as its type says, before conversions.
    fn may_be_null(&self, pointer: &Expr) -> bool {
        self.pointer(self.unconverted(pointer).ty).is_some_and(|pointer| pointer.nullable)
    }

    fn unconverted<'e>(&self, pointer: &'e Expr) -> &'e Expr {
        let ExprKind::Cast(inner) = &pointer.kind else { return pointer };
        if self.pointer(inner.ty).is_some() { self.unconverted(inner) } else { pointer }
    }

    /// The type of a variable or element that has no declared one and gets a value of this type: a pointer may become any
    /// other. Contexts and the packet stay what they are.
    pub fn variable_type(&mut self, ty: Ty) -> Ty {
        let Some(pointer) = self.pointer(ty) else { return ty };
        if matches!(pointer.space, Space::User | Space::Arena) {
            return self.cx.types.ptr(pointer.to, pointer.space, true);
        }
        let is_kept = matches!(
            pointer.space,
            Space::Map | Space::Ctx | Space::Packet | Space::BtfTrusted | Space::BtfRcu | Space::BtfUntrusted
        );
        if !is_kept {
            return self.cx.types.ptr(pointer.to, Space::Any, true);
        }
        if self.cx.types.is_relocated(pointer.to) { self.cx.types.ptr(pointer.to, pointer.space, true) } else { ty }
    }

    /// Memory of the kernel or of a process, which no plain load reaches.
    pub fn is_kernel_memory(&self, of: Pointer) -> bool {
        let is_object = !self.cx.types.is_relocated(of.to) && self.struct_id(of.to).is_some();
        of.space == Space::User || matches!(of.space, Space::BtfTrusted | Space::BtfUntrusted) && !is_object
    }

    /// A pointer to text of the kernel or of a process.
    pub fn is_kernel_text(&self, ty: Ty) -> bool {
        self.pointer(ty).is_some_and(|of| matches!(of.to, Ty::CHAR | Ty::U8) && self.is_kernel_memory(of))
    }

    /// A pointer moved in kernel memory. The verifier does not know the memory there, so it is read as any such memory: no test is needed.
    fn moved_in_kernel(&mut self, op: ArithOp, pointer: Expr, of: Pointer, count: Value, span: Span) -> Expr {
        if self.cx.types.is_relocated(of.to) && self.cx.types.name(of.to).contains('.') {
            self.error(span, NamelessStruct { what: "a struct without a name behind a moved pointer".into() })
                .help("move the pointer to the struct that contains it, which has a name");
            return error_expr(span);
        }
        let ty = self.cx.types.ptr(of.to, of.space.probed(), true);
        let (pointer, count) = (cast(pointer, ty), cast(count.expr, Ty::I64));
        Expr { kind: ExprKind::Arith { op, left: Box::new(pointer), right: Box::new(count) }, ty, span }
    }

    fn packet_arith(&mut self, pointer: &Expr, space: Space, span: Span) -> Expr {
        let object = matches!(space, Space::BtfTrusted | Space::BtfUntrusted);
        let what = if object {
            "to an object of the kernel"
        } else if space == Space::Ctx {
            "to a context"
        } else {
            "into a packet"
        };
        let error = self.error(span, FixedPointer { what: what.into() });
        error.note(pointer.span, "this points there");
        if object {
            error.help("read its fields, and follow the pointers among them");
        } else {
            error.help("to look into the packet: `if (var h = ctx.packet(offset, T)) { … }`");
        }
        error_expr(span)
    }

    fn is_plain_memory(&self, space: Space) -> bool {
        !matches!(
            space,
            Space::Ctx | Space::BtfTrusted | Space::BtfUntrusted | Space::Packet | Space::User | Space::Map
        )
    }
}

/// The variable that a place is a part of.
pub(super) fn root_local(place: &Expr) -> Option<LocalId> {
    if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
        return root_local(base);
    }
    local(place)
}
