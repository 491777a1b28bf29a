//! Whether the process has a `/sys` of its own. `ip netns exec` mounts one, so that `/sys/class/net` is of the namespace (`netns_switch` in
//! iproute2's lib/namespace.c): the file systems below the machine's `/sys`, as bpffs, cgroup2 and tracefs, are not there.

use super::escape;
use std::fs;

/// The help where something at a path below `/sys` is not there; none if `/sys` is the machine's.
pub fn help(path: &str) -> Option<String> {
    let mounts = path.starts_with("/sys/").then(|| fs::read_to_string("/proc/self/mountinfo").ok())??;
    let name = source(&mounts)?;
    fs::exists(format!("/run/netns/{name}")).is_ok_and(|exists| exists).then_some(())?;
    let name = escape::value(name);
    Some(format!(
        "`ip netns exec` hides the machine's /sys behind one of its own; `nsenter --net=/run/netns/{name}` in its place does not"
    ))
}

/// What the last `sysfs` at `/sys` was mounted from (proc_pid_mountinfo(5)): iproute2 gives the name of the namespace.
fn source(mounts: &str) -> Option<&str> {
    mounts.lines().rev().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        (mount.split(' ').nth(4)? == "/sys" && system.next()? == "sysfs").then(|| system.next())?
    })
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn the_last_mount_counts() {
        let machine = "22 1 0:20 / /sys rw shared:7 - sysfs sysfs rw\n30 22 0:21 / /sys/fs/bpf rw - bpf bpf rw\n";
        assert_eq!(source(machine), Some("sysfs"));
        let own = format!("{machine}52 49 0:40 / /sys rw,relatime - sysfs blue rw\n");
        assert_eq!(source(&own), Some("blue"));
        assert_eq!(source("broken"), None);
    }
}
