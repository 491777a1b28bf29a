//! `panic("…")`, `assert(c, "…")`: the end of the program with a message.

use super::calls::counted;
use super::format::escape;
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::contexts::ArgumentCount;
use crate::sema::tree::{Arm, Block, Condition, Const, Expr, ExprKind, If, Match, Stmt, StmtKind};
use crate::source::Span;
use crate::types::{EnumId, Ty, TyKind};

/// So much of a condition is in the message.
const LONGEST_CONDITION: usize = 80;
/// For enums with more variants messages have numbers alone.
const MOST_NAMES: usize = 64;

/// A format with the values that it prints.
#[derive(Default)]
struct Message {
    format: Vec<u8>,
    args: Vec<Expr>,
}

impl Checker<'_, '_> {
    /// `panic(message, …)`
    pub fn panic(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if args.is_empty() {
            return self.lacks_message("panic", "a message, and the values in it", span);
        }
        let (format, args) = self.formatted("panic", args, span)?;
        let panic = self.stop(Message { format, args }, span);
        Some(void_block(vec![panic], span))
    }

    /// `assert(condition)`, `assert(condition, message, …)`: both sides of a comparison of numbers are in the message.
    pub fn assert(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let Some((condition, rest)) = args.split_first() else {
            return self.lacks_message("assert", "a condition, and a message if one likes", span);
        };
        self.refuse_name(condition, "assert");
        let text = self.condition_text(condition.value.span);
        let mut stmts = Vec::new();
        let condition = self.truth(&condition.value);
        let (condition, sides) = self.keep_sides(condition, &mut stmts);
        let before = self.flow.clone();
        let mut message = Message::default();
        escape(format!("assertion `{text}` failed").as_bytes(), &mut message.format);
        let (format, args) = self.formatted("assert", rest, span)?;
        if condition.ty == Ty::ERROR {
            return None;
        }
        message.append(Message { format, args });
        message.append(sides);
        let panic = self.stop(message, span);
        self.flow = before;
        let (then, otherwise) = (block(vec![panic], span), None);
        let failed = Expr { kind: ExprKind::Not(Box::new(condition)), ty: Ty::BOOL, span };
        let test = If { condition: Condition::Expr(failed), then, otherwise };
        let test = Expr { kind: ExprKind::If(Box::new(test)), ty: Ty::VOID, span };
        stmts.push(Stmt { kind: StmtKind::Expr(test), span });
        Some(void_block(stmts, span))
    }
}

impl State<'_, '_> {
    fn stop(&mut self, message: Message, span: Span) -> Stmt {
        self.flow.reachable = false;
        Stmt { kind: StmtKind::Panic { format: message.format, args: message.args }, span }
    }

    /// Both sides of a comparison of numbers, which are computed once, and the condition that uses them.
    fn keep_sides(&mut self, condition: Expr, stmts: &mut Vec<Stmt>) -> (Expr, Message) {
        let Expr { kind: ExprKind::Compare { op, left, right }, ty, span } = condition else {
            return (condition, Message::default());
        };
        if self.is_packet(left.ty) && self.is_packet(right.ty) {
            let mut sides = Message::default();
            let sides_of = (&mut sides.format, &mut sides.args);
            let (left, right) = self.packet_sides(op, (*left, *right), stmts, sides_of);
            return (
                Expr { kind: ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, ty, span },
                sides,
            );
        }
        if !self.is_shown(left.ty) || !self.is_shown(right.ty) {
            return (Expr { kind: ExprKind::Compare { op, left, right }, ty, span }, Message::default());
        }
        let enums = [&left, &right].map(|side| self.enum_of(side));
        let ([left, shown_left], [right, shown_right]) = (self.twice(*left, stmts), self.twice(*right, stmts));
        let mut sides = Message::default();
        for (text, side, of) in [("left: ", shown_left, enums[0]), (", right: ", shown_right, enums[1])] {
            sides.format.extend(text.bytes());
            let name = of.and_then(|of| self.shown_name(&side, of));
            let number = self.printed_number(side, &mut sides.format);
            sides.args.extend(number);
            if let Some(name) = name {
                sides.format.extend(b"%s");
                sides.args.push(name);
            }
        }
        (Expr { kind: ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, ty, span }, sides)
    }

