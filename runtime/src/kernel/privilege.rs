//! The privileges of this process, for the message when the kernel returns EPERM.

use std::fs;

/// A capability (include/uapi/linux/capability.h).
#[derive(Clone, Copy)]
pub struct Capability {
    bit: u32,
    name: &'static str,
    /// CAP_SYS_ADMIN includes it.
    included: bool,
}

/// The capabilities that messages name.
pub const NET_ADMIN: Capability = Capability { bit: 12, name: "CAP_NET_ADMIN", included: false };
pub const SYS_MODULE: Capability = Capability { bit: 16, name: "CAP_SYS_MODULE", included: false };
pub const SYS_ADMIN: Capability = Capability { bit: 21, name: "CAP_SYS_ADMIN", included: true };
pub const MAC_ADMIN: Capability = Capability { bit: 33, name: "CAP_MAC_ADMIN", included: false };
pub const PERFMON: Capability = Capability { bit: 38, name: "CAP_PERFMON", included: true };
pub const BPF: Capability = Capability { bit: 39, name: "CAP_BPF", included: true };

/// The capabilities for network programs, and those that tracing needs besides.
const NETWORK: [Capability; 2] = [BPF, NET_ADMIN];
const TRACING: [Capability; 1] = [PERFMON];

/// Ends a message about something that the kernel did not permit, and which takes these capabilities: those that the process lacks.
pub fn help(what: &str, needed: &[Capability]) -> String {
    advice(what, needed, effective(), namespaced())
}

fn advice(what: &str, needed: &[Capability], effective: u64, namespaced: bool) -> String {
    let names = |of: &mut dyn Iterator<Item = &Capability>| {
        let names: Vec<&str> = of.map(|capability| capability.name).collect();
        match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => names.concat(),
        }
    };
    let lacks = |capability: &&Capability| {
        let has = |bit: u32| effective >> bit & 1 == 1;
        !(has(capability.bit) || capability.included && has(SYS_ADMIN.bit))
    };
    let (all, missing) = (names(&mut needed.iter()), names(&mut needed.iter().filter(lacks)));
    let why = if missing.is_empty() && namespaced {
        return format!(
            "\n  help: {what} needs {all}, and this process is root of a user namespace only; run it as root of the machine"
        );
    } else if missing.is_empty() {
        return format!(
            "\n  help: {what} needs {all}, which this process has: a policy of the machine forbids it, such as that of a security \
             module or of a container"
        );
    } else if missing == all {
        "which this process lacks".to_owned()
    } else {
        format!("and this process lacks {missing}")
    };
    format!("\n  help: {what} needs {all}, {why}; run it as root, for instance with sudo")
}

/// The mask of what this process may do; all, if it is not known.
fn effective() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(u64::MAX)
}

fn namespaced() -> bool {
    let uid_map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let whole: Vec<&str> = uid_map.split_whitespace().collect();
    !whole.is_empty() && whole != ["0", "0", "4294967295"]
}

/// The facts about the process's rights that explain an EPERM.
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
    /// Asks the kernel for them.
    pub fn of_this_process() -> Privilege {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: fills the struct; geteuid cannot fail.
        let root = unsafe {
            libc::getrlimit(libc::RLIMIT_MEMLOCK, &mut limit);
            libc::geteuid() == 0
        };
        Privilege {
            root,
            missing: missing(effective()),
            namespaced: namespaced(),
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
    if has(SYS_ADMIN.bit) {
        return Vec::new();
    }
    let missing = |needed: &[Capability]| -> Vec<&'static str> {
        needed.iter().filter(|capability| !has(capability.bit)).map(|capability| capability.name).collect()
    };
    let first = missing(&NETWORK);
    if first.is_empty() { missing(&TRACING) } else { first }
}

#[cfg(test)]
mod tests {
    use super::{BPF, NET_ADMIN, PERFMON, advice, counts_memory, missing};

    #[test]
    fn what_is_missing_is_named() {
        let all = [BPF, PERFMON, NET_ADMIN];
        assert_eq!(
            advice("it", &[NET_ADMIN], 0, false),
            "\n  help: it needs CAP_NET_ADMIN, which this process lacks; run it as root, for instance with sudo"
        );
        assert!(advice("it", &all, 1 << 39 | 1 << 12, false).contains("and this process lacks CAP_PERFMON;"));
        assert!(advice("it", &all, 1 << 21, false).contains("and this process lacks CAP_NET_ADMIN;"));
        assert!(advice("it", &all, u64::MAX, false).contains("a policy of the machine forbids it"));
        assert!(advice("it", &all, u64::MAX, true).contains("root of a user namespace"));
    }

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
