//! Maps: their declarations, and which code may change them when.
//!
//! A name that is bound to an entry is worth something only as long as its map keeps the entry, and what a walk over a
//! hash does is defined only if the order of the entries does not matter. So each function knows which maps it changes, and
//! what would take an entry away is not generated where a name for it is still used.

mod atomics;
mod histograms;
mod keys;
mod places;
mod rows;
mod stmts;
mod walks;

use super::scope::InMap;
use super::types::Ty;
use super::{Family, Generator};
pub use histograms::Histogram;
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Hash,
    /// Without room made beforehand.
    Sparse,
    Array,
    Lru,
    Trie,
    Queue,
    Stack,
    PercpuHash,
    PercpuArray,
    PercpuLru,
}

#[derive(Clone)]
pub struct Map {
    pub name: String,
    pub kind: Kind,
    /// Queues and stacks have none; of a trie the struct.
    pub key: Option<Ty>,
    pub value: Ty,
    pub entries: usize,
    /// Literals: keys that are used most.
    pub keys: Vec<String>,
}

/// What a function does to maps, by their numbers.
#[derive(Clone, Default)]
pub struct Uses {
    /// Entries may come and go.
    pub updates: BTreeSet<usize>,
    /// Values may change.
    pub writes: BTreeSet<usize>,
}

impl Kind {
    const BOTH: [Kind; 7] = [Kind::Hash, Kind::Sparse, Kind::Array, Kind::Lru, Kind::Trie, Kind::Queue, Kind::Stack];
    const BPF: [Kind; 3] = [Kind::PercpuHash, Kind::PercpuArray, Kind::PercpuLru];

    fn name(self) -> &'static str {
        match self {
            Kind::Hash | Kind::Sparse => "hash",
            Kind::Array => "array",
            Kind::Lru => "lru_hash",
            Kind::Trie => "lpm_trie",
            Kind::Queue => "queue",
            Kind::Stack => "stack",
            Kind::PercpuHash => "percpu_hash",
            Kind::PercpuArray => "percpu_array",
            Kind::PercpuLru => "lru_percpu_hash",
        }
    }

    fn is_array(self) -> bool {
        matches!(self, Kind::Array | Kind::PercpuArray)
    }

    fn is_line(self) -> bool {
        matches!(self, Kind::Queue | Kind::Stack)
    }
}

/// Bytes of a key, and of a value.
const KEY: usize = 16;
const VALUE: usize = 24;

impl Generator {
    pub fn declare_maps(&mut self) {
        self.old_values = self.random.percent(30);
        let mut kinds = vec![Kind::Hash, Kind::Array];
        for _ in 0..5 {
            let only_bpf = self.family == Family::Bpf && self.random.percent(60);
            kinds.push(if only_bpf { self.random.pick(&Kind::BPF) } else { self.random.pick(&Kind::BOTH) });
        }
        for (at, kind) in kinds.into_iter().enumerate() {
            let key = self.key_type(kind, at);
            let value = self.small_type(VALUE);
            let entries = match kind {
                Kind::Hash | Kind::Sparse | Kind::PercpuHash => 2 + self.random.below(5),
                Kind::Array | Kind::PercpuArray | Kind::Queue | Kind::Stack => 1 + self.random.below(4),
                // Never full: what they do then is the kernel's affair.
                Kind::Lru | Kind::PercpuLru => 4096,
                Kind::Trie => 1024,
            };
            let name = format!("m{at}");
            let flags = if kind == Kind::Sparse { "@flags(no_prealloc) " } else { "" };
            let types = match &key {
                Some(key) => format!("{}, {}", self.type_name(key), self.type_name(&value)),
                None => self.type_name(&value),
            };
            self.line(&format!("{flags}var {name}: {}<{types}>({entries})", kind.name()));
            let mut map = Map { name, kind, key, value, entries, keys: Vec::new() };
            if let Some(key) = map.key.clone().filter(|_| !kind.is_array()) {
                map.keys = (0..4).map(|_| self.new_key(&map, &key)).collect();
            }
            self.maps.push(map);
        }
        self.declare_histograms();
        if self.family == Family::Maps {
            self.declare_contents();
        }
    }

    fn small_type(&mut self, size: usize) -> Ty {
        let ty = self.value_type();
        if self.size_of(&ty) <= size { ty } else { self.int_type() }
    }

    fn key_type(&mut self, kind: Kind, at: usize) -> Option<Ty> {
        if kind.is_line() {
            return None;
        }
        if kind.is_array() {
            return Some(Ty::Int { bits: 32, signed: false });
        }
        if kind == Kind::Trie {
            let bits = self.random.pick(&[16, 32, 64]);
            return Some(self.declare_prefix(&format!("P{at}"), bits));
        }
        Some(self.small_type(KEY))
    }

    /// What the maps hold, as a number, in user space: it does not depend on the order of their entries.
    fn declare_contents(&mut self) {
        let mut text = "fn contents() -> u64 {\n    var sum: u64 = 0\n".to_owned();
        for map in &self.maps {
            let Some(key) = &map.key else { continue };
            let (key, value) = (self.folded("h", "k", key), self.folded("h", "v", &map.value));
            text.push_str(&format!(
                "    for (k, v in {}) {{\n    var h: u64 = 7\n{key}{value}    sum += h\n    }}\n",
                map.name
            ));
        }
        text.push_str(&self.histogram_contents());
        self.line(&format!("{text}    return sum\n}}"));
    }

    pub fn stack_limit(&self) -> usize {
        if self.maps.is_empty() { super::STACK } else { super::STACK_BESIDE_MAPS }
    }

    /// Something holds a place: until it is released no entry of the map goes.
    pub fn hold(&mut self, place: InMap) -> bool {
        match place {
            InMap::Bound(map) => {
                self.held.push(map);
                true
            }
            InMap::No | InMap::Whole(_) | InMap::Below(_) => false,
        }
    }

    pub fn release(&mut self, held: bool) {
        if held {
            self.held.pop();
        }
    }

    fn is_sealed(&self, map: usize) -> bool {
        self.sealed.contains(&map)
    }

    /// Whether entries of a map may come and go here.
    fn may_update(&self, map: usize) -> bool {
        if self.is_sealed(map) {
            return false;
        }
        // A name from outside of a loop is used again in the next iteration.
        let needed = |entry: &super::scope::Entry| entry.map == map && entry.loops < self.loops && !entry.is_gone;
        self.maps[map].kind.is_array()
            || (!self.held.contains(&map)
                && self.scope.variables.iter().filter_map(|v| v.entry.as_ref()).all(|entry| !needed(entry)))
    }

    /// Whether a function that does this may be called here.
    pub fn allows(&self, uses: &Uses) -> bool {
        uses.updates.iter().all(|&map| self.may_update(map)) && uses.writes.iter().all(|&map| !self.is_sealed(map))
    }

    /// A function that does this is called.
    pub fn change(&mut self, uses: &Uses) {
        for &map in &uses.updates {
            self.updated(map);
        }
        self.uses.writes.extend(&uses.writes);
    }

    fn updated(&mut self, map: usize) {
        self.uses.writes.insert(map);
        if !self.maps[map].kind.is_array() {
            self.uses.updates.insert(map);
            self.scope.let_go(map);
        }
    }

    /// A place is assigned to.
    pub fn written(&mut self, place: InMap) {
        match place {
            InMap::Whole(map) => self.updated(map),
            InMap::Below(map) | InMap::Bound(map) => {
                self.uses.writes.insert(map);
            }
            InMap::No => {}
        }
    }
}
