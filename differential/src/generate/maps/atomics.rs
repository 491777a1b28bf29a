//! `fetch_add(place, n)` and the like.

use crate::generate::scope::{InMap, Place};
use crate::generate::types::{Class, Ty};
use crate::generate::{Family, Generator};

impl Generator {
    /// The old value of a global, or of an entry that is bound.
    pub fn old_value(&mut self) -> Option<String> {
        let mut found: Vec<Place> = Vec::new();
        for global in &self.globals {
            self.below(&global.name, &global.ty, (&Class::Number, true), InMap::No, &mut found);
        }
        if self.family == Family::Bpf {
            for variable in self.scope.visible() {
                if let Some(entry) = variable.entry.as_ref().filter(|entry| !self.sealed.contains(&entry.map)) {
                    let of = InMap::Bound(entry.map);
                    self.below(&variable.name, &variable.ty, (&Class::Number, true), of, &mut found);
                    self.below(&variable.name, &variable.ty, (&Class::Number, true), of, &mut found);
                }
            }
        }
        // Elements are no places that it takes.
        found.retain(|place| matches!(place.ty, Ty::Int { bits: 32 | 64, .. }) && !place.text.contains('['));
        if found.is_empty() {
            return None;
        }
        let place = self.random.pick(&found);
        let held = self.hold(place.in_map);
        let name =
            self.random.pick(&["fetch_add", "fetch_and", "fetch_or", "fetch_xor", "exchange", "compare_exchange"]);
        let mut args = vec![place.text, self.number(0).text];
        if name == "compare_exchange" {
            args.push(self.number(0).text);
        }
        self.release(held);
        self.written(place.in_map);
        Some(format!("{name}({})", args.join(", ")))
    }
}