    /// An expression for each of two uses.
    fn twice(&mut self, value: Expr, stmts: &mut Vec<Stmt>) -> [Expr; 2] {
        let (ty, span) = (value.ty, value.span);
        if let ExprKind::Local(local) = value.kind {
            return [value, Expr { kind: ExprKind::Local(local), ty, span }];
        }
        if let ExprKind::Const(Const::Int(number)) = value.kind {
            return [value, Expr { kind: ExprKind::Const(Const::Int(number)), ty, span }];
        }
        let local = self.hidden("_", ty, span);
        stmts.push(Stmt { kind: StmtKind::Var { local, init: Some(value) }, span });
        [(); 2].map(|()| Expr { kind: ExprKind::Local(local), ty, span })
    }
}

impl Site<'_, '_> {
    fn lacks_message(&mut self, name: &str, takes: &str, span: Span) -> Option<Expr> {
        let given = counted(0, "argument");
        self.error(span, ArgumentCount { name: name.to_owned(), takes: takes.to_owned(), given });
        None
    }

    /// The condition as written, in one line of ASCII, which is what BPF code can print.
    fn condition_text(&self, span: Span) -> String {
        let words: Vec<&str> = self.text(span).split_whitespace().collect();
        let text: String = words.join(" ").chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        if text.len() <= LONGEST_CONDITION { text } else { format!("{} ...", &text[..LONGEST_CONDITION - 4]) }
    }

    fn is_shown(&self, ty: Ty) -> bool {
        let kind = self.cx.types.kind(ty);
        self.cx.types.as_int(ty).is_some() || matches!(kind, TyKind::Be { .. } | TyKind::Bool)
    }

    /// The enum whose number a side is, and the number if it is a constant.
    fn enum_of(&self, side: &Expr) -> Option<(EnumId, Option<i128>)> {
        match (self.cx.types.kind(side.ty), &side.kind) {
            (TyKind::Enum(of), _) if self.enum_id(side.ty).is_some() => Some((of, super::value::number(side))),
            (_, ExprKind::Cast(inner)) => self.enum_of(inner),
            (_, _) => None,
        }
    }

    /// The name of the variant behind a number, as ` (NAME)`; empty where the number is no variant. BPF code has it for constants alone:
    /// elsewhere it takes a branch for each variant.
    fn shown_name(&mut self, side: &Expr, (of, number): (EnumId, Option<i128>)) -> Option<Expr> {
        let variants = self.cx.types.enum_def(of).variants.clone();
        let text = |name: &str| format!(" ({name})").into_bytes();
        if let Some(number) = number {
            let known = variants.iter().find(|variant| variant.value == number)?;
            return Some(self.text_of(text(&known.name), None, side.span));
        }
        let ExprKind::Local(local) = side.kind else { return None };
        if !self.targets.any(|on| !on.in_kernel) || variants.len() > MOST_NAMES {
            return None;
        }
        let length = variants.iter().map(|variant| text(&variant.name).len() as u32 + 1).max()?;
        let mut arms: Vec<Arm> = Vec::new();
        for variant in &variants {
            if arms.iter().any(|arm| arm.ranges == [(variant.value, variant.value)]) {
                continue;
            }
            let value = self.text_of(text(&variant.name), Some(length), side.span);
            let body = Block { stmts: Vec::new(), value: Some(Box::new(value)), span: side.span };
            arms.push(Arm { ranges: vec![(variant.value, variant.value)], body, span: side.span });
        }
        let empty = self.text_of(Vec::new(), Some(length), side.span);
        let default = Some(Block { stmts: Vec::new(), value: Some(Box::new(empty)), span: side.span });
        let subject = Expr { kind: ExprKind::Local(local), ty: side.ty, span: side.span };
        let node = Match { subject, arms, exhaustive: false, default };
        Some(Expr { kind: ExprKind::Match(Box::new(node)), ty: self.cx.types.string(length), span: side.span })
    }

    /// A constant text, of its own length if none is given.
    fn text_of(&mut self, text: Vec<u8>, length: Option<u32>, span: Span) -> Expr {
        let ty = self.cx.types.string(length.unwrap_or(text.len() as u32 + 1));
        Expr { kind: ExprKind::Const(Const::Str(text)), ty, span }
    }
}

impl Message {
    fn append(&mut self, other: Message) {
        if !other.format.is_empty() {
            self.format.extend(b": ");
            self.format.extend(other.format);
            self.args.extend(other.args);
        }
    }
}

fn block(stmts: Vec<Stmt>, span: Span) -> Block {
    Block { stmts, value: None, span }
}

fn void_block(stmts: Vec<Stmt>, span: Span) -> Expr {
    Expr { kind: ExprKind::Block(block(stmts, span)), ty: Ty::VOID, span }
}
