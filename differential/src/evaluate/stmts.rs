//! Statements.

use super::arith;
use super::value::{self, Object, Place, Target, Value};
use super::{Machine, Run, Stop, text};
use ksc::sema::tree::{Block, Catch, CatchKind, CompoundOp, Expr, LocalId, Stmt, StmtKind};
use ksc::types::Ty;

impl<'a> Machine<'a> {
    pub(super) fn block(&mut self, block: &'a Block) -> Run<Value> {
        for stmt in &block.stmts {
            self.stmt(stmt)?;
        }
        match &block.value {
            Some(value) => self.value(value),
            None => Ok(Value::Void),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what the evaluator does not know it says")]
    fn stmt(&mut self, stmt: &'a Stmt) -> Run<()> {
        self.step()?;
        match &stmt.kind {
            StmtKind::Var { local, init } => {
                let value = match init {
                    Some(init) => self.value(init)?,
                    None => value::zero(self.types, self.frame().func.local(*local).ty),
                };
                *self.object(*local)? = value;
            }
            StmtKind::Assign { place, op, value } => self.assign(place, *op, value)?,
            StmtKind::Expr(expr) => {
                self.value(expr)?;
            }
            StmtKind::While { condition, body } => {
                while self.value(condition)?.truth() {
                    if !self.iteration(body)? {
                        break;
                    }
                }
            }
            StmtKind::Loop { body } => while self.iteration(body)? {},
            StmtKind::VarCopy { local, present, source } => self.copy(*local, *present, source)?,
            StmtKind::VarElse { binding, otherwise } => {
                if !self.bind(binding)? {
                    self.block(otherwise)?;
                    return Err(Stop::Unknown("a block that does not leave"));
                }
            }
            StmtKind::MapUpdate { .. }
            | StmtKind::MapAssignOp { .. }
            | StmtKind::MapDelete { .. }
            | StmtKind::ForMap { .. } => self.map_stmt(&stmt.kind)?,
            StmtKind::For { local, low, high, inclusive, body } => self.range(*local, (low, high, *inclusive), body)?,
            StmtKind::ForBuckets { histogram, low, count, body } => self.buckets(histogram, (*low, *count), body)?,
            StmtKind::ForView { view, index, value, body } => self.each_byte(view, (*index, *value), body)?,
            StmtKind::ForArray { array, index, value, body } => self.each(array, (*index, *value), body)?,
            StmtKind::Break => return Err(Stop::Break),
            StmtKind::Continue => return Err(Stop::Continue),
            StmtKind::Return(value) => {
                let value = match value {
                    Some(value) => self.value(value)?,
                    None => Value::Void,
                };
                return Err(Stop::Return(value));
            }
            StmtKind::Throw(code) => return Err(Stop::Throw(self.value(code)?.number() as i32)),
            StmtKind::Try { body, catches } => match self.block(body) {
                Err(Stop::Throw(code)) => self.catch(code, catches)?,
                end => {
                    end?;
                }
            },
            StmtKind::Defer(block) => self.frame_mut().deferred.push(block),
            _ => return Err(Stop::Unknown("a kind of statement")),
        }
        Ok(())
    }

    /// The first handler that takes the code runs; what it throws is not for the others.
    fn catch(&mut self, code: i32, catches: &'a [Catch]) -> Run<()> {
        for catch in catches {
            let takes = match catch.takes {
                CatchKind::Code(wanted) => code == wanted,
                CatchKind::Any => true,
                CatchKind::Bind(local) => {
                    *self.object(local)? = Value::Int(code.into());
                    true
                }
            };
            if takes {
                self.block(&catch.body)?;
                return Ok(());
            }
        }
        Err(Stop::Throw(code))
    }

    /// The place is found, then the value computed, then the place changed.
    fn assign(&mut self, target: &'a Expr, op: Option<CompoundOp>, value: &'a Expr) -> Run<()> {
        let found = self.target(target)?.ok_or(Stop::Unknown("a kind of place"))?;
        let value = self.value(value)?;
        let new = match op {
            None => value,
            Some(op) => {
                let old = self.read(&found, target.ty)?;
                self.combined(old, op, value, target.ty)?
            }
        };
        self.assign_to(&found, new)
    }

    /// `old op= value`, where the type is that of `old`.
    pub(super) fn combined(&self, old: Value, op: CompoundOp, value: Value, ty: Ty) -> Run<Value> {
        Ok(match (old, value) {
            (Value::Bool(old), Value::Bool(value)) => Value::Bool(arith::bools(op.op, old, value)),
            (Value::Str(old), Value::Str(value)) => text::joined(&old, &value, self.types.size_of(ty)),
            (old, value) => {
                let (compute, own) = (self.int(op.compute)?, self.int(ty)?);
                let result = compute.arith(op.op, compute.wrap(old.number()), value.number());
                Value::Int(own.wrap(result))
            }
        })
    }

    /// One iteration of a loop; whether it goes on.
    pub(super) fn iteration(&mut self, body: &'a Block) -> Run<bool> {
        self.step()?;
        match self.block(body) {
            Ok(_) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn range(
        &mut self,
        local: LocalId,
        (low, high, inclusive): (&'a Expr, &'a Expr, bool),
        body: &'a Block,
    ) -> Run<()> {
        let (low, high) = (self.value(low)?.number(), self.value(high)?.number());
        let mut index = low;
        while index < high || (inclusive && index == high) {
            *self.object(local)? = Value::Int(index);
            if !self.iteration(body)? {
                break;
            }
            index += 1;
        }
        Ok(())
    }

    /// Each element is read at the start of its iteration.
    fn each(&mut self, array: &'a Expr, (index, element): (LocalId, LocalId), body: &'a Block) -> Run<()> {
        let target = match self.target(array)? {
            Some(target) => target,
            None => {
                let value = self.value(array)?;
                self.objects.push(value);
                Target::Place(Place { object: Object::Variable(self.objects.len() - 1), path: Vec::new() })
            }
        };
        let length = self.read(&target, array.ty)?.length();
        for at in 0..length {
            let value = self.read(&target, array.ty)?.part(at).clone();
            *self.object(index)? = Value::Int(at as i128);
            *self.object(element)? = value;
            if !self.iteration(body)? {
                break;
            }
        }
        Ok(())
    }
}
