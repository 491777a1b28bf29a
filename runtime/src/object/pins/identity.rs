//! What a descriptor is of, by the kernel's numbers.

use std::fs;
use std::os::fd::RawFd;

/// A map, a program, or a link of a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Map(u32),
    Program(u32),
    Link { link: u32, program: u32 },
}

impl Identity {
    /// Of a descriptor; none for something else. `/proc` shows the numbers, since a request for information answers for all of them, whatever
    /// they are.
    pub fn of(fd: RawFd) -> Option<Identity> {
        let text = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
        let number = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
            line.trim().parse::<u32>().ok()
        };
        let (map, program) = (number("map_id"), number("prog_id"));
        match number("link_id") {
            Some(link) => Some(Identity::Link { link, program: program.unwrap_or(0) }),
            None => program.map(Identity::Program).or(map.map(Identity::Map)),
        }
    }

    /// Whether both are links of one program.
    pub fn shares_program(&self, other: &Identity) -> bool {
        let of = |this: &Identity| if let Identity::Link { program, .. } = this { Some(*program) } else { None };
        of(self).is_some_and(|program| program != 0 && of(other) == Some(program))
    }
}
