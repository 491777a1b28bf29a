//! Differential tests: generated programs must compute the same in the kernel, on the host, and to a plain evaluator.
//!
//! `run` generates programs and gives each to a process of `check`, which compiles it for all engines, runs it and
//! compares; `reduce` makes what fails small.

mod check;
mod compare;
mod evaluate;
mod execute;
mod generate;
mod interpret;
mod progress;
mod reduce;
mod run;
mod settings;

use clap::{Parser, Subcommand};
use compare::{Plan, Report};
use execute::Engine;
use generate::Family;
use ksc::session::KernelVersion;
use ksc::target::{MACHINES, Machine};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Generated programs must compute the same in the kernel, on the host, and to a plain evaluator")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate programs and compare all engines that run them
    Run(settings::Settings),
    /// Print the program of a seed
    Print {
        seed: u64,
        #[arg(default_value_t = 100)]
        tests: usize,
        /// The number of a program of its family in `run --seed`
        #[arg(long)]
        number: Option<usize>,
        #[arg(long, value_enum, default_value_t = Family::Plain)]
        family: Family,
        /// With an XDP program and a line of `main` for each test, so that all is compiled for both sides
        #[arg(long)]
        whole: bool,
        /// Only the test of this name, with what all tests share
        #[arg(long)]
        only: Vec<String>,
    },
    /// Compile and run one program on all engines
    Check {
        file: PathBuf,
        /// The report as JSON, for `run`
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        how: How,
    },
    /// Compile generated programs and record what they must return, for the kernels of ci/vm
    Export {
        folder: PathBuf,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many test functions
        #[arg(long, default_value_t = 300)]
        functions: usize,
        /// How many test programs of each family of those
        #[arg(long, default_value_t = 20)]
        programs: usize,
        #[arg(long, default_value_t = 100)]
        per_program: usize,
        #[arg(long, default_value_t = 4)]
        inputs: usize,
    },
    /// Make a program that fails small
    Reduce {
        file: PathBuf,
        #[command(flatten)]
        how: How,
    },
}

#[derive(clap::Args, Clone)]
struct How {
    /// What the inputs are made from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Inputs for each test function
    #[arg(long, default_value_t = 12)]
    inputs: usize,
    /// This input instead: four numbers with commas between
    #[arg(long, value_parser = input)]
    given: Vec<[u64; 4]>,
    /// Only this engine besides the evaluator, such as `BpfV3`
    #[arg(long, value_parser = Engine::parse)]
    engine: Vec<Engine>,
    /// Only the test of this name
    #[arg(long)]
    only: Vec<String>,
    /// What the verifier walks through for too long has failed, and is loaded also where nothing evaluates it
    #[arg(long)]
    must_load: bool,
    /// Interpret BPF objects for this machine, and run nothing else
    #[arg(long, value_name = "ARCH", value_parser = machine)]
    target_arch: Option<&'static Machine>,
    /// The oldest kernel that BPF objects are compiled for, and so which workarounds they have
    #[arg(long, value_name = "VERSION", value_parser = ksc::kernels::version)]
    min_kernel: Option<KernelVersion>,
    /// Write what other kernels are to load and run into this folder, instead of loading it
    #[arg(long)]
    export: Option<PathBuf>,
}

/// A processor by its name.
fn machine(text: &str) -> Result<&'static Machine, String> {
    MACHINES.iter().find(|machine| machine.name == text).ok_or_else(|| "ksc knows no such processor".to_owned())
}

fn input(text: &str) -> Result<[u64; 4], String> {
    let numbers: Result<Vec<u64>, _> = text.split(',').map(str::parse).collect();
    let numbers = numbers.map_err(|error| error.to_string())?;
    numbers.try_into().map_err(|_| "an input is four numbers".into())
}

/// The parser of a debug build uses much stack.
fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, run);
        thread.expect("a thread can be made").join().expect("panics are caught where they are expected")
    })
}

