//! `exits`: throws, `try` and `defer` become blocks that are left, and a value that callers test.
//!
//! Takes `ks.throw`, `ks.cancel`, `ks.panic`, `ks.try`, `ks.defer`, returns and tail calls under them, and calls of functions that may
//! throw. Leaves `ks.block`, `ks.leave`, and behind what is deferred one `ks.return`, and one `ks.tail_return` for each callee.
//!
//! A thrown value is in memory, in a place that is 0 while nothing is thrown: the code in its low half, in its high half the number of the
//! line of the throw, which is never 0. BPF code asks for no line, since each throw has a handler: the number is 1 there, and all throws
//! of a code are equal. If no code can be 0, and there is no panic, BPF code has the code alone, in 32 bits. A function that throws to its caller takes the caller's place as its last parameter; others have
//! one of their own. A test follows each call of such a function.
//!
//! One stack has the constructs around the code that is being lowered, with the work that an exit of them does: handlers, and deferred
//! code. Each exit walks it once, from the innermost. A `try` is two blocks: a throw in it leaves the inner one, to the handlers behind
//! that; the outer one is left where nothing was thrown. The code after a `defer` is a block, which returns and throws leave; the deferred
//! code is behind the block, once (`defers.rs`).
//!
//! Passes before this one that follow control look at a lowered copy ([`lowered`]).
//!
//! A `ks.panic` of BPF code is such a throw too; where it reaches the function that the kernel calls, that returns the refusal of its
//! program type. `panics.rs` finds by the calls of the module which functions a panic leaves.

mod defers;
mod panics;
mod signals;
mod tails;
mod throws;
mod try_blocks;
mod uncaught;

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::{KsCall, KsCallPointer, KsDefer, KsLeave, KsThrow, KsVar};
use crate::ir::{Attr, BlockId, Builder, Function, Loc, Module, OpData, OpId, Opcode, RegionId, Symbol, Throws, Value};
use crate::session::Session;
use crate::tables::workarounds;
use crate::types::{Ty, Types};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use tails::Tails;

const NAME: &str = "exits";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Lower throws, handlers and what is deferred",
    after: &[("records", "compares paths by the throws and handlers of the text")],
    before: &[
        ("drains", "makes functions, of which no list of what throws knows"),
        ("timers", "makes functions, of which no list of what throws knows"),
        ("function-pointers", "follows what returns and calls hand over"),
        ("map-places", "follows blocks and what leaves them"),
        ("packet", "follows blocks and what leaves them"),
        ("map-reuse", "follows blocks and what leaves them"),
        ("loop-form", "counts the exits of loops"),
        ("outline", "gives each exit of a loop a code"),
        ("cancel-points", "ends the process where no `ks.cancel` leaves the loop"),
        ("to-cf", "knows blocks and returns alone"),
    ],
    because: Because::Target,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let clears = cx.options.works_around(workarounds::THROWN_RESULTS);
    if lower(module, &mut cx.types, clears) { Changed::Yes } else { Changed::No }
}

/// The module with what this pass lowers lowered, for passes before it that follow control. Ops keep their numbers.
pub fn lowered<'m>(module: &'m Module, types: &mut Types) -> Cow<'m, Module> {
    if !module.funcs.iter().any(|func| func.walk().iter().any(|&op| is_lowered(func.ops[op].opcode))) {
        return Cow::Borrowed(module);
    }
    let mut copy = module.clone();
    lower(&mut copy, types, true);
    Cow::Owned(copy)
}

/// Whether a place is the flag of something deferred, in a lowered copy.
pub fn is_defer_flag(func: &Function, place: Value) -> bool {
    let Some(data) = func.def(place).map(|def| &func.ops[def]) else { return false };
    data.opcode == Opcode::KsVar && data.loc.made_by == Some(NAME) && KsVar::of(data).name() == defers::FLAG
}

fn is_lowered(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::KsThrow | Opcode::KsCancel | Opcode::KsPanic | Opcode::KsTry | Opcode::KsDefer)
}

/// Whether anything changed. `clears`: the workaround `thrown-results` is in force.
fn lower(module: &mut Module, types: &mut Types, clears: bool) -> bool {
    let in_kernel = module.target.is_none_or(|target| target.facts().in_kernel);
    if in_kernel {
        panics::leave_functions(module);
    }
    let program = Program { clears, ..Program::of(module, types, in_kernel) };
    let mut changed = false;
    for func in module.funcs.iter_mut().filter(|func| program.concerns(func)) {
        function(func, types, &program);
        changed = true;
    }
    changed
}

/// Whether a code that is thrown may be 0.
fn may_throw_zero(module: &Module, types: &Types) -> bool {
    let zero = |func: &Function, op: OpId| {
        let code = func.known(types, KsThrow::of(&func.ops[op]).code());
        code.is_none_or(|code| code as u32 == 0)
    };
    module.funcs.iter().any(|func| func.ids_of(Opcode::KsThrow).any(|op| zero(func, op)))
}

