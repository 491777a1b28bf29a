//! The options of a run.

use crate::execute::Engine;
use crate::generate::Family;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Settings {
    /// What the programs and inputs are made from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many test functions of programs without maps
    #[arg(long, default_value_t = 1400)]
    pub functions: usize,
    /// How many test functions of programs with maps
    #[arg(long, default_value_t = 200)]
    pub maps: usize,
    /// How many test programs that parse and write packets
    #[arg(long, default_value_t = 120)]
    pub packets: usize,
    /// How many test programs that call one another
    #[arg(long, default_value_t = 60)]
    pub tails: usize,
    /// How many test programs that take records and sockets
    #[arg(long, default_value_t = 60)]
    pub references: usize,
    /// The number of the first program: a run that was interrupted goes on there
    #[arg(long, default_value_t = 0)]
    pub first: usize,
    /// Keep the counts in this file; a run that was interrupted goes on from it, with the same options
    #[arg(long)]
    pub record: Option<PathBuf>,
    /// Start no program later than after so many seconds
    #[arg(long)]
    pub time: Option<u64>,
    /// Test functions in one program
    #[arg(long, default_value_t = 100)]
    pub per_program: usize,
    /// Inputs for each test function
    #[arg(long, default_value_t = 12)]
    pub inputs: usize,
    /// Programs at a time
    #[arg(long, default_value_t = 2)]
    pub jobs: usize,
    /// Where programs that fail go
    #[arg(long, default_value = "target/differential")]
    pub keep: PathBuf,
    /// Leave programs that fail as they are
    #[arg(long)]
    pub no_reduce: bool,
    /// Leave the kernel out: what agrees on the host counts as skipped
    #[arg(long)]
    pub no_bpf: bool,
    /// Interpret BPF objects for this machine, and run nothing else
    #[arg(long, value_name = "ARCH", value_parser = crate::machine)]
    pub target_arch: Option<&'static ksc::target::Machine>,
    /// Only this engine besides the evaluator, such as `BpfV3`
    #[arg(long = "engine", value_name = "ENGINE", value_parser = Engine::parse)]
    pub engines: Vec<Engine>,
}

impl Settings {
    /// Tests in programs with maps: what makes maps loads into the kernel on both sides.
    pub fn map_tests(&self) -> usize {
        if self.no_bpf { 0 } else { self.maps }
    }

    /// How many tests of each family. The host runs no programs.
    pub fn families(&self) -> [(Family, usize); 6] {
        let of_programs = |tests: usize| if self.no_bpf { 0 } else { tests };
        [
            (Family::Plain, self.functions),
            (Family::Maps, self.map_tests().div_ceil(2)),
            (Family::Bpf, self.map_tests() / 2),
            (Family::Packets, of_programs(self.packets)),
            (Family::Tails, of_programs(self.tails)),
            (Family::References, of_programs(self.references)),
        ]
    }
}
