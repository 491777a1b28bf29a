//! `to-cf`: lowers structured control flow to a control-flow graph.
//!
//! Takes functions whose regions have one block each. Leaves one region of blocks that end in `cf` terminators. Results
//! of `ks.if` and `ks.match` are arguments of the block where their paths join. Every exit of a `ks.scope` has its own
//! copy of the clean-up. `ks.leave` becomes a branch to what follows the `ks.block`. Unreachable blocks are removed.
//! Runs after every pass that looks for structure (all that handle loops, branches or maps), and before `numeric`,
//! whose operations need no structure.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::{KsBlock, KsFor, KsIf, KsMatch, KsScope, KsWhile};
use crate::ir::{BlockId, Builder, Exit, Function, Loc, OpData, OpId, Opcode, RegionId, Value, clone};
use crate::session::Session;
use crate::tables::{OpTrait, workarounds};
use crate::types::{Space, Ty, Types};
use std::collections::HashMap;

const NAME: &str = "to-cf";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Lower structured control flow to blocks",
    after: &[("map-places", "makes structured control flow")],
    before: &[
        ("numeric", "makes operations that need no structure"),
        ("stack-writes", "looks at the stores of each block"),
    ],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let entry = func.entry();
    if func.blocks[entry].ops.last().is_some_and(|&op| func.ops[op].opcode.has(OpTrait::Terminator)) {
        return Changed::No;
    }
    let Some(&first) = func.blocks[entry].ops.first() else { crate::bug!("@{} has no ops", func.name) };
    let loc = func.ops[first].loc;
    let body = func.body;
    let verified = module.target.is_some_and(|target| target.facts().verified);
    let mut converter = Converter {
        func,
        ends_on_last: !verified || cx.options.works_around(workarounds::COUNTERS_TO_THE_END),
        widens: verified && cx.options.works_around(workarounds::WIDE_COUNTERS),
        types: &mut cx.types,
        at: entry,
        loc,
        around: Vec::new(),
        joined: HashMap::new(),
    };
    converter.region(body, entry, Yield::Nowhere);
    let joined = converter.joined;
    func.replace_values(&joined);
    func.regions[body].blocks = func.reverse_postorder();
    Changed::Yes
}

/// Where control goes from a region's yield.
#[derive(Clone, Copy)]
enum Yield {
    /// The function's own region ends in a return.
    Nowhere,
    /// To a block that takes the yielded values.
    To(BlockId),
    /// By the yielded condition.
    Test { body: BlockId, exit: BlockId },
}

/// A construct around the code that is being converted.
#[derive(Clone, Copy)]
enum Around {
    /// The blocks that exits of a loop go to.
    Loop { exit: BlockId, next: BlockId },
    /// The block after a body that may be left early.
    Block { exit: BlockId },
    /// The clean-up of a scope.
    Cleanup(RegionId),
}

/// The ends of a range that are counted in 64 bits.
struct Counter {
    low: i128,
    high: i128,
    /// LLVM must not know the number of iterations.
    opaque: bool,
}

/// Operations of a body that LLVM repeats rather than loop over it.
const SMALL: usize = 64;

struct Converter<'a> {
    func: &'a mut Function,
    types: &'a mut Types,
    /// The workaround `counters-to-the-end` is in force.
    ends_on_last: bool,
    /// `wide-counters` is.
    widens: bool,
    /// The block that grows.
    at: BlockId,
    /// The location of the op that is being converted.
    loc: Loc,
    /// Innermost last.
    around: Vec<Around>,
    /// Results and loop indexes, and the block arguments that took their place.
    joined: HashMap<Value, Value>,
}

