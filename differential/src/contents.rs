//! What the maps of a loaded object hold: read, and cleared, by system calls.

use crate::kernel::Loaded;
use libbpf_sys as bpf;
use std::ffi::{CString, c_int, c_void};

/// Of each map the entries, as bytes of keys and of values, in order of the keys; of queues and stacks in order of `pop`.
pub type Contents = Vec<Vec<(Vec<u8>, Vec<u8>)>>;

struct Map {
    fd: c_int,
    kind: bpf::bpf_map_type,
    key_size: usize,
    value_size: usize,
}

/// Keeps this thread on the CPU where it is, so that per-CPU entries are those of one CPU.
pub struct OneCpu {
    before: libc::cpu_set_t,
    cpu: usize,
}

impl OneCpu {
    pub fn stay() -> OneCpu {
        // SAFETY: plain old data, filled by the calls; both sets have the size that is passed.
        unsafe {
            let mut before: libc::cpu_set_t = std::mem::zeroed();
            libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut before);
            let cpu = usize::try_from(libc::sched_getcpu()).unwrap_or(0);
            let mut only: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cpu, &mut only);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &only);
            OneCpu { before, cpu }
        }
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        // SAFETY: the set was filled when this was made.
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &self.before) };
    }
}

impl Map {
    fn of(loaded: &Loaded, name: &str) -> Result<Map, String> {
        let text = CString::new(name).map_err(|error| error.to_string())?;
        // SAFETY: a loaded object; its maps live as long as it.
        unsafe {
            let map = bpf::bpf_object__find_map_by_name(loaded.object(), text.as_ptr());
            if map.is_null() {
                return Err(format!("no map {name}"));
            }
            let (key_size, value_size) = (bpf::bpf_map__key_size(map), bpf::bpf_map__value_size(map));
            let (fd, kind) = (bpf::bpf_map__fd(map), bpf::bpf_map__type(map));
            Ok(Map { fd, kind, key_size: key_size as usize, value_size: value_size as usize })
        }
    }

    fn is_percpu(&self) -> bool {
        let kinds = [bpf::BPF_MAP_TYPE_PERCPU_HASH, bpf::BPF_MAP_TYPE_PERCPU_ARRAY, bpf::BPF_MAP_TYPE_LRU_PERCPU_HASH];
        kinds.contains(&self.kind)
    }

    fn is_array(&self) -> bool {
        [bpf::BPF_MAP_TYPE_ARRAY, bpf::BPF_MAP_TYPE_PERCPU_ARRAY].contains(&self.kind)
    }

    /// Room for a value as system calls fill it.
    fn room(&self) -> Vec<u8> {
        if !self.is_percpu() {
            return vec![0; self.value_size];
        }
        // SAFETY: it only reads a file of the kernel's.
        let cpus = unsafe { bpf::libbpf_num_possible_cpus() }.max(1) as usize;
        vec![0; self.value_size.next_multiple_of(8) * cpus]
    }

