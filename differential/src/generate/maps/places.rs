//! `m[k]` and what is below it, where an expression or an assignment names a place; presence.

use crate::generate::Generator;
use crate::generate::scope::{InMap, Place};
use crate::generate::types::Class;

impl Generator {
    /// Now and then: an entry, or a part of one, of the class.
    pub fn map_place(&mut self, class: &Class, write: bool) -> Option<Place> {
        if self.maps.is_empty() || self.keys > 1 || !self.random.percent(if write { 35 } else { 20 }) {
            return None;
        }
        let mut candidates = Vec::new();
        for at in 0..self.maps.len() {
            let map = &self.maps[at];
            if map.kind.is_line() || (write && (self.is_fixed(at) || self.is_sealed(at))) {
                continue;
            }
            let mut found = Vec::new();
            self.below(&format!("{}[@]", map.name), &map.value, (class, write), InMap::Whole(at), &mut found);
            found.retain(|place| !write || place.in_map != InMap::Whole(at) || self.may_update(at));
            if !found.is_empty() {
                candidates.push((at, found));
            }
        }
        if candidates.is_empty() {
            return None;
        }
        let (at, found) = self.random.pick(&candidates);
        let mut place = self.random.pick(&found);
        let key = self.key_of(at);
        place.text = place.text.replace('@', &key);
        self.indexed(place)
    }

    /// A map that can be read by key.
    pub fn keyed_map(&mut self) -> usize {
        let keyed: Vec<usize> = (0..self.maps.len()).filter(|&at| !self.maps[at].kind.is_line()).collect();
        self.random.pick(&keyed)
    }

    /// Whether something is there.
    pub fn presence(&mut self) -> String {
        let op = self.random.pick(&["==", "!="]);
        let copies: Vec<String> = self.scope.visible().filter(|v| v.is_optional).map(|v| v.name.clone()).collect();
        if !copies.is_empty() && self.random.percent(50) {
            return format!("({} {op} null)", self.random.pick(&copies));
        }
        let at = self.keyed_map();
        let key = self.key_of(at);
        format!("({}[{key}] {op} null)", self.maps[at].name)
    }
}
