//! `ksc FILE`: which artifacts are wanted, and where they go.

use super::bindings::object_of;
use super::signature::{self, key::Signer};
use super::{finish, inspect, session, usage_error};
use crate::cli::{Build, Common, Emit, KernelTiers};
use crate::codegen::bindings::{self, Go, Language, Names};
use crate::codegen::header;
use crate::codegen::llvm::{self, Artifact, Carried};
use crate::diag::codes::support::{NoSuchArtifact, ObjectOnly};
use crate::ir::{self, Module};
use crate::link::output::Output;
use crate::pipeline::{self, Bpf, Input};
use crate::session::{ProbeForms, Session};
use crate::target::{Executor, Target};
use crate::{ast, direct, link, passes};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiles a file and writes its artifacts. The exit code is one of `status`.
pub fn run(args: &Build) -> ExitCode {
    let Some(input) = &args.input else {
        return usage_error("no source file is given; `ksc --help` shows the usage");
    };
    if let Err(why) = check_passes(&args.common).and_then(|()| check_targets(args)) {
        return usage_error(&why);
    }
    let mut cx = match session(&args.common, input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    cx.options.explain_lowering = args.explain_lowering;
    // An error that ends it early was reported.
    let _ = build(&mut cx, args, input);
    finish(&mut cx, args.common.messages)
}

/// Whether the passes that options name are there; if not, why the command line is wrong.
pub(super) fn check_passes(args: &Common) -> Result<(), String> {
    let mut passes: Vec<&str> = pipeline::passes().map(|p| p.name).collect();
    let mut seen = std::collections::HashSet::new();
    passes.retain(|name| seen.insert(*name));
    let known = |pass: &str, names: &[&str]| match names.contains(&pass) {
        true => Ok(()),
        false => Err(format!("there is no pass `{pass}`; the passes are {}", names.join(", "))),
    };
    args.stop_after.as_deref().map_or(Ok(()), |pass| known(pass, &passes))?;
    let rewrites = llvm::verifier::REWRITES.iter().map(|rewrite| rewrite.workaround.name);
    let printed: Vec<&str> = passes.iter().copied().chain(rewrites).collect();
    let asked = args.print_ir_after.as_deref().filter(|&pass| pass != "all");
    asked.map_or(Ok(()), |pass| known(pass, &printed))
}

/// A single artifact is of one target.
fn check_targets(args: &Build) -> Result<(), String> {
    let (Some(emit), targets) = (args.emit, &args.target) else { return Ok(()) };
    let word = emit.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    match implied_target(emit) {
        Some(implied) if !targets.is_empty() && !targets.contains(&implied) => {
            Err(format!("`--emit={word}` is of the target `{}`, which `--target` leaves out", implied.name()))
        }
        None if targets.len() > 1 && matches!(emit, Emit::LlvmIr | Emit::Asm | Emit::Obj) => {
            Err(format!("`--emit={word}` is of one target, and `--target` names {}", targets.len()))
        }
        Some(_) | None => Ok(()),
    }
}

/// The target of what exists for one only.
fn implied_target(emit: Emit) -> Option<Target> {
    match emit {
        Emit::BpfIr | Emit::Header | Emit::Rust | Emit::Go => Some(Target::Bpf),
        Emit::HostIr | Emit::Exe => Some(Target::Host),
        Emit::KmodIr | Emit::C => Some(Target::Kmod),
        Emit::Ast | Emit::Khir | Emit::Flow | Emit::LlvmIr | Emit::Asm | Emit::Obj => None,
    }
}

fn build(cx: &mut Session, args: &Build, path: &Path) -> Option<()> {
    let mut input = pipeline::read(cx, path)?;
    let executable = args.emit.is_none_or(|emit| emit == Emit::Exe) && cx.options.stop_after.is_none();
    if let Input::Source(tree) = &mut input
        && executable
        && cx.options.machine.makes_executables()
        && (args.target.is_empty() || makes(&args.target, Executor::Native))
    {
        direct::complete(cx, tree);
    }
    let outputs = Outputs { args, name: cx.options.name.clone() };
    if args.emit == Some(Emit::Ast) {
        let Input::Source(tree) = &input else {
            cx.environment(NoSuchArtifact { what: "syntax tree".into() });
            return None;
        };
        return outputs.text(cx, ast::print::file(tree).into_bytes());
    }
    let module = pipeline::khir(cx, input)?;
    if args.emit == Some(Emit::Khir) {
        return outputs.ir(cx, &module);
    }
    if args.emit == Some(Emit::Flow) {
        let text = ir::flow::text(&passes::exits::lowered(&module, &mut cx.types));
        return outputs.text(cx, text.into_bytes());
    }
    if args.emit.is_none_or(|e| e == Emit::Exe) && makes(&outputs.targets(&module), Executor::Native) {
        cx.options.probe.get_or_insert(ProbeForms::Both);
        cx.options.streams = true;
    }
    let module = pipeline::front(cx, module)?;
    if args.kernel_report {
        return kernel_report(cx, &outputs, &module);
    }
    if args.emit == Some(Emit::Header) && cx.options.stop_after.is_none() {
        return c_header(cx, &outputs, &module);
    }
    if let (Some(language), None) = (args.emit.and_then(language), &cx.options.stop_after) {
        return bindings_of(cx, &outputs, &module, language);
    }
    if args.emit.is_none_or(|e| e == Emit::Exe) && cx.options.stop_after.is_none() {
        return programs(cx, &outputs, &module);
    }
    one_artifact(cx, &outputs, &module)
}

/// The language of what is a view of the BPF object for another one.
fn language(emit: Emit) -> Option<Language<'static>> {
    match emit {
        Emit::Rust => Some(Language::Rust),
        Emit::Go => Some(Language::Go(Go::PLAIN)),
        Emit::Ast
        | Emit::Khir
        | Emit::Flow
        | Emit::BpfIr
        | Emit::HostIr
        | Emit::KmodIr
        | Emit::C
        | Emit::LlvmIr
        | Emit::Asm
        | Emit::Obj
        | Emit::Header
        | Emit::Exe => None,
    }
}

