//! `first-iterations`: the first iterations of a short search run before its loop.
//!
//! Takes structured code with `bpf.repeat` from `loop-form`. A search often ends at one of the first elements, and then should cost neither
//! the call of a helper, or of an iterator's functions, nor the memory by which a callback shares variables. So an innermost loop with a
//! small body that the source leaves by `break` or `return` becomes a plain loop of a few iterations, in which the verifier forgets what they
//! change, and the loop of the others behind it; where it cannot follow that, a single copy of the body. The other iterations work on copies
//! of the variables that are numbers, which are made before their loop and copied back behind it: the variables themselves stay in registers,
//! though the copies are in memory where the loop becomes a callback.

use super::{Because, Changed, Pass, Run, loop_form};
use crate::ir::ops::BpfRepeat;
use crate::ir::{Attr, BlockId, Builder, Exit, Function, Loc, OpId, Opcode, RegionId, Value, clone};
use crate::passes::Declarations;
use crate::passes::strings;
use crate::session::Session;
use crate::tables::On;
use crate::target::Target;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap, HashSet};

const NAME: &str = "first-iterations";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Run the first iteration of short searches before the loop",
    after: &[("loop-form", "chooses the loops that are not plain")],
    before: &[
        ("iterators", "takes the loop of the other iterations"),
        ("callback-writes", "looks at what each loop writes"),
        ("outline", "takes the loop of the other iterations"),
    ],
    because: Because::Speed,
    run: Run::Function(run),
};

/// The most operations of a body that is copied.
const COPIED: usize = 64;

/// As many iterations are a plain loop, if the verifier walks no more operations in them.
const FIRST: u32 = 8;
const WALKED: u64 = 1 << 10;

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let searches: Vec<OpId> = func.walk().into_iter().filter(|&op| is_search(func, op)).collect();
    if searches.is_empty() {
        return Changed::No;
    }
    let numbers = numbers(func, &cx.types);
    let mut indexes = HashMap::new();
    for op in searches {
        Search { func, types: &mut cx.types, numbers: &numbers, indexes: &mut indexes }.begin(op);
    }
    func.replace_values(&indexes);
    Changed::Yes
}

/// Whether an op is a loop that may end at its first element: one without loops and calls in it.
fn is_search(func: &Function, op: OpId) -> bool {
    if func.ops[op].opcode != Opcode::BpfRepeat {
        return false;
    }
    let body = BpfRepeat::of(&func.ops[op]).body_region();
    let mut ops = Vec::new();
    func.walk_region(body, &mut ops);
    let expands = |opcode: Opcode| {
        let strings = On::Lower(strings::PASS.name);
        opcode.is_loop() || opcode == Opcode::KsCall || opcode.spec().on[Target::Bpf] == strings
    };
    let exits = func.exits(body);
    let goes_on = func.ends_in_yield(body) || exits.iter().any(|(_, exit)| *exit == Exit::Continue);
    let by_source = |&(end, exit): &(OpId, Exit)| exit != Exit::Continue && func.ops[end].loc.made_by.is_none();
    ops.len() <= COPIED && goes_on && exits.iter().any(by_source) && !ops.iter().any(|&op| expands(func.ops[op].opcode))
}

/// The variables that are one number each. Nothing takes their address.
pub fn numbers(func: &Function, types: &Types) -> HashSet<Value> {
    let is_number = |variable: Value| {
        let TyKind::Place { of, space: Space::Stack } = types.kind(func.ty(variable)) else { return false };
        of == Ty::BOOL || types.as_int(of).is_some() || matches!(types.kind(of), TyKind::Be { .. })
    };
    let ops = func.walk();
    let variables = ops.iter().map(|&op| &func.ops[op]).filter(|data| data.opcode == Opcode::KsVar);
    let mut numbers: HashSet<Value> = variables.map(|data| data.results[0]).filter(|&var| is_number(var)).collect();
    for data in ops.into_iter().map(|op| &func.ops[op]) {
        let plain = usize::from(matches!(data.opcode, Opcode::KsLoad | Opcode::KsStore));
        data.operands.iter().skip(plain).for_each(|operand| {
            numbers.remove(operand);
        });
    }
    numbers
}

