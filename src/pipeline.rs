//! The whole compiler: the order of its stages and of the passes before `split`.
//!
//! A stage takes explicit data of the stage before and reports through the session; `None` means that errors were
//! reported. `tool/build.rs` decides which files are written.

use crate::codegen::c;
use crate::codegen::llvm::{self, Artifact, Carried};
use crate::diag::codes::limits::{StackOfCalls, StackTooLarge};
use crate::diag::codes::support::ForeignMachine;
use crate::diag::{Code, Diagnostic, Severity};
use crate::ir::{self, Module};
use crate::passes::{self, Pass};
use crate::session::{PrintAfter, Session, Tier};
use crate::source::FileId;
use crate::target::{Executor, Machine, Target};
use crate::tuning::{self, Tuning};
use crate::{ast, lower, modules, sema, source, syntax};
use std::path::Path;
use std::time::Instant;

/// Passes over the module of all targets, in order; those of each target are in `target/`.
pub static FRONT: &[&Pass] = &[
    &passes::tail_position::PASS,
    &passes::nulls::PASS,
    &passes::reach::PASS,
    &passes::moved_packets::PASS,
    &passes::packet::rules::PASS,
    &passes::records::PASS,
    &passes::references::PASS,
    &passes::lifecycle::PASS,
    &passes::left_out::PASS,
    &passes::metrics::PASS,
    &passes::events::PASS,
    &passes::arenas::PASS,
    &passes::shared_data::PASS,
    &passes::tail_tables::PASS,
    &passes::probe_forms::PASS,
];

/// The passes of `FRONT` whose diagnostics are about a function and its callees alone. They stay right if a part of the program is missing;
/// the
/// other passes need the whole program.
static PARTS: &[&Pass] = &[
    &passes::nulls::PASS,
    &passes::reach::PASS,
    &passes::moved_packets::PASS,
    &passes::packet::rules::PASS,
    &passes::records::PASS,
    &passes::references::PASS,
];

/// Every pass, by target.
pub fn passes() -> impl Iterator<Item = &'static Pass> {
    FRONT.iter().chain(Target::ALL.into_iter().flat_map(|t| t.passes().iter())).copied()
}

/// The pass of this name.
pub fn pass(name: &str) -> Option<&'static Pass> {
    passes().find(|p| p.name == name)
}

/// The name as passes have it, for a module's `after`.
pub fn pass_name(name: &str) -> Option<&'static str> {
    pass(name).map(|p| p.name)
}

/// The contents of a source file: KernelScript, or IR that resumes at its stage.
pub enum Input {
    Source(ast::File),
    Ir(Box<Module>),
}

/// Reads and parses a file; which of the two languages it is, its name says.
pub fn read(cx: &mut Session, path: &Path) -> Option<Input> {
    let file = source::load::load(cx, path)?;
    read_file(cx, file)
}

/// Parses a file that was loaded.
pub fn read_file(cx: &mut Session, file: FileId) -> Option<Input> {
    let since = Instant::now();
    if cx.sources.file(file).path.extension().is_some_and(|e| e == "ksir") {
        return Some(Input::Ir(Box::new(ir_input(cx, file)?)));
    }
    let tree = syntax::parse(cx, file);
    cx.timed("parse", since);
    cx.dump("ast.ks", |_| ast::print::file(&tree));
    Some(Input::Source(tree))
}

/// The typed tree of a program, by its first file. With syntax errors there is none, but what could be read is checked for
/// errors; warnings would be of what the parser had to leave out.
pub fn check(cx: &mut Session, tree: ast::File) -> Option<sema::tree::Program> {
    check_keeping(cx, tree).1
}

/// As [`check`], with the syntax trees of all files.
pub fn check_keeping(cx: &mut Session, tree: ast::File) -> (modules::Modules, Option<sema::tree::Program>) {
    let (since, file) = (Instant::now(), tree.file);
    let modules = modules::gather(cx, tree);
    cx.timed("modules", since);
    let program = if modules.complete { check_modules(cx, &modules, file) } else { None };
    (modules, program)
}

