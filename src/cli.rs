//! The command line: what the user asked for, as data.

mod bindings;
mod build;
mod doc;
mod init;
mod inspect;
mod kernel;
mod list;
mod lsp;
mod package;
mod run;
mod test;
mod verify;
mod words;

use crate::codegen::peephole;
use crate::diag::{ALL_WARNINGS, ANALYSES, Analysis, Levels, codes, escape};
use crate::kernels;
use crate::session::{KernelVersion, MIN_KERNEL, Mcpu, Options, PIN_ROOT, PrintAfter, ProbeForms};
use crate::tables::WORKAROUNDS;
use crate::target::{MACHINES, Machine, Target};
pub use bindings::Bindings;
pub use build::{Build, Emit, KernelTiers};
use clap::builder::PossibleValue;
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
pub use doc::{Doc, DocFormat};
pub use init::Init;
pub use inspect::{GraphFormat, Inspect, InspectFormat};
pub use kernel::{Kernel, KernelCommand};
pub use list::List;
pub use lsp::Lsp;
pub use package::Package;
pub use run::Run;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
pub use test::Test;
pub use verify::{MakeLoader, Verify, VerifyFormat, VerifyLoad};
pub use words::Words;

#[derive(Parser, Debug)]
#[command(
    name = "ksc",
    version = crate::version::text(),
    about = "Compile KernelScript: one file becomes a BPF object and the program that drives it"
)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub build: Build,
}

/// The command line of this process. If it is wrong, or asks for help, that is printed and the process ends.
pub fn read() -> Cli {
    let words: Vec<OsString> = std::env::args_os().collect();
    let wrong = match Cli::try_parse_from(&words) {
        Ok(cli) => return cli,
        Err(wrong) => wrong,
    };
    // The message quotes what is wrong, and has escapes of its own, for colours. So it is the one about words that hold
    // none, which are wrong alike.
    let words = words.iter().map(|word| escape::value(&word.to_string_lossy()).into_owned());
    if let Err(shown) = Cli::try_parse_from(words)
        && shown.kind() == wrong.kind()
    {
        shown.exit()
    }
    eprint!("{}", escape::lines(&wrong.render().to_string()));
    std::process::exit(wrong.exit_code())
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write a module with the types, maps and variables of a program for another language: Python, Rust, Go
    Bindings(Bindings),
    /// Compile a program: what `ksc FILE` does too
    Build(Build),
    /// Build the kernel module with the `@kfunc` functions of a program
    BuildModule(BuildModule),
    /// Check programs and report errors, without writing anything
    Check(Check),
    /// Write a page about a program, from its `///` comments: programs, maps, events, options, the first kernel
    Doc(Doc),
    /// Apply the fixes that errors and warnings propose, in place
    Fix(Fix),
    /// Format source files in place
    Fmt(Fmt),
    /// Write a folder with a program that compiles and runs: of a program type, of a struct of the kernel, or with a kernel module
    #[command(visible_alias = "new")]
    Init(Init),
    /// Show what a BPF object, or the one in an executable of ksc, holds: maps, programs, globals
    Inspect(Inspect),
    /// Explain a diagnostic code, such as E0101, with a wrong and a right example; without one, list all codes
    Explain {
        /// The code
        code: Option<String>,
    },
    /// Write what is installed elsewhere: images of containers, manifests of Kubernetes, a package of Debian with a systemd unit
    Package(Package),
    /// Compile a program, of a file or of the command line, and execute it
    Run(Run),
    /// Serve an editor: diagnostics, hover, completion and more, by the Language Server Protocol over standard input and output
    Lsp(Lsp),
    /// List what a kernel has to hang a program on: events, functions, hooks, and what programs call and use there
    List(List),
    /// Run the `@test` functions of programs, each in a process of its own
    Test(Test),
    /// List, add and remove kernels, in which `ksc verify --kernel` loads programs
    Kernel(Kernel),
    /// Load programs into the running kernel, or others, attach none, and explain in terms of the source why its verifier refuses them
    Verify(Verify),
    /// The process of `ksc verify` in which libbpf loads
    #[command(hide = true)]
    VerifyLoad(VerifyLoad),
    /// The process of `ksc package --sign` and `ksc inspect` in which libbpf makes the loader of an object
    #[command(hide = true)]
    MakeLoader(MakeLoader),
    /// Print a script that completes command lines in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages of all commands
    #[command(hide = true)]
    ManPages {
        /// The folder
        folder: PathBuf,
    },
    /// A command of the compiler of KernelScript 0.1
    #[command(hide = true)]
    Compile(Words),
}

#[derive(Args, Debug)]
pub struct BuildModule {
    /// The source
    pub input: PathBuf,
    /// The module's file; NAME.ko by default, which belongs beside the executable
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The tree to build against: the headers of a kernel; those of the running kernel by default
    #[arg(long, value_name = "DIR")]
    pub kernel_dir: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Debug)]
pub struct Check {
    /// The sources: files, or folders, whose `.ks` files are all checked
    #[arg(required = true, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Compare what is reported with the `//~` comments of the source
    #[arg(long)]
    pub verify_diagnostics: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Debug)]
