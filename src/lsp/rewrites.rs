//! Changes of variables: the type written, the variable put where it is used or taken away, `else` where it may be null.
//!
//! Each is tried before it is proposed: the program with the change is checked, and must have no error that it had not before.

use super::actions::Asked;
use super::analysis::Analysis;
use crate::ast::walk::Node;
use crate::ast::{Expr, ExprKind, Ident, Item, ItemKind, Stmt, StmtKind, Type, UnaryOp};
use crate::diag::Severity;
use crate::source::Span;
use crate::types::Ty;
use crate::uses::Meaning;
use lsp_types::{CodeAction, CodeActionKind};
use std::collections::BTreeMap;

/// The declaration of a local variable.
struct Variable<'a> {
    name: &'a Ident,
    ty: Option<&'a Type>,
    init: &'a Expr,
    /// It has an `else`.
    tested: bool,
    stmt: &'a Stmt,
    item: &'a Item,
}

impl<'a> Asked<'a> {
    /// The changes of the variable whose name is selected.
    pub fn rewrites(&self) -> Vec<CodeAction> {
        let Some((_, Meaning::Local { declared, ty })) = self.analysis.name_at(self.file, self.lo) else {
            return Vec::new();
        };
        if self.errors(self.analysis).values().sum::<usize>() > 0 {
            return Vec::new();
        }
        let Some(variable) = self.variable(*declared) else { return Vec::new() };
        let found = [self.typed(&variable, *ty), self.inlined(&variable, *ty)];
        found.into_iter().flatten().collect()
    }