fn check_modules(cx: &mut Session, modules: &modules::Modules, file: FileId) -> Option<sema::tree::Program> {
    let since = Instant::now();
    let before = cx.diags.count();
    let checked = sema::check(cx, modules);
    if !modules.read {
        let found = cx.diags.take_since(before);
        for error in found.into_iter().filter(|diag| diag.severity == Severity::Error) {
            cx.diags.push(error);
        }
    }
    cx.timed("check", since);
    match checked {
        sema::Checked::Whole(program) if modules.read => Some(program),
        sema::Checked::Part(part) if modules.read && cx.options.checks_parts => {
            check_part(cx, &part, file);
            None
        }
        sema::Checked::Whole(_) | sema::Checked::Part(_) | sema::Checked::Nothing => None,
    }
}

/// Reports what the passes find wrong in the part that is right so far of a program with errors.
fn check_part(cx: &mut Session, part: &sema::Part, file: FileId) {
    let before = cx.diags.take_since(0);
    let name = cx.options.project.clone();
    let mut module = lower::lower(cx, &part.program, file, &name);
    passes::report(&mut module, cx, PARTS);
    let found = cx.diags.take_since(0);
    for diag in before.into_iter().chain(found.into_iter().filter(|diag| diag.span.is_some_and(|span| part.has(span))))
    {
        cx.diags.push(diag);
    }
}

fn ir_input(cx: &mut Session, file: FileId) -> Option<Module> {
    cx.reads_ir = true;
    let module = ir::parse::module(cx, file)?;
    if let Err(why) = ir::verify::module(&module, cx) {
        let start = crate::source::Span::new(file, 0, 0);
        cx.error(start, crate::diag::codes::ir::IllFormedIr { why });
        return None;
    }
    Some(module)
}

/// Checks and lowers: the module of all targets, in structured form.
pub fn khir(cx: &mut Session, input: Input) -> Option<Module> {
    let tree = match input {
        Input::Ir(module) => return Some(*module),
        Input::Source(tree) => tree,
    };
    let file = tree.file;
    let program = check(cx, tree)?;
    Some(khir_of(cx, &program, file))
}

/// Lowers a checked program, whose first file this is.
pub fn khir_of(cx: &mut Session, program: &sema::tree::Program, file: FileId) -> Module {
    let since = Instant::now();
    let name = cx.options.name.clone();
    let module = lower::lower(cx, program, file, &name);
    cx.timed("lower", since);
    if cx.options.verify_ir
        && let Err(why) = ir::verify::module(&module, cx)
    {
        crate::bug!("lowering made ill-formed IR: {why}\n{}", ir::print::module(&module, &cx.types));
    }
    cx.dump("khir.ksir", |cx| ir::print::module(&module, &cx.types));
    module
}

/// Runs the passes before the targets part.
pub fn front(cx: &mut Session, mut module: Module) -> Option<Module> {
    if module.target.is_none() {
        passes::run(&mut module, cx, FRONT, &Tuning::default());
    }
    if cx.diags.has_errors() { None } else { Some(module) }
}

/// The module of one target, after all its passes or the one that `--stop-after` names.
pub fn lowered(cx: &mut Session, module: &Module, target: Target) -> Option<Module> {
    for_oldest_kernel(cx, |cx| lowered_with(cx, module, target, &Tuning::default()))
}

/// Runs passes and code generation again if they made the oldest kernel later, since they had chosen forms for older ones.
fn for_oldest_kernel<T>(cx: &mut Session, stage: impl Fn(&mut Session) -> Option<T>) -> Option<T> {
    loop {
        let (needs, reported, lowered) = (cx.needs.clone(), cx.diags.count(), cx.lowered.len());
        let made = stage(cx);
        if cx.needs == needs {
            return made;
        }
        cx.diags.take_since(reported);
        cx.lowered.truncate(lowered);
    }
}

fn lowered_with(cx: &mut Session, module: &Module, target: Target, tuning: &Tuning) -> Option<Module> {
    let mut part = match module.target {
        Some(own) if own == target => module.clone(),
        Some(_) => return None,
        None => passes::split::part(module, target),
    };
    passes::run(&mut part, cx, target.passes(), tuning);
    if cx.diags.has_errors() { None } else { Some(part) }
}

/// The BPF side of a program.
pub struct Bpf {
    /// After the last pass.
    pub module: Module,
    pub object: Vec<u8>,
    /// The options with which the module was lowered; further artifacts of it are made with the same.
    pub tuning: Tuning,
    /// The tiers of kernels for which other code would do, in order.
    pub tiers: Vec<Tier>,
}

/// The BPF side of a program: its lowered module and its object.
pub fn bpf(cx: &mut Session, module: &Module) -> Option<Bpf> {
    for_oldest_kernel(cx, |cx| bpf_that_fits(cx, module))
}

