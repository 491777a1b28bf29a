//! The layout of a pinned map, and the layout that the program wants.

use super::folder::Folder;
use super::record::{self, Record};
use super::types::{Btf, Variable};
use crate::kernel::errors::errno;
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};

/// Flags of the descriptor that a map is opened by: the kernel keeps them for no map.
pub const ACCESS: u32 = bpf::BPF_F_RDONLY | bpf::BPF_F_WRONLY;

/// Everything in which a pinned map has to agree with the program.
#[derive(PartialEq, Debug)]
pub struct Layout {
    kind: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    flags: u32,
    /// Key and value, where both sides describe them.
    types: Option<(String, String)>,
}

/// A map in the kernel.
pub struct Existing {
    /// The kernel's number of the map.
    pub id: u32,
    pub layout: Layout,
    /// The variables of a section's map.
    pub variables: Vec<Variable>,
    /// The errno by which the kernel kept the map's types from this process.
    pub unread: Option<i32>,
}

impl Existing {
    /// None if there is no map behind the file descriptor.
    pub fn of(fd: &OwnedFd) -> Option<Existing> {
        // The request for information answers for programs and links too.
        let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).unwrap_or_default();
        if !about.contains("map_type:") {
            return None;
        }
        let mut info = bpf::bpf_map_info::default();
        let mut len = size_of::<bpf::bpf_map_info>() as u32;
        // SAFETY: the kernel fills at most `len` bytes of `info`, or refuses what is no map.
        if unsafe { bpf::bpf_map_get_info_by_fd(fd.as_raw_fd(), &mut info, &mut len) } != 0 {
            return None;
        }
        // SAFETY: a number that the kernel gave; null if it has no BTF. Freed below.
        let owned = unsafe {
            if info.btf_id == 0 { std::ptr::null_mut() } else { bpf::btf__load_from_kernel_by_id(info.btf_id) }
        };
        let unread = (info.btf_id != 0 && owned.is_null()).then(errno);
        // SAFETY: freed after its last use.
        let btf = unsafe { Btf::new(owned) };
        let types = btf.map(|btf| (btf.text(info.btf_key_type_id), btf.text(info.btf_value_type_id)));
        let variables = btf.map_or(Vec::new(), |btf| btf.variables(info.btf_value_type_id));
        // SAFETY: made above; null is allowed.
        unsafe { bpf::btf__free(owned) };
        let mut flags = info.map_flags;
        if [bpf::BPF_MAP_TYPE_DEVMAP, bpf::BPF_MAP_TYPE_DEVMAP_HASH].contains(&info.type_) {
            // The kernel reports it for these whether it was asked for or not.
            flags &= !bpf::BPF_F_RDONLY_PROG;
        }
        let (key_size, value_size, max_entries) = (info.key_size, info.value_size, info.max_entries);
        let layout = Layout { kind: info.type_, key_size, value_size, max_entries, flags, types };
        Some(Existing { id: info.id, layout, variables, unread })
    }
}

impl Existing {
    /// Takes the types from the record of the map, if the kernel keeps them from this process and there is a record; makes the record if
    /// the kernel shows them and it is missing.
    pub fn recorded(mut self, folder: &Folder, name: &str) -> Existing {
        let record = record::read(folder, name, self.id);
        match (record, self.unread) {
            (Some(Record { types, variables, .. }), Some(_)) => {
                self.layout.types = types;
                self.variables = variables;
                self.unread = None;
            }
            (None, None) => self.record(folder, name),
            (Some(_), None) | (None, Some(_)) => {}
        }
        self
    }

    fn record(&self, folder: &Folder, name: &str) {
        let (types, variables) = (self.layout.types.clone(), self.variables.clone());
        record::write(folder, name, &Record { id: self.id, types, variables });
    }
}

