//! The parts of a node of the tree, in the order of the source: for what looks at all nodes, or at those around a place.

use super::{
    ArmBody, Block, CatchPattern, Condition, Expr, ExprKind, FnDecl, ForOver, IfExpr, ImplMemberKind, Item, ItemKind,
    MatchExpr, Pattern, Stmt, StmtKind, Type, TypeKind,
};
use crate::source::Span;

/// A node that has parts.
#[derive(Clone, Copy)]
pub enum Node<'a> {
    Item(&'a Item),
    Block(&'a Block),
    Stmt(&'a Stmt),
    Expr(&'a Expr),
    Type(&'a Type),
}

impl<'a> Node<'a> {
    /// The place of the node.
    pub fn span(self) -> Span {
        match self {
            Node::Item(item) => item.span,
            Node::Block(block) => block.span,
            Node::Stmt(stmt) => stmt.span,
            Node::Expr(expr) => expr.span,
            Node::Type(ty) => ty.span,
        }
    }

    /// The nodes right below it.
    pub fn parts(self) -> Vec<Node<'a>> {
        let mut parts = Vec::new();
        match self {
            Node::Item(item) => item_parts(item, &mut parts),
            Node::Block(block) => parts.extend(block.stmts.iter().map(Node::Stmt)),
            Node::Stmt(stmt) => stmt_parts(&stmt.kind, &mut parts),
            Node::Expr(expr) => expr_parts(&expr.kind, &mut parts),
            Node::Type(ty) => type_parts(&ty.kind, &mut parts),
        }
        parts
    }

    /// Calls `see` for the node and for all below it, each before its parts.
    pub fn each(self, see: &mut impl FnMut(Node<'a>)) {
        see(self);
        for part in self.parts() {
            part.each(see);
        }
    }
}

fn item_parts<'a>(item: &'a Item, parts: &mut Vec<Node<'a>>) {
    for attribute in &item.attributes {
        parts.extend(attribute.args.iter().flatten().map(|arg| Node::Expr(&arg.value)));
    }
    match &item.kind {
        ItemKind::Fn(decl) => function_parts(decl, parts),
        ItemKind::Struct(decl) => {
            for field in &decl.fields {
                parts.push(Node::Type(&field.ty));
                parts.extend(field.bits.iter().chain(&field.default).map(Node::Expr));
            }
        }
        ItemKind::Config(decl) => {
            for field in &decl.fields {
                parts.push(Node::Type(&field.ty));
                parts.extend(field.default.iter().map(Node::Expr));
            }
        }
        ItemKind::Enum(decl) => {
            parts.extend(decl.repr.iter().map(Node::Type));
            parts.extend(decl.variants.iter().filter_map(|variant| variant.value.as_ref()).map(Node::Expr));
        }
        ItemKind::Alias { ty, .. } => parts.push(Node::Type(ty)),
        ItemKind::Var(decl) => {
            parts.extend(decl.ty.iter().map(Node::Type));
            parts.extend(decl.init.iter().map(Node::Expr));
        }
        ItemKind::Const(decl) => {
            parts.extend(decl.ty.iter().map(Node::Type));
            parts.push(Node::Expr(&decl.value));
        }
        ItemKind::Impl(decl) => {
            for member in &decl.members {
                match &member.kind {
                    ImplMemberKind::Fn(decl) => function_parts(decl, parts),
                    ImplMemberKind::Field { value, .. } => parts.push(Node::Expr(value)),
                }
            }
        }
        ItemKind::Extern(decl) => {
            parts.extend(decl.params.iter().map(|param| Node::Type(&param.ty)));
            parts.extend(decl.result.iter().map(Node::Type));
        }
        ItemKind::Include { .. }
        | ItemKind::Import { .. }
        | ItemKind::License { .. }
        | ItemKind::MinKernel { .. }
        | ItemKind::Unread(_) => {}
    }
}

fn function_parts<'a>(decl: &'a FnDecl, parts: &mut Vec<Node<'a>>) {
    parts.extend(decl.params.iter().map(|param| Node::Type(&param.ty)));
    parts.extend(decl.result.iter().map(|result| Node::Type(&result.ty)));
    parts.extend(decl.body.iter().map(Node::Block));
}

fn stmt_parts<'a>(stmt: &'a StmtKind, parts: &mut Vec<Node<'a>>) {
    match stmt {
        StmtKind::Var { ty, init, otherwise, .. } => {
            parts.extend(ty.iter().map(Node::Type));
            parts.extend(init.iter().map(Node::Expr));
            parts.extend(otherwise.iter().map(Node::Block));
        }
        StmtKind::Const { ty, value, .. } => {
            parts.extend(ty.iter().map(Node::Type));
            parts.push(Node::Expr(value));
        }
        StmtKind::Assign { place, value, .. } => parts.extend([place, value].map(Node::Expr)),
        StmtKind::Expr(expr)
        | StmtKind::Throw(expr)
        | StmtKind::Delete(expr)
        | StmtKind::DeferCall(expr)
        | StmtKind::DeferDelete(expr) => parts.push(Node::Expr(expr)),
        StmtKind::While { condition, body } => parts.extend([Node::Expr(condition), Node::Block(body)]),
        StmtKind::Loop { body } | StmtKind::DeferBlock(body) => parts.push(Node::Block(body)),
        StmtKind::For(stmt) => {
            match &stmt.over {
                ForOver::Range { low, high, .. } => parts.extend([low, high].map(Node::Expr)),
                ForOver::Each(expr) => parts.push(Node::Expr(expr)),
            }
            parts.push(Node::Block(&stmt.body));
        }
        StmtKind::Break | StmtKind::Continue => {}
        StmtKind::Return(value) => parts.extend(value.iter().map(Node::Expr)),
        StmtKind::Try { body, catches } => {
            parts.push(Node::Block(body));
            for catch in catches {
                if let CatchPattern::Value(value) = &catch.pattern {
                    parts.push(Node::Expr(value));
                }
                parts.push(Node::Block(&catch.body));
            }
        }
        StmtKind::OnReturn { param, body } => {
            parts.extend(param.iter().map(|param| Node::Type(&param.ty)));
            parts.push(Node::Block(body));
        }
        StmtKind::Lock { place, body } => parts.extend([Node::Expr(place), Node::Block(body)]),
    }
}

fn expr_parts<'a>(expr: &'a ExprKind, parts: &mut Vec<Node<'a>>) {
    match expr {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Char(_)
        | ExprKind::Str(_)
        | ExprKind::Bool(_)
        | ExprKind::Null
        | ExprKind::Name(_)
        | ExprKind::Unread(_) => {}
        ExprKind::Field { base, .. } => parts.push(Node::Expr(base)),
        ExprKind::Index { base, index } => parts.extend([Node::Expr(base), Node::Expr(index)]),
        ExprKind::Call { callee, args } => {
            parts.push(Node::Expr(callee));
            parts.extend(args.iter().map(|arg| Node::Expr(&arg.value)));
        }
        ExprKind::Unary { operand, .. } | ExprKind::Paren(operand) | ExprKind::SizeofExpr(operand) => {
            parts.push(Node::Expr(operand));
        }
        ExprKind::Binary { left, right, .. } => parts.extend([Node::Expr(left), Node::Expr(right)]),
        ExprKind::Ternary { condition, then, otherwise } => {
            parts.extend([condition, then, otherwise].map(|part| Node::Expr(part)));
        }
        ExprKind::Cast { operand, ty } => parts.extend([Node::Expr(operand), Node::Type(ty)]),
        ExprKind::Struct { fields, .. } => parts.extend(fields.iter().map(|field| Node::Expr(&field.value))),
        ExprKind::Packet { layers: elements, .. } | ExprKind::Array(elements) => {
            parts.extend(elements.iter().map(Node::Expr));
        }
        ExprKind::Fill { value, count } => parts.extend([Node::Expr(value), Node::Expr(count)]),
        ExprKind::If(branch) => branch_parts(branch, parts),
        ExprKind::Block(block) => parts.push(Node::Block(block)),
        ExprKind::Match(matching) => match_parts(matching, parts),
        ExprKind::SizeofType(ty) | ExprKind::Offsetof { ty, .. } => parts.push(Node::Type(ty)),
        ExprKind::New { ty, args } => {
            parts.push(Node::Type(ty));
            parts.extend(args.iter().map(Node::Expr));
        }
    }
}

