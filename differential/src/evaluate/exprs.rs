//! Expressions.

use super::arith::{self, Int};
use super::value::{self, Object, Place, Target, Value};
use super::{Machine, Run, Stop, text};
use ksc::sema::tree::{Callee, CompareOp, Condition, Expr, ExprKind, FuncId, If, Match, Role};
use ksc::target::Endian;
use ksc::types::{Ty, TyKind};

impl<'a> Machine<'a> {
    /// The number that the bytes of one in network order are.
    fn raw(&self, number: i128, ty: Ty) -> Run<Value> {
        match self.types.machine().endian {
            Endian::Little => Ok(Value::Int(self.int(ty)?.swap(number))),
            Endian::Big => Ok(Value::Int(number)),
        }
    }

    /// Operands are evaluated from left to right.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of the kernel")]
    pub(super) fn value(&mut self, expr: &'a Expr) -> Run<Value> {
        self.step()?;
        let ty = expr.ty;
        Ok(match &expr.kind {
            ExprKind::Const(constant) => value::constant(self.types, constant, ty),
            ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ConfigField { .. }
            | ExprKind::Deref(_)
            | ExprKind::DerefIf { .. }
            | ExprKind::ViewByte { .. }
            | ExprKind::Field { .. }
            | ExprKind::Index { .. } => self.stored(expr)?,
            ExprKind::AddressOf(inner) => match self.target(inner)? {
                Some(Target::Place(place)) => Value::Pointer(Some(place)),
                Some(Target::Nowhere | Target::Byte(..)) | None => {
                    return Err(Stop::Unknown("the address of no place"));
                }
            },
            ExprKind::Fill(element) => {
                let TyKind::Array(_, length) = self.types.kind(ty) else { panic!("an array of another type") };
                Value::Array(vec![self.value(element)?; length as usize])
            }
            ExprKind::Arith { op, left, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                match (left, right) {
                    (Value::Bool(left), Value::Bool(right)) => Value::Bool(arith::bools(*op, left, right)),
                    (Value::Str(left), Value::Str(right)) => text::joined(&left, &right, self.types.size_of(ty)),
                    (left, right) => Value::Int(self.int(ty)?.arith(*op, left.number(), right.number())),
                }
            }
            ExprKind::Neg(inner) => {
                let number = self.value(inner)?.number();
                Value::Int(self.int(ty)?.wrap(-number))
            }
            ExprKind::BitNot(inner) => {
                let number = self.value(inner)?.number();
                Value::Int(self.int(ty)?.wrap(-number - 1))
            }
            ExprKind::Not(inner) => Value::Bool(!self.value(inner)?.truth()),
            ExprKind::Compare { op, left, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                match (&left, &right) {
                    (Value::View(left), Value::View(right)) => {
                        Value::Bool((self.viewed(left)? == self.viewed(right)?) == (*op == CompareOp::Eq))
                    }
                    (left, right) => Value::Bool(compare(*op, left, right)),
                }
            }
            ExprKind::Logical { and, left, right } => {
                let left = self.value(left)?.truth();
                Value::Bool(if left == *and { self.value(right)?.truth() } else { left })
            }
            ExprKind::Cast(inner) => {
                let value = self.value(inner)?;
                self.cast(value, inner.ty, ty)?
            }
            ExprKind::Raw(inner) => {
                let number = self.value(inner)?.number();
                self.raw(number, inner.ty)?
            }
            ExprKind::If(node) => self.if_(node)?,
            ExprKind::Block(block) => self.block(block)?,
            ExprKind::Match(node) => self.match_(node, ty)?,
            ExprKind::Struct { fields } => {
                let Value::Struct(mut values) = value::zero(self.types, ty) else { panic!("a struct of another type") };
                for (field, init) in fields {
                    values[*field] = self.value(init)?;
                }
                Value::Struct(values)
            }
            ExprKind::Array(elements) => {
                Value::Array(elements.iter().map(|element| self.value(element)).collect::<Run<Vec<Value>>>()?)
            }
            ExprKind::Operation { callee, args } => self.operation(callee, args, ty)?,
            _ => self.value_of_kernel(expr)?,
        })
    }

    fn values(&mut self, exprs: &'a [Expr]) -> Run<Vec<Value>> {
        exprs.iter().map(|expr| self.value(expr)).collect()
    }

