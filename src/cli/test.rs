//! The command line of `ksc test`.

use super::Common;
use clap::Args;
use regex_lite::Regex;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args, Debug)]
pub struct Test {
    /// The sources: files, or folders, whose `.ks` files are all tested
    #[arg(required = true, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Run the tests alone whose names this regular expression matches
    #[arg(long, value_name = "REGEX", value_parser = Regex::new)]
    pub filter: Option<Regex>,
    /// So many tests run at a time; by default as many as there are processors
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// A test that runs longer has failed
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// Run programs in a virtual machine, which needs no privileges: as without the option where the kernel takes none
    #[arg(long)]
    pub vm: bool,
    /// Print one JSON object a line: one for each test, and a summary
    #[arg(long)]
    pub json: bool,
    /// Also write the outcomes in JUnit's form of XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Also write how often the lines and branches of the sources ran, BPF code included, in lcov's form
    #[arg(long, value_name = "FILE")]
    pub coverage: Option<PathBuf>,
    /// Run the tests again whenever a source changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    #[command(flatten)]
    pub common: Common,
}

/// A time that is not zero.
fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0);
    let time = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    time.ok_or_else(|| "it is no number of seconds".to_owned())
}