fn branch_parts<'a>(branch: &'a IfExpr, parts: &mut Vec<Node<'a>>) {
    match &branch.condition {
        Condition::Expr(expr) => parts.push(Node::Expr(expr)),
        Condition::Bindings(bindings) => {
            for binding in bindings {
                parts.extend(binding.ty.iter().map(Node::Type));
                parts.push(Node::Expr(&binding.value));
            }
        }
    }
    parts.push(Node::Block(&branch.then));
    parts.extend(branch.otherwise.iter().map(Node::Block));
}

fn match_parts<'a>(matching: &'a MatchExpr, parts: &mut Vec<Node<'a>>) {
    parts.push(Node::Expr(&matching.subject));
    for arm in &matching.arms {
        for pattern in &arm.patterns {
            match pattern {
                Pattern::Default(_) => {}
                Pattern::Value(value) => parts.push(Node::Expr(value)),
                Pattern::Range { low, high, .. } => parts.extend([Node::Expr(low), Node::Expr(high)]),
            }
        }
        match &arm.body {
            ArmBody::Expr(expr) => parts.push(Node::Expr(expr)),
            ArmBody::Block(block) => parts.push(Node::Block(block)),
            ArmBody::Stmt(stmt) => parts.push(Node::Stmt(stmt)),
        }
    }
}

fn type_parts<'a>(ty: &'a TypeKind, parts: &mut Vec<Node<'a>>) {
    match ty {
        TypeKind::Named(_) | TypeKind::Unread => {}
        TypeKind::Applied { args, sizes, .. } => {
            parts.extend(args.iter().map(Node::Type));
            parts.extend(sizes.iter().map(Node::Expr));
        }
        TypeKind::Array { element, length, .. } => parts.extend([Node::Type(element), Node::Expr(length)]),
        TypeKind::Pointer { to, .. } => parts.push(Node::Type(to)),
        TypeKind::Fn { params, result } => {
            parts.extend(params.iter().map(|param| Node::Type(&param.ty)));
            parts.extend(result.iter().map(|result| Node::Type(result)));
        }
    }
}