/// What the BPF object needs.
fn kernel_report(cx: &mut Session, outputs: &Outputs, module: &Module) -> Option<()> {
    let Some(bpf) = bpf_side(cx, module)? else { return no_artifact(cx, Target::Bpf) };
    let report = inspect::kernels::of(&bpf.object);
    let text = report.unwrap_or_else(|why| crate::bug!("the object that was made cannot be read: {why}"));
    outputs.text(cx, text.into_bytes())
}

/// C's view of the BPF object.
fn c_header(cx: &mut Session, outputs: &Outputs, module: &Module) -> Option<()> {
    let Some(bpf) = bpf_side(cx, module)? else { return no_artifact(cx, Target::Bpf) };
    let text = header::of(&cx.types, &bpf.module, &bpf.object);
    outputs.text(cx, text.into_bytes())
}

/// The view that another language has of the BPF object.
fn bindings_of(cx: &mut Session, outputs: &Outputs, module: &Module, language: Language<'_>) -> Option<()> {
    let Some(bpf) = bpf_side(cx, module)? else { return no_artifact(cx, Target::Bpf) };
    let file = object_of(&outputs.name);
    let names = Names { program: &outputs.name, object: Some(&file) };
    let text = bindings::of(language, &bpf.object, &names);
    let text = text.unwrap_or_else(|why| crate::bug!("the object that was made cannot be read: {why}"));
    outputs.text(cx, text.into_bytes())
}

/// The executable and the BPF object: what the user wants in the end.
fn programs(cx: &mut Session, outputs: &Outputs, module: &Module) -> Option<()> {
    let wanted: Vec<Target> = outputs.targets(module);
    if wanted.is_empty() {
        cx.environment(NoSuchArtifact { what: "program to build".into() })
            .help("a program needs a function with an attribute such as `@xdp`, or `fn main() -> i32`");
        return None;
    }
    if let Some(missing) = wanted.iter().find(|&&target| !pipeline::has(module, target)) {
        return no_artifact(cx, *missing);
    }
    wanted.iter().try_for_each(|&target| pipeline::has_machine(cx, target))?;
    let bpf = bpf_side(cx, module)?;
    let all = outputs.args.target.is_empty() && outputs.args.emit.is_none();
    let mut executable = None;
    if makes(&wanted, Executor::Native) {
        let carried = outputs.carried(cx, module, bpf.as_ref());
        let object = pipeline::host(cx, module, &carried, Artifact::Object)?;
        let since = std::time::Instant::now();
        executable = Some(link::executable::link(cx, &object)?);
        cx.timed("link", since);
    }
    let (mut files, mut written) = (Vec::new(), None);
    if let Some(Bpf { object, .. }) = bpf
        && makes(&wanted, Executor::Bpf)
        && outputs.args.emit.is_none()
    {
        let path = outputs.bpf_object(&wanted);
        written = Some(path.display().to_string());
        let bytes = if prints(module) { without_streams(cx, module)? } else { object };
        files.push(Output { path, bytes, executable: false });
    }
    if let Some(bytes) = executable {
        files.push(Output { path: outputs.executable(), bytes, executable: true });
    }
    if makes(&wanted, Executor::C) && outputs.args.emit.is_none() {
        let source = pipeline::kmod(cx, module)?;
        files.extend(outputs.module_files(cx, &module.module_name(), source)?);
    }
    outputs.write(cx, files)?;
    if let (Some(path), true) = (written, all && !makes(&wanted, Executor::Native)) {
        cx.remark(ObjectOnly { path }).help("`fn main() -> i32` makes it a program that loads and attaches; `--target=bpf` says that the object is enough");
    }
    Some(())
}