    fn call_of(&mut self, func: FuncId, args: &'a [Expr]) -> Run<Value> {
        let args = self.values(args)?;
        match self.program.func(func).role {
            Role::Program(_) => Err(Stop::TailCall(func)),
            Role::Helper | Role::Kfunc(_) | Role::Private | Role::Plain | Role::Main(_) | Role::Test => {
                self.call(func, args)
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what the evaluator does not know it says")]
    fn operation(&mut self, callee: &'a Callee, args: &'a [Expr], ty: Ty) -> Run<Value> {
        match callee {
            Callee::Func(func) => self.call_of(*func, args),
            Callee::Map { map, method } => self.map_call(*map, method, args),
            Callee::HistogramAdd(map) => self.histogram_add(*map, args),
            Callee::Histogram(method) => self.histogram_figure(method.word(), args),
            Callee::Builtin(builtin) if builtin.atomic.is_some() => {
                let [place, args @ ..] = args else { panic!("an atomic operation without a place") };
                self.atomic(builtin.name, place, args)
            }
            Callee::Builtin(builtin) => {
                let args = self.values(args)?;
                match text::builtin(builtin.name, &args) {
                    Some(value) => Ok(value),
                    None => self.on_views(builtin.name, &args),
                }
            }
            Callee::Helper(helper) => {
                let args = self.values(args)?;
                self.helper(helper.name, &args, ty)
            }
            _ => Err(Stop::Unknown("a kind of operation")),
        }
    }

    /// What maps, packets and the kernel's objects yield.
    #[expect(clippy::wildcard_enum_match_arm, reason = "what the evaluator does not know it says")]
    fn value_of_kernel(&mut self, expr: &'a Expr) -> Run<Value> {
        let ty = expr.ty;
        Ok(match &expr.kind {
            ExprKind::MapGet { map, key } => self.map_get(*map, key)?,
            ExprKind::IsPresent(optional) => Value::Bool(self.is_present(optional)?),
            ExprKind::CtxField { ctx, field } => match self.value(ctx)? {
                Value::Pointer(Some(place)) if place.object == Object::Context => self.context_field(ctx.ty, *field)?,
                Value::Pointer(Some(place)) => self.whole(place.object)?.part(*field).clone(),
                _ => return Err(Stop::Unknown("a field of no object")),
            },
            ExprKind::View(view) => self.view(view)?,
            ExprKind::ViewLen(view) => Value::Int(self.view_of(view)?.length() as i128),
            ExprKind::ViewRead { view, offset } => self.view_read(view, offset, ty)?,
            ExprKind::PacketPointer(header) => self.packet_pointer(header)?,
            ExprKind::PacketLen { .. } => Value::Int(self.packet.len() as i128),
            _ => return Err(Stop::Unknown("a kind of expression")),
        })
    }

    /// A variable, or a part of one or of a value that is stored nowhere.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is no place")]
    fn stored(&mut self, expr: &'a Expr) -> Run<Value> {
        if let Some(target) = self.target(expr)? {
            return self.read(&target, expr.ty);
        }
        Ok(match &expr.kind {
            ExprKind::Field { base, field } => self.value(base)?.part(*field).clone(),
            ExprKind::Index { base, index } => {
                // What is named is read when its index is known.
                let target = self.target(base)?;
                let value = if target.is_none() { Some(self.value(base)?) } else { None };
                let index = self.value(index)?.number();
                let array = match (target, value) {
                    (Some(target), _) => self.read(&target, base.ty)?,
                    (None, Some(value)) => value,
                    (None, None) => panic!("neither a place nor a value"),
                };
                if let Value::Str(bytes) = &array {
                    let byte = usize::try_from(index).ok().and_then(|index| bytes.get(index));
                    return Ok(Value::Int(byte.copied().unwrap_or(0).into()));
                }
                match usize::try_from(index) {
                    Ok(index) if index < array.length() => array.part(index).clone(),
                    Ok(_) | Err(_) => value::zero(self.types, expr.ty),
                }
            }
            _ => panic!("this is no place"),
        })
    }

    pub(super) fn int(&self, ty: Ty) -> Run<Int> {
        Int::of(self.types, ty).ok_or(Stop::Unknown("arithmetic on this type"))
    }

    fn cast(&self, value: Value, from: Ty, to: Ty) -> Run<Value> {
        if to == Ty::BOOL {
            return Ok(Value::Bool(value.truth()));
        }
        if let (TyKind::Str(_), TyKind::Str(size), Value::Str(bytes)) =
            (self.types.kind(from), self.types.kind(to), &value)
        {
            return Ok(text::stored(bytes, size.into()));
        }
        if let (TyKind::Str(size), Value::Array(chars)) = (self.types.kind(to), &value) {
            let bytes: Vec<u8> = chars.iter().map(|char| char.number() as u8).collect();
            return Ok(text::stored(&bytes, size.into()));
        }
        if let (Value::Pointer(Some(place)), TyKind::Ptr { to, .. }) = (&value, self.types.kind(to))
            && let Some((at, _, None)) = self.in_packet(place)
        {
            let object = Object::Packet { at, ty: to };
            return Ok(Value::Pointer(Some(Place { object, path: Vec::new() })));
        }
        if let Value::Pointer(_) = value {
            return Ok(value);
        }
        // Between `be` and numbers this is right as well: a `be` value is the number that it means.
        Ok(Value::Int(self.int(to)?.wrap(value.number())))
    }

    fn if_(&mut self, node: &'a If) -> Run<Value> {
        let is_taken = match &node.condition {
            Condition::Expr(condition) => self.value(condition)?.truth(),
            Condition::Bindings(bindings) => {
                let mut all = true;
                for binding in bindings {
                    all = all && self.bind(binding)?;
                }
                all
            }
        };
        if is_taken {
            self.block(&node.then)
        } else if let Some(otherwise) = &node.otherwise {
            self.block(otherwise)
        } else {
            Ok(Value::Void)
        }
    }

    /// What no arm takes yields zero.
    fn match_(&mut self, node: &'a Match, ty: Ty) -> Run<Value> {
        let subject = self.value(&node.subject)?.number();
        let takes = |&(low, high): &(i128, i128)| low <= subject && subject <= high;
        if let Some(arm) = node.arms.iter().find(|arm| arm.ranges.iter().any(takes)) {
            return self.block(&arm.body);
        }
        match &node.default {
            Some(block) => self.block(block),
            None => Ok(value::zero(self.types, ty)),
        }
    }
}

fn compare(op: CompareOp, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => arith::ordered(op, *left, *right),
        (Value::Str(left), Value::Str(right)) => {
            (text::until_nul(left) == text::until_nul(right)) == (op == CompareOp::Eq)
        }
        (left, right) => (left == right) == (op == CompareOp::Eq),
    }
}
