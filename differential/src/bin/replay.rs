//! What the guests of ci/vm run: it loads BPF objects into the running kernel, and replays recorded cases.

use clap::{Parser, Subcommand};
use differential::case::Case;
use differential::kernel::{self, Pruning};
use differential::results::Results;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Loads what another machine compiled, and runs what it recorded")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Load all programs of objects, and print how many instructions the verifier processed of each
    Load { objects: Vec<PathBuf> },
    /// Run the cases that `differential export` wrote: NAME.json beside NAME.o
    Cases {
        cases: Vec<PathBuf>,
        /// The verifier prunes wherever it can
        #[arg(long)]
        prune: bool,
    },
    /// Run programs and compare what they return: NAME.json, as `ci/bounds` writes it, beside NAME.o
    Results { files: Vec<PathBuf> },
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn load(path: &Path) -> Result<(), String> {
    let programs = kernel::try_load(&read(path)?).map_err(|why| format!("{}: not loaded: {why}", path.display()))?;
    for (name, processed) in programs {
        println!("{name}: {processed} instructions processed");
    }
    Ok(())
}

fn replay(path: &Path, pruning: Pruning) -> Result<(), String> {
    let case: Case = serde_json::from_slice(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let failures = case.replay(&read(&path.with_extension("o"))?, pruning);
    let inputs: usize = case.tests.iter().map(|test| test.outcomes.len()).sum();
    println!("{}: {} tests, {inputs} inputs, {} failed", path.display(), case.tests.len(), failures.len());
    if failures.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = failures.iter().map(|(test, why)| format!("{test}: {why}")).collect();
    Err(format!("{}: {}", path.display(), texts.join("\n")))
}

fn compare(path: &Path) -> Result<(), String> {
    let results: Results =
        serde_json::from_slice(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let wrong = results
        .compare(&read(&path.with_extension("o"))?)
        .map_err(|why| format!("{}: not loaded: {why}", path.display()))?;
    println!("{}: {} programs, {} wrong", path.display(), results.count(), wrong.len());
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.iter().map(|(name, why)| format!("{}: {name}: {why}", path.display())).collect::<Vec<_>>().join("\n"))
}

/// What a command does with each of its files.
type Run = fn(&Path) -> Result<(), String>;

fn main() -> ExitCode {
    kernel::quiet();
    let (paths, run): (_, Run) = match Cli::parse().command {
        Command::Load { objects } => (objects, load),
        Command::Cases { cases, prune: true } => (cases, |path| replay(path, Pruning::Everywhere)),
        Command::Cases { cases, prune: false } => (cases, |path| replay(path, Pruning::Usual)),
        Command::Results { files } => (files, compare),
    };
    let mut status = ExitCode::SUCCESS;
    for path in paths {
        if let Err(why) = run(&path) {
            eprintln!("{why}");
            status = ExitCode::FAILURE;
        }
    }
    status
}
