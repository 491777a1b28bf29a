//! The command line: what the user asked for, as data.

use crate::session::{KernelVersion, MIN_KERNEL, Mcpu, Options, PIN_ROOT, PrintAfter};
use crate::target::Target;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Parser, Debug)]
#[command(
    name = "ksc",
    version,
    about = "Compile KernelScript: one file becomes a BPF object and the program that drives it"
)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub build: Build,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Check a program and report errors, without writing anything
    Check(Check),
    /// Apply the fixes that errors and warnings propose, in place
    Fix(Fix),
    /// Format source files in place
    Fmt(Fmt),
    /// Show what a BPF object holds: maps, programs, globals
    Inspect(Inspect),
    /// Explain a diagnostic code, such as E0101
    Explain {
        /// The code
        code: String,
    },
}

#[derive(Args, Debug)]
pub struct Build {
    /// The source: a `.ks` file, a `.ksir` file, or `-` for standard input
    pub input: Option<PathBuf>,
    /// The executable's name, or the file of the only artifact; `-` is standard output
    #[arg(short, long, value_name = "NAME")]
    pub output: Option<PathBuf>,
    /// The sides to build for; all that the program has by default
    #[arg(long, value_delimiter = ',', value_name = "TARGETS")]
    pub target: Vec<TargetName>,
    /// What to write instead of the executable and the BPF object
    #[arg(long, value_name = "WHAT")]
    pub emit: Option<Emit>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Debug)]
pub struct Check {
    /// The source
    pub input: PathBuf,
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
}

#[derive(Args, Debug)]
pub struct Inspect {
    /// The object, such as `prog.bpf.o`
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// How it is printed
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub format: InspectFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum InspectFormat {
    Text,
    Json,
}

/// Options of every compilation.
#[derive(Args, Debug)]
pub struct Common {
    /// Oldest kernel that the BPF object must load on; 6.1, or 6.6 with `--mcpu=v4`
    #[arg(long, value_parser = kernel_version, value_name = "VERSION")]
    pub min_kernel: Option<KernelVersion>,
    /// BPF instruction set level; v4 needs Linux 6.6 or later
    #[arg(long, default_value = "v3")]
    pub mcpu: McpuName,
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
    /// How diagnostics are written
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    pub error_format: ErrorFormat,
    /// Print the IR after this pass, or after `all`
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

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum TargetName {
    Bpf,
    Host,
}

impl TargetName {
    pub fn target(self) -> Target {
        match self {
            TargetName::Bpf => Target::Bpf,
            TargetName::Host => Target::Host,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum McpuName {
    V1,
    V2,
    V3,
    V4,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum ErrorFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum Emit {
    /// The syntax tree, printed as source
    Ast,
    /// The IR that lowering yields
    Khir,
    /// The IR of the BPF side after its last pass
    BpfIr,
    /// The IR of user space after its last pass
    HostIr,
    /// LLVM IR, optimised: what becomes the object
    LlvmIr,
    /// Assembly
    Asm,
    /// The object file of one side
    Obj,
    /// The executable
    Exe,
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

fn kernel_version(text: &str) -> Result<KernelVersion, String> {
    let wrong = || format!("`{text}` is no kernel version such as 6.1");
    let (major, minor) = text.split_once('.').ok_or_else(wrong)?;
    let version = KernelVersion {
        major: major.parse().map_err(|_| wrong())?,
        minor: minor.split('.').next().unwrap_or_default().parse().map_err(|_| wrong())?,
    };
    let floor = KernelVersion { major: 5, minor: 10 };
    if version < floor {
        return Err("kernels before 5.10 are not supported".into());
    }
    Ok(version)
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
        let (Some(since), Some(oldest)) = (self.mcpu().since(), self.min_kernel) else { return Ok(()) };
        if oldest >= since {
            return Ok(());
        }
        let (level, KernelVersion { major, minor }) = (self.mcpu().name(), since);
        Err(format!("`--mcpu={level}` needs Linux {major}.{minor}, and `--min-kernel` names an older one"))
    }

    pub fn options(&self, input: &Path) -> Options {
        let stem = input.file_stem().map_or("ks".into(), |s| s.to_string_lossy().into_owned());
        let mcpu = self.mcpu();
        Options {
            mcpu,
            min_kernel: self.min_kernel.or(mcpu.since()).unwrap_or(MIN_KERNEL),
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
            dump_dir: std::env::var_os("KSC_DUMP").map(PathBuf::from),
            pin_root: self.pin_root.clone(),
            tcx: self.tcx,
            project: self.project.clone().unwrap_or(if stem == "-" { "stdin".into() } else { stem }),
        }
    }
}