/// Lowers the BPF side of a program and emits LLVM IR of it, for the errors that the compiler's own stages find. What LLVM knows when it has
/// optimised and compiled the code, such as the stack that the code takes, only [`bpf`] reports.
pub fn check_bpf(cx: &mut Session, module: &Module) -> Option<()> {
    for_oldest_kernel(cx, |cx| {
        let module = lowered_with(cx, module, Target::Bpf, &Tuning::default())?;
        llvm::check_bpf(cx, &module)
    })
}

fn bpf_that_fits(cx: &mut Session, module: &Module) -> Option<Bpf> {
    let before = cx.diags.count();
    let first = bpf_object(cx, module, Tuning::default());
    let is_stack = |diag: &Diagnostic| [StackTooLarge::INFO.code, StackOfCalls::INFO.code].contains(&diag.code);
    if first.is_some() || !cx.diags.iter().skip(before).any(is_stack) {
        return first;
    }
    // Only LLVM knows what needs the stack in the end; so programs that fit are compiled once.
    let reported = cx.diags.take_since(before);
    let ops = module.funcs.iter().map(|func| func.walk().len()).sum();
    let mut attempt = |tuning| {
        cx.diags.take_since(before);
        bpf_object(cx, module, tuning)
    };
    let attempts = Tuning::sparing(ops);
    let may_fit = match attempts.as_slice() {
        [_, .., most] if ops > tuning::LARGE => attempt(*most).is_some(),
        _ => true,
    };
    let fits = if may_fit { attempts.into_iter().find_map(attempt) } else { None };
    if fits.is_some() {
        return fits;
    }
    cx.diags.take_since(before);
    for diag in reported {
        cx.diags.push(diag);
    }
    None
}

/// The text of the code that became the object. `--print-ir-after` has printed its parts then.
pub fn bpf_text(cx: &mut Session, bpf: &Bpf, want: Artifact) -> Option<Vec<u8>> {
    let print = std::mem::replace(&mut cx.options.print_ir_after, PrintAfter::Nothing);
    let text = llvm::bpf(cx, &bpf.module, &bpf.tuning, want);
    cx.options.print_ir_after = print;
    text
}

/// Lowers and compiles one attempt. The choices of passes (`cx.lowered`) are kept only if it yields the object.
fn bpf_object(cx: &mut Session, module: &Module, tuning: Tuning) -> Option<Bpf> {
    let before = cx.lowered.len();
    cx.tiers.clear();
    let bpf = lowered_with(cx, module, Target::Bpf, &tuning).and_then(|module| {
        let object = llvm::bpf(cx, &module, &tuning, Artifact::Object)?;
        Some(Bpf { module, object, tuning, tiers: cx.tiers.iter().copied().collect() })
    });
    if bpf.is_none() {
        cx.lowered.truncate(before);
    }
    bpf
}

/// The objects for an executable, oldest kernels first: that of the BPF side, then those of its tiers that differ from the one before. Each
/// object serves the kernels up to the tier of the next one. A tier that cannot be compiled is left out, so its kernels get the object
/// before it.
pub fn carried(cx: &mut Session, module: &Module, bpf: &Bpf) -> Vec<Carried> {
    let mut objects = vec![Carried { tier: None, object: bpf.object.clone(), is_signed: false }];
    let mut last = None;
    for &tier in &bpf.tiers {
        let object = of_tier(cx, module, bpf.tuning, tier);
        if let Some(object) = object.filter(|object| object != last.as_ref().unwrap_or(&bpf.object)) {
            let marked = llvm::for_tier(&object, tier);
            objects.push(Carried { tier: Some(tier), object: marked, is_signed: false });
            last = Some(object);
        }
    }
    objects
}

/// The object of a tier. Its diagnostics and printed IR are dropped: they are those of the first object.
fn of_tier(cx: &mut Session, module: &Module, tuning: Tuning, tier: Tier) -> Option<Vec<u8>> {
    let (start, inner, reported) = (Instant::now(), cx.timings.len(), cx.diags.count());
    let (options, lowered) = (cx.options.clone(), std::mem::take(&mut cx.lowered));
    (cx.options.tier, cx.options.print_ir_after, cx.options.dump_dir) = (Some(tier), PrintAfter::Nothing, None);
    let bpf = bpf_object(cx, module, tuning);
    (cx.options, cx.lowered) = (options, lowered);
    cx.diags.take_since(reported);
    cx.timings.truncate(inner);
    cx.timed("tiers", start);
    bpf.map(|bpf| bpf.object)
}