/// What the functions of a module have to know of each other.
struct Program {
    /// The functions that throw to their callers.
    throwing: BTreeSet<Symbol>,
    /// The files with throws, each with the last line that has one: the lines of all are numbered through.
    files: Vec<(Vec<u8>, i128)>,
    /// Some function may be left because a signal came.
    cancels: bool,
    /// A panic leaves the program, not the process.
    in_kernel: bool,
    /// What is thrown is the code alone.
    narrow: bool,
    /// What throws writes its result.
    clears: bool,
}

impl Program {
    fn of(module: &Module, types: &Types, in_kernel: bool) -> Program {
        let mut files: Vec<(Vec<u8>, i128)> = Vec::new();
        for func in &module.funcs {
            for op in func.ids_of(Opcode::KsThrow) {
                let view = KsThrow::of(&func.ops[op]);
                match files.iter_mut().find(|(file, _)| file == view.file()) {
                    Some((_, last)) => *last = (*last).max(view.line()),
                    None => files.push((view.file().to_vec(), view.line())),
                }
            }
        }
        let throwing = module.funcs.iter().filter(|func| func.throws == Throws::ToCaller);
        let cancels = module.funcs.iter().any(|func| func.cancels);
        Program {
            throwing: throwing.map(|func| func.name.clone()).collect(),
            files,
            cancels,
            in_kernel,
            narrow: in_kernel && !cancels && !may_throw_zero(module, types),
            clears: true,
        }
    }

    /// The type of what is thrown.
    fn word(&self) -> Ty {
        if self.narrow { Ty::U32 } else { Ty::U64 }
    }

    /// Whether a call may come back with something thrown.
    fn is_throwing(&self, op: &OpData) -> bool {
        if op.opcode == Opcode::KsCall {
            return self.throwing.contains(KsCall::of(op).callee());
        }
        op.opcode == Opcode::KsCallPointer && KsCallPointer::of(op).throws()
    }

    fn concerns(&self, func: &Function) -> bool {
        let is_concerned = |op: OpId| is_lowered(func.ops[op].opcode) || self.is_throwing(&func.ops[op]);
        func.throws == Throws::ToCaller || func.cancels || func.walk().into_iter().any(is_concerned)
    }

    /// Whether something may be thrown in a region, apart from what is deferred in it.
    fn may_throw(&self, func: &Function, region: RegionId) -> bool {
        let mut ops = func.blocks[func.only_block(region)].ops.iter();
        ops.any(|&op| {
            let data = &func.ops[op];
            matches!(data.opcode, Opcode::KsThrow | Opcode::KsCancel | Opcode::KsPanic)
                || self.is_throwing(data)
                || data.opcode != Opcode::KsDefer && data.regions.iter().any(|&inner| self.may_throw(func, inner))
        })
    }
}

/// A block that exits leave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A block of the text, which only `ks.leave` leaves.
    Own,
    /// The body of a `try`: throws leave it, to the handlers behind it.
    Handlers,
    /// A `try`: left where nothing was thrown.
    Try,
    /// What follows a `defer`: what is deferred is behind it.
    Deferred,
    /// Deferred code: a signal leaves it.
    Apart,
}

/// A construct around the code that is being lowered.
struct Around {
    kind: Kind,
    /// The block of its region.
    body: BlockId,
    left: bool,
}

struct Lowering<'a> {
    func: &'a mut Function,
    types: &'a mut Types,
    program: &'a Program,
    /// The block that grows.
    at: BlockId,
    /// The location of the op that is being lowered.
    loc: Loc,
    /// Innermost last.
    around: Vec<Around>,
    /// Where what is thrown is kept.
    thrown: Option<Value>,
    /// Where a scalar result is kept while what is deferred runs.
    result: Option<Value>,
    /// The tail calls that wait for what is deferred.
    tails: Tails,
    /// The code that is being lowered is deferred.
    deferred: bool,
    /// The regions of the text after which nothing of the function follows.
    last: BTreeSet<RegionId>,
    /// For each `ks.defer` in another region: the variable that says whether control reached it.
    flags: HashMap<OpId, Value>,
    /// Arguments of handlers, and the codes that replace them.
    args: HashMap<Value, Value>,
}

fn function(func: &mut Function, types: &mut Types, program: &Program) {
    let (at, last) = (func.entry(), func.last_regions());
    let loc = Loc { span: func.name_span, made_by: Some(NAME) };
    let (around, flags, args) = (Vec::new(), HashMap::new(), HashMap::new());
    let (thrown, result, deferred, tails) = (None, None, false, Tails::default());
    let mut lowering =
        Lowering { func, types, program, at, loc, around, thrown, result, tails, deferred, last, flags, args };
    lowering.place_of_thrown();
    lowering.region(lowering.func.body);
    let args = lowering.args;
    func.replace_values(&args);
    func.throws = Throws::of(&func.role);
    func.cancels = false;
}

