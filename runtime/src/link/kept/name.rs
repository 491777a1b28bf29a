//! Names of pins of links: `<program>-<target>`. bpffs takes no slashes and no dots.

/// As long as names may be, with room below the 255 bytes of file systems.
const LONGEST: usize = 200;

/// The name of the pin of a program at a target. A slash is written `:`, other bytes than letters, digits and `_-` as `%2E`. A long name
/// ends in a number that is made of all of it.
pub fn of(program: &str, target: &str) -> String {
    let mut name = program.to_owned();
    if !target.is_empty() {
        name.push('-');
    }
    for byte in target.bytes() {
        match byte {
            b'/' => name.push(':'),
            b'_' | b'-' => name.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => name.push(byte.into()),
            _ => name += &format!("%{byte:02X}"),
        }
    }
    if name.len() > LONGEST {
        let number = hash(name.as_bytes());
        name.truncate(LONGEST);
        name += &format!("%{number:016x}");
    }
    name
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(of("count", "eth0"), "count-eth0");
        assert_eq!(of("count", "veth0.100"), "count-veth0%2E100");
        assert_eq!(of("guard", "/sys/fs/cgroup/web-1"), "guard-:sys:fs:cgroup:web-1");
        assert_eq!(of("sockets", ""), "sockets");
        let (one, other) = ("/a".repeat(300), format!("{}b", "/a".repeat(300)));
        assert!(of("guard", &one).len() < 255 && of("guard", &one) != of("guard", &other));
    }
}