pub struct Fix {
    /// The source; `-` fixes standard input to standard output
    pub input: PathBuf,
    /// Write nothing; print the lines that would change
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Debug)]
pub struct Fmt {
    /// The sources; `-` formats standard input to standard output
    #[arg(required = true, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Write nothing; name the files that are not formatted, and fail if there are any
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub messages: Messages,
}

/// How messages are written.
#[derive(Args, Clone, Copy, Debug)]
pub struct Messages {
    /// How diagnostics are written
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    pub error_format: ErrorFormat,
    /// Whether diagnostics have colors; `auto`: on a terminal, unless NO_COLOR is set
    #[arg(long, default_value = "auto", value_name = "WHEN")]
    pub color: ColorChoice,
}

impl Default for Messages {
    fn default() -> Messages {
        Messages { error_format: ErrorFormat::Human, color: ColorChoice::Auto }
    }
}

/// Options of every compilation.
#[derive(Args, Debug)]
pub struct Common {
    /// Oldest kernel that the BPF object must load on; without it, the first from 6.1 on, or 6.6 with `--mcpu=v4`, that has what the program needs
    #[arg(long, value_parser = kernels::version, value_name = "VERSION")]
    pub min_kernel: Option<KernelVersion>,
    /// BPF instruction set level; v4 needs Linux 6.6 or later
    #[arg(long, default_value = "v3")]
    pub mcpu: McpuName,
    /// Processor of the kernels that the BPF object is for; by default that of this machine, the only one that executables are made for
    #[arg(long, value_name = "ARCH", value_parser = machine)]
    pub target_arch: Option<&'static Machine>,
    /// Optimisation level
    #[arg(short = 'O', default_value = "2", value_parser = clap::value_parser!(u8).range(1..=3), value_name = "LEVEL")]
    pub opt_level: u8,
    /// Name of the pin directory; the file's stem by default
    #[arg(long, value_name = "NAME", value_parser = project)]
    pub project: Option<String>,
    /// Folder of bpffs below which the program pins: PATH/PROJECT/maps/NAME
    #[arg(long, value_name = "PATH", default_value = PIN_ROOT, value_parser = pin_root)]
    pub pin_root: String,
    /// Put TC programs into the sections `tcx/ingress` and `tcx/egress`, for loaders that know them (libbpf 1.3)
    #[arg(long)]
    pub tcx: bool,
    /// Name lines of the source by `#line` in the C of a kernel module, so that the kernel's compiler reports errors there
    #[arg(long)]
    pub line_directives: bool,
    /// Forms of `@probe` programs: at a trampoline (fentry), at a breakpoint (kprobe), or both, from which the executable chooses by what
    /// the
    /// kernel has; by default an object has fentry, and an executable both
    #[arg(long, value_name = "FORM")]
    pub probe: Option<ProbeForms>,
    /// The kernel's types: a file of BTF, or an ELF file with BTF such as a `vmlinux`; those of the running kernel by default
    #[arg(long, value_name = "FILE")]
    pub btf: Option<PathBuf>,
    /// Names the file by NEW in objects and executables where its path begins with OLD; may be given several times, and the
    /// last that fits counts
    #[arg(long, value_name = "OLD=NEW", value_parser = path_prefix)]
    pub path_prefix_map: Vec<(PathBuf, String)>,
    /// Makes this warning, such as W0150, an error; `warnings`: all of them
    #[arg(short = 'D', long, value_name = "WARNING", value_parser = warning)]
    pub deny: Vec<String>,
    /// Does not report this warning; `warnings`: none of them
    #[arg(short = 'A', long, value_name = "WARNING", value_parser = warning)]
    pub allow: Vec<String>,
    /// Leaves out the errors of this safety analysis; what they are about, the kernel refuses. May be given several times
    #[arg(long, value_name = "NAME", value_parser = analysis, hide_short_help = true)]
    pub no_check: Vec<&'static Analysis>,
    /// Leaves out a workaround for verifiers or LLVM, by its name in docs/workarounds.md, or a rewrite of machine code, by its name in
    /// ir-specs/peepholes.toml: to find out what needs it. May be given several times
    #[arg(long, value_name = "NAME", value_parser = workaround, hide = true)]
    pub without: Vec<&'static str>,
    #[command(flatten)]
    pub messages: Messages,
    /// Print the IR after this pass, or the LLVM IR after this rewrite for the verifier; `all`: after each
    #[arg(long, value_name = "PASS")]
    pub print_ir_after: Option<String>,
    /// Run no pass after this one, and print the IR
    #[arg(long, value_name = "PASS")]
    pub stop_after: Option<String>,
    /// Report how long each stage and pass took
    #[arg(long)]
    pub time_passes: bool,
    /// Verify the IR after each pass, and what the pass says of having changed it
    #[arg(long)]
    pub verify_ir: bool,
}

