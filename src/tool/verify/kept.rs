//! Verdicts of kernels, kept by what was loaded: `$XDG_CACHE_HOME/ksc/verdicts` has a file for each program of an object, in which each kernel has
//! a line. They are shown where the program cannot be loaded.

use super::judge::{Row, Verdict};
use crate::tool::user_cache;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a kernel said of a program, and when.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    pub kernel: String,
    /// `2026-03-01`, of UTC.
    pub date: String,
    /// `ok` or `refused`.
    pub verdict: String,
    pub processed: Option<u64>,
    /// Of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Files that are kept; when there are more, those that were written first go.
const MOST: usize = 4096;

/// Keeps the verdicts of rows, and hands to those that could not be judged what other runs kept. Without a cache nothing of that is done.
pub fn exchange(object_of: &dyn Fn(&Row) -> Vec<u8>, rows: &mut [Row]) {
    let Some(folder) = user_cache::base().map(|base| base.join("ksc").join("verdicts")) else { return };
    for row in rows {
        let path = file(&folder, &object_of(row), &row.program);
        match &row.verdict {
            Verdict::LikelyOk | Verdict::LikelyRefused => {}
            Verdict::Cannot(_) => row.kept = read(&path),
            Verdict::Ok | Verdict::Refused => {
                // A verdict that cannot be kept is seen all the same.
                let _ = keep(&folder, &path, row);
            }
        }
    }
}

/// What kernels said of a program of an object, by their names; nothing without a cache.
pub fn of(object: &[u8], program: &str) -> Vec<Kept> {
    let folder = user_cache::base().map(|base| base.join("ksc").join("verdicts"));
    folder.map_or(Vec::new(), |folder| read(&file(&folder, object, program)))
}

fn file(folder: &Path, object: &[u8], program: &str) -> PathBuf {
    let mut content = object.to_vec();
    content.push(0);
    content.extend(program.as_bytes());
    folder.join(format!("{:x}.jsonl", md5::compute(content)))
}

/// By the names of their kernels. Lines that another version of the compiler wrote otherwise count for nothing.
fn read(path: &Path) -> Vec<Kept> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Kept>(line).ok());
    let by_kernel: BTreeMap<String, Kept> = lines.map(|kept| (kept.kernel.clone(), kept)).collect();
    by_kernel.into_values().collect()
}

fn keep(folder: &Path, path: &Path, row: &Row) -> std::io::Result<()> {
    let new = Kept {
        kernel: row.kernel.clone(),
        date: today(),
        verdict: row.verdict.name().to_owned(),
        processed: row.statistics.processed,
        code: row.report.as_ref().map(|report| report.code.to_owned()),
    };
    let mut all = read(path);
    if all.contains(&new) {
        return Ok(());
    }
    all.retain(|kept| kept.kernel != new.kernel);
    all.push(new);
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    for kept in &all {
        writeln!(file, "{}", serde_json::to_string(kept)?)?;
    }
    let is_new = !path.exists();
    file.persist(path).map_err(|error| error.error)?;
    if is_new { make_room(folder) } else { Ok(()) }
}

fn make_room(folder: &Path) -> std::io::Result<()> {
    let files: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    if files.len() <= MOST {
        return Ok(());
    }
    let mut by_age: Vec<_> =
        files.into_iter().map(|path| (fs::metadata(&path).and_then(|about| about.modified()).ok(), path)).collect();
    by_age.sort();
    by_age.iter().take(MOST / 4).try_for_each(|(_, path)| fs::remove_file(path))
}

fn today() -> String {
    date(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()))
}

/// The date of so many seconds after 1970-01-01, of UTC.
fn date(seconds: u64) -> String {
    let time = seconds as libc::time_t;
    // SAFETY: zeros are a value of `tm`, and both arguments live until the call returns.
    let parts = unsafe {
        let mut parts = std::mem::zeroed();
        libc::gmtime_r(&time, &mut parts);
        parts
    };
    format!("{}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates() {
        let days = [(0, "1970-01-01"), (58, "1970-02-28"), (789, "1972-02-29"), (11_016, "2000-02-29")];
        for (day, name) in days {
            assert_eq!(date(day * 86400), name);
            assert_eq!(date(day * 86400 + 86399), name);
        }
    }
}
