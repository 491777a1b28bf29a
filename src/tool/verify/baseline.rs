//! `--baseline FILE`: which programs became worse since an earlier `--format=json`, and which better.

use super::judge::{Row, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// A verdict of the earlier run. Lines of other kinds have other fields.
#[derive(Deserialize)]
struct Line {
    kind: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    program: String,
    #[serde(default)]
    kernel: String,
    #[serde(default)]
    verdict: String,
    processed: Option<u64>,
}

/// The verdicts of an earlier run, by file, program, and version of the kernel: a newer build of a kernel is compared with an older one.
pub struct Baseline {
    known: HashMap<(String, String, String), Line>,
    /// Per cent.
    tolerance: f64,
}

/// What is otherwise than it was.
#[derive(Serialize)]
pub struct Change {
    kind: &'static str,
    file: String,
    program: String,
    kernel: String,
    /// `worse` or `better`.
    change: &'static str,
    was: String,
    is: String,
}

impl Change {
    /// Whether the run fails for it.
    pub fn is_worse(&self) -> bool {
        self.change == WORSE
    }

    /// `worse: drop of filter.o on 6.12.9: processed 60, was 41 (+46.3 %)`
    pub fn text(&self) -> String {
        let Change { file, program, kernel, change, was, is, .. } = self;
        format!("{change}: {program} of {file} on {kernel}: {is}, was {was}\n")
    }
}

const WORSE: &str = "worse";
const BETTER: &str = "better";

impl Baseline {
    /// Reads the file. `tolerance`: so many per cent more instructions that are processed are not worse, and so many less not better.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(path: &Path, tolerance: f64) -> Result<Baseline, String> {
        let named = |why: String| format!("`{}` is no baseline: {why}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
        let mut known = HashMap::new();
        for (number, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let line: Line =
                serde_json::from_str(text).map_err(|error| named(format!("line {}: {error}", number + 1)))?;
            if line.kind == "verdict" {
                known.insert((line.file.clone(), line.program.clone(), version(&line.kernel).to_owned()), line);
            }
        }
        if known.is_empty() {
            return Err(named("it has no verdict of `ksc verify --format=json`".to_owned()));
        }
        Ok(Baseline { known, tolerance })
    }

    /// What changed for a program; none if nothing did that counts, or the program was not there.
    pub fn change(&self, row: &Row) -> Option<Change> {
        let key = (row.file.clone(), row.program.clone(), version(&row.kernel).to_owned());
        let before = self.known.get(&key)?;
        let (change, was, is) = match (before.verdict.as_str(), &row.verdict) {
            ("ok", Verdict::Refused) => (WORSE, "ok".to_owned(), "refused".to_owned()),
            ("refused", Verdict::Ok) => (BETTER, "refused".to_owned(), "ok".to_owned()),
            ("ok", Verdict::Ok) => {
                let (was, is) = (before.processed?, row.statistics.processed?);
                let more = (is as f64 - was as f64) * 100.0 / (was.max(1) as f64);
                let change = if more > self.tolerance {
                    WORSE
                } else if more < -self.tolerance {
                    BETTER
                } else {
                    return None;
                };
                (change, was.to_string(), format!("processed {is} ({more:+.1} %)"))
            }
            _ => return None,
        };
        let (file, program, kernel) = (row.file.clone(), row.program.clone(), row.kernel.clone());
        Some(Change { kind: "change", file, program, kernel, change, was, is })
    }
}

/// `6.12` of `6.12.9-amd64`.
fn version(release: &str) -> &str {
    crate::tool::kernel::version(release)
}
