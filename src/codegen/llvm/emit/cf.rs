//! Dialect `cf`.

use super::super::function::FnGen;
use crate::ir::OpData;
use crate::ir::ops::{CfBr, CfCondBr, CfRet, CfSwitch};

pub fn br(g: &mut FnGen, op: &OpData) {
    let to = op.successors[0];
    g.pass_args(to, CfBr::of(op).args());
    g.g.build.br(g.llvm_block(to));
}

pub fn cond_br(g: &mut FnGen, op: &OpData) {
    let condition = g.int(CfCondBr::of(op).condition());
    g.g.build.cond_br(condition, g.llvm_block(op.successors[0]), g.llvm_block(op.successors[1]));
}

pub fn switch(g: &mut FnGen, op: &OpData) {
    let view = CfSwitch::of(op);
    let subject = g.int(view.subject());
    let Some((&default, blocks)) = op.successors.split_last() else {
        crate::bug!("a cf.switch has a default");
    };
    let ty = subject.get_type();
    let cases: Vec<_> = std::iter::zip(view.cases(), blocks)
        .map(|(&case, &block)| (ty.const_int(case as u64, false), g.llvm_block(block)))
        .collect();
    g.g.build.switch(subject, g.llvm_block(default), &cases);
}

pub fn ret(g: &mut FnGen, op: &OpData) {
    let value = CfRet::of(op).value().map(|v| g.value(v));
    g.ret(value);
}
