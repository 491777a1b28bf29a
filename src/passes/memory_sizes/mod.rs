//! `memory-sizes`: tests that memory which a helper or a function of the kernel gets is as large as the size beside it.
//!
//! A call gets memory by a pointer and the number of bytes there. Where the offset of the pointer or that number is not
//! constant, the call is made only if the memory has so many bytes from the pointer on; otherwise its result is
//! -E2BIG, or -EINVAL where the number is zero and the function takes no zero. LLVM removes tests whose outcome it knows.
//! The verifier does not narrow the offset of a pointer by a later test of the number that was added, so behind the test
//! the pointer is formed again, of an index that `bpf.clamp` limits, and the size goes through `bpf.clamp` too.
//! The verifier keeps the bounds of two numbers each, but no bound of their sum: where both the index and the size vary, each is limited to
//! what tests of the program show of it, and that must fit together.
//!
//! Looks at the calls of the text alone: those that passes make have sizes that fit. Memory that is not found (`memory.rs`)
//! is left to the verifier.

mod memory;

use super::analysis::stored_once;
use super::{Because, Changed, Pass, Run};
use crate::diag::codes::contexts::HelperMemory;
use crate::fold::CompareOp;
use crate::ir::numbers::Numbers;
use crate::ir::ops::{BpfHelper, BpfKfunc};
use crate::ir::{Builder, Function, KfuncDecl, Module, OpId, Opcode, Value};
use crate::session::Session;
use crate::tables::{self, HelperArg, workarounds};
use crate::types::{Ty, TyKind, Types};
use memory::{Element, Memory};
use std::collections::HashMap;