    fn keys(&self) -> Vec<Vec<u8>> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let mut next = vec![0u8; self.key_size];
        loop {
            let last = keys.last().map_or(std::ptr::null(), |key| key.as_ptr());
            // SAFETY: both have the key's size; null asks for the first one.
            let status = unsafe { bpf::bpf_map_get_next_key(self.fd, last.cast(), next.as_mut_ptr().cast()) };
            if status < 0 {
                return keys;
            }
            keys.push(next.clone());
        }
    }

    fn value(&self, key: &[u8], cpu: usize) -> Result<Vec<u8>, String> {
        let mut value = self.room();
        // SAFETY: the key has the key's size, the room that of a value on all CPUs.
        let status =
            unsafe { bpf::bpf_map_lookup_elem(self.fd, key.as_ptr().cast(), value.as_mut_ptr().cast::<c_void>()) };
        if status < 0 {
            return Err(format!("an entry is not read: {}", std::io::Error::from_raw_os_error(-status)));
        }
        if self.is_percpu() {
            let step = self.value_size.next_multiple_of(8);
            let own = value[cpu * step..][..self.value_size].to_vec();
            value[cpu * step..(cpu + 1) * step].fill(0);
            // Nothing runs on the others.
            return if value.iter().all(|&byte| byte == 0) { Ok(own) } else { Err("another CPU's value".into()) };
        }
        Ok(value)
    }

    fn pop(&self) -> Option<Vec<u8>> {
        let mut value = self.room();
        // SAFETY: such maps have no keys; the room has the value's size.
        let status = unsafe {
            bpf::bpf_map_lookup_and_delete_elem(self.fd, std::ptr::null(), value.as_mut_ptr().cast::<c_void>())
        };
        (status == 0).then_some(value)
    }

    fn write(&self, key: *const u8, value: &[u8]) {
        // SAFETY: the key has the key's size or there are none, the value that of the map.
        unsafe { bpf::bpf_map_update_elem(self.fd, key.cast(), value.as_ptr().cast(), 0) };
    }

    /// Takes all out, and puts it in again.
    fn line(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let all: Vec<Vec<u8>> = std::iter::from_fn(|| self.pop()).collect();
        let put = |value: &Vec<u8>| self.write(std::ptr::null(), value);
        if self.kind == bpf::BPF_MAP_TYPE_STACK {
            all.iter().rev().for_each(put);
        } else {
            all.iter().for_each(put);
        }
        all.into_iter().map(|value| (Vec::new(), value)).collect()
    }

    fn clear(&self) {
        if self.key_size == 0 {
            while self.pop().is_some() {}
            return;
        }
        let zero = self.room();
        for key in self.keys() {
            if self.is_array() {
                self.write(key.as_ptr(), &zero);
            } else {
                // SAFETY: the key has the key's size.
                unsafe { bpf::bpf_map_delete_elem(self.fd, key.as_ptr().cast()) };
            }
        }
    }
}

/// What the maps of these names hold.
pub fn read(loaded: &Loaded, names: &[String], cpu: &OneCpu) -> Result<Contents, String> {
    let mut all = Contents::new();
    for name in names {
        let map = Map::of(loaded, name)?;
        if map.key_size == 0 {
            all.push(map.line());
            continue;
        }
        let mut entries = Vec::new();
        for key in map.keys() {
            let value = map.value(&key, cpu.cpu).map_err(|why| format!("{name}: {why}"))?;
            entries.push((key, value));
        }
        entries.sort();
        all.push(entries);
    }
    Ok(all)
}

/// Makes the maps of these names as they were made.
pub fn clear(loaded: &Loaded, names: &[String]) -> Result<(), String> {
    for name in names {
        Map::of(loaded, name)?.clear();
    }
    Ok(())
}

/// The first byte in which two differ, with those after it.
pub fn first_difference(what: &str, got: &[u8], want: &[u8]) -> String {
    let at = got.iter().zip(want).take_while(|(got, want)| got == want).count();
    let rest = |bytes: &[u8]| bytes[at..].iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{what} of {} bytes at {at}: {}, expected {} of {}", got.len(), rest(got), rest(want), want.len())
}

/// The first entry in which two differ.
pub fn difference(names: &[String], got: &Contents, want: &Contents) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join("");
    let text = |entry: &(Vec<u8>, Vec<u8>)| format!("[{}] = {}", hex(&entry.0), hex(&entry.1));
    for ((name, got), want) in names.iter().zip(got).zip(want) {
        let more: Vec<String> = got.iter().filter(|entry| !want.contains(entry)).map(text).collect();
        let less: Vec<String> = want.iter().filter(|entry| !got.contains(entry)).map(text).collect();
        if got != want {
            return format!("{name}: {}; expected {}", more.join(", "), less.join(", "));
        }
    }
    String::new()
}
