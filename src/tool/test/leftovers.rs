//! What a test leaves behind: processes, which have a mark in their environment or are in the group of the test, and pins.

use std::fs;
use std::path::{Path, PathBuf};

/// The variable of the environment by which a process belongs to a test.
pub const MARK: &str = "KS_TEST_ID";

/// The processes of a test that live, but for itself.
pub fn processes(test: u32, id: &str) -> Vec<u32> {
    let mark = format!("{MARK}={id}").into_bytes();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut found: Vec<u32> = pids.filter(|&pid| pid != test && belongs(pid, test, &mark)).collect();
    found.sort_unstable();
    found
}

fn belongs(pid: u32, test: u32, mark: &[u8]) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name, in parentheses, may hold anything; behind it are the state, the parent and the group.
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let (state, _, group) = (fields.next(), fields.next(), fields.next());
    let is_dead = matches!(state, None | Some("Z" | "X"));
    let in_group = group.is_some_and(|group| group.parse() == Ok(test));
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    !is_dead && (in_group || environment.split(|&byte| byte == 0).any(|variable| variable == mark))
}

/// Processes whose parents have ended become children of this one, which then learns of their ends.
pub fn adopt() {
    // SAFETY: sets a flag of the process.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
}

/// Ends the group of a test, and these processes.
pub fn kill(test: u32, left: &[u32]) {
    let number = |pid: u32| i32::try_from(pid).unwrap_or(i32::MAX);
    // SAFETY: sends signals, and waits: to the group of a child that was started as its leader, and to processes that were just found.
    unsafe {
        libc::kill(-number(test), libc::SIGKILL);
        for &pid in left {
            libc::kill(number(pid), libc::SIGKILL);
        }
        for &pid in left {
            libc::waitpid(number(pid), std::ptr::null_mut(), 0);
        }
    }
}

/// Removes the pins of a test; yields those that there were.
pub fn pins((root, project): &(PathBuf, String), id: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    remove(&root.join(format!("{project}_test_{id}")), &mut found);
    found.sort();
    found
}

fn remove(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path(), found);
        } else if fs::remove_file(entry.path()).is_ok() {
            found.push(entry.path());
        }
    }
    // It is not there if the test has pinned nothing.
    let _ = fs::remove_dir(folder);
}
