//! `ksc run`: compiles a program, and becomes it.
//!
//! `cache.rs` keeps executables by what they were made of (`inputs.rs`), and `execute.rs` replaces this process by one, so that signals,
//! the terminal and the status are the program's own. Nothing has to be removed behind it: the executable is in the cache, or has no name.

mod cache;
mod execute;
mod inputs;

use super::build::{bpf_side, check_passes, user_space};
use super::{has_color, rendered, show, show_lowered, status, usage_error};
use crate::cli::Run;
use crate::codegen::llvm::{Artifact, Carried};
use crate::diag::escape;
use crate::kernels;
use crate::link;
use crate::pipeline::{self, Input};
use crate::session::{PrintAfter, Session};
use crate::source::{FileId, load};
use cache::Cache;
use execute::Start;
use inputs::Inputs;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What messages call the text of `-e`.
const COMMAND_LINE: &str = "<command line>";
/// The name of the program that it is, and of its pins.
const ONE_LINER: &str = "oneliner";

/// Where the program comes from.
struct Source<'a> {
    /// `-` is standard input, and also the text of the command line, since files that it names are relative to the current folder too.
    path: &'a Path,
    text: Option<&'a str>,
    /// The program's own name for itself, `argv[0]`.
    name: OsString,
    arguments: &'a [OsString],
}

impl Source<'_> {
    fn start<'s>(&'s self, folder: &'s Path) -> Start<'s> {
        Start { name: &self.name, arguments: self.arguments, folder }
    }

    /// What the kernel calls the process: the file's stem.
    fn process(&self) -> &OsStr {
        Path::new(&self.name).file_stem().unwrap_or(&self.name)
    }
}

/// Compiles and executes a program. It returns only if that failed, which was reported: 1 for errors of the source, 3 for those of
/// the environment.
pub fn run(args: &Run) -> ExitCode {
    let source = match check_passes(&args.common).and_then(|()| source(args)) {
        Ok(source) => source,
        Err(why) => return usage_error(&why),
    };
    let mut cx = match super::session(&args.common, source.path) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    if source.text.is_some() {
        cx.options.name = ONE_LINER.to_owned();
        cx.options.project = args.common.project.clone().unwrap_or_else(|| ONE_LINER.to_owned());
    }
    cx.options.prints_results = true;
    kernels::suit_running(&mut cx.options);
    let Some(file) = read(&mut cx, &source) else { return super::finish(&mut cx, args.common.messages) };
    let text = cx.sources.file(file).text.clone();
    let key = inputs::key(&cx, &format!("{:?}", args.common), &source.name, &text, has_color(args.common.messages));
    let cache = if args.no_cache || asks_for_output(&cx) { None } else { Cache::open() };
    if let Some(kept) = cache.as_ref().and_then(|cache| cache.find(&key)) {
        show(&kept.messages);
        // One that cannot be executed is compiled again.
        let _ = source.start(&folder(source.path)).file(&kept.executable);
    }
    compile(&mut cx, args, &source, file, cache.as_ref().map(|cache| (cache, key.as_str())))
}

fn source(args: &Run) -> Result<Source<'_>, String> {
    if args.common.stop_after.is_some() {
        return Err("`--stop-after` leaves no program to execute".to_owned());
    }
    if let Some(text) = &args.text {
        let name = ONE_LINER.into();
        return Ok(Source { path: Path::new("-"), text: Some(text), name, arguments: &args.words });
    }
    let Some((file, rest)) = args.words.split_first() else {
        return Err("no source file is given: `ksc run FILE.ks`, or `ksc run -e 'TEXT'`".to_owned());
    };
    let name = if file == "-" { OsString::from("stdin") } else { file.clone() };
    let arguments = if rest.first().is_some_and(|word| word == "--") { &rest[1..] } else { rest };
    Ok(Source { path: Path::new(file), text: None, name, arguments })
}

/// Enters the program's text into the session. None: it was reported.
fn read(cx: &mut Session, source: &Source) -> Option<FileId> {
    let Some(text) = source.text else { return load::load(cx, source.path) };
    let file = cx.sources.add(COMMAND_LINE, source.path, text.to_owned());
    cx.sources.record(file, COMMAND_LINE.to_owned());
    Some(file)
}

/// Whether the compilation is to print or write more than diagnostics, which nothing keeps.
fn asks_for_output(cx: &Session) -> bool {
    let options = &cx.options;
    options.time_passes || options.dump_dir.is_some() || options.print_ir_after != PrintAfter::Nothing
}

fn compile(cx: &mut Session, args: &Run, source: &Source, file: FileId, cache: Option<(&Cache, &str)>) -> ExitCode {
    let made = pipeline::read_file(cx, file).and_then(|input| executable(cx, input));
    let (messages, status) = rendered(cx, args.common.messages, &mut HashSet::new());
    show(&messages);
    show_lowered(cx, args.common.messages);
    super::print_timings(cx);
    let Some(bytes) = made.filter(|_| status == status::SUCCESS) else { return ExitCode::from(status) };
    let folder = folder(source.path);
    let start = source.start(&folder);
    if let Some((cache, key)) = cache
        && let Some(inputs) = Inputs::of(cx, file, messages)
        && let Some(kept) = cache.keep(key, &inputs, source.process(), &bytes)
    {
        // The bytes may be executed where the file is not.
        let _ = start.file(&kept.executable);
    }
    let why = start.bytes(&bytes, source.process());
    eprintln!("error: `{}` cannot be executed: {why}", escape::value(&source.name.to_string_lossy()));
    ExitCode::from(status::ENVIRONMENT)
}

/// The executable, with one BPF object, for the kernel that runs. None: errors were reported.
fn executable(cx: &mut Session, input: Input) -> Option<Vec<u8>> {
    let module = user_space(cx, input)?;
    let bpf = bpf_side(cx, &module)?;
    let carried: Vec<Carried> =
        bpf.into_iter().map(|bpf| Carried { tier: None, object: bpf.object, is_signed: false }).collect();
    let object = pipeline::host(cx, &module, &carried, Artifact::Object)?;
    let since = std::time::Instant::now();
    let executable = link::executable::link(cx, &object)?;
    cx.timed("link", since);
    Some(executable)
}

/// The folder of the source, absolute; that of a program without a file is the current one.
fn folder(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::path::absolute(parent).unwrap_or_else(|_| parent.to_owned())
}
