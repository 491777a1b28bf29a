//! LLVM: BPF objects and native objects, through inkwell.
//!
//! A module of IR becomes one LLVM module (`functions`, `data`, `emit`), with debug information (`debug`), is optimised and becomes bytes
//! (`context`). Code that LLVM cannot compile is a diagnostic of ours (`refusals`), never output of its own.
//!
//! Invariants of BPF code, each for the verifier's sake: no `unreachable`; context fields are read through
//! `llvm.preserve.static.offset`; an index whose range was checked is extended by `zext nneg`; no calls of libc.

mod builder;
mod cleared;
mod context;
mod data;
mod debug;
mod emit;
mod fatal;
mod function;
mod functions;
mod host;
mod hot_calls;
mod joined_choices;
mod joined_stores;
mod large;
mod late_maps;
mod lifetimes;
mod limits;
mod line_texts;
mod memory;
mod module;
mod object;
mod own_bools;
mod refusals;
mod stack;
mod stored_constants;
mod struct_ops;
mod symbols;
mod types;
pub mod verifier;
mod zeros;

use crate::codegen::{PINS_SECTION, RECORDS_SECTION, bindings};
use crate::ir;
use crate::session::{Session, Tier};
use crate::target::Target;
use crate::tuning::Tuning;
use fatal::OwnContext;
use inkwell::targets::TargetMachine;
use module::ModuleGen;
pub use object::for_tier;
use std::time::Instant;

/// The artifacts of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Artifact {
    /// Optimised LLVM IR as text: the source of the object.
    LlvmIr,
    /// Assembly as text.
    Asm,
    /// A relocatable ELF object.
    Object,
}

/// The BPF object of a module. None: it failed and was reported.
pub fn bpf(cx: &mut Session, module: &ir::Module, tuning: &Tuning, want: Artifact) -> Option<Vec<u8>> {
    let (since, inner) = (Instant::now(), cx.timings.len());
    let context = OwnContext::new();
    let machine = context::bpf_machine(&cx.options);
    let g = emitted(cx, module, tuning, (&context, &machine));
    let bytes = context::finish(g, &machine, want)?;
    let bytes = if want == Artifact::Object {
        let records = bindings::records(&cx.types, module);
        object::finished(&bytes, &[(PINS_SECTION, pins(cx, module)), (RECORDS_SECTION, records)], cx)
    } else {
        bytes
    };
    cx.timed_besides(inner, "llvm-bpf", since);
    Some(bytes)
}

/// Emits the LLVM IR of a BPF module, for the errors of that alone: LLVM neither optimises nor compiles it. None: something was reported.
pub fn check_bpf(cx: &mut Session, module: &ir::Module) -> Option<()> {
    let since = Instant::now();
    let context = OwnContext::new();
    let machine = context::bpf_machine(&cx.options);
    let failed = {
        let g = emitted(cx, module, &Tuning::default(), (&context, &machine));
        g.debug.finish();
        g.failed
    };
    cx.timed("emit", since);
    if failed { None } else { Some(()) }
}

/// The LLVM IR of a BPF module, as it is emitted.
fn emitted<'s, 'c>(
    cx: &'s mut Session,
    module: &'s ir::Module,
    tuning: &Tuning,
    (context, machine): (&'c OwnContext, &'c TargetMachine),
) -> ModuleGen<'s, 'c> {
    let mut g = ModuleGen::new(cx, module, (Target::Bpf, *tuning), context, machine);
    data::bpf(&mut g);
    functions::emit_all(&mut g);
    data::slots(&mut g);
    struct_ops::define(&mut g);
    g
}

/// The program's pins, in the form of `PINS_SECTION`.
fn pins(cx: &Session, module: &ir::Module) -> String {
    let folder = cx.options.pin_folder();
    let maps = module.maps.iter().filter(|map| map.pinned);
    let mut lines: String =
        maps.map(|map| format!("map {}\t{folder}/maps/{}\n", map.name, map.name.replace('.', "_"))).collect();
    if module.globals.iter().any(|global| global.section == Some(ir::Section::Pinned)) {
        lines += &format!("section {}\t{folder}/globals/pinned_globals\n", module.elf_section(ir::Section::Pinned));
    }
    lines
}

/// A BPF object that an executable carries.
pub struct Carried {
    /// None: for the kernels before all tiers.
    pub tier: Option<Tier>,
    pub object: Vec<u8>,
    /// It has a loader that is signed (`codegen/signed.rs`).
    pub is_signed: bool,
}

/// The native object of a module; `bpf` are the objects that it carries, by their kernels, none where there is no BPF code. None: it
/// failed and was reported.
pub fn host(cx: &mut Session, module: &ir::Module, bpf: &[Carried], want: Artifact) -> Option<Vec<u8>> {
    let since = Instant::now();
    let context = OwnContext::new();
    let machine = context::host_machine(cx)?;
    let mut g = ModuleGen::new(cx, module, (Target::Host, Tuning::default()), &context, &machine);
    data::host(&mut g);
    host::python::define(&mut g, bpf);
    functions::emit_all(&mut g);
    host::entry(&mut g, bpf);
    let bytes = context::finish(g, &machine, want)?;
    cx.timed("llvm-host", since);
    Some(bytes)
}
