//! Control flow, which stays structured: a `goto` only leaves blocks, and loops out of a `switch`.

use super::super::expr::Expr;
use super::super::function::{Around, FnGen};
use crate::ir::ops::{KsFor, KsIf, KsLeave, KsMatch, KsReturn, KsWhile};
use crate::ir::{OpData, RegionId, Value};
use crate::types::Ty;
use std::collections::BTreeMap;

pub fn yield_(_: &mut FnGen, _: &OpData) {
    crate::bug!("the op with the region writes its yield")
}

/// Variables for the results of an op with regions.
fn results(g: &mut FnGen, op: &OpData) -> Vec<String> {
    op.results.iter().map(|&value| g.variable(value)).collect()
}

pub fn if_(g: &mut FnGen, op: &OpData) {
    let view = KsIf::of(op);
    let (condition, then, otherwise) = (g.expr(view.condition()), view.then_region(), view.else_region());
    if op.results.len() == 1 && g.is_expression(then) && g.is_expression(otherwise) {
        let expr = choice(g, &condition, (then, otherwise), op.results[0]);
        g.result(op, expr);
        return;
    }
    g.comment(op);
    let names = results(g, op);
    let nothing = |g: &FnGen, region| names.is_empty() && g.is_empty(region);
    if nothing(g, then) && nothing(g, otherwise) {
        g.lines.line(format!("(void){};", condition.operand()));
        return;
    }
    let (head, first, second) = if nothing(g, then) {
        (Expr::not(&condition), otherwise, None)
    } else {
        (condition, then, (!nothing(g, otherwise)).then_some(otherwise))
    };
    g.lines.open(&format!("if ({})", head.text()));
    g.yielding(first, &names);
    if let Some(second) = second {
        g.lines.otherwise("else");
        g.yielding(second, &names);
    }
    g.lines.close("");
}

/// `&&`, `||` and `?:`
fn choice(g: &mut FnGen, condition: &Expr, (then, otherwise): (RegionId, RegionId), result: Value) -> Expr {
    g.region(then);
    g.region(otherwise);
    let (yes, no) = (g.yields(then)[0], g.yields(otherwise)[0]);
    let is_bool = g.ty(result) == Ty::BOOL;
    let known = |value| g.func.known(g.types(), value).filter(|_| is_bool);
    let (yes_expr, no_expr) = (g.expr(yes), g.expr(no));
    match (known(yes), known(no)) {
        (_, Some(0)) => Expr::binary(condition, "&&", &yes_expr),
        (Some(1), _) => Expr::binary(condition, "||", &no_expr),
        _ => Expr::choice(condition, &yes_expr, &no_expr),
    }
}

pub fn while_(g: &mut FnGen, op: &OpData) {
    let view = KsWhile::of(op);
    let (condition, body) = (view.condition_region(), view.body_region());
    g.comment(op);
    let label = g.label("after");
    if g.is_expression(condition) {
        g.region(condition);
        let test = g.expr(g.yields(condition)[0]);
        let test = if test.text() == "true" { Expr::primary("1") } else { test };
        g.lines.open(&format!("while ({})", test.text()));
    } else {
        g.lines.open("for (;;)");
        g.around.push(Around::Loop(label.clone()));
        g.region(condition);
        g.around.pop();
        if let Some(&test) = g.yields(condition).first() {
            let test = Expr::not(&g.expr(test));
            g.lines.line(format!("if ({})", test.text()));
            g.lines.line("\tbreak;");
        }
    }
    g.around.push(Around::Loop(label.clone()));
    g.region(body);
    g.around.pop();
    g.lines.close("");
    g.put_label(&label);
}

pub fn for_(g: &mut FnGen, op: &OpData) {
    let view = KsFor::of(op);
    let body = view.body_region();
    let (low, high) = (g.expr(view.low()), g.expr(view.high()));
    let index = g.func.blocks[g.func.only_block(body)].args[0];
    g.comment(op);
    let label = g.label("after");
    let name = g.variable(index);
    let head = if view.inclusive() {
        // The high bound may be the type's largest value.
        let more = g.names.inner("more");
        g.lines.declare(format!("bool {more};"));
        let (low, known) = (low.text(), g.func.known(g.types(), view.high()));
        let all = known.and_then(|high| super::arith::certain(g, g.ty(view.high()), "le", high));
        let high = high.operand();
        let first = all.map_or(format!("{name} <= {high}"), |all| all.to_string());
        format!("for ({name} = {low}, {more} = {first}; {more}; {more} = {name} != {high}, {name} += {more})")
    } else {
        format!("for ({name} = {}; {name} < {}; {name}++)", low.text(), high.operand())
    };
    g.lines.open(&head);
    g.around.push(Around::Loop(label.clone()));
    g.region(body);
    g.around.pop();
    g.lines.close("");
    g.put_label(&label);
}

