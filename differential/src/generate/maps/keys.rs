//! Keys: few different ones, so that entries are met again; and the same one several times in a row.

use super::{Kind, Map};
use crate::generate::Generator;
use crate::generate::types::{Field, Struct, Ty};

/// Keys that are remembered.
const STICKY: usize = 5;

impl Generator {
    /// The key's struct of a trie.
    pub fn declare_prefix(&mut self, name: &str, bits: u32) -> Ty {
        let of = if bits == 64 || self.random.percent(50) {
            Ty::Be(bits)
        } else {
            Ty::Array(Box::new(Ty::Int { bits: 8, signed: false }), bits as usize / 8)
        };
        self.line(&format!("struct {name} {{ prefixlen: u32, of: {} }}", self.type_name(&of)));
        let field = |name: &str, ty: Ty| Field { name: name.into(), ty, default: None };
        let fields = vec![field("prefixlen", Ty::Int { bits: 32, signed: false }), field("of", of)];
        self.structs.push(Struct { name: name.to_owned(), fields, size: 16 });
        Ty::Struct(self.structs.len() - 1)
    }

    /// A key of a map, as text.
    pub fn key_of(&mut self, at: usize) -> String {
        let map = self.maps[at].clone();
        let Some(ty) = map.key.clone() else { return String::new() };
        if self.random.percent(45)
            && let Some(key) = self.used_key(at)
        {
            return key;
        }
        self.keys += 1;
        let key = match self.random.below(10) {
            0..=3 => match self.key_variable(&ty) {
                Some(name) => self.remember(at, name),
                None => self.small(&ty, 0),
            },
            4..=6 => {
                let literal = self.literal_key(&map, &ty);
                self.remember(at, literal)
            }
            7 | 8 => self.computed_key(&map, &ty),
            _ if self.keys < 2 => self.value_of(&ty, 1),
            _ => self.small(&ty, 0),
        };
        self.keys -= 1;
        key
    }

    fn remember(&mut self, map: usize, key: String) -> String {
        self.sticky.push((map, key.clone()));
        if self.sticky.len() > STICKY {
            self.sticky.remove(0);
        }
        key
    }

    /// One that was used before and still means something.
    fn used_key(&mut self, map: usize) -> Option<String> {
        let ty = self.maps[map].key.clone();
        let is_name = |key: &str| key.starts_with(|c: char| c.is_ascii_lowercase()) && !key.contains(['(', '.']);
        let means = |key: &str| {
            !is_name(key)
                || key == "true"
                || key == "false"
                || self.scope.visible().any(|v| v.name == key && Some(&v.ty) == ty.as_ref() && !v.pointer)
        };
        let fits: Vec<String> =
            self.sticky.iter().filter(|(of, key)| *of == map && means(key)).map(|(_, key)| key.clone()).collect();
        if fits.is_empty() { None } else { Some(self.random.pick(&fits)) }
    }

    fn key_variable(&mut self, ty: &Ty) -> Option<String> {
        let names: Vec<String> =
            self.scope.visible().filter(|v| v.ty == *ty && !v.pointer).map(|v| v.name.clone()).collect();
        if names.is_empty() { None } else { Some(self.random.pick(&names)) }
    }

    fn literal_key(&mut self, map: &Map, ty: &Ty) -> String {
        if map.kind.is_array() {
            let beyond = usize::from(self.random.percent(15));
            return self.random.below(map.entries + beyond).to_string();
        }
        if self.random.percent(85) { self.random.pick(&map.keys) } else { self.new_key(map, ty) }
    }

    pub fn new_key(&mut self, map: &Map, ty: &Ty) -> String {
        if map.kind == Kind::Trie { self.prefix(map, ty, false) } else { self.small(ty, 0) }
    }

    fn computed_key(&mut self, map: &Map, ty: &Ty) -> String {
        if map.kind.is_array() {
            let number = self.variable_number();
            return match self.random.below(3) {
                0 => format!("(({number}) % {} as u32)", map.entries),
                1 => format!("(({number}) & 3)"),
                _ => number,
            };
        }
        if map.kind == Kind::Trie { self.prefix(map, ty, true) } else { self.small(ty, 1) }
    }

    /// A key of a trie.
    fn prefix(&mut self, map: &Map, ty: &Ty, is_computed: bool) -> String {
        let Ty::Struct(id) = ty else { return String::new() };
        let (name, of) = (self.structs[*id].name.clone(), self.structs[*id].fields[1].ty.clone());
        let most = self.size_of(&of) * 8;
        let value = self.small(&of, u32::from(is_computed));
        // Of literals alone the array has the type that is asked for too.
        let bits = match self.random.below(if is_computed { 6 } else { 5 }) {
            0 => most.to_string(),
            1 => "0".into(),
            2..=4 => self.random.below(most + 1).to_string(),
            _ => format!("(({}) & {}) as u32", self.variable_number(), most - 1),
        };
        match self.random.below(4) {
            0 => format!("{}.key({value})", map.name),
            1 => format!("{}.key({value}, {bits})", map.name),
            _ => format!("{name} {{ prefixlen: {bits}, of: {value} }}"),
        }
    }

    /// A value of few: of literals, or with a variable number in it.
    pub fn small(&mut self, ty: &Ty, depth: u32) -> String {
        let computed = depth > 0 && self.random.percent(70);
        match ty {
            Ty::Int { signed, .. } if computed => {
                let number = self.variable_number();
                let minus = if *signed && self.random.percent(30) { " - 1" } else { "" };
                format!("(((({number}) & 3){minus}) as {})", self.type_name(ty))
            }
            Ty::Int { signed, .. } => self.random.between(if *signed { -1 } else { 0 }, 3).to_string(),
            Ty::Char if computed => format!("((({}) & 3) as char)", self.variable_number()),
            Ty::Char => self.random.pick(&["'a'", "'b'", "'\\0'"]).into(),
            Ty::Bool if computed => format!("((({}) & 1) as bool)", self.variable_number()),
            Ty::Bool => self.random.pick(&["true", "false"]).into(),
            Ty::Be(bits) if computed => format!("((({}) & 0x8001) as be{bits})", self.variable_number()),
            Ty::Be(_) => self.random.pick(&["1", "0x8001", "0xff00", "0"]).into(),
            Ty::Enum(id) => self.variant(*id),
            Ty::Str(_) => self.random.pick(&["\"\"", "\"a\"", "\"ab\"", "\"b\""]).into(),
            Ty::Struct(id) => {
                let fields: Vec<(String, Ty)> =
                    self.structs[*id].fields.iter().map(|f| (f.name.clone(), f.ty.clone())).collect();
                let values: Vec<String> =
                    fields.iter().map(|(name, ty)| format!("{name}: {}", self.small(ty, depth))).collect();
                format!("{} {{ {} }}", self.structs[*id].name, values.join(", "))
            }
            Ty::Array(of, length) => {
                let values: Vec<String> = (0..*length).map(|_| self.small(of, depth)).collect();
                format!("[{}]", values.join(", "))
            }
        }
    }
}