struct Search<'a> {
    func: &'a mut Function,
    types: &'a mut Types,
    numbers: &'a HashSet<Value>,
    /// The arguments of bodies → what takes their place.
    indexes: &'a mut HashMap<Value, Value>,
}

impl Search<'_> {
    /// Puts the first iterations before the loop, both in a block that the exits of the first iterations leave.
    fn begin(&mut self, op: OpId) {
        let view = BpfRepeat::of(&self.func.ops[op]);
        let (count, body) = (view.count(), view.body_region());
        let loc = Loc { made_by: Some(NAME), ..self.func.ops[op].loc };
        let in_loop = self.func.loops(op).next().is_some();
        let follows = !in_loop && loop_form::can_follow_forgetting(self.func, self.types, body, (FIRST.into(), WALKED));
        let copied = copied(self.func, op, body, self.numbers);
        let copy = clone::region_of(self.func, body);
        let mut b = Builder::before(self.func, op, NAME);
        let (whole, inner) = b.region(&[]);
        let first = if follows {
            b.ks_block(vec![whole]);
            self.plain_loop(copy, (count, inner), loc);
            FIRST
        } else {
            let none = b.ks_const(0, Ty::U32);
            let any = b.arith_cmp(count, none, "ne", Ty::BOOL);
            let first = |b: &mut Builder<'_>| {
                b.ks_block(vec![whole]);
                b.done();
            };
            b.either(any, &[], first, |b| b.done());
            self.single_copy(copy, inner, loc);
            1
        };
        self.shift(body, first);
        let mut b = Builder::at_end(self.func, inner, loc);
        let first = b.ks_const(first.into(), Ty::U32);
        let others = b.arith_sub(count, first, Ty::U32);
        let copies: Vec<(Value, Value, Ty)> = copied
            .into_iter()
            .map(|variable| {
                let place = b.func.ty(variable);
                let TyKind::Place { of, .. } = self.types.kind(place) else { crate::bug!("a variable is a place") };
                let copy = b.ks_var(b"copy", place);
                let value = b.ks_load(variable, of);
                b.ks_store(copy, value);
                (variable, copy, of)
            })
            .collect();
        b.bpf_repeat(others, vec![body]);
        for &(variable, copy, of) in &copies {
            let value = b.ks_load(copy, of);
            b.ks_store(variable, value);
        }
        b.done();
        let copies = copies.into_iter().map(|(variable, copy, _)| (variable, copy)).collect();
        replace_in(self.func, body, &copies);
        self.func.erase(op);
    }

    /// A plain loop with a copied body at the end of a block, which it leaves at the end of the loop that was copied. The number of
    /// iterations is hidden from LLVM, which would end the plain loop at the smaller of both, so that the verifier does not know its end.
    fn plain_loop(&mut self, copy: RegionId, (count, at): (Value, BlockId), loc: Loc) {
        leave_blocks(self.func, copy, 0);
        let block = self.func.only_block(copy);
        let args = std::mem::take(&mut self.func.blocks[block].args);
        let index = self.func.add_block_arg(block, Ty::U32);
        self.indexes.extend(args.into_iter().map(|arg| (arg, index)));
        let Some(&first) = self.func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
        let mut b = Builder::at_end(self.func, at, loc);
        let low = b.ks_const(0, Ty::U32);
        let high = b.ks_const(FIRST.into(), Ty::U32);
        let always = b.func.known(self.types, count).is_some_and(|count| count > FIRST.into());
        let wide = b.arith_cast(count, Ty::U64);
        let hidden = b.bpf_forget(wide, Ty::U64);
        let hidden = b.arith_cast(hidden, Ty::U32);
        let plain = b.ks_for(low, high, false, vec![copy]);
        b.done();
        if !always {
            let mut b = Builder::before(self.func, first, NAME);
            let more = b.arith_cmp(index, hidden, "lt", Ty::BOOL);
            let leave = |b: &mut Builder<'_>| {
                b.ks_leave(0);
            };
            b.either(more, &[], |b| b.done(), leave);
        }
        loop_form::forget(self.func, self.types, plain);
        self.func.blocks[at].ops.pop();
    }

    /// A copy of the body for the first iteration, at the end of a block.
    fn single_copy(&mut self, copy: RegionId, at: BlockId, loc: Loc) {
        leave_blocks(self.func, copy, 1);
        let args = self.func.blocks[self.func.only_block(copy)].args.clone();
        self.func.drop_args(copy);
        let mut b = Builder::at_end(self.func, at, loc);
        let zero = b.ks_const(0, Ty::U32);
        b.ks_block(vec![copy]);
        self.indexes.extend(args.into_iter().map(|arg| (arg, zero)));
    }

    /// Makes the body one of the iterations behind so many, in one more block.
    fn shift(&mut self, body: RegionId, earlier: u32) {
        for (end, exit) in self.func.exits(body) {
            if matches!(exit, Exit::Leave(_)) {
                let depth = self.func.ops[end].attrs[0].int() + 1;
                self.func.become_op(end, Opcode::KsLeave, Vec::new(), vec![Attr::Int(depth)]);
            }
        }
        let block = self.func.only_block(body);
        let old = std::mem::take(&mut self.func.blocks[block].args);
        let iteration = self.func.add_block_arg(block, Ty::U32);
        let Some(&first) = self.func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
        let mut b = Builder::before(self.func, first, NAME);
        let earlier = b.ks_const(earlier.into(), Ty::U32);
        let index = b.arith_add(iteration, earlier, Ty::U32);
        self.indexes.extend(old.into_iter().map(|arg| (arg, index)));
    }
}