pub fn break_(g: &mut FnGen, op: &OpData) {
    let label = g.around.iter().rev().find_map(|around| match around {
        Around::Loop(_) => Some(None),
        Around::Switch => Some(Some(())),
        Around::Block(_) | Around::Locked(_) => None,
    });
    release(g, |around| matches!(around, Around::Loop(_)));
    match label {
        Some(Some(())) => {
            let outer = g.around.iter().rev().find_map(|around| match around {
                Around::Loop(label) => Some(label.clone()),
                Around::Switch | Around::Block(_) | Around::Locked(_) => None,
            });
            let Some(outer) = outer else { crate::bug!("a break is in a loop") };
            g.go_to(op, &outer);
        }
        Some(None) => g.statement(op, "break".into()),
        None => crate::bug!("a break is in a loop"),
    }
}

/// Releases the locks that an exit leaves, up to the construct at which it ends.
fn release(g: &mut FnGen, is_end: impl FnMut(&Around) -> bool) {
    let end = g.around.iter().rposition(is_end).map_or(0, |at| at + 1);
    let held = g.around[end..].iter().rev().filter_map(|around| match around {
        Around::Locked(release) => Some(release.clone()),
        Around::Loop(_) | Around::Switch | Around::Block(_) => None,
    });
    let held: Vec<String> = held.collect();
    held.into_iter().for_each(|release| g.lines.line(release));
}

pub fn continue_(g: &mut FnGen, op: &OpData) {
    release(g, |around| matches!(around, Around::Loop(_)));
    g.statement(op, "continue".into());
}

pub fn block(g: &mut FnGen, op: &OpData) {
    let label = g.label("out");
    g.lines.open("");
    g.around.push(Around::Block(label.clone()));
    g.region(op.regions[0]);
    g.around.pop();
    g.lines.close("");
    g.put_label(&label);
}

pub fn leave(g: &mut FnGen, op: &OpData) {
    let depth = KsLeave::of(op).depth() as usize;
    let mut blocks = g.around.iter().rev().filter_map(|around| match around {
        Around::Block(label) => Some(label.clone()),
        Around::Loop(_) | Around::Switch | Around::Locked(_) => None,
    });
    let Some(label) = blocks.nth(depth) else { crate::bug!("a leave names a block around it") };
    release(g, |around| matches!(around, Around::Block(block) if *block == label));
    g.go_to(op, &label);
}

pub fn match_(g: &mut FnGen, op: &OpData) {
    let view = KsMatch::of(op);
    let subject = g.expr(view.subject());
    let ty = g.ty(view.subject());
    g.comment(op);
    let names = results(g, op);
    let subject = if ty == Ty::BOOL { Expr::cast("int", &subject) } else { subject };
    let mut cases: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for triple in view.cases().chunks(3) {
        let number = |value| super::super::constants::number(g.types(), case_type(ty), value).text().to_owned();
        let (first, last) = (number(triple[0]), number(triple[1]));
        let text = if first == last { format!("case {first}:") } else { format!("case {first} ... {last}:") };
        cases.entry(triple[2] as usize).or_default().push(text);
    }
    g.lines.open(&format!("switch ({})", subject.text()));
    g.around.push(Around::Switch);
    let last = op.regions.len() - 1;
    for (index, &region) in op.regions.iter().enumerate() {
        let mut heads = cases.remove(&index).unwrap_or_default();
        heads.extend((index == last).then(|| "default:".to_owned()));
        let Some(head) = heads.pop() else { continue };
        for head in heads {
            g.lines.line(head);
        }
        g.lines.open(&head);
        g.yielding(region, &names);
        if g.ends_in_yield(region) {
            g.lines.line("break;");
        }
        g.lines.close("");
    }
    g.around.pop();
    g.lines.close("");
}

/// `switch` promotes small numbers; a bool was cast.
fn case_type(ty: Ty) -> Ty {
    if ty == Ty::BOOL { Ty::I32 } else { ty }
}

pub fn return_(g: &mut FnGen, op: &OpData) {
    match KsReturn::of(op).value() {
        Some(value) => {
            let mut result = g.expr(value);
            if g.around.iter().any(|around| matches!(around, Around::Locked(_))) {
                // The value is computed before the lock is released.
                let name = g.names.inner("result");
                let declared = g.g.declare(g.ty(value), &name);
                g.lines.declare(format!("{declared};"));
                g.statement(op, format!("{name} = {}", result.text()));
                result = Expr::primary(name);
            }
            release(g, |_| false);
            g.statement(op, format!("return {}", result.text()));
        }
        // The end of the body returns.
        None if g.is_last(op) => {}
        None => {
            release(g, |_| false);
            g.statement(op, "return".into());
        }
    }
}

pub fn unreachable(g: &mut FnGen, op: &OpData) {
    release(g, |_| false);
    let result = g.func.result;
    let text = if result == Ty::VOID { "return".to_owned() } else { "return 0".to_owned() };
    g.statement(op, text);
}