impl Converter<'_> {
    fn builder(&mut self) -> Builder<'_> {
        Builder::at_end(self.func, self.at, self.loc)
    }

    fn add_block(&mut self, args: &[Ty]) -> BlockId {
        self.func.add_block(self.func.body, args)
    }

    /// Moves the ops of a structured region to the end of `into` and converts them.
    fn region(&mut self, region: RegionId, into: BlockId, end: Yield) {
        let block = self.func.only_block(region);
        self.at = into;
        for op in self.func.blocks[block].ops.take() {
            self.op(op, end);
        }
    }

    fn op(&mut self, op: OpId, end: Yield) {
        let data = self.func.ops[op].clone();
        let outer = std::mem::replace(&mut self.loc, Loc { made_by: Some(NAME), ..data.loc });
        if data.opcode.has(OpTrait::RegionEnd) {
            self.region_end(op, &data, end);
        } else if data.opcode == Opcode::KsIf {
            self.if_(&data);
        } else if data.opcode == Opcode::KsMatch {
            self.match_(&data);
        } else if data.opcode == Opcode::KsWhile {
            self.while_(&data);
        } else if data.opcode == Opcode::KsFor {
            self.for_(&data);
        } else if data.opcode == Opcode::KsScope {
            self.scope(&data);
        } else if data.opcode == Opcode::KsBlock {
            self.block(&data);
        } else {
            self.func.ops[op].block = self.at;
            self.func.blocks[self.at].ops.push(op);
        }
        self.loc = outer;
    }

    fn region_end(&mut self, op: OpId, data: &OpData, end: Yield) {
        if data.opcode == Opcode::KsUnreachable {
            self.clean_up(0);
            self.return_zero();
        } else if data.opcode == Opcode::KsYield {
            match end {
                Yield::To(block) => {
                    self.builder().cf_br(&data.operands, vec![block]);
                }
                Yield::Test { body, exit } => {
                    self.builder().cf_cond_br(data.operands[0], vec![body, exit]);
                }
                Yield::Nowhere => crate::bug!("a function ends in a return, not in {}", data.opcode.name()),
            }
        } else {
            match self.func.exit(op).map(|exit| self.target(exit)) {
                Some(Some((depth, to))) => {
                    self.clean_up(depth);
                    self.builder().cf_br(&[], vec![to]);
                }
                Some(None) => {
                    self.clean_up(0);
                    self.builder().cf_ret(data.operands.first().copied());
                }
                None => crate::bug!("{} ends no region", data.opcode.name()),
            }
        }
    }

    /// Where an exit leads, and how much of what is around stays around there; none for the function's end.
    fn target(&self, exit: Exit) -> Option<(usize, BlockId)> {
        let inner = self.around.iter().enumerate().rev();
        let found = match exit {
            Exit::Return => return None,
            Exit::Leave(depth) => {
                let blocks = inner.filter_map(|(index, around)| match *around {
                    Around::Block { exit } => Some((index, exit)),
                    Around::Loop { .. } | Around::Cleanup(_) => None,
                });
                blocks.into_iter().nth(depth)
            }
            Exit::Break | Exit::Continue => inner.into_iter().find_map(|(index, around)| match *around {
                Around::Loop { exit: after, next } => Some((index, if exit == Exit::Break { after } else { next })),
                Around::Block { .. } | Around::Cleanup(_) => None,
            }),
        };
        Some(found.unwrap_or_else(|| crate::bug!("an exit that leaves nothing")))
    }

    /// The clean-ups of the scopes that an exit leaves, innermost first: those from `depth` on.
    fn clean_up(&mut self, depth: usize) {
        for index in (depth..self.around.len()).rev() {
            if let Around::Cleanup(region) = self.around[index] {
                let inside = self.around.split_off(index);
                let copy = clone::region_of(self.func, region);
                self.cleanup(copy);
                self.around.extend(inside);
            }
        }
    }

    fn cleanup(&mut self, region: RegionId) {
        let after = self.add_block(&[]);
        self.region(region, self.at, Yield::To(after));
        self.at = after;
    }

    fn scope(&mut self, data: &OpData) {
        let view = KsScope::of(data);
        let (body, cleanup) = (view.body_region(), view.cleanup_region());
        let end = self.add_block(&[]);
        self.around.push(Around::Cleanup(cleanup));
        self.region(body, self.at, Yield::To(end));
        self.around.pop();
        self.at = end;
        self.cleanup(cleanup);
    }

    fn block(&mut self, data: &OpData) {
        let exit = self.add_block(&[]);
        self.around.push(Around::Block { exit });
        self.region(KsBlock::of(data).body_region(), self.at, Yield::To(exit));
        self.around.pop();
        self.at = exit;
    }

    /// Defined behaviour even where the compiler believes that control never comes: the kernel's verifier would refuse a
    /// trap, and undefined behaviour spreads.
    fn return_zero(&mut self) {
        let result = self.func.result;
        if result == Ty::VOID {
            self.builder().cf_ret(None);
            return;
        }
        let place = self.types.place(result, Space::Stack);
        let mut b = self.builder();
        let zero = b.ks_var(b"zero", place);
        b.ks_zero(zero);
        let value = b.ks_load(zero, result);
        b.cf_ret(Some(value));
    }

    /// The block where the paths of an op join; its arguments are the op's results.
    fn join(&mut self, data: &OpData) -> BlockId {
        let types: Vec<Ty> = data.results.iter().map(|&r| self.func.ty(r)).collect();
        let join = self.add_block(&types);
        let args = self.func.blocks[join].args.clone();
        self.joined.extend(std::iter::zip(data.results.iter().copied(), args));
        join
    }

    fn if_(&mut self, data: &OpData) {
        let view = KsIf::of(data);
        let (then, otherwise, join) = (self.add_block(&[]), self.add_block(&[]), self.join(data));
        self.builder().cf_cond_br(view.condition(), vec![then, otherwise]);
        self.region(view.then_region(), then, Yield::To(join));
        self.region(view.else_region(), otherwise, Yield::To(join));
        self.at = join;
    }

    fn while_(&mut self, data: &OpData) {
        let view = KsWhile::of(data);
        let (head, body, exit) = (self.add_block(&[]), self.add_block(&[]), self.add_block(&[]));
        self.builder().cf_br(&[], vec![head]);
        self.region(view.condition_region(), head, Yield::Test { body, exit });
        self.loop_body(view.body_region(), body, (exit, head));
    }

    fn loop_body(&mut self, region: RegionId, body: BlockId, (exit, next): (BlockId, BlockId)) {
        self.around.push(Around::Loop { exit, next });
        self.region(region, body, Yield::To(next));
        self.around.pop();
        self.at = exit;
    }

    /// The index counts up to that of the last iteration and never past it, so that an inclusive range may end at the
    /// type's largest value: a test is before the first iteration and at the end of each. If both ends are constants it
    /// asks whether the last iteration was reached: of two tests on `<` with one power of two, such as that of a
    /// `break`, LLVM makes one test of an `or` of the numbers. Verifiers before 6.10 know nothing of that, so that they
    /// see no end of the loop.
    fn for_(&mut self, data: &OpData) {
        let view = KsFor::of(data);
        let (low, high, region) = (view.low(), view.high(), view.body_region());
        let counter = self.counter(&view);
        let ty = counter.as_ref().map_or(self.func.ty(low), |_| Ty::I64);
        let body = self.add_block(&[ty]);
        let (enter, latch, next, exit) =
            (self.add_block(&[]), self.add_block(&[]), self.add_block(&[]), self.add_block(&[]));
        let index = self.func.blocks[body].args[0];
        let old = self.func.blocks[self.func.only_block(region)].args[0];
        let shown = if counter.is_some() { self.cut(index, self.func.ty(low), body) } else { index };
        self.joined.insert(old, shown);

        let constant = |end| self.func.known(self.types, end).is_some();
        let before_last = if self.ends_on_last && constant(low) && constant(high) { "ne" } else { "lt" };
        let mut b = self.builder();
        let (low, high) = match &counter {
            Some(counter) => (b.ks_const(counter.low, ty), b.ks_const(counter.high, ty)),
            None => (low, high),
        };
        let any = b.arith_cmp(low, high, if view.inclusive() { "le" } else { "lt" }, Ty::BOOL);
        b.cf_cond_br(any, vec![enter, exit]);
        b.go_to(enter);
        b.cf_br(&[low], vec![body]);
        b.go_to(latch);
        if view.inclusive() {
            let more = b.arith_cmp(index, high, before_last, Ty::BOOL);
            b.cf_cond_br(more, vec![next, exit]);
            b.go_to(next);
        }
        let one = b.ks_const(1, ty);
        let incremented = b.arith_add(index, one, ty);
        let opaque = counter.is_some_and(|counter| counter.opaque);
        let incremented = if opaque { b.bpf_whole(incremented, ty) } else { incremented };
        if !view.inclusive() {
            let more = b.arith_cmp(incremented, high, before_last, Ty::BOOL);
            b.cf_cond_br(more, vec![next, exit]);
            b.go_to(next);
        }
        b.cf_br(&[incremented], vec![body]);
        self.loop_body(region, body, (exit, latch));
    }

    /// The verifier sees the end of a plain loop as long as it knows the counter. A register of 32 bits that LLVM puts on the
    /// stack shares the 8 bytes that the verifier tracks with something else, and is no longer known when that is written.
    /// So a counter has 64 bits. LLVM would make the counter of a loop of two iterations a flag, of 32 bits again.
    fn counter(&self, view: &KsFor<'_>) -> Option<Counter> {
        let (low, high) = (self.func.known(self.types, view.low())?, self.func.known(self.types, view.high())?);
        let (bits, _) = self.types.as_int(self.func.ty(view.low()))?;
        let mut ops = Vec::new();
        self.func.walk_region(view.body_region(), &mut ops);
        let opaque = high - low + i128::from(view.inclusive()) == 2 && ops.len() > SMALL;
        (self.widens && bits < 64).then_some(Counter { low, high, opaque })
    }

    /// The index as the body sees it, at the start of the body.
    fn cut(&mut self, counter: Value, ty: Ty, body: BlockId) -> Value {
        Builder::at_end(self.func, body, self.loc).arith_cast(counter, ty)
    }

    fn match_(&mut self, data: &OpData) {
        let view = KsMatch::of(data);
        let subject = view.subject();
        let arms: Vec<BlockId> = view.arms_region().iter().map(|_| self.add_block(&[])).collect();
        let join = self.join(data);
        let Some(&default) = arms.last() else { crate::bug!("a match without arms") };
        let (mut values, mut targets) = (Vec::new(), Vec::new());
        for case in view.cases().chunks_exact(3) {
            let (low, high, arm) = (case[0], case[1], arms[case[2] as usize]);
            if low == high {
                values.push(low);
                targets.push(arm);
            } else {
                self.range_test(subject, (low, high), arm);
            }
        }
        targets.push(default);
        self.value_test(subject, &values, targets);
        for (&region, &block) in std::iter::zip(view.arms_region(), &arms) {
            self.region(region, block, Yield::To(join));
        }
        self.at = join;
    }

    /// Goes to `arm` if the subject lies in the range, else on in another block.
    fn range_test(&mut self, subject: Value, (low, high): (i128, i128), arm: BlockId) {
        let ty = self.func.ty(subject);
        let rest = self.add_block(&[]);
        let mut b = self.builder();
        let low = b.ks_const(low, ty);
        let above = b.arith_cmp(subject, low, "ge", Ty::BOOL);
        let high = b.ks_const(high, ty);
        let below = b.arith_cmp(subject, high, "le", Ty::BOOL);
        let inside = b.arith_and(above, below, Ty::BOOL);
        b.cf_cond_br(inside, vec![arm, rest]);
        self.at = rest;
    }

    /// `targets` has one block more than there are values: the default.
    fn value_test(&mut self, subject: Value, values: &[i128], targets: Vec<BlockId>) {
        let ty = self.func.ty(subject);
        let mut b = self.builder();
        match (values, targets.as_slice()) {
            ([], &[default]) => {
                b.cf_br(&[], vec![default]);
            }
            (&[value], _) => {
                let value = b.ks_const(value, ty);
                let equal = b.arith_cmp(subject, value, "eq", Ty::BOOL);
                b.cf_cond_br(equal, targets);
            }
            // Two cases of a bool cover all its values.
            (&[first, _], &[one, other, _]) if ty == Ty::BOOL => {
                let (on_true, on_false) = if first == 1 { (one, other) } else { (other, one) };
                b.cf_cond_br(subject, vec![on_true, on_false]);
            }
            (values, _) => {
                b.cf_switch(subject, values, targets.clone());
            }
        }
    }
}
