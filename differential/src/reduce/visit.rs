//! The blocks and expressions of a syntax tree, in a fixed order, to be changed.

use ksc::ast::{ArmBody, Block, Condition, Expr, ExprKind, File, ForOver, Item, ItemKind, Pattern, Stmt, StmtKind};

/// What a walk calls for each node, the outer ones first.
pub trait Visitor {
    fn block(&mut self, _: &mut Block) {}
    fn expr(&mut self, _: &mut Expr) {}
}

pub fn file(file: &mut File, visitor: &mut dyn Visitor) {
    for item in &mut file.items {
        self::item(item, visitor);
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only functions have statements")]
fn item(item: &mut Item, visitor: &mut dyn Visitor) {
    match &mut item.kind {
        ItemKind::Fn(func) => {
            if let Some(body) = &mut func.body {
                block(body, visitor);
            }
        }
        ItemKind::Var(var) => option(var.init.as_mut(), visitor),
        ItemKind::Const(constant) => expr(&mut constant.value, visitor),
        _ => {}
    }
}

fn option(value: Option<&mut Expr>, visitor: &mut dyn Visitor) {
    if let Some(value) = value {
        expr(value, visitor);
    }
}

fn block(block: &mut Block, visitor: &mut dyn Visitor) {
    visitor.block(block);
    for stmt in &mut block.stmts {
        self::stmt(stmt, visitor);
    }
}

fn stmt(stmt: &mut Stmt, visitor: &mut dyn Visitor) {
    match &mut stmt.kind {
        StmtKind::Var { init, otherwise, .. } => {
            option(init.as_mut(), visitor);
            if let Some(otherwise) = otherwise {
                block(otherwise, visitor);
            }
        }
        StmtKind::Const { value, .. } => expr(value, visitor),
        StmtKind::Assign { place, value, .. } => {
            expr(place, visitor);
            expr(value, visitor);
        }
        StmtKind::Expr(value)
        | StmtKind::Delete(value)
        | StmtKind::Throw(value)
        | StmtKind::DeferCall(value)
        | StmtKind::DeferDelete(value) => {
            expr(value, visitor);
        }
        StmtKind::While { condition, body } => {
            expr(condition, visitor);
            block(body, visitor);
        }
        StmtKind::Loop { body } | StmtKind::DeferBlock(body) | StmtKind::OnReturn { body, .. } => block(body, visitor),
        StmtKind::For(node) => {
            match &mut node.over {
                ForOver::Range { low, high, .. } => {
                    expr(low, visitor);
                    expr(high, visitor);
                }
                ForOver::Each(over) => expr(over, visitor),
            }
            block(&mut node.body, visitor);
        }
        StmtKind::Break | StmtKind::Continue => {}
        StmtKind::Return(value) => option(value.as_mut(), visitor),
        StmtKind::Try { body, catches } => {
            block(body, visitor);
            for catch in catches {
                block(&mut catch.body, visitor);
            }
        }
        StmtKind::Lock { place, body } => {
            expr(place, visitor);
            block(body, visitor);
        }
    }
}

fn expr(expr: &mut Expr, visitor: &mut dyn Visitor) {
    visitor.expr(expr);
    match &mut expr.kind {
        ExprKind::If(node) => {
            match &mut node.condition {
                Condition::Expr(condition) => self::expr(condition, visitor),
                Condition::Bindings(bindings) => {
                    for binding in bindings {
                        self::expr(&mut binding.value, visitor);
                    }
                }
            }
            block(&mut node.then, visitor);
            if let Some(otherwise) = &mut node.otherwise {
                block(otherwise, visitor);
            }
        }
        ExprKind::Block(node) => block(node, visitor),
        ExprKind::Match(node) => {
            self::expr(&mut node.subject, visitor);
            for arm in &mut node.arms {
                for pattern in &mut arm.patterns {
                    match pattern {
                        Pattern::Default(_) => {}
                        Pattern::Value(value) => self::expr(value, visitor),
                        Pattern::Range { low, high, .. } => {
                            self::expr(low, visitor);
                            self::expr(high, visitor);
                        }
                    }
                }
                match &mut arm.body {
                    ArmBody::Expr(value) => self::expr(value, visitor),
                    ArmBody::Block(body) => block(body, visitor),
                    ArmBody::Stmt(body) => stmt(body, visitor),
                }
            }
        }
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Char(_)
        | ExprKind::Str(_)
        | ExprKind::Bool(_)
        | ExprKind::Null
        | ExprKind::Name(_)
        | ExprKind::Field { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Ternary { .. }
        | ExprKind::Cast { .. }
        | ExprKind::Struct { .. }
        | ExprKind::Packet { .. }
        | ExprKind::Array(_)
        | ExprKind::Fill { .. }
        | ExprKind::SizeofType(_)
        | ExprKind::SizeofExpr(_)
        | ExprKind::Offsetof { .. }
        | ExprKind::New { .. }
        | ExprKind::Paren(_)
        | ExprKind::Unread(_) => {
            for operand in operands(expr) {
                self::expr(operand, visitor);
            }
        }
    }
}

/// The expressions directly inside one, but for statements.
pub fn operands(expr: &mut Expr) -> Vec<&mut Expr> {
    match &mut expr.kind {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Char(_)
        | ExprKind::Str(_)
        | ExprKind::Bool(_)
        | ExprKind::Null
        | ExprKind::Name(_)
        | ExprKind::SizeofType(_)
        | ExprKind::SizeofExpr(_)
        | ExprKind::Offsetof { .. }
        | ExprKind::New { .. }
        | ExprKind::Unread(_) => Vec::new(),
        ExprKind::Field { base, .. } => vec![base],
        ExprKind::Index { base, index } => vec![base, index],
        ExprKind::Call { args, .. } => args.iter_mut().map(|arg| &mut arg.value).collect(),
        ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => vec![operand],
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::Ternary { condition, then, otherwise } => vec![condition, then, otherwise],
        ExprKind::Struct { fields, .. } => fields.iter_mut().map(|field| &mut field.value).collect(),
        ExprKind::Packet { layers: elements, .. } | ExprKind::Array(elements) => elements.iter_mut().collect(),
        ExprKind::Fill { value, .. } => vec![value],
        ExprKind::Paren(inner) => vec![inner],
        ExprKind::If(node) => {
            let mut found = Vec::new();
            if let Condition::Expr(condition) = &mut node.condition {
                found.push(condition);
            }
            found.extend(last_value(&mut node.then));
            found.extend(node.otherwise.as_mut().and_then(last_value));
            found
        }
        ExprKind::Block(block) => last_value(block).into_iter().collect(),
        ExprKind::Match(node) => {
            let mut found = vec![&mut node.subject];
            for arm in &mut node.arms {
                match &mut arm.body {
                    ArmBody::Expr(value) => found.push(value),
                    ArmBody::Block(block) => found.extend(last_value(block)),
                    ArmBody::Stmt(_) => {}
                }
            }
            found
        }
    }
}

fn last_value(block: &mut Block) -> Option<&mut Expr> {
    match block.stmts.last_mut() {
        Some(Stmt { kind: StmtKind::Expr(value), .. }) => Some(value),
        Some(_) | None => None,
    }
}

/// The blocks directly inside a statement.
#[expect(clippy::wildcard_enum_match_arm, reason = "most hold none")]
pub fn blocks(stmt: &Stmt) -> Vec<Block> {
    match &stmt.kind {
        StmtKind::While { body, .. } | StmtKind::Loop { body } | StmtKind::DeferBlock(body) => vec![body.clone()],
        StmtKind::For(node) => vec![node.body.clone()],
        StmtKind::Try { body, catches } => {
            std::iter::once(body).chain(catches.iter().map(|catch| &catch.body)).cloned().collect()
        }
        StmtKind::DeferDelete(what) => {
            let stmt = Stmt { kind: StmtKind::Delete(what.clone()), span: stmt.span };
            vec![Block { stmts: vec![stmt], braced: true, span: what.span }]
        }
        // What is deferred, at once.
        StmtKind::DeferCall(call) => {
            let stmt = Stmt { kind: StmtKind::Expr(call.clone()), span: stmt.span };
            vec![Block { stmts: vec![stmt], braced: true, span: call.span }]
        }
        StmtKind::Expr(Expr { kind: ExprKind::Block(block), .. }) => vec![block.clone()],
        StmtKind::Expr(Expr { kind: ExprKind::If(node), .. }) => {
            std::iter::once(node.then.clone()).chain(node.otherwise.clone()).collect()
        }
        StmtKind::Expr(Expr { kind: ExprKind::Match(node), .. }) => {
            let body = |arm: &ksc::ast::Arm| match &arm.body {
                ArmBody::Block(block) => Some(block.clone()),
                ArmBody::Expr(_) | ArmBody::Stmt(_) => None,
            };
            node.arms.iter().filter_map(body).collect()
        }
        _ => Vec::new(),
    }
}
