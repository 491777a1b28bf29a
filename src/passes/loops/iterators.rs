//! `iterators`: `bpf.repeat` becomes a loop over an open-coded iterator, where the oldest kernel has them.
//!
//! Takes structured code with `bpf.repeat` from `loop-form`. Leaves none; or leaves all for `outline`, if
//! `--min-kernel` is older or a loop of the module has to be a callback. The loop asks the kernel's iterator for the
//! index of each iteration. A `ks.scope` around it destroys the iterator on every exit, so `break` and `return` need no
//! code of their own.
//!
//! The verifier walks such a loop until its state at the start of an iteration is within an earlier one
//! (kernel/bpf/verifier.c: `process_iter_next_call`). A variable that the loop changes and whose value the verifier
//! knows would make each state different. The loop hides such variables before each iteration, which costs an addition.

use super::{Because, Changed, Pass, Run};
use crate::diag::lowered::LoopIterator;
use crate::ir::ops::BpfRepeat;
use crate::ir::{Builder, Function, Loc, Module, OpId, Opcode, Path, RegionId, Symbol, Value};
use crate::passes::strings;
use crate::passes::verifier::unknown_values::{self, FOLLOWED, branch_points, written_places};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{KFUNCS, On, workarounds};
use crate::target::Target;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind, Types};
use std::collections::BTreeSet;

const NAME: &str = "iterators";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Lower loops to walks of the kernel's iterators",
    after: &[],
    before: &[("outline", "takes the loops that this pass leaves")],
    because: Because::Target,
    run: Run::Module(run),
};

/// A body with more branches becomes a callback anyway: there the verifier knows only the frame, and forgets it at the
/// end of the iteration, so it keeps fewer states.
const MAX_BRANCH_POINTS: usize = 16;

/// Whether a function has loops that have to be callbacks: large bodies, and bodies that call functions or work on
/// strings, which have branches and loops of their own. Then all loops of the module become callbacks: the verifier of
/// 6.18 fails where a callback reaches an iterator ("verifier bug: add backedge: no SCC in verification path").
fn needs_callbacks(func: &Function) -> bool {
    func.walk().into_iter().any(|op| {
        let data = &func.ops[op];
        data.opcode == Opcode::BpfWalk
            || (data.opcode == Opcode::BpfRepeat && is_large(func, BpfRepeat::of(data).body_region()))
    })
}

fn is_large(func: &Function, body: RegionId) -> bool {
    let mut ops = Vec::new();
    func.walk_region(body, &mut ops);
    let expands =
        |opcode: Opcode| opcode == Opcode::KsCall || opcode.spec().on[Target::Bpf] == On::Lower(strings::PASS.name);
    branch_points(func, body) > MAX_BRANCH_POINTS || ops.into_iter().any(|op| expands(func.ops[op].opcode))
}

/// Whether the oldest kernel that is asked for has no iterators.
pub fn are_missing(cx: &Session) -> bool {
    let of_iterators = KFUNCS.iter().filter(|kfunc| kfunc.name.starts_with("bpf_iter_num_"));
    of_iterators.map(|kfunc| kfunc.since).any(|since| cx.options.lacks(since).is_some())
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    if are_missing(cx) {
        return Changed::No;
    }
    if cx.options.works_around(workarounds::CALLBACKS_WITH_ITERATORS) && module.funcs.iter().any(needs_callbacks) {
        return Changed::No;
    }
    let zero = unknown_values::zero_name(module);
    let forgets = cx.options.works_around(workarounds::FORGOTTEN_NUMBERS);
    let (mut iterator, mut hidden, mut changed) = (None, None, Changed::No);
    for func in &mut module.funcs {
        for op in func.walk() {
            if func.ops[op].opcode == Opcode::BpfRepeat {
                cx.explain(func.ops[op].loc.span, &LoopIterator {});
                let of = *iterator.get_or_insert_with(|| iterator_type(&mut cx.types));
                let span = Loop { func, types: &mut cx.types, zero: &zero, forgets, op }.convert(of);
                hidden = hidden.or(span);
                changed = Changed::Yes;
            }
        }
    }
    if let Some(span) = hidden {
        unknown_values::add_zero(module, zero, span);
    }
    changed
}

/// `struct bpf_iter_num` of include/uapi/linux/bpf.h.
fn iterator_type(types: &mut Types) -> Ty {
    let opaque = FieldDef { name: "__opaque".into(), ty: Ty::U64, offset: 0, bits: None, span: None };
    let def = StructDef {
        name: "bpf_iter_num".into(),
        origin: Origin::User,
        fields: vec![opaque],
        size: 0,
        align: 1,
        span: None,
    };
    let id = types.add_struct(def);
    types.lay_out(id);
    types.intern(TyKind::Struct(id))
}

