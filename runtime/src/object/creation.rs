//! Why the kernel did not create a map, in words.

use super::parts;
use crate::kernel::errors::reason;
use crate::kernel::privilege::Privilege;
use libbpf_sys as bpf;
use std::ffi::{CStr, CString};

/// The map that the kernel was asked to create.
pub struct Wanted {
    pub name: String,
    pub kind: String,
    pub key_size: u32,
    pub value_size: u32,
    pub max_entries: u32,
    pub flags: u32,
    /// One value for each CPU.
    pub percpu: bool,
    /// The kind preallocates its entries unless a flag forbids it.
    pub can_allocate_late: bool,
}

impl Wanted {
    /// The map that libbpf's line `map 'name': failed to create: …` names.
    pub fn in_log(object: *mut bpf::bpf_object, log: &str) -> Option<Wanted> {
        let line = log.lines().find(|line| line.contains("failed to create: "))?;
        let (_, rest) = line.split_once("map '")?;
        let (name, _) = rest.split_once('\'')?;
        let c_name = CString::new(name).ok()?;
        let map = parts::find_map(object, c_name.as_ptr());
        if map.is_null() {
            return None;
        }
        // SAFETY: a map of the object; the name of a kind is a constant, or null.
        unsafe {
            let kind = bpf::bpf_map__type(map);
            let word = bpf::libbpf_bpf_map_type_str(kind);
            let kind_name = if word.is_null() { "map".into() } else { CStr::from_ptr(word).to_string_lossy() };
            let late = [bpf::BPF_MAP_TYPE_HASH, bpf::BPF_MAP_TYPE_PERCPU_HASH, bpf::BPF_MAP_TYPE_HASH_OF_MAPS];
            Some(Wanted {
                name: name.to_owned(),
                percpu: kind_name.contains("percpu"),
                kind: kind_name.into_owned(),
                key_size: bpf::bpf_map__key_size(map),
                value_size: bpf::bpf_map__value_size(map),
                max_entries: bpf::bpf_map__max_entries(map),
                flags: bpf::bpf_map__map_flags(map),
                can_allocate_late: late.contains(&kind),
            })
        }
    }

    /// The message: the map that could not be created, the reason, and a remedy.
    pub fn message(&self, error: i32, privilege: &Privilege) -> String {
        let help = match -error {
            libc::E2BIG => {
                "that is over a limit of the kernel: declare it with fewer entries, or with smaller values".into()
            }
            libc::ENOMEM => self.memory(),
            libc::EINVAL | libc::EOPNOTSUPP => format!(
                "this kernel does not take such a map: it may be too old for the kind or the flags ({:#x}), or a number of \
                 them may name nothing here, such as the node of `numa_node`",
                self.flags
            ),
            libc::EPERM | libc::EACCES => match privilege.memlock {
                Some(limit) => format!(
                    "kernels before 5.11 count maps as locked memory, which is limited to {limit} bytes: ulimit -l unlimited"
                ),
                None => "run it as root, for instance with sudo; a policy of this machine may forbid it too".to_owned(),
            },
            _ => return self.what(error),
        };
        format!("{}\n  help: {help}", self.what(error))
    }

    fn what(&self, error: i32) -> String {
        let each = if self.percpu { " for each CPU" } else { "" };
        format!(
            "cannot create the map `{}`: {}\n  it is of kind `{}`, with {} entries, keys of {} and values of {} bytes{each}",
            self.name,
            reason(error),
            self.kind,
            self.max_entries,
            self.key_size,
            self.value_size
        )
    }

    fn memory(&self) -> String {
        // SAFETY: reads a file of sysfs.
        let cpus = if self.percpu { unsafe { bpf::libbpf_num_possible_cpus() }.max(1).unsigned_abs() } else { 1 };
        let value = u64::from(self.value_size.next_multiple_of(8)) * u64::from(cpus);
        let each = value + u64::from(self.key_size.next_multiple_of(8));
        let whole = each.saturating_mul(self.max_entries.into()) >> 20;
        let late = if self.can_allocate_late && self.flags & bpf::BPF_F_NO_PREALLOC == 0 {
            ", or with `@flags(no_prealloc)`, with which entries take memory as they come"
        } else {
            ""
        };
        format!("it takes {whole} MiB or more: declare it with fewer entries{late}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_the_kernel() {
        let nobody = Privilege { root: true, missing: Vec::new(), namespaced: false, memlock: None };
        let mut map = Wanted {
            name: "flows".into(),
            kind: "hash".into(),
            key_size: 4,
            value_size: 60,
            max_entries: 1 << 30,
            flags: 0,
            percpu: false,
            can_allocate_late: true,
        };
        assert_eq!(
            map.message(-libc::E2BIG, &nobody),
            "cannot create the map `flows`: Argument list too long (E2BIG)\n  \
             it is of kind `hash`, with 1073741824 entries, keys of 4 and values of 60 bytes\n  \
             help: that is over a limit of the kernel: declare it with fewer entries, or with smaller values"
        );
        assert!(map.message(-libc::ENOMEM, &nobody).ends_with(
            "help: it takes 73728 MiB or more: declare it with fewer entries, or with `@flags(no_prealloc)`, with which \
             entries take memory as they come"
        ));
        map.flags = bpf::BPF_F_NO_PREALLOC;
        assert!(map.message(-libc::ENOMEM, &nobody).ends_with("declare it with fewer entries"));
        assert!(map.message(-libc::EINVAL, &nobody).contains("(0x1)"));
        assert!(map.message(-libc::EPERM, &nobody).contains("as root"));
        assert_eq!(map.message(-libc::EIO, &nobody).lines().count(), 2);
    }
}
