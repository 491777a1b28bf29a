//! Types of generated programs, their literals, and the declarations that they need.

use super::Generator;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ty {
    Int {
        bits: u32,
        signed: bool,
    },
    Bool,
    Char,
    Be(u32),
    Enum(usize),
    /// With the size, NUL included.
    Str(usize),
    Struct(usize),
    Array(Box<Ty>, usize),
}

/// What an expression may be, where more than one type will do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Class {
    /// Integers, chars and enums: they convert into one another.
    Number,
    Bool,
    Be(u32),
    /// Of all sizes.
    Str,
    Struct(usize),
    Array(Box<Ty>, usize),
}

pub struct Struct {
    pub name: String,
    pub fields: Vec<Field>,
    /// In bytes, padding included: an upper bound.
    pub size: usize,
}

pub struct Field {
    pub name: String,
    pub ty: Ty,
    pub default: Option<String>,
}

pub struct Enum {
    pub name: String,
    /// With the values.
    pub variants: Vec<(String, i128)>,
    pub repr: (u32, bool),
}

/// Bytes that an array may have.
const ARRAY: usize = 32;

pub const U64: Ty = Ty::Int { bits: 64, signed: false };

impl Ty {
    pub fn class(&self) -> Class {
        match self {
            Ty::Int { .. } | Ty::Char | Ty::Enum(_) => Class::Number,
            Ty::Bool => Class::Bool,
            Ty::Be(bits) => Class::Be(*bits),
            Ty::Str(_) => Class::Str,
            Ty::Struct(id) => Class::Struct(*id),
            Ty::Array(of, length) => Class::Array(of.clone(), *length),
        }
    }
}

