//! The privileges of this process, for the message when the kernel returns EPERM.

use std::fs;

/// Capabilities by their bit: what network programs take, and what tracing takes besides.
const NETWORK: [(u32, &str); 2] = [(39, "CAP_BPF"), (12, "CAP_NET_ADMIN")];
const TRACING: [(u32, &str); 1] = [(38, "CAP_PERFMON")];
const SYS_ADMIN: u32 = 21;

pub struct Privilege {
    pub root: bool,
    /// Which of the needed capabilities the process lacks.
    pub missing: Vec<&'static str>,
    /// Root of a user namespace only: its capabilities mean nothing for BPF.
    pub namespaced: bool,
    /// RLIMIT_MEMLOCK in bytes, when there is a limit and this kernel counts BPF memory there: those before 5.11 do.
    pub memlock: Option<u64>,
}

impl Privilege {
    pub fn of_this_process() -> Privilege {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let effective = status
            .lines()
            .find_map(|line| line.strip_prefix("CapEff:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(u64::MAX);
        let uid_map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let whole: Vec<&str> = uid_map.split_whitespace().collect();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: fills the struct; geteuid cannot fail.
        let root = unsafe {
            libc::getrlimit(libc::RLIMIT_MEMLOCK, &mut limit);
            libc::geteuid() == 0
        };
        Privilege {
            root,
            missing: missing(effective),
            namespaced: !whole.is_empty() && whole != ["0", "0", "4294967295"],
            memlock: (limit.rlim_cur != libc::RLIM_INFINITY && counts_memory(&release)).then_some(limit.rlim_cur),
        }
    }
}

/// Whether a kernel of this release, `5.10.0-28-amd64`, counts BPF memory as locked memory.
fn counts_memory(release: &str) -> bool {
    let numbers: Vec<u32> = release.split(['.', '-']).map_while(|part| part.parse().ok()).take(2).collect();
    numbers.len() == 2 && numbers < vec![5, 11]
}

/// CAP_SYS_ADMIN includes all of them. CAP_PERFMON is named only when nothing else is missing: not every program needs
/// it.
fn missing(effective: u64) -> Vec<&'static str> {
    let has = |bit: u32| effective >> bit & 1 == 1;
    if has(SYS_ADMIN) {
        return Vec::new();
    }
    let missing = |needed: &[(u32, &'static str)]| -> Vec<&'static str> {
        needed.iter().filter(|(bit, _)| !has(*bit)).map(|(_, name)| *name).collect()
    };
    let first = missing(&NETWORK);
    if first.is_empty() { missing(&TRACING) } else { first }
}

#[cfg(test)]
mod tests {
    use super::{counts_memory, missing};

    #[test]
    fn kernels_before_5_11_count_memory() {
        assert!(counts_memory("5.10.0-28-amd64\n") && counts_memory("4.19.1"));
        assert!(!counts_memory("5.11.0") && !counts_memory("6.1.0-21-amd64") && !counts_memory(""));
    }

    #[test]
    fn sys_admin_includes_bpf() {
        assert_eq!(missing(0), ["CAP_BPF", "CAP_NET_ADMIN"]);
        assert_eq!(missing(1 << 39), ["CAP_NET_ADMIN"]);
        assert!(missing(1 << 21).is_empty());
        assert_eq!(missing(1 << 39 | 1 << 12), ["CAP_PERFMON"]);
        assert!(missing(u64::MAX).is_empty());
    }
}
