//! How a function gets the program's context: what errors propose, from the programs that call the function.

use super::Site;
use super::type_kinds::Pointer;
use crate::sema::tree::{Func, FuncId, ProgramRole, Role};
use crate::source::scan::{Scanner, TokenKind};
use crate::tables::Params;
use crate::types::{OWN_CONTEXT, Space, Ty, TyKind};
use std::collections::BTreeSet;

/// The struct of registers that programs of the type may have as their parameter.
fn registers(role: &ProgramRole) -> Option<&'static str> {
    if let Params::Registers { of, .. } = role.spec.params { Some(of) } else { None }
}

impl Site<'_, '_> {
    /// What to write in a function that needs the context: the parameter that fits its callers.
    pub fn context_help(&self) -> String {
        let callers = self.calling_programs(self.func);
        let programs = callers.iter().map(|&id| self.env.program.func(id));
        let roles: Vec<(&Func, &ProgramRole)> = programs
            .filter_map(|func| if let Role::Program(role) = &func.role { Some((func, role)) } else { None })
            .collect();
        let named: BTreeSet<&str> = roles.iter().filter_map(|(_, role)| role.context()).collect();
        let hidden = || roles.iter().filter(|(_, role)| role.arguments.is_some());
        let registers = hidden().find_map(|(func, role)| Some((&func.name, registers(role)?)));
        if named.is_empty()
            && let Some((program, of)) = registers
        {
            return format!(
                "give it a parameter, `ctx: *{of}`, and hand over the program's; `{program}` then has that parameter itself, in the place of the values: `fn {program}(ctx: *{of})`"
            );
        }
        if named.is_empty()
            && let Some((func, role)) = hidden().next()
        {
            return format!(
                "write this in `{}` itself: the parameters of a `@{}` program are in its context, which no other function gets",
                func.name, role.spec.name
            );
        }
        let forms: Vec<String> = named.iter().map(|of| format!("`ctx: *{of}`")).collect();
        match forms.as_slice() {
            [] => "give it the context of the programs that call it as a parameter, such as `ctx: *xdp_md`, and hand that over".to_owned(),
            forms => format!("give it a parameter, {}, and hand over the program's", forms.join(" or ")),
        }
    }

    /// Whether `from` is any program's context, and `to` one of a type of programs that this may not be.
    pub fn is_other_context(&self, from: Ty, to: Pointer) -> bool {
        if !self.cx.types.is_any_context(from)
            || to.space != Space::Ctx
            || self.pointer(from).is_some_and(|of| of.to == to.to)
        {
            return false;
        }
        let role = &self.env.program.func(self.func).role;
        let own = if let Role::Program(role) = role { registers(role) } else { None };
        own != Some(self.cx.types.name(to.to).as_str())
    }

    /// `ctx` of a program whose parameters are values in the context goes to a function that takes the context itself.
    pub fn own_context_help(&self, found: Ty, wanted: Ty) -> Option<String> {
        let types = &self.cx.types;
        let of = |ty: Ty| {
            if let TyKind::Struct(id) = types.kind(self.pointer(ty)?.to) { Some(types.struct_def(id)) } else { None }
        };
        if of(found)?.name != OWN_CONTEXT {
            return None;
        }
        let Role::Program(role) = &self.env.program.func(self.func).role else {
            let wanted = self.ty_name(wanted);
            return Some(format!(
                "nothing is known of any program's context: take the one of a type of programs, `ctx: {wanted}`"
            ));
        };
        let (wanted, name) = (&of(wanted)?.name, &self.env.program.func(self.func).name);
        let kind = role.spec.name;
        Some(match registers(role) {
            Some(of) if of == wanted => format!(
                "a program that hands its context over has that as its parameter, in the place of the values: `fn {name}(ctx: *{of})`"
            ),
            Some(_) | None => {
                format!("the parameters of a `@{kind}` program are in its context, which only helpers take")
            }
        })
    }

    /// The programs whose calls lead to a function, as far as the text shows; all programs if none does.
    fn calling_programs(&self, func: FuncId) -> Vec<FuncId> {
        let ids = || (0..self.env.funcs.len() as u32).map(FuncId);
        let programs = |found: &mut dyn Iterator<Item = FuncId>| -> Vec<FuncId> {
            found.filter(|id| matches!(self.env.program.func(*id).role, Role::Program(_))).collect()
        };
        if matches!(self.env.program.func(func).role, Role::Program(_)) {
            return vec![func];
        }
        let words: Vec<BTreeSet<&str>> = ids().map(|id| self.words_of(id)).collect();
        let (mut found, mut open) = (BTreeSet::from([func]), vec![func]);
        while let Some(callee) = open.pop() {
            let name = self.env.program.func(callee).name.as_str();
            let callers = ids().filter(|id| words[id.0 as usize].contains(name));
            open.extend(callers.filter(|id| found.insert(*id)));
        }
        let calling = programs(&mut found.into_iter());
        if calling.is_empty() { programs(&mut ids()) } else { calling }
    }

    /// The words in the text of a function's body.
    fn words_of(&self, func: FuncId) -> BTreeSet<&str> {
        let Some(body) = &self.env.funcs[func.0 as usize].decl.body else { return BTreeSet::new() };
        let text = self.cx.sources.text(body.span);
        Scanner::new(text)
            .filter(|token| token.kind == TokenKind::Word)
            .map(|token| &text[token.lo..token.hi])
            .collect()
    }
}