/// The executable of a source alone, with all the objects that it carries; they are signed if there is a signer. None: errors were reported.
pub(super) fn executable(cx: &mut Session, path: &Path, signer: Option<&Signer>) -> Option<Vec<u8>> {
    let input = pipeline::read(cx, path)?;
    let module = user_space(cx, input)?;
    let bpf = bpf_side(cx, &module)?;
    let mut carried = bpf.map_or(Vec::new(), |bpf| pipeline::carried(cx, &module, &bpf));
    if let Some(signer) = signer {
        signature::sign_carried(cx, &mut carried, signer)?;
    }
    let object = pipeline::host(cx, &module, &carried, Artifact::Object)?;
    link::executable::link(cx, &object)
}

/// Whether some of the targets is code for such an executor.
fn makes(targets: &[Target], executor: Executor) -> bool {
    targets.iter().any(|target| target.facts().executor == executor)
}

/// Whether BPF code of the module may print.
fn prints(module: &Module) -> bool {
    let prints = |func: &ir::Function| func.walk().into_iter().any(|op| func.ops[op].opcode == ir::Opcode::KsPrint);
    module.funcs.iter().filter(|func| func.targets.any(|on| on.prints_by_helper)).any(prints)
}

/// The object for other loaders, without writes to streams, which some of them refuse. Its diagnostics are dropped: the executable's object
/// had
/// the same ones.
fn without_streams(cx: &mut Session, module: &Module) -> Option<Vec<u8>> {
    let said = cx.diags.count();
    let lowered = std::mem::take(&mut cx.lowered);
    cx.options.streams = false;
    let bpf = pipeline::bpf(cx, module)?;
    cx.lowered = lowered;
    cx.diags.take_since(said);
    Some(bpf.object)
}

/// The module of a program that has an executable. None: errors were reported.
pub(super) fn user_space(cx: &mut Session, mut input: Input) -> Option<Module> {
    if let Input::Source(tree) = &mut input {
        direct::complete(cx, tree);
    }
    let module = pipeline::khir(cx, input)?;
    cx.options.probe.get_or_insert(ProbeForms::Both);
    cx.options.streams = true;
    let module = pipeline::front(cx, module)?;
    if !pipeline::has(&module, Target::Host) {
        return no_artifact(cx, Target::Host);
    }
    pipeline::has_machine(cx, Target::Host)?;
    Some(module)
}

/// Reports that the program has nothing for a target that was asked for.
pub(super) fn no_artifact<T>(cx: &mut Session, target: Target) -> Option<T> {
    let facts = target.facts();
    cx.environment(NoSuchArtifact { what: facts.artifact.into() }).help(facts.artifact_help);
    None
}

/// The BPF side, if the program has one: the executable carries it.
/// The BPF object; none inside if the program has no BPF code. None: errors were reported.
pub(super) fn bpf_side(cx: &mut Session, module: &Module) -> Option<Option<Bpf>> {
    if pipeline::has(module, Target::Bpf) { pipeline::bpf(cx, module).map(Some) } else { Some(None) }
}

/// With `--emit` or `--stop-after`: one file, or text on standard output.
fn one_artifact(cx: &mut Session, outputs: &Outputs, module: &Module) -> Option<()> {
    let target = outputs.one_target(cx, module)?;
    if outputs.stopped_in_front(cx) {
        return outputs.ir(cx, module);
    }
    let artifact = match outputs.args.emit {
        Some(Emit::LlvmIr) => Some((Artifact::LlvmIr, None)),
        Some(Emit::Asm) => Some((Artifact::Asm, None)),
        Some(Emit::Obj) => Some((Artifact::Object, Some(target.facts().object_suffix))),
        Some(Emit::C) => Some((Artifact::Object, None)),
        None
        | Some(
            Emit::Ast
            | Emit::Khir
            | Emit::Flow
            | Emit::BpfIr
            | Emit::HostIr
            | Emit::KmodIr
            | Emit::Header
            | Emit::Rust
            | Emit::Go
            | Emit::Exe,
        ) => None,
    };
    let (Some((want, suffix)), None) = (artifact, &cx.options.stop_after) else {
        let lowered = pipeline::lowered(cx, module, target)?;
        return outputs.ir(cx, &lowered);
    };
    let bytes = match target {
        Target::Bpf => {
            let bpf = pipeline::bpf(cx, module)?;
            if want == Artifact::Object { bpf.object } else { pipeline::bpf_text(cx, &bpf, want)? }
        }
        Target::Host => {
            let bpf = bpf_side(cx, module)?;
            let carried = outputs.carried(cx, module, bpf.as_ref());
            pipeline::host(cx, module, &carried, want)?
        }
        Target::Kmod => pipeline::kmod(cx, module)?,
    };
    match suffix {
        None => outputs.text(cx, bytes),
        Some(suffix) => {
            let path = outputs.args.output.clone().unwrap_or_else(|| format!("{}.{suffix}", outputs.name).into());
            outputs.write(cx, vec![Output { path, bytes, executable: false }])
        }
    }
}