/// Smallest and largest value.
pub fn range(bits: u32, signed: bool) -> (i128, i128) {
    if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

impl Generator {
    pub fn type_name(&self, ty: &Ty) -> String {
        match ty {
            Ty::Int { bits, signed } => format!("{}{bits}", if *signed { 'i' } else { 'u' }),
            Ty::Bool => "bool".into(),
            Ty::Char => "char".into(),
            Ty::Be(bits) => format!("be{bits}"),
            Ty::Enum(id) => self.enums[*id].name.clone(),
            Ty::Str(size) => format!("str({size})"),
            Ty::Struct(id) => self.structs[*id].name.clone(),
            // `T[N][M]` is N of `T[M]`.
            Ty::Array(of, length) => {
                let inner = self.type_name(of);
                let at = inner.find('[').unwrap_or(inner.len());
                format!("{}[{length}]{}", &inner[..at], &inner[at..])
            }
        }
    }

    pub fn size_of(&self, ty: &Ty) -> usize {
        match ty {
            Ty::Int { bits, .. } | Ty::Be(bits) => *bits as usize / 8,
            Ty::Bool | Ty::Char => 1,
            Ty::Str(size) => *size,
            Ty::Enum(id) => self.enums[*id].repr.0 as usize / 8,
            Ty::Struct(id) => self.structs[*id].size,
            Ty::Array(of, length) => self.size_of(of) * length,
        }
    }

    /// Bits and signedness of what computes as a number.
    pub fn int_of(&self, ty: &Ty) -> Option<(u32, bool)> {
        match ty {
            Ty::Int { bits, signed } => Some((*bits, *signed)),
            Ty::Char => Some((8, false)),
            Ty::Enum(id) => Some(self.enums[*id].repr),
            Ty::Bool | Ty::Be(_) | Ty::Str(_) | Ty::Struct(_) | Ty::Array(..) => None,
        }
    }

    pub fn int_type(&mut self) -> Ty {
        Ty::Int { bits: self.random.pick(&[8, 16, 32, 64]), signed: self.random.percent(50) }
    }

    pub fn scalar_type(&mut self) -> Ty {
        match self.random.below(20) {
            0..=12 => self.int_type(),
            13 | 14 => Ty::Bool,
            15 => Ty::Char,
            16 | 17 => Ty::Be(self.random.pick(&[16, 32, 64])),
            _ if self.enums.is_empty() => Ty::Bool,
            _ => Ty::Enum(self.random.below(self.enums.len())),
        }
    }

    pub fn value_type(&mut self) -> Ty {
        let structs = self.valued_structs();
        if structs > 0 && self.random.percent(15) {
            return Ty::Struct(self.random.below(structs));
        }
        if self.random.percent(12) {
            return self.array_type();
        }
        if self.random.percent(16) {
            return self.string_type();
        }
        self.scalar_type()
    }

    /// How many structs variables have: no headers.
    fn valued_structs(&self) -> usize {
        if self.own_structs > 0 { self.own_structs } else { self.structs.len() }
    }

    fn array_type(&mut self) -> Ty {
        let structs = self.valued_structs();
        let (of, length) = match self.random.below(12) {
            10 => (Ty::Char, 4),
            11 => (self.string_type(), 2),
            0 if structs > 0 => (Ty::Struct(self.random.below(structs)), 2),
            1 | 2 => {
                let inner = self.scalar_type();
                (Ty::Array(Box::new(inner), 1 + self.random.below(2)), 1 + self.random.below(2))
            }
            _ => (self.scalar_type(), 1 + self.random.below(5)),
        };
        // Small ones only: they have to fit a BPF stack.
        let length = length.min((ARRAY / self.size_of(&of).max(1)).max(1));
        Ty::Array(Box::new(of), length)
    }

    /// The text of a number, as a source may spell it. A negative one comes with its minus.
    pub fn spelled(&mut self, number: i128) -> String {
        let magnitude = number.unsigned_abs();
        let digits = match self.random.below(10) {
            0 | 1 => format!("0x{magnitude:x}"),
            2 => format!("0b{magnitude:b}"),
            3 => format!("0o{magnitude:o}"),
            _ => magnitude.to_string(),
        };
        if number < 0 { format!("-{digits}") } else { digits }
    }

    /// A number that the type holds, likely at an edge.
    pub fn number_in(&mut self, (bits, signed): (u32, bool)) -> i128 {
        let (low, high) = range(bits, signed);
        match self.random.below(8) {
            0 => low,
            1 => high,
            2 => (low + self.random.below(3) as i128).min(high),
            3 => (high - self.random.below(3) as i128).max(low),
            4 => i128::from(self.random.between(-3, 10)).clamp(low, high),
            _ => {
                let size = high - low + 1;
                low + (i128::from(self.random.interesting()) - low).rem_euclid(size)
            }
        }
    }

    /// A constant of the type.
    pub fn literal_of(&mut self, ty: &Ty) -> String {
        match ty {
            Ty::Int { bits, signed } => {
                let number = self.number_in((*bits, *signed));
                self.spelled(number)
            }
            Ty::Bool => self.random.pick(&["true", "false"]).into(),
            Ty::Char => self.char_literal(),
            Ty::Str(_) => self.string_literal(),
            Ty::Array(of, _) if **of == Ty::Char && self.random.percent(40) => self.string_literal(),
            Ty::Be(bits) => {
                let number = self.number_in((*bits, false));
                self.spelled(number)
            }
            Ty::Enum(id) => self.variant(*id),
            Ty::Struct(id) => {
                let fields: Vec<(String, Ty)> =
                    self.structs[*id].fields.iter().map(|f| (f.name.clone(), f.ty.clone())).collect();
                let values: Vec<String> =
                    fields.iter().map(|(name, ty)| format!("{name}: {}", self.literal_of(ty))).collect();
                format!("{} {{ {} }}", self.structs[*id].name, values.join(", "))
            }
            Ty::Array(of, length) => match self.random.below(6) {
                0 => "[]".into(),
                1 => format!("[{}; {length}]", self.literal_of(of)),
                2 => format!("[{}]", self.literal_of(of)),
                _ => {
                    let values: Vec<String> = (0..*length).map(|_| self.literal_of(of)).collect();
                    format!("[{}]", values.join(", "))
                }
            },
        }
    }

    pub fn char_literal(&mut self) -> String {
        match self.random.below(8) {
            0 => "'\\0'".into(),
            1 => "'\\n'".into(),
            2 => "'\\xff'".into(),
            3 => "'\\x80'".into(),
            _ => format!("'{}'", self.random.pick(&['a', 'b', 'z', 'A', '0', ' ', '~'])),
        }
    }

    /// With or without the enum's name.
    pub fn variant(&mut self, id: usize) -> String {
        let at = self.random.below(self.enums[id].variants.len());
        self.variant_name(id, at)
    }

    pub fn variant_name(&mut self, id: usize, at: usize) -> String {
        let (name, variant) = (&self.enums[id].name, &self.enums[id].variants[at].0);
        if self.random.percent(50) { format!("{name}::{variant}") } else { variant.clone() }
    }

    pub fn declare_enum(&mut self) {
        let id = self.enums.len();
        let repr =
            self.random.pick(&[(32, false), (32, true), (64, false), (8, false), (8, true), (16, true), (64, true)]);
        let inferred = repr == (32, false) || repr == (32, true);
        let mut variants: Vec<(String, i128)> = Vec::new();
        for at in 0..2 + self.random.below(4) {
            let mut value = self.number_in(repr);
            if repr == (32, false) && self.random.percent(60) {
                value = at as i128 * 3;
            }
            if repr == (32, true) && at == 0 {
                value = -1 - self.random.below(100) as i128;
            }
            if variants.iter().all(|(_, taken)| *taken != value) {
                variants.push((format!("E{id}V{at}"), value));
            }
        }
        let name = format!("E{id}");
        let list: Vec<String> = variants.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let suffix = if inferred { String::new() } else { format!(": {}{}", if repr.1 { 'i' } else { 'u' }, repr.0) };
        self.line(&format!("enum {name}{suffix} {{ {} }}", list.join(", ")));
        self.enums.push(Enum { name, variants, repr });
    }

    pub fn declare_struct(&mut self) {
        let id = self.structs.len();
        let mut fields = Vec::new();
        let mut size = 0;
        for at in 0..1 + self.random.below(4) {
            let mut ty = self.value_type();
            if size + self.size_of(&ty) > 24 {
                ty = Ty::Int { bits: 8, signed: true };
            }
            size += self.size_of(&ty).next_multiple_of(8);
            let default = self.random.percent(20).then(|| self.literal_of(&ty));
            fields.push(Field { name: format!("f{at}"), ty, default });
        }
        let list: Vec<String> = fields
            .iter()
            .map(|f| {
                let default = f.default.as_ref().map_or(String::new(), |d| format!(" = {d}"));
                format!("{}: {}{default}", f.name, self.type_name(&f.ty))
            })
            .collect();
        let name = format!("S{id}");
        self.line(&format!("struct {name} {{ {} }}", list.join(", ")));
        self.structs.push(Struct { name, fields, size });
    }
}
