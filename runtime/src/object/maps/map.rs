//! The maps that the program declares, and those that were taken out of maps of maps.

use super::percpu::PerCpu;
use crate::abi::{KS_MAP_EVENTS, KS_MAP_LOCK, KS_MAP_PERCPU, KS_MAP_SUM, KsMap};
use crate::kernel::end::die;
use crate::kernel::program::{self, MainThread, text};
use crate::object::{load, parts};
use libbpf_sys as bpf;
use std::cell::{OnceCell, RefCell};

/// A map of the loaded object.
pub struct Map {
    /// For messages.
    pub name: String,
    pub fd: i32,
    pub kind: bpf::bpf_map_type,
    pub key_size: usize,
    /// The size of one CPU's value.
    pub value_size: usize,
    pub max_entries: u32,
    pub percpu: Option<PerCpu>,
    /// What every read and write asks for besides: `BPF_F_LOCK` where values hold a lock.
    pub flags: u64,
}

static MAPS: MainThread<OnceCell<Vec<Map>>> = MainThread::new(OnceCell::new());

/// The maps that the program declares.
pub fn declared() -> &'static [Map] {
    // The static is reached as such, so that the borrow lives as long as the process.
    let maps: &'static OnceCell<Vec<Map>> = &MAPS;
    maps.get_or_init(|| program::maps().iter().map(find).collect())
}

/// A declared map, or one that was taken out of a map of maps.
pub fn map(index: u32) -> &'static Map {
    let (all, index) = (declared(), index as usize);
    all.get(index).or_else(|| opened(index - all.len())).unwrap_or_else(|| {
        die(1, &format!("there is no map {index}\n  help: this is a fault of ksc; please report it"))
    })
}

/// The descriptor of a map.
pub fn descriptor(index: u32) -> i32 {
    map(index).fd
}

fn find(descriptor: &KsMap) -> Map {
    let object = load::loaded();
    let found = parts::find_map(object, descriptor.name);
    let name = text(descriptor.name);
    if found.is_null() {
        die(1, &format!("the BPF object has no map `{name}`\n  help: this is a fault of ksc; please report it"));
    }
    // SAFETY: a map of the loaded object.
    let (fd, kind, key_size, value_size, max_entries) = unsafe {
        (
            bpf::bpf_map__fd(found),
            bpf::bpf_map__type(found),
            bpf::bpf_map__key_size(found),
            bpf::bpf_map__value_size(found),
            bpf::bpf_map__max_entries(found),
        )
    };
    let sent = descriptor.flags & KS_MAP_EVENTS != 0;
    if !sent && (key_size, value_size) != (descriptor.key_size, descriptor.value_size) {
        die(
            1,
            &format!(
                "the map `{name}` has keys of {key_size} and values of {value_size} bytes, not {} and {}\n  \
                 help: this is a fault of ksc; please report it",
                descriptor.key_size, descriptor.value_size
            ),
        );
    }
    let percpu = (descriptor.flags & KS_MAP_PERCPU != 0).then(|| {
        let sum = (descriptor.flags & KS_MAP_SUM != 0).then_some(descriptor.element_width as usize);
        PerCpu::new(value_size as usize, sum)
    });
    let flags = if descriptor.flags & KS_MAP_LOCK == 0 { 0 } else { u64::from(bpf::BPF_F_LOCK) };
    Map {
        name: name.to_owned(),
        flags,
        fd,
        kind,
        key_size: key_size as usize,
        value_size: value_size as usize,
        max_entries,
        percpu,
    }
}

impl Map {
    /// What the kernel reads and writes for one key, in bytes.
    pub fn stored_size(&self) -> usize {
        self.percpu.as_ref().map_or(self.value_size, PerCpu::stored_size)
    }

    /// Whether its keys are the numbers below `max_entries`.
    pub fn is_array(&self) -> bool {
        self.kind == bpf::BPF_MAP_TYPE_ARRAY || self.kind == bpf::BPF_MAP_TYPE_PERCPU_ARRAY
    }

    /// Whether a key is the descriptor of a socket.
    pub fn names_socket(&self) -> bool {
        self.kind == bpf::BPF_MAP_TYPE_SK_STORAGE
    }

    /// Whether its values are maps.
    pub fn is_of_maps(&self) -> bool {
        [bpf::BPF_MAP_TYPE_ARRAY_OF_MAPS, bpf::BPF_MAP_TYPE_HASH_OF_MAPS].contains(&self.kind)
    }
}

/// A map that was taken out of a map of maps.
pub struct Inner {
    /// The kernel's number.
    pub id: u32,
    /// The number of the declared map that is its template.
    pub template: u32,
    pub map: &'static Map,
}

/// The inner maps that user space has opened, by the number that `ks_map_inner` gave.
pub static OPENED: MainThread<RefCell<Vec<Inner>>> = MainThread::new(RefCell::new(Vec::new()));

/// The map of a number that `ks_map_inner` gave.
pub fn opened(index: usize) -> Option<&'static Map> {
    OPENED.borrow().get(index).map(|inner| inner.map)
}