    /// The `var` that declares the name there; none for a parameter or the name of another statement.
    fn variable(&self, declared: Span) -> Option<Variable<'a>> {
        if declared.file != self.file {
            return None;
        }
        let nodes = self.analysis.nodes_at(self.file, declared.lo);
        let item = nodes.iter().find_map(|node| if let Node::Item(item) = node { Some(*item) } else { None })?;
        let stmt = nodes.iter().rev().find_map(|node| if let Node::Stmt(stmt) = node { Some(*stmt) } else { None })?;
        let StmtKind::Var { name, ty, init: Some(init), otherwise } = &stmt.kind else { return None };
        let (ty, tested) = (ty.as_ref(), otherwise.is_some());
        (name.span == declared).then_some(Variable { name, ty, init, tested, stmt, item })
    }

    /// Behind the declaration of what may be null, an `else` that returns.
    pub fn otherwise(&self, used: Span) -> Option<CodeAction> {
        let Meaning::Local { declared, .. } = self.analysis.cx.uses.at(used)? else { return None };
        let variable = self.variable(declared).filter(|variable| !variable.tested)?;
        let returned = self.returned(declared)?;
        let at = variable.stmt.span.hi;
        let changes = [(Span { lo: at, hi: at, ..declared }, format!(" else {{ return{returned} }}"))];
        let (after, _) = self.tried(&changes)?;
        if self.errors(&after).values().sum::<usize>() >= self.errors(self.analysis).values().sum() {
            return None;
        }
        let title = format!("return where there is no `{}`", variable.name.name);
        self.action(title, CodeActionKind::QUICKFIX, &changes)
    }

    /// The type of a variable, written behind its name.
    fn typed(&self, variable: &Variable<'_>, ty: Ty) -> Option<CodeAction> {
        if variable.ty.is_some() || ty == Ty::ERROR {
            return None;
        }
        let at = variable.name.span.hi;
        let changes = [(Span { lo: at, ..variable.name.span }, format!(": {}", self.analysis.cx.types.name(ty)))];
        let (after, _) = self.tried(&changes)?;
        let same = matches!(after.cx.uses.at(variable.name.span)?, Meaning::Local { ty: found, .. }
            if after.cx.types.name(found) == self.analysis.cx.types.name(ty));
        same.then(|| self.action("write the type", CodeActionKind::REFACTOR_REWRITE, &changes))?
    }

    /// The value of a variable in each place of its name, without the variable; of one that nothing reads, nothing.
    fn inlined(&self, variable: &Variable<'_>, ty: Ty) -> Option<CodeAction> {
        let uses = self.uses(variable.name.span);
        if variable.tested
            || self.is_changed(variable.item, variable.name.span)
            || !self.is_fixed(variable, variable.init)
        {
            return None;
        }
        let value = self.analysis.cx.sources.text(variable.init.span);
        let alone = is_alone(variable.init);
        let written = if alone { value.to_owned() } else { format!("({value})") };
        let mut changes = vec![(self.line_of(variable.stmt)?, String::new())];
        changes.extend(uses.iter().map(|place| (*place, written.clone())));
        let (after, places) = self.tried(&changes)?;
        // A number takes the type that its place wants.
        let wanted = self.analysis.cx.types.name(ty);
        for (lo, hi) in places.into_iter().skip(1) {
            let edge = u32::from(!alone);
            let place = Span { lo: lo + edge, hi: hi - edge, ..variable.name.span };
            let found = after.cx.uses.type_at(Span { file: after.file_of(&self.analysis.path(place))?, ..place })?;
            if after.cx.types.name(found) != wanted {
                return None;
            }
        }
        if uses.is_empty() {
            let title = format!("remove the variable `{}`", variable.name.name);
            return self.action(title, CodeActionKind::QUICKFIX, &changes);
        }
        let title = format!("put the value of `{}` in its place", variable.name.name);
        self.action(title, CodeActionKind::REFACTOR_INLINE, &changes)
    }

    /// Where a variable is named besides its declaration.
    fn uses(&self, declared: Span) -> Vec<Span> {
        let names = self.analysis.names_in(self.file).iter();
        let of = names.filter(|(span, meaning)| {
            *span != declared && matches!(meaning, Meaning::Local { declared: of, .. } if *of == declared)
        });
        of.map(|(span, _)| *span).collect()
    }

    /// Whether a variable, or a part of it, is written to, or its address taken.
    fn is_changed(&self, item: &Item, declared: Span) -> bool {
        let mut changed = false;
        Node::Item(item).each(&mut |node| {
            let place = match node {
                Node::Stmt(Stmt { kind: StmtKind::Assign { place, .. } | StmtKind::Delete(place), .. }) => place,
                Node::Expr(Expr { kind: ExprKind::Unary { op: UnaryOp::AddressOf, operand }, .. }) => operand,
                Node::Stmt(_) | Node::Expr(_) | Node::Item(_) | Node::Block(_) | Node::Type(_) => return,
            };
            changed |= root(place).is_some_and(|name| self.is_local(name, declared));
        });
        changed
    }

    fn is_local(&self, name: &Ident, wanted: Span) -> bool {
        matches!(self.analysis.cx.uses.at(name.span), Some(Meaning::Local { declared, .. }) if declared == wanted)
    }

    /// Whether an expression does nothing, and is the same wherever the variable is named: it reads constants and variables that do not change,
    /// and no other variable has the name of one of them.
    fn is_fixed(&self, variable: &Variable<'_>, expr: &Expr) -> bool {
        let mut fixed = true;
        Node::Expr(expr).each(&mut |node| {
            let Node::Expr(expr) = node else { return };
            fixed &= match &expr.kind {
                ExprKind::Name(path) => path.segments.last().is_some_and(|name| self.is_fixed_name(variable, name)),
                ExprKind::Field { arrow, .. } => !arrow,
                ExprKind::Unary { op, .. } => !matches!(op, UnaryOp::Deref | UnaryOp::AddressOf),
                ExprKind::Int(_)
                | ExprKind::Float(_)
                | ExprKind::Char(_)
                | ExprKind::Str(_)
                | ExprKind::Bool(_)
                | ExprKind::Null
                | ExprKind::Binary { .. }
                | ExprKind::Ternary { .. }
                | ExprKind::Cast { .. }
                | ExprKind::SizeofType(_)
                | ExprKind::Offsetof { .. }
                | ExprKind::Paren(_) => true,
                ExprKind::Index { .. }
                | ExprKind::Call { .. }
                | ExprKind::Struct { .. }
                | ExprKind::Packet { .. }
                | ExprKind::Array(_)
                | ExprKind::Fill { .. }
                | ExprKind::If(_)
                | ExprKind::Block(_)
                | ExprKind::Match(_)
                | ExprKind::SizeofExpr(_)
                | ExprKind::New { .. }
                | ExprKind::Unread(_) => false,
            };
        });
        fixed
    }

    fn is_fixed_name(&self, variable: &Variable<'_>, name: &Ident) -> bool {
        match self.analysis.cx.uses.at(name.span) {
            Some(Meaning::Local { declared, .. }) => {
                let is_name = |span: &Span| self.analysis.cx.sources.text(*span) == name.name;
                let here = self.analysis.names_in(self.file).iter();
                let mut same = here.filter(|(span, _)| is_name(span)).filter_map(|(span, meaning)| {
                    let inside = variable.item.span.lo <= span.lo && span.hi <= variable.item.span.hi;
                    if let (true, Meaning::Local { declared, .. }) = (inside, meaning) { Some(*declared) } else { None }
                });
                same.all(|other| other == declared) && !self.is_changed(variable.item, declared)
            }
            Some(Meaning::Declared(at)) => {
                let items = self.analysis.items(at.file).iter();
                let mut named = items.filter(|item| item.kind.name().is_some_and(|name| name.span == at));
                named.any(|item| matches!(item.kind, ItemKind::Const(_)))
            }
            Some(Meaning::Constant(_) | Meaning::Variant { .. }) => true,
            Some(_) | None => false,
        }
    }

    /// The lines of a statement that has them for itself.
    fn line_of(&self, stmt: &Stmt) -> Option<Span> {
        let text = &self.analysis.file(self.file).text;
        let lo = text[..stmt.span.lo as usize].rfind('\n').map_or(0, |end| end + 1);
        let hi = stmt.span.hi as usize;
        let hi = text[hi..].find('\n').map_or(text.len(), |end| hi + end + 1);
        let around = [&text[lo..stmt.span.lo as usize], &text[stmt.span.hi as usize..hi]];
        let blank = around.iter().all(|part| part.chars().all(|c| c.is_whitespace() || c == ';'));
        blank.then_some(Span { lo: lo as u32, hi: hi as u32, ..stmt.span })
    }

    /// The check of the program with changes of one text that is open, and where what they wrote is then; none if it has an error that the
    /// program has not.
    fn tried(&self, changes: &[(Span, String)]) -> Option<(Analysis, Vec<(u32, u32)>)> {
        let path = &self.analysis.file(self.file).path;
        let mut documents = self.server.documents.clone();
        let document = documents.of_file(path)?.clone();
        let mut order: Vec<usize> = (0..changes.len()).collect();
        order.sort_by_key(|at| changes[*at].0);
        let (mut text, mut from) = (String::new(), 0);
        let mut places = vec![(0, 0); changes.len()];
        for at in order {
            let (span, new) = &changes[at];
            text.push_str(document.text.get(from..span.lo as usize)?);
            let lo = text.len() as u32;
            text.push_str(new);
            (places[at], from) = ((lo, text.len() as u32), span.hi as usize);
        }
        text.push_str(document.text.get(from..)?);
        documents.open(document.uri, text, document.version);
        let root = documents.of_file(&self.analysis.file(self.analysis.root).path)?;
        let after = Analysis::of(root, &documents, &self.server.options);
        let before = self.errors(self.analysis);
        let right = self.errors(&after).iter().all(|(error, count)| before.get(error).is_some_and(|had| had >= count));
        right.then_some((after, places))
    }

    /// The errors of a check with how often there is each.
    fn errors(&self, of: &Analysis) -> BTreeMap<(&'static str, String), usize> {
        let mut found = BTreeMap::new();
        for error in of.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
            *found.entry((error.code, error.message.clone())).or_default() += 1;
        }
        found
    }
}

/// The name that a place begins with.
fn root(place: &Expr) -> Option<&Ident> {
    if let ExprKind::Name(path) = &place.kind {
        return path.segments.first();
    }
    let (ExprKind::Field { base: inner, .. }
    | ExprKind::Index { base: inner, .. }
    | ExprKind::Paren(inner)
    | ExprKind::Unary { operand: inner, .. }) = &place.kind
    else {
        return None;
    };
    root(inner)
}

/// Whether an expression means the same without parentheses wherever a name may stand.
fn is_alone(expr: &Expr) -> bool {
    matches!(
        &expr.kind,
        ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Char(_)
            | ExprKind::Str(_)
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Name(_)
            | ExprKind::Field { .. }
            | ExprKind::SizeofType(_)
            | ExprKind::Offsetof { .. }
            | ExprKind::Paren(_)
    )
}