impl ValueEnum for ProbeForms {
    fn value_variants<'a>() -> &'a [ProbeForms] {
        &ProbeForms::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl ValueEnum for Target {
    fn value_variants<'a>() -> &'a [Target] {
        &Target::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// A value of `--mcpu`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum McpuName {
    V1,
    V2,
    V3,
    V4,
}

/// A value of `--error-format`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum ErrorFormat {
    Human,
    Json,
}

/// One folder of bpffs, where names have no dots.
fn project(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['/', '.', '\0']) {
        return Err("a project's name is that of a folder of bpffs: without `/` and `.`".into());
    }
    Ok(text.to_owned())
}

fn pin_root(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err("it is not an absolute path".into()) }
}

fn path_prefix(text: &str) -> Result<(PathBuf, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() => Ok((old.into(), new.to_owned())),
        Some(_) | None => Err("it is not of the form OLD=NEW".into()),
    }
}

/// The code of a warning as it is declared, or `warnings`.
fn warning(text: &str) -> Result<String, String> {
    if text == ALL_WARNINGS {
        return Ok(text.to_owned());
    }
    match codes::all().find(|info| info.code.eq_ignore_ascii_case(text)) {
        Some(info) if info.code.starts_with('W') => Ok(info.code.to_owned()),
        Some(info) => Err(format!("{} is no warning", info.code)),
        None => Err("there is no such warning; `ksc explain` lists all codes".into()),
    }
}

/// The name of a safety analysis.
fn analysis(text: &str) -> Result<&'static Analysis, String> {
    let names = || ANALYSES.iter().map(|analysis| format!("`{}`", analysis.name)).collect::<Vec<_>>().join(", ");
    Analysis::named(text).ok_or_else(|| format!("the analyses are {}", names()))
}

/// A processor of the table.
fn machine(text: &str) -> Result<&'static Machine, String> {
    let names = || MACHINES.iter().map(|machine| format!("`{}`", machine.name)).collect::<Vec<_>>().join(", ");
    MACHINES.iter().find(|machine| machine.name == text).ok_or_else(|| format!("the processors are {}", names()))
}

fn workaround(text: &str) -> Result<&'static str, String> {
    let mut known = WORKAROUNDS.iter().map(|known| known.name).chain(peephole::parts());
    known.find(|known| *known == text).ok_or_else(|| "docs/workarounds.md lists the names of workarounds".to_owned())
}

impl Common {
    fn mcpu(&self) -> Mcpu {
        match self.mcpu {
            McpuName::V1 => Mcpu::V1,
            McpuName::V2 => Mcpu::V2,
            McpuName::V3 => Mcpu::V3,
            McpuName::V4 => Mcpu::V4,
        }
    }

    /// Why options contradict each other, if they do.
    pub fn check(&self) -> Result<(), String> {
        if let Some(both) = self.deny.iter().find(|code| self.allow.contains(code)) {
            return Err(format!("`-D {both}` and `-A {both}` contradict each other"));
        }
        if self.target_arch.or(Machine::own()).is_none() {
            return Err("this machine is none that the compiler knows: `--target-arch` names one".to_owned());
        }
        let (Some(since), Some(oldest)) = (self.mcpu().since(), self.min_kernel) else { return Ok(()) };
        if oldest >= since {
            return Ok(());
        }
        let level = self.mcpu().name();
        Err(format!("`--mcpu={level}` needs Linux {since}, and `--min-kernel` names an older one"))
    }

    /// The options of a run on `input`, whose stem is the default name of the program.
    pub fn options(&self, input: &Path) -> Options {
        let stem = input.file_stem().map_or("ks".into(), |s| s.to_string_lossy().into_owned());
        let name = if stem == "-" { "stdin".into() } else { stem };
        let mcpu = self.mcpu();
        Options {
            machine: self.target_arch.unwrap_or(Machine::native()),
            mcpu,
            min_kernel: self.min_kernel.or(mcpu.since()).unwrap_or(MIN_KERNEL),
            tier: None,
            min_kernel_given: self.min_kernel.is_some(),
            opt_level: self.opt_level,
            exports: Vec::new(),
            verify_ir: self.verify_ir || cfg!(debug_assertions),
            verify_changes: self.verify_ir,
            print_ir_after: match self.print_ir_after.as_deref() {
                None => PrintAfter::Nothing,
                Some("all") => PrintAfter::Everything,
                Some(pass) => PrintAfter::Pass(pass.to_owned()),
            },
            stop_after: self.stop_after.clone(),
            time_passes: self.time_passes,
            explain_lowering: false,
            dump_dir: std::env::var_os("KSC_DUMP").map(PathBuf::from),
            pin_root: self.pin_root.clone(),
            path_prefixes: self.path_prefix_map.clone(),
            levels: Levels { denied: self.deny.clone(), allowed: self.allow.clone(), unchecked: self.no_check.clone() },
            tcx: self.tcx,
            line_directives: self.line_directives,
            probe: self.probe,
            streams: false,
            links_statically: false,
            prints_results: false,
            tests: false,
            coverage: false,
            keep_dwarf: false,
            checks_parts: true,
            btf: self.btf.clone(),
            without: self.without.clone(),
            project: self.project.clone().unwrap_or_else(|| name.clone()),
            name,
        }
    }
}