struct Loop<'a> {
    func: &'a mut Function,
    types: &'a mut Types,
    zero: &'a Symbol,
    /// The workaround `forgotten-numbers` is in force.
    forgets: bool,
    op: OpId,
}

impl Loop<'_> {
    /// Converts the loop. Yields its location if it hides anything.
    fn convert(mut self, iterator: Ty) -> Option<Span> {
        let view = BpfRepeat::of(&self.func.ops[self.op]);
        let (count, body) = (view.count(), view.body_region());
        let mut changed = changed(self.func, self.types, self.op, body);
        changed.retain(|_| self.forgets);
        let place = self.types.place(iterator, Space::Stack);
        let mut b = Builder::before(self.func, self.op, NAME);
        let iterator = b.ks_var(b"", place);
        b.bpf_iter_new(iterator, count);
        self.wrap(iterator, &changed);
        let span = self.func.ops[self.op].loc.span;
        self.func.erase(self.op);
        (!changed.is_empty()).then_some(span)
    }

    /// The scope with the loop, before the op.
    fn wrap(&mut self, iterator: Value, changed: &[(Path, Ty)]) {
        let body = BpfRepeat::of(&self.func.ops[self.op]).body_region();
        let mut b = Builder::before(self.func, self.op, NAME);
        let (scope, scope_block) = b.region(&[]);
        let (cleanup, cleanup_block) = b.region(&[]);
        b.ks_scope(vec![scope, cleanup]);
        let loc = b.loc;

        let mut b = Builder::at_end(self.func, cleanup_block, loc);
        b.bpf_iter_destroy(iterator);
        b.done();

        let (condition, condition_block) = b.region(&[]);
        let mut b = Builder::at_end(self.func, condition_block, loc);
        let always = b.ks_const(1, Ty::BOOL);
        b.ks_yield(&[always]);
        let mut b = Builder::at_end(self.func, scope_block, loc);
        b.ks_while(vec![condition, body]);
        b.done();
        self.start_iteration(iterator, changed);
    }

    /// Reads the index of the iteration, or leaves the loop, before the body.
    fn start_iteration(&mut self, iterator: Value, changed: &[(Path, Ty)]) {
        let pointer = self.types.ptr(Ty::I32, Space::BtfTrusted, true);
        let place = self.types.place(Ty::I32, Space::BtfTrusted);
        let block = self.func.only_block(BpfRepeat::of(&self.func.ops[self.op]).body_region());
        let args = std::mem::take(&mut self.func.blocks[block].args);
        let Some(&first) = self.func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
        let loc = self.func.ops[self.op].loc;
        let mut b = Builder::before(self.func, first, NAME);
        b.loc = Loc { made_by: Some(NAME), ..loc };
        for variable in changed {
            unknown_values::hide(&mut b, self.types, self.zero, variable.0.variable, variable);
        }
        let number = b.bpf_iter_next(iterator, pointer);
        let end = b.mem_is_null(number, Ty::BOOL);
        let leave = |b: &mut Builder<'_>| {
            b.ks_break();
        };
        b.either(end, &[], leave, |b| b.done());
        let number = b.ks_deref(number, place);
        let number = b.ks_load(number, Ty::I32);
        let number = b.arith_cast(number, Ty::U32);
        self.func.replace_values(&args.into_iter().map(|arg| (arg, number)).collect());
    }
}

/// The integers that a loop's body writes of variables that have a value before the loop, in a fixed order.
fn changed(func: &Function, types: &Types, repeat: OpId, body: RegionId) -> Vec<(Path, Ty)> {
    let before = written_before(func, types, repeat);
    let mut found = BTreeSet::new();
    for path in written_places(func, types, body) {
        let integers = path.integers(func, types, FOLLOWED).unwrap_or_default().into_iter();
        found.extend(integers.filter(|(path, _)| before.iter().any(|whole| path.is_of(whole))));
    }
    found.into_iter().collect()
}

/// The places that are written on every path to the op.
fn written_before(func: &Function, types: &Types, op: OpId) -> Vec<Path> {
    let mut written = Vec::new();
    let mut at = Some(op);
    while let Some(op) = at {
        let block = func.ops[op].block;
        for &earlier in func.blocks[block].ops.iter().take_while(|&&earlier| earlier != op) {
            let data = &func.ops[earlier];
            let places = data.operands.iter().enumerate().filter(|&(index, _)| data.may_write(index));
            written.extend(places.map(|(_, &place)| Path::of(func, types, place)));
        }
        at = func.regions[func.blocks[block].region].parent;
    }
    written
}