const NAME: &str = "memory-sizes";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Test the sizes of memory that calls of the kernel get",
    after: &[
        ("optionals", "makes plain branches of the tests of pointers, which this pass follows"),
        ("function-pointers", "makes calls"),
    ],
    before: &[
        ("elements", "limits the indexes of the addresses that this pass forms"),
        ("scratch", "moves variables"),
        ("outline", "moves code"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

/// Memory that a call gets: the operands with the pointer and the size, and whether those may be null and zero.
#[derive(Clone, Copy)]
struct Pair {
    pointer: usize,
    size: usize,
    null: bool,
    zero: bool,
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let Module { funcs, kfuncs, .. } = module;
    let mut changed = Changed::No;
    for func in funcs {
        for op in func.walk() {
            if func.ops[op].loc.made_by.is_some() {
                continue;
            }
            for pair in pairs(func, &cx.types, kfuncs, op) {
                changed = changed.or(check(func, cx, op, pair));
            }
        }
    }
    changed
}

fn pairs(func: &Function, types: &Types, kfuncs: &[KfuncDecl], op: OpId) -> Vec<Pair> {
    let data = &func.ops[op];
    if data.opcode == Opcode::BpfHelper {
        let Some(helper) = tables::helper(BpfHelper::of(data).helper()) else { return Vec::new() };
        let pair = |(pointer, arg): (usize, &HelperArg)| {
            let size = arg.size? as usize;
            Some(Pair { pointer, size, null: arg.nullable, zero: helper.args[size].zero })
        };
        return helper.args.iter().enumerate().filter_map(pair).collect();
    }
    if data.opcode != Opcode::BpfKfunc {
        return Vec::new();
    }
    let name = BpfKfunc::of(data).function();
    let sized = kfuncs.iter().filter(|kfunc| kfunc.name == *name).flat_map(|kfunc| &kfunc.sized);
    let nullable = |at: usize| matches!(types.kind(func.ty(data.operands[at])), TyKind::Ptr { nullable: true, .. });
    sized.map(|&(pointer, size)| Pair { pointer, size, null: nullable(pointer), zero: true }).collect()
}

fn check(func: &mut Function, cx: &mut Session, op: OpId, pair: Pair) -> Changed {
    let (pointer, size) = (func.ops[op].operands[pair.pointer], func.ops[op].operands[pair.size]);
    let once = stored_once(func);
    let Some(memory) = Memory::find(func, &cx.types, &once, (op, pointer, pair.null)) else { return Changed::No };
    if let Some(size) = func.known(&cx.types, size) {
        return constant(func, cx, (op, pair), &memory, size);
    }
    let limits = match &memory.element {
        Some(element) => {
            let ranges = Numbers::of(func, &cx.types).with_comparisons();
            // The pointer is null beyond the array.
            let last = (memory.bytes / element.bytes).saturating_sub(1);
            let index = ranges.largest_at(element.index, op).map_or(last, |index| index.min(last));
            let before = index * element.bytes;
            let size = ranges.largest_at(size, op);
            let Some(size) = size.filter(|&size| size <= memory.bytes - before) else {
                return both_vary(func, cx, op, (&memory, before, size));
            };
            Some((index, size))
        }
        None => None,
    };
    let whole = Builder::before(func, op, NAME).whole(&cx.types, size);
    if !pair.zero {
        let mut b = Builder::before(func, op, NAME);
        let zero = b.ks_const(0, Ty::U64);
        let some = b.arith_cmp(whole, zero, CompareOp::Ne.word(), Ty::BOOL);
        guard(func, &cx.types, op, some, "EINVAL");
    }
    let bounded = if let (Some(element), Some((last, most))) = (&memory.element, limits) {
        form(func, cx, (op, pair), element, last);
        Builder::before(func, op, NAME).within(whole, most.max(1), pair.zero)
    } else {
        let mut b = Builder::before(func, op, NAME);
        let most = b.ks_const(memory.bytes.into(), Ty::U64);
        let fits = b.arith_cmp(whole, most, CompareOp::Le.word(), Ty::BOOL);
        guard(func, &cx.types, op, fits, "E2BIG");
        Builder::before(func, op, NAME).within(whole, memory.bytes, pair.zero)
    };
    let mut b = Builder::before(func, op, NAME);
    // A function of the kernel is called with the types of its declaration.
    let bounded = if b.func.ops[op].opcode == Opcode::BpfKfunc {
        let ty = b.func.ty(size);
        b.arith_cast(bounded, ty)
    } else {
        bounded
    };
    func.ops[op].operands[pair.size] = bounded;
    Changed::Yes
}

/// A constant size: of memory whose size is known the error, else the test of the index.
fn constant(func: &mut Function, cx: &mut Session, (op, pair): (OpId, Pair), memory: &Memory, size: i128) -> Changed {
    let Some(room) = u64::try_from(size).ok().and_then(|size| memory.bytes.checked_sub(size)) else {
        let why = format!("its pointer is followed by {} bytes, and the size is {size}", memory.bytes);
        let helper = callee(func, op);
        cx.error(func.ops[op].loc.span, HelperMemory { helper, why });
        return Changed::No;
    };
    let Some(element) = &memory.element else { return Changed::No };
    if size <= i128::from(element.bytes) {
        return Changed::No;
    }
    let mut b = Builder::before(func, op, NAME);
    let last = room / element.bytes;
    let index = element.index_at(&mut b, op);
    let limit = b.ks_const(last.into(), Ty::U64);
    let fits = b.arith_cmp(index, limit, CompareOp::Le.word(), Ty::BOOL);
    guard(func, &cx.types, op, fits, "E2BIG");
    form(func, cx, (op, pair), element, last);
    Changed::Yes
}

/// Forms the pointer to an element again, of an index that is at most `last`.
fn form(func: &mut Function, cx: &mut Session, (op, pair): (OpId, Pair), element: &Element, last: u64) {
    if !cx.options.works_around(workarounds::TESTED_MEMORY) {
        return;
    }
    let types = &mut cx.types;
    let mut b = Builder::before(func, op, NAME);
    let index = element.index_at(&mut b, op);
    let address = element.address(&mut b, types, (op, index), last);
    let wanted = b.func.ty(b.func.ops[op].operands[pair.pointer]);
    let address = b.arith_cast(address, wanted);
    func.ops[op].operands[pair.pointer] = address;
}

/// The error where nothing shows that the largest size fits behind the largest index.
fn both_vary(
    func: &Function,
    cx: &mut Session,
    op: OpId,
    (memory, before, size): (&Memory, u64, Option<u64>),
) -> Changed {
    let size = match size {
        Some(size) if size < u64::from(u32::MAX) => format!("at most {size}"),
        Some(_) | None => "without a limit".to_string(),
    };
    let why = format!(
        "it begins at up to {before} of {} bytes, and the size is {size}, so the kernel cannot see that both fit",
        memory.bytes
    );
    let helper = callee(func, op);
    cx.error(func.ops[op].loc.span, HelperMemory { helper, why })
        .help("limit both by constants before the call: `if (i > 64) return …`, `if (n > 32) n = 32`");
    Changed::No
}

fn callee(func: &Function, op: OpId) -> String {
    let data = &func.ops[op];
    let name =
        if data.opcode == Opcode::BpfHelper { BpfHelper::of(data).helper() } else { BpfKfunc::of(data).function() };
    name.to_string()
}

/// Puts a call behind a condition; where that is false, its result is an error.
fn guard(func: &mut Function, types: &Types, op: OpId, condition: Value, error: &str) {
    let results = func.ops[op].results.clone();
    let result_types: Vec<Ty> = results.iter().map(|&result| func.ty(result)).collect();
    let code = tables::constant(error).map(|at| -tables::CONSTS[at].value);
    let Some(code) = code else { crate::bug!("no constant `{error}`") };
    let mut b = Builder::before(func, op, NAME);
    let otherwise = |b: &mut Builder<'_>| {
        let yielded: Vec<Value> = result_types
            .iter()
            .map(|&ty| if types.as_int(ty).is_some() { b.ks_const(code, ty) } else { b.ks_null(ty) })
            .collect();
        b.ks_yield(&yielded);
    };
    let chosen = b.either(condition, &result_types, |_| {}, otherwise);
    let after = func.ops[chosen].results.clone();
    func.replace_values(&std::iter::zip(results.iter().copied(), after).collect::<HashMap<_, _>>());
    let loc = func.ops[op].loc;
    func.erase(op);
    let block = func.only_block(func.ops[chosen].regions[0]);
    let mut b = Builder::at_end(func, block, crate::ir::Loc { made_by: Some(NAME), ..loc });
    b.adopt(&[op]);
    b.ks_yield(&results);
}

impl Builder<'_> {
    /// A number of bytes as 64 bits, which the kernel's functions take as unsigned.
    fn whole(&mut self, types: &Types, size: Value) -> Value {
        let unsigned = match types.as_int(self.func.ty(size)) {
            Some((32, true)) => self.arith_cast(size, Ty::U32),
            Some(_) | None => size,
        };
        if self.func.ty(unsigned) == Ty::U64 { unsigned } else { self.arith_cast(unsigned, Ty::U64) }
    }

    /// A number that the verifier knows to be at most `most`, and at least 1 unless it may be zero.
    fn within(&mut self, number: Value, most: u64, zero: bool) -> Value {
        if zero {
            return self.bpf_clamp(number, most.into(), Ty::U64);
        }
        let one = self.ks_const(1, Ty::U64);
        let less = self.arith_sub(number, one, Ty::U64);
        let less = self.bpf_clamp(less, i128::from(most) - 1, Ty::U64);
        self.arith_add(less, one, Ty::U64)
    }
}