impl Lowering<'_> {
    fn builder(&mut self) -> Builder<'_> {
        Builder::at_end(self.func, self.at, self.loc)
    }

    /// Lowers a region where it is.
    fn region(&mut self, region: RegionId) {
        let outer = (self.at, self.loc);
        self.at = self.func.only_block(region);
        let ops = self.take(region);
        self.ops(&ops, self.last.contains(&region));
        (self.at, self.loc) = outer;
    }

    /// Lowers a region into the block that grows, without its yield; whether there was one.
    fn inline(&mut self, region: RegionId) -> bool {
        let ops = self.take(region);
        self.inline_ops(ops)
    }

    /// Lowers ops that were taken out of a region into the block that grows.
    fn inline_ops(&mut self, mut ops: Vec<OpId>) -> bool {
        let yields = ops.pop_if(|end| self.func.ops[*end].opcode == Opcode::KsYield).is_some();
        self.ops(&ops, false) && yields
    }

    fn take(&mut self, region: RegionId) -> Vec<OpId> {
        let block = self.func.only_block(region);
        self.func.blocks[block].ops.take()
    }

    /// Puts ops at the end of the block that grows. `last`: after them comes nothing of the function. False if control does
    /// not go on after them, and they have their end.
    fn ops(&mut self, ops: &[OpId], last: bool) -> bool {
        for (at, &op) in ops.iter().enumerate() {
            self.loc = Loc { made_by: Some(NAME), ..self.func.ops[op].loc };
            if last && self.defer_from(&ops[at..]) {
                return false;
            }
            if !self.op(op) {
                return false;
            }
        }
        true
    }

    fn op(&mut self, op: OpId) -> bool {
        let data = self.func.ops[op].clone();
        if data.opcode == Opcode::KsReturn {
            self.return_(op, &data);
        } else if data.opcode == Opcode::KsTailReturn {
            self.tail_return(op, &data);
        } else if data.opcode == Opcode::KsThrow {
            self.throw(&data);
        } else if data.opcode == Opcode::KsCancel {
            self.cancel(&data);
        } else if data.opcode == Opcode::KsPanic {
            self.panic(&data);
        } else if data.opcode == Opcode::KsLeave {
            self.leave_own(op, &data);
        } else if data.opcode == Opcode::KsDefer {
            self.set_flag(op);
        } else if data.opcode == Opcode::KsTry {
            return self.try_(&data);
        } else if self.program.is_throwing(&data) {
            self.call(op);
        } else {
            if data.opcode == Opcode::KsBlock {
                let body = self.func.only_block(data.regions[0]);
                self.around.push(Around { kind: Kind::Own, body, left: false });
            }
            data.regions.iter().for_each(|&region| self.region(region));
            if data.opcode == Opcode::KsBlock {
                self.around.pop();
            }
            self.adopt(op);
        }
        true
    }

    /// Puts an op at the end of the block that grows.
    fn adopt(&mut self, op: OpId) {
        self.func.ops[op].block = self.at;
        self.func.blocks[self.at].ops.push(op);
    }

    /// The innermost of these that is around, by its number from the outermost.
    fn target(&self, kinds: &[Kind]) -> Option<usize> {
        self.around.iter().rposition(|around| kinds.contains(&around.kind))
    }

    /// Goes on behind a block around.
    fn leave(&mut self, target: usize) {
        let depth = self.around.len() - 1 - target;
        self.around[target].left = true;
        if depth == 0 && self.around[target].body == self.at {
            self.builder().done();
        } else {
            self.builder().ks_leave(depth as i128);
        }
    }

    /// A `ks.leave` of the text names the same block as before, with more of them between.
    fn leave_own(&mut self, op: OpId, data: &OpData) {
        let own = (0..self.around.len()).rev().filter(|&at| self.around[at].kind == Kind::Own);
        let wanted = usize::try_from(KsLeave::of(data).depth()).ok();
        let Some(target) = wanted.and_then(|depth| own.into_iter().nth(depth)) else {
            crate::bug!("a `ks.leave` without its block")
        };
        self.func.ops[op].attrs = vec![Attr::Int((self.around.len() - 1 - target) as i128)];
        self.adopt(op);
    }

    /// `return`: what is deferred comes first, after the value is known.
    fn return_(&mut self, op: OpId, data: &OpData) {
        let Some(target) = self.target(&[Kind::Deferred]) else { return self.adopt(op) };
        if let (Some(&value), Some(place)) = (data.operands.first(), self.result) {
            self.builder().ks_store(place, value);
        }
        self.leave(target);
    }

    /// A `ks.if` whose first region `then` fills, its end included; the other does nothing.
    fn when(&mut self, condition: Value, then: impl FnOnce(&mut Self)) {
        let mut b = self.builder();
        let ((then_region, then_block), (else_region, else_block)) = (b.region(&[]), b.region(&[]));
        let (at, loc) = (std::mem::replace(&mut self.at, then_block), self.loc);
        then(self);
        (self.at, self.loc) = (else_block, loc);
        self.builder().done();
        self.at = at;
        self.builder().ks_if(condition, &[], vec![then_region, else_region]);
    }

    fn variable(&mut self, name: &str, ty: Ty) -> Value {
        let place = self.types.place(ty, crate::types::Space::Stack);
        self.builder().ks_var(name.as_bytes(), place)
    }

    fn deferred_region(&self, op: OpId) -> RegionId {
        KsDefer::of(&self.func.ops[op]).body_region()
    }
}
