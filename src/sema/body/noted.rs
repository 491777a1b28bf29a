//! Notes the names of bodies with their meanings (`Session::uses`), for editors.
//!
//! The names of a statement are looked up before any rule looks at the statement: the variables around it are known then, and what it declares
//! itself is known in the blocks below it alone, whose statements come later. Fields, types and variants are noted by the rules that resolve
//! them.

use super::State;
use super::exprs::strip;
use super::variables::Name;
use crate::ast::walk::Node;
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::sema::meanings::of_declared;
use crate::tables::{self, MAP_METHODS};
use crate::types::Ty;
use crate::uses::Meaning;

impl State<'_, '_> {
    /// Notes the names in a statement, but not those of statements inside it.
    pub fn note_names(&mut self, stmt: &ast::Stmt) {
        if self.cx.uses.is_open() {
            Node::Stmt(stmt).parts().into_iter().for_each(|part| self.note_in(part));
        }
    }

    /// Notes the name that an expression is, as it is known now.
    pub fn note_name(&self, expr: &ast::Expr) {
        if self.cx.uses.is_open()
            && let Ast::Name(path) = &expr.kind
            && let [name] = path.segments.as_slice()
            && let Some(meaning) = self.meaning(name)
        {
            self.cx.uses.note(name.span, || meaning);
        }
    }

    fn note_in(&mut self, node: Node) {
        match node {
            Node::Expr(expr) => self.note_expr(expr),
            // Statements of blocks are noted when control comes to them, types when they are resolved.
            Node::Block(_) | Node::Stmt(_) | Node::Type(_) | Node::Item(_) => return,
        }
        node.parts().into_iter().for_each(|part| self.note_in(part));
    }

    fn note_expr(&mut self, expr: &ast::Expr) {
        self.note_name(expr);
        let member = if let Ast::Call { callee, .. } = &expr.kind { strip(callee) } else { expr };
        if let Ast::Field { base, name, .. } = &member.kind
            && let Some(meaning) = self.member_meaning(base, name)
        {
            self.cx.uses.note(name.span, || meaning);
        }
    }

    /// The meaning of a name alone; none if it has none.
    pub(super) fn meaning(&self, name: &Ident) -> Option<Meaning> {
        match self.vars.local_name(&name.name) {
            Some(Name::Local(id)) => {
                let local = &self.vars[*id];
                return Some(Meaning::Local { declared: local.span, ty: local.ty });
            }
            Some(Name::Const { ty, span, .. }) => {
                return Some(Meaning::Local { declared: *span, ty: ty.unwrap_or(Ty::ERROR) });
            }
            Some(Name::Broken { .. }) => return None,
            None => {}
        }
        match self.env.lookup(self.module, &name.name) {
            Some(declared) => of_declared(&self.cx.types, declared, &name.name),
            None => of_language(&name.name),
        }
    }

    /// The meaning of the name after a module or a map.
    fn member_meaning(&self, base: &ast::Expr, name: &Ident) -> Option<Meaning> {
        if let Some(import) = self.import_named(base) {
            return of_declared(&self.cx.types, self.env.member(import, &name.name)?, &name.name);
        }
        if let Some(receiver) = self.receiver_of(base) {
            return receiver.methods().find(|spec| spec.word() == name.name).map(Meaning::Method);
        }
        let (map, of_entry) = match self.map_entry(base) {
            Some((map, _)) => (map, true),
            None => (self.map_named(base)?, false),
        };
        let kind = self.env.program.map(map).kind;
        let method = MAP_METHODS.iter().find(|method| {
            let written = method.written.unwrap_or(method.name) == name.name;
            written && !method.function && method.entry == of_entry && kind.can(method.needs)
        })?;
        Some(Meaning::MapMethod(kind, method))
    }
}

/// The meaning of the name of a builtin function or a helper.
fn of_language(name: &str) -> Option<Meaning> {
    let builtin = tables::builtin(name).map(Meaning::Builtin);
    builtin.or_else(|| tables::helper(name).map(Meaning::Helper))
}
