//! `shared-data`: where each global lives.
//!
//! Takes the whole program after `reach`. Sets `Global::section`: what BPF code reaches is in the object (`.bss` if zero,
//! else `.data`), the rest is data of the process. A `config` that BPF code reads is `.rodata`, which the kernel freezes at
//! load so that its verifier knows the values, if user space cannot write it after the object may have been loaded. Before
//! `split`, because it looks at both sides.
//!
//! The analysis of configs walks `main` in order of the text, into calls: what may load the object is a `load` or an
//! access to a map. It errs towards `.data`.

use super::global_uses::{global_of, roots, written};
use super::{Changed, Pass, Run};
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::KsCall;
use crate::ir::{Function, GlobalKind, Module, OpId, Opcode, RegionId, Role, Section, Symbol, Value};
use crate::session::Session;
use crate::tables::AttrKind;
use std::collections::{BTreeSet, HashMap};

pub static PASS: Pass =
    Pass { name: "shared-data", summary: "Choose the section of each global", run: Run::Module(run) };

fn run(module: &mut Module, _: &mut Session) -> Changed {
    let mut shared: BTreeSet<Symbol> = BTreeSet::new();
    for func in module.funcs.iter().filter(|f| f.targets.bpf) {
        shared.extend(func.walk().into_iter().filter_map(|op| global_of(&func.ops[op]).cloned()));
    }
    let late = written_late(module);
    for global in &mut module.globals {
        let zero = global.init.iter().all(|&byte| byte == 0);
        global.section = match global.kind {
            // Where other programs and later runs look for it.
            GlobalKind::Pinned => Some(Section::Pinned),
            // An entry of a map of its own.
            GlobalKind::Percpu => None,
            _ if !shared.contains(&global.name) => None,
            GlobalKind::Config if !late.contains(&global.name) => Some(Section::Rodata),
            GlobalKind::Config | GlobalKind::Var | GlobalKind::Local => {
                Some(if zero { Section::Bss } else { Section::Data })
            }
        };
    }
    Changed::Yes
}

/// The globals that user space may write after the object may have been loaded.
fn written_late(module: &Module) -> BTreeSet<Symbol> {
    let effects = effects(module);
    let mut late = BTreeSet::new();
    for func in module.funcs.iter().filter(|f| matches!(f.role, Role::Main)) {
        let roots = roots(func, &func.walk());
        let mut walk = Walk { func, roots, effects: &effects, late };
        walk.region(func.body, false);
        late = walk.late;
    }
    late
}

/// What a function, or something that it calls, may do.
#[derive(Clone, Default)]
struct Effects {
    loads: bool,
    writes: BTreeSet<Symbol>,
}

fn effects(module: &Module) -> HashMap<Symbol, Effects> {
    let graph = CallGraph::of(module);
    let own: Vec<Effects> = module.funcs.iter().map(own_effects).collect();
    let mut all = HashMap::new();
    for (at, func) in module.funcs.iter().enumerate() {
        let reached = graph.reach([at]);
        let mut sum = Effects::default();
        for (_, effects) in own.iter().enumerate().filter(|&(callee, _)| reached.contains(callee)) {
            sum.loads |= effects.loads;
            sum.writes.extend(effects.writes.iter().cloned());
        }
        all.insert(func.name.clone(), sum);
    }
    all
}

fn own_effects(func: &Function) -> Effects {
    let mut effects = Effects::default();
    let ops = func.walk();
    let roots = roots(func, &ops);
    for op in ops {
        effects.loads |= may_load(func, op);
        effects.writes.extend(written(func, op, &roots));
    }
    effects
}

/// Whether the object may be loaded by an op, or has been before it.
fn may_load(func: &Function, op: OpId) -> bool {
    let data = &func.ops[op];
    data.opcode == Opcode::HostLoad
        || data.opcode.spec().attrs.iter().any(|a| a.name == "map" && a.kind == AttrKind::Symbol)
}

/// Goes through `main` in the order in which it runs.
struct Walk<'m> {
    func: &'m Function,
    roots: HashMap<Value, Symbol>,
    effects: &'m HashMap<Symbol, Effects>,
    late: BTreeSet<Symbol>,
}

impl Walk<'_> {
    /// Whether the object may have been loaded after the region, if it may have been (`loaded`) before it. Every way out
    /// counts as coming out at the end.
    fn region(&mut self, region: RegionId, mut loaded: bool) -> bool {
        for &op in &self.func.blocks[self.func.only_block(region)].ops {
            loaded = self.op(op, loaded);
        }
        loaded
    }

    fn op(&mut self, op: OpId, mut loaded: bool) -> bool {
        let data = &self.func.ops[op];
        let mut writes = written(self.func, op, &self.roots);
        let mut loads = may_load(self.func, op);
        if data.opcode == Opcode::KsCall {
            // The order inside the callee is not looked at.
            let effects = &self.effects[KsCall::of(data).callee()];
            loads |= effects.loads;
            loaded |= loads;
            writes.extend(effects.writes.iter().cloned());
        }
        if loaded {
            self.late.extend(writes);
        }
        let before = loaded || loads;
        if matches!(data.opcode, Opcode::KsIf | Opcode::KsIfSome | Opcode::KsMatch) {
            return data.regions.iter().fold(before, |after, &region| self.region(region, before) || after);
        }
        let mut after = data.regions.iter().fold(before, |after, &region| self.region(region, after));
        if after && !before {
            // What comes first in a turn of a loop comes after what is last in the turn before.
            after = data.regions.iter().fold(after, |after, &region| self.region(region, after));
        }
        after
    }
}