/// Records the layout of a map that this process has just pinned, with the variables in it.
pub fn record(fd: i32, wanted: Layout, variables: &[Variable], folder: &Folder, name: &str) {
    let mut info = bpf::bpf_map_info::default();
    let mut len = size_of::<bpf::bpf_map_info>() as u32;
    // SAFETY: the kernel fills at most `len` bytes of `info`.
    if unsafe { bpf::bpf_map_get_info_by_fd(fd, &mut info, &mut len) } == 0 {
        let variables = variables.to_vec();
        Existing { id: info.id, layout: wanted, variables, unread: None }.record(folder, name);
    }
}

impl Layout {
    /// As the program declares it.
    pub fn wanted(object: *mut bpf::bpf_object, map: *const bpf::bpf_map) -> Layout {
        // SAFETY: a map of the open object, and the object's BTF, which lives as long as it.
        unsafe {
            let (key, value) = (bpf::bpf_map__btf_key_type_id(map), bpf::bpf_map__btf_value_type_id(map));
            let btf = Btf::new(bpf::bpf_object__btf(object)).filter(|_| value != 0);
            Layout {
                kind: bpf::bpf_map__type(map),
                key_size: bpf::bpf_map__key_size(map),
                value_size: bpf::bpf_map__value_size(map),
                max_entries: match bpf::bpf_map__max_entries(map) {
                    // libbpf makes an entry for each CPU.
                    0 if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_PERF_EVENT_ARRAY => {
                        bpf::libbpf_num_possible_cpus().unsigned_abs()
                    }
                    entries => entries,
                },
                flags: bpf::bpf_map__map_flags(map) & !ACCESS,
                types: btf.map(|btf| (btf.text(key), btf.text(value))),
            }
        }
    }

    /// Whether the program can use a map of the other layout. Types count where both are described: for some kinds the
    /// kernel keeps none.
    pub fn agrees(&self, other: &Layout) -> bool {
        let sizes = |l: &Layout| (l.kind, l.key_size, l.value_size, l.max_entries, l.flags);
        let types = match (&self.types, &other.types) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        };
        sizes(self) == sizes(other) && types
    }

    /// Whether the map holds these variables: one value, in which each of them lies.
    pub fn is_section(&self, variables: &[Variable]) -> bool {
        let shape = (self.kind, self.key_size, self.max_entries);
        shape == (bpf::BPF_MAP_TYPE_ARRAY, size_of::<u32>() as u32, 1)
            && !variables.is_empty()
            && variables.iter().all(|variable| variable.offset + variable.size <= self.value_size as usize)
    }

    /// A `BPF_MAP_TYPE_…`.
    pub fn kind(&self) -> u32 {
        self.kind
    }

    /// The size of the map's key, in bytes.
    pub fn key_size(&self) -> u32 {
        self.key_size
    }

    /// How many entries the map has room for.
    pub fn max_entries(&self) -> u32 {
        self.max_entries
    }

    /// The types of key and value, where they are known.
    pub fn types(&self) -> Option<&(String, String)> {
        self.types.as_ref()
    }

    /// The size of the map's value, in bytes.
    pub fn value_size(&self) -> u32 {
        self.value_size
    }

    /// Whether the maps have the same flags, and values of the same size.
    pub fn has_value_of(&self, other: &Layout) -> bool {
        (self.value_size, self.flags) == (other.value_size, other.flags)
    }

    /// As a declaration.
    pub fn text(&self) -> String {
        // SAFETY: a constant string, or null for a kind that libbpf does not know.
        let kind = unsafe {
            let name = bpf::libbpf_bpf_map_type_str(self.kind);
            if name.is_null() { format!("kind {}", self.kind) } else { CStr::from_ptr(name).to_string_lossy().into() }
        };
        let sized = |size: u32| format!("{size} bytes");
        let (key, value) = self.types.clone().unwrap_or((sized(self.key_size), sized(self.value_size)));
        let types = if self.key_size == 0 { value } else { format!("{key}, {value}") };
        let flags = if self.flags == 0 { String::new() } else { format!(", flags 0x{:x}", self.flags) };
        format!("{kind}<{types}>({}){flags}", self.max_entries)
    }
}