fn check(file: &Path, how: &How) -> std::io::Result<Report> {
    let text = std::fs::read_to_string(file)?;
    let how = how.clone();
    let plan = Plan {
        seed: how.seed,
        inputs: how.inputs,
        given: how.given,
        engines: how.engine,
        only: how.only,
        must_load: how.must_load,
        machine: how.target_arch,
        min_kernel: how.min_kernel,
        export: how.export.map(|folder| compare::Export {
            folder,
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        }),
    };
    // What panics is reported, and need not be printed too.
    std::panic::set_hook(Box::new(|_| {}));
    Ok(with_stack(|| compare::compare(&text, &plan)))
}

/// Whether everything was compiled and evaluated.
fn export(folder: &Path, seed: u64, inputs: usize, programs: &[(run::Program, usize)]) -> std::io::Result<bool> {
    let mut fine = true;
    for &(program, tests) in programs {
        let text = generate::program(program.family, program.seed(seed), tests);
        let name = format!("{}{}", program.family.name(), program.number);
        std::fs::write(folder.join(format!("{name}.ks")), &text)?;
        let engines = Engine::BPF.iter().map(|(engine, _)| *engine).collect();
        let export = Some(compare::Export { folder: folder.to_owned(), name });
        let plan = Plan {
            seed: program.seed(seed),
            inputs,
            given: Vec::new(),
            engines,
            only: Vec::new(),
            must_load: false,
            machine: None,
            min_kernel: None,
            export,
        };
        let report = compare::compare(&text, &plan);
        print_report(&report);
        fine &= report.failures.is_empty();
    }
    Ok(fine)
}

fn print_report(report: &Report) {
    println!("{} tests, {} inputs, {} programs loaded", report.tests, report.inputs, report.loaded);
    println!("entries looked up: {}, of which {} were there", report.lookups.0, report.lookups.1);
    for failure in &report.failures {
        let engine = failure.engine.map_or("", Engine::name);
        let test = failure.test.as_deref().unwrap_or("the program");
        println!("{:?} {engine}: {test} {:?}\n    {}", failure.kind, failure.input, failure.detail);
    }
}

fn reduce(file: &Path, how: &How) -> std::io::Result<()> {
    let found = check(file, how)?;
    match found.failures.first() {
        Some(failure) => {
            println!("{failure:?}");
            with_stack(|| reduce::source::report(file, how.seed, how.inputs, failure));
        }
        None => println!("it does not fail"),
    }
    Ok(())
}

fn act(command: Command) -> std::io::Result<bool> {
    match command {
        Command::Run(settings) => {
            std::panic::set_hook(Box::new(|_| {}));
            with_stack(|| run::run(&settings))
        }
        Command::Print { seed, tests, number, family, whole, only } => {
            let seed = number.map_or(seed, |number| run::Program { family, number }.seed(seed));
            let mut program = generate::program(family, seed, tests);
            if !only.is_empty() {
                program = reduce::source::keeping(&program, &only);
            }
            print!("{}", if whole { execute::whole(&program, tests) } else { program });
            Ok(true)
        }
        Command::Check { file, json, how } => {
            let report = check(&file, &how)?;
            if json {
                println!("{}", serde_json::to_string(&report)?);
                return Ok(true);
            }
            print_report(&report);
            Ok(report.failures.is_empty())
        }
        Command::Export { folder, seed, functions, programs, per_program, inputs } => {
            std::fs::create_dir_all(&folder)?;
            std::panic::set_hook(Box::new(|_| {}));
            let families = Family::OF_PROGRAMS.map(|family| (family, programs));
            let all = run::programs([(Family::Plain, functions)].into_iter().chain(families), per_program);
            with_stack(|| export(&folder, seed, inputs, &all))
        }
        Command::Reduce { file, how } => reduce(&file, &how).map(|()| true),
    }
}

fn main() -> ExitCode {
    match act(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