/// Whether the compiler makes code of a target for the machine of the options. None: it was reported.
pub fn has_machine(cx: &mut Session, target: Target) -> Option<()> {
    let (facts, machine) = (target.facts(), cx.options.machine);
    if facts.executor == Executor::Bpf || Machine::own() == Some(machine) {
        return Some(());
    }
    let own = Machine::native().name.to_owned();
    let what = match facts.executor {
        Executor::Native => "executables",
        Executor::Bpf | Executor::C => "kernel modules",
    };
    cx.environment(ForeignMachine { what: what.to_owned(), machine: machine.name.to_owned(), own })
        .help("`--target=bpf` makes the BPF object alone, which other loaders take");
    None
}

/// Machine code, or its text, of the user-space side, which carries BPF objects if there are some.
pub fn host(cx: &mut Session, module: &Module, bpf: &[Carried], want: Artifact) -> Option<Vec<u8>> {
    has_machine(cx, Target::Host)?;
    let part = lowered(cx, module, Target::Host)?;
    llvm::host(cx, &part, bpf, want)
}

/// The C of the kernel module.
pub fn kmod(cx: &mut Session, module: &Module) -> Option<Vec<u8>> {
    has_machine(cx, Target::Kmod)?;
    let part = lowered(cx, module, Target::Kmod)?;
    Some(c::module(cx, &part))
}

fn has_kernel_data(module: &Module) -> bool {
    !module.maps.is_empty() || module.globals.iter().any(|global| global.kind == ir::GlobalKind::Pinned)
}

/// Whether a side has anything to build: BPF needs a program, or data that `main` keeps in the kernel; user space a `main`.
pub fn has(module: &Module, target: Target) -> bool {
    if let Some(own) = module.target {
        return own == target;
    }
    let role = |wanted: fn(&ir::Role) -> bool| module.funcs.iter().any(|func| wanted(&func.role));
    let main = role(|role| matches!(role, ir::Role::Main));
    match target {
        // A `main` alone may share maps and pinned variables with other programs.
        Target::Bpf => role(|role| matches!(role, ir::Role::Program { .. })) || (main && has_kernel_data(module)),
        Target::Host => main,
        Target::Kmod => role(|role| matches!(role, ir::Role::Kfunc { .. })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::{EVERY, misplaced};
    use crate::tables::WORKAROUNDS;

    #[test]
    fn each_list_keeps_the_order_that_its_passes_ask_for() {
        for target in Target::ALL {
            assert_eq!(misplaced(FRONT, target.passes()), Vec::<String>::new(), "the passes of {}", target.name());
        }
    }

    #[test]
    fn each_neighbour_is_a_pass() {
        for pass in passes() {
            for (name, why) in pass.after.iter().chain(pass.before) {
                assert!(*name == EVERY || super::pass(name).is_some(), "`{}` names `{name}`", pass.name);
                assert!(*name != pass.name && !why.is_empty(), "`{}` and `{name}`", pass.name);
            }
        }
    }

    #[test]
    fn each_workaround_that_ends_has_a_tier_without_it() {
        for workaround in WORKAROUNDS {
            assert_eq!(workaround.ends(), workaround.tier_after().is_some(), "`{}`", workaround.name);
        }
    }

    #[test]
    fn the_file_of_each_workaround_has_it() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for workaround in WORKAROUNDS {
            let text = std::fs::read_to_string(root.join("src").join(workaround.file)).unwrap_or_default();
            let constant = workaround.name.to_uppercase().replace('-', "_");
            assert!(
                text.contains(&format!("workarounds::{constant}")),
                "`{}` is not in {}",
                workaround.name,
                workaround.file
            );
            let witness = workaround.witness.is_none_or(|test| root.join("lit-tests").join(test).is_file());
            assert!(witness, "`{}` has no witness {:?}", workaround.name, workaround.witness);
        }
    }

    #[test]
    fn a_pass_out_of_place_is_found() {
        let host = [&passes::split::PASS, &passes::numeric::PASS, &passes::assign_ops::PASS];
        let wrong = misplaced(FRONT, &host);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].starts_with("`assign-ops` must run before `numeric`"), "{wrong:?}");
        let last = [&passes::frames::PASS, &passes::split::PASS];
        // Each of the two asks for the other order.
        assert_eq!(misplaced(FRONT, &last).len(), 2);
    }
}