/// Names and places of what is written.
struct Outputs<'a> {
    args: &'a Build,
    name: String,
}

impl Outputs<'_> {
    /// The targets that are asked for, or all that the program has.
    fn targets(&self, module: &Module) -> Vec<Target> {
        if self.args.emit == Some(Emit::Exe) {
            return vec![Target::Host];
        }
        if self.args.target.is_empty() {
            return Target::ALL.into_iter().filter(|&t| pipeline::has(module, t)).collect();
        }
        self.args.target.clone()
    }

    /// The one target of a single artifact: what `--emit` implies, else `--target`, else the first that the program has.
    fn one_target(&self, cx: &mut Session, module: &Module) -> Option<Target> {
        let implied = self.args.emit.and_then(implied_target);
        let named = self.args.target.first().copied();
        let passes = cx.options.stop_after.as_deref().and_then(|pass| {
            Target::ALL.into_iter().find(|t| pipeline::has(module, *t) && t.passes().iter().any(|p| p.name == pass))
        });
        let first = Target::ALL.into_iter().find(|&t| pipeline::has(module, t));
        let target = implied.or(named).or(passes).or(first);
        match target {
            Some(target) if pipeline::has(module, target) => Some(target),
            Some(target) => no_artifact(cx, target),
            None => no_artifact(cx, Target::Bpf),
        }
    }

    /// The BPF objects of the executable.
    fn carried(&self, cx: &mut Session, module: &Module, bpf: Option<&Bpf>) -> Vec<Carried> {
        match (bpf, self.args.kernel_tiers) {
            (None, KernelTiers::All | KernelTiers::One) => Vec::new(),
            (Some(bpf), KernelTiers::All) => pipeline::carried(cx, module, bpf),
            (Some(bpf), KernelTiers::One) => {
                vec![Carried { tier: None, object: bpf.object.clone(), is_signed: false }]
            }
        }
    }

    fn stopped_in_front(&self, cx: &Session) -> bool {
        cx.options.stop_after.as_deref().is_some_and(|pass| pipeline::FRONT.iter().any(|p| p.name == pass))
    }

    fn executable(&self) -> PathBuf {
        self.args.output.clone().unwrap_or_else(|| self.name.clone().into())
    }

    /// Beside the executable, or what `-o` names if it is all that is asked for.
    fn bpf_object(&self, wanted: &[Target]) -> PathBuf {
        let only = wanted.len() == 1 && self.args.target == wanted && makes(wanted, Executor::Bpf);
        match (&self.args.output, only) {
            (Some(output), true) => output.clone(),
            (Some(output), false) => {
                let mut name = output.clone().into_os_string();
                name.push(".bpf.o");
                name.into()
            }
            (None, _) => format!("{}.bpf.o", self.name).into(),
        }
    }

    /// The folder `NAME.mod`: the C of the module, and what its build reads.
    fn module_files(&self, cx: &mut Session, name: &str, source: Vec<u8>) -> Option<Vec<Output>> {
        let mut folder = self.executable().into_os_string();
        folder.push(".mod");
        let folder = PathBuf::from(folder);
        link::output::folder(cx, &folder)?;
        let file = |file: &str, bytes: Vec<u8>| Output { path: folder.join(file), bytes, executable: false };
        Some(vec![
            file(&format!("{name}.{}", Target::Kmod.facts().object_suffix), source),
            file("Kbuild", link::kernel_module::kbuild(name).into_bytes()),
            file("Makefile", link::kernel_module::makefile(name).into_bytes()),
        ])
    }

    fn ir(&self, cx: &mut Session, module: &Module) -> Option<()> {
        let text = ir::print::module(module, &cx.types);
        self.text(cx, text.into_bytes())
    }

    /// Text goes to standard output unless `-o` says otherwise.
    fn text(&self, cx: &mut Session, bytes: Vec<u8>) -> Option<()> {
        let path = self.args.output.clone().unwrap_or_else(|| "-".into());
        self.write(cx, vec![Output { path, bytes, executable: false }])
    }

    /// Writes the artifacts and `--depfile`, unless a warning is denied.
    fn write(&self, cx: &mut Session, mut files: Vec<Output>) -> Option<()> {
        if cx.diags.has_denied() {
            return None;
        }
        if let Some(path) = &self.args.depfile {
            files.push(link::depfile::of(cx, path, &files)?);
        }
        link::output::write(cx, files)
    }
}