/// The variables that the loop's other iterations use copies of: none if control may leave the loop for code that reads variables, without
/// coming to the end of the loop.
pub fn copied(func: &Function, op: OpId, body: RegionId, numbers: &HashSet<Value>) -> BTreeSet<Value> {
    let in_scope = std::iter::successors(func.around(op), |&op| func.around(op))
        .any(|around| func.ops[around].opcode == Opcode::KsScope);
    let ends_elsewhere = func.exits(body).into_iter().any(|(_, exit)| match exit {
        Exit::Continue | Exit::Break => false,
        Exit::Return => in_scope,
        Exit::Leave(_) => true,
    });
    if ends_elsewhere {
        return BTreeSet::new();
    }
    let mut ops = Vec::new();
    func.walk_region(body, &mut ops);
    let own: HashSet<Value> = ops.iter().flat_map(|&op| func.ops[op].results.iter().copied()).collect();
    let used = ops.iter().flat_map(|&op| func.ops[op].operands.iter().copied());
    used.filter(|used| numbers.contains(used) && !own.contains(used)).collect()
}

/// Makes the exits of a copied body those of a block around it, which the loop of the other iterations ends too. `blocks`: how many blocks
/// more are around the copy, whose end goes on to the next iteration; without one, the copy is the body of a loop.
fn leave_blocks(func: &mut Function, copy: RegionId, blocks: i128) {
    for (end, exit) in func.exits(copy) {
        let around = std::iter::successors(func.around(end), |&op| func.around(op));
        let inner = around.filter(|&at| func.ops[at].opcode == Opcode::KsBlock).count() as i128;
        let depth = match exit {
            Exit::Continue if blocks == 0 => continue,
            Exit::Continue => inner,
            Exit::Break => inner + blocks,
            Exit::Leave(outer) => inner + blocks + 1 + outer as i128,
            Exit::Return => continue,
        };
        func.become_op(end, Opcode::KsLeave, Vec::new(), vec![Attr::Int(depth)]);
    }
}

/// Puts, in a region, what `values` says in the place of others.
pub fn replace_in(func: &mut Function, region: RegionId, values: &HashMap<Value, Value>) {
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    for op in ops {
        for operand in &mut func.ops[op].operands {
            if let Some(&value) = values.get(operand) {
                *operand = value;
            }
        }
    }
}
