//! Walks: over arrays any code, since their order is defined; over others code for which the order of the entries does
//! not matter.

use super::{Kind, Map};
use crate::generate::Generator;
use crate::generate::types::{Ty, U64};

impl Generator {
    pub fn walk(&mut self) -> String {
        let walkable = |at: &usize| !self.maps[*at].kind.is_line() && self.maps[*at].kind != Kind::Trie;
        let maps: Vec<usize> = (0..self.maps.len()).filter(walkable).collect();
        let at = self.random.pick(&maps);
        let map = self.maps[at].clone();
        if map.kind.is_array() && self.random.percent(70) {
            return self.walk_array(at, &map);
        }
        if self.random.percent(30) { self.search(at, &map) } else { self.sum(at, &map) }
    }

    /// The array is not written meanwhile: user space takes many values at a time.
    fn walk_array(&mut self, at: usize, map: &Map) -> String {
        let (index, value) = (self.fresh("n"), self.fresh("e"));
        self.scope.open();
        self.scope.add(&index, Ty::Int { bits: 32, signed: false }, false);
        self.stack += 8 + self.size_of(&map.value).next_multiple_of(8);
        self.scope.add(&value, map.value.clone(), false);
        self.sealed.push(at);
        let mut body = self.body(map.entries as u64);
        self.sealed.pop();
        // Except for the element of this iteration.
        if !self.is_sealed(at) && self.random.percent(30) {
            let new = self.value_of(&map.value, 1);
            self.updated(at);
            // The body may have a variable of the same name.
            body = format!("{{\n{body}\n}}\n{}[{index}] = {new}", map.name);
        }
        self.scope.close();
        format!("for ({index}, {value} in {}) {{\n{body}\n}}", map.name)
    }

    /// The head of a walk, and what makes a number of an entry.
    fn entries(&mut self, map: &Map) -> (String, String, String) {
        let (key, value, hash) = (self.fresh("n"), self.fresh("e"), self.fresh("h"));
        let Some(ty) = &map.key else { return Default::default() };
        let (of_key, of_value) = (self.folded(&hash, &key, ty), self.folded(&hash, &value, &map.value));
        let head = format!("for ({key}, {value} in {}) {{\nvar {hash}: u64 = 7\n{of_key}{of_value}", map.name);
        (head, key, hash)
    }

    /// Sums that do not depend on the order, and changes of the entry of this iteration.
    fn sum(&mut self, at: usize, map: &Map) -> String {
        let sum = self.fresh("s");
        let (head, key, hash) = self.entries(map);
        let mut body = String::new();
        if self.random.percent(40) {
            body.push_str(&format!("if (({hash} & 3) == {}) continue\n", self.random.below(4)));
        }
        body.push_str(&match self.random.below(3) {
            0 => format!("{sum} += {hash}\n"),
            1 => format!("{sum} ^= {hash}\n"),
            _ => format!("{sum} += ({hash} & 7) * ({hash} >> 60)\ng0 += 1\n"),
        });
        if !self.is_sealed(at) && self.random.percent(40) {
            body.push_str(&self.change_of(map, &key, &hash));
            self.uses.writes.insert(at);
        }
        self.loops += 1;
        if !map.kind.is_array() && self.may_update(at) && self.random.percent(30) {
            body.push_str(&format!("if (({hash} & 7) < {}) delete {}[{key}]\n", self.random.below(8), map.name));
            self.updated(at);
        }
        self.loops -= 1;
        self.spend(20 * map.entries.min(16) as u64);
        self.stack += 24 + self.size_of(&map.value);
        self.scope.add(&sum, U64, true);
        format!("var {sum}: u64 = 0\n{head}{body}}}")
    }

    /// Changes the entry of a key that is there.
    fn change_of(&self, map: &Map, key: &str, hash: &str) -> String {
        let mut found = Vec::new();
        let whole = crate::generate::scope::InMap::No;
        self.below(
            &format!("{}[{key}]", map.name),
            &map.value,
            (&crate::generate::types::Class::Number, true),
            whole,
            &mut found,
        );
        let place = found.into_iter().find(|place| matches!(place.ty, Ty::Int { .. }) && !place.text.contains('?'));
        place.map_or_else(String::new, |place| format!("{} ^= {hash} as {}\n", place.text, self.type_name(&place.ty)))
    }

    /// Whether there is an entry of some kind.
    fn search(&mut self, at: usize, map: &Map) -> String {
        let found = self.fresh("f");
        let (head, _, hash) = self.entries(map);
        let wanted = self.random.below(8);
        self.spend(20 * map.entries.min(16) as u64);
        self.stack += 16 + self.size_of(&map.value);
        self.loops += 1;
        self.sealed.push(at);
        let returns = !self.errors.is_deferred && self.random.percent(30);
        let leave = if returns { self.return_stmt() } else { format!("{found} = true\nbreak") };
        self.sealed.pop();
        self.loops -= 1;
        self.scope.add(&found, Ty::Bool, true);
        format!("var {found} = false\n{head}if (({hash} & 7) == {wanted}) {{\n{leave}\n}}\n}}")
    }
}
