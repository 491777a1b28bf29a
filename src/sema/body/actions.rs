//! Results of programs: actions of their type, also if the result is declared as an integer. Branches that yield values
//! of several enums.

use super::branches::Branch;
use super::value::{Value, error_expr, local, number};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::contexts::ResultRange;
use crate::sema::enums;
use crate::sema::tree::{Expr, ProgramRole, Role};
use crate::sema::trusted::Holder;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// A value that the function returns.
    pub fn result_value(&mut self, value: &ast::Expr, result: Ty) -> Expr {
        let Some(action) = self.action() else {
            let value = self.value(value, Some(result));
            let holder = Holder::Result(self.func);
            self.note_held_in(holder, &value.expr);
            let value = self.coerce(value, result);
            self.check_returned(&value);
            return value;
        };
        let value = self.value(value, Some(action));
        let value = self.as_action(value, action);
        self.coerce(value, result)
    }
}

impl State<'_, '_> {
    fn as_action(&mut self, value: Value, action: Ty) -> Value {
        if !self.is_other_action(value.ty()) && self.refuse_enum(&value.expr, action) {
            return error_expr(value.span()).into();
        }
        if let Some(number) = number(&value.expr).filter(|_| value.ty() != action) {
            enums::check_variant(self.cx, value.span(), number, action);
        }
        value
    }

    /// Refuses what branches yield of other enums than the one that is wanted, or than the first branch does. Where all
    /// are of one enum, who takes the value decides.
    pub fn separate_enums(&mut self, branches: &mut [Branch], expected: Option<Ty>) {
        let enums: Vec<Ty> =
            yielded(branches).map(|value| value.ty()).filter(|&ty| self.enum_id(ty).is_some()).collect();
        let (Some(&first), others) = (enums.first(), enums.len() < yielded(branches).count()) else { return };
        let wanted = match expected {
            Some(ty) if self.enum_id(ty).is_some() => ty,
            Some(ty) if self.is_int(ty) => return,
            Some(_) | None => first,
        };
        if !others && enums.iter().all(|&ty| ty == first) {
            return;
        }
        for value in yielded(branches) {
            if !self.is_other_action(value.ty()) && self.refuse_enum(&value.expr, wanted) {
                value.expr = error_expr(value.span());
            }
        }
    }
}

impl Site<'_, '_> {
    /// Refuses a constant that the kernel does not accept as the result of the program.
    fn check_returned(&mut self, value: &Expr) {
        let func = self.env.program.func(self.func);
        let Role::Program(role) = &func.role else { return };
        let Some((least, most)) = role.form().and_then(|form| form.returns) else { return };
        let Some(number) = number(value).filter(|&number| number < least.into() || number > most.into()) else {
            return;
        };
        let name = role.spec.name.to_owned();
        let range = if least == most { least.to_string() } else { format!("{least} to {most}") };
        self.error(value.span, ResultRange { number: number.to_string(), name, range });
    }

    /// Whether the place is the named result of the function.
    pub fn is_result(&self, place: &Expr) -> bool {
        local(place).is_some_and(|local| self.env.program.func(self.func).named_result == Some(local))
    }

    /// The enum of the actions that a program returns, if it declares an integer for them.
    fn action(&mut self) -> Option<Ty> {
        let role = self.integer_actions()?;
        let action = self.table_type(role.result());
        self.enum_id(action).map(|_| action)
    }

    /// The type of the program, if it declares an integer as its result.
    fn integer_actions(&self) -> Option<&ProgramRole> {
        let func = self.env.program.func(self.func);
        let Role::Program(role) = &func.role else { return None };
        self.is_int(func.result).then_some(role)
    }

    /// Whether the type is an enum whose numbers are actions where the program declares an integer.
    fn is_other_action(&self, ty: Ty) -> bool {
        let TyKind::Enum(id) = self.cx.types.kind(ty) else { return false };
        let def = self.cx.types.enum_def(id);
        def.span.is_none()
            && self.integer_actions().is_some_and(|role| role.spec.as_integers.contains(&def.name.as_str()))
    }

    /// Warns of constants in branches that are no variant of the wanted enum, where the branches have an integer in common.
    pub fn check_branch_variants(&mut self, values: &[&Value], common: Ty, expected: Option<Ty>) {
        let Some(wanted) = expected.filter(|&ty| self.enum_id(ty).is_some() && self.is_int(common)) else { return };
        for value in values {
            if let Some(number) = number(&value.expr).filter(|_| self.enum_id(value.ty()).is_none()) {
                enums::check_variant(self.cx, value.span(), number, wanted);
            }
        }
    }
}

fn yielded(branches: &mut [Branch]) -> impl Iterator<Item = &mut Value> {
    branches.iter_mut().filter_map(|branch| branch.value.as_mut())
}
