//! Where the parts of a type lie, each byte in one part: for languages that lay structs out as C does.

use super::model::{Declared, Field, Form, Kind, Model, Variable};

/// A part of a struct. Offsets and sizes are in bytes.
pub enum Part<'m> {
    Field(&'m Field),
    /// Bit-fields, and the bytes that they are in.
    Bits {
        offset: u64,
        bytes: u64,
        fields: Vec<&'m Field>,
    },
    /// What no field has.
    Gap {
        offset: u64,
        bytes: u64,
    },
    /// A field in bytes of those before it.
    Shared(&'m Field),
}

/// The parts of a struct, by their offsets.
pub struct Layout<'m> {
    pub parts: Vec<Part<'m>>,
    /// Some field is where its alignment would not put it, or the size is no multiple of the alignment.
    pub packed: bool,
}

/// The types of an object, and behind them one for each of its sections of variables: a struct of these.
pub fn types_and_sections(model: &Model) -> Vec<Declared> {
    let of_sections = model.sections.iter().map(|section| {
        let field = |variable: &Variable| Field {
            name: variable.name.clone(),
            offset: variable.offset,
            bits: None,
            form: variable.form.clone(),
        };
        let fields = section.variables.iter().map(field).collect();
        let name = section.name.trim_start_matches('.').to_owned();
        Declared { name, size: section.size, kind: Kind::Struct { fields, locked: false } }
    });
    model.types.iter().cloned().chain(of_sections).collect()
}

/// Sizes and alignments of the declared types.
pub struct Sizes<'m> {
    types: &'m [Declared],
    aligns: Vec<u64>,
}

impl<'m> Sizes<'m> {
    /// Each type must be behind those that it is made of. The error is the reason in words: one cannot be as it is described.
    pub fn of(types: &'m [Declared]) -> Result<Sizes<'m>, String> {
        let mut sizes = Sizes { types, aligns: Vec::new() };
        for declared in types {
            let align = match &declared.kind {
                Kind::Struct { fields, .. } | Kind::Union(fields) => {
                    if !fields.iter().all(|field| sizes.is_inside(field, declared.size)) {
                        return Err(format!("its BTF contradicts itself about `{}`", declared.name));
                    }
                    sizes.align_of(fields, declared.size)
                }
                Kind::Enum { signed, variants } => {
                    let fits = |value: i128| holds(declared.size, *signed, value);
                    if ![1, 2, 4, 8].contains(&declared.size) || !variants.iter().all(|(_, value)| fits(*value)) {
                        return Err(format!("its BTF contradicts itself about `{}`", declared.name));
                    }
                    declared.size
                }
            };
            sizes.aligns.push(align);
        }
        Ok(sizes)
    }

    /// The alignment of a struct or union with these fields: 1 where it is packed.
    pub fn align_of(&self, fields: &[Field], size: u64) -> u64 {
        let aligned = || fields.iter().filter(|field| field.bits.is_none());
        let most = aligned().map(|field| self.align(&field.form)).max().unwrap_or(1);
        let natural =
            size.is_multiple_of(most) && aligned().all(|field| field.offset.is_multiple_of(self.align(&field.form)));
        if natural { most } else { 1 }
    }

    fn is_inside(&self, field: &Field, size: u64) -> bool {
        match field.bits {
            Some((bit, width)) => {
                (1..=64).contains(&width)
                    && bit.checked_add(width.into()).is_some_and(|end| end <= size.saturating_mul(8))
            }
            None => {
                let end = self.size(&field.form).and_then(|bytes| field.offset.checked_add(bytes));
                end.is_some_and(|end| end <= size)
            }
        }
    }

    /// In bytes; none if it is too large for a number, or of a type that is not declared yet.
    pub fn size(&self, form: &Form) -> Option<u64> {
        match form {
            Form::Int(bytes, _) | Form::Be(bytes) | Form::Float(bytes) => Some((*bytes).into()),
            Form::Bool => Some(1),
            Form::Text(bytes) | Form::Bytes(bytes) => Some(*bytes),
            Form::Array(of, count) => self.size(of)?.checked_mul(*count),
            Form::Declared(index) => self.aligns.get(*index).map(|_| self.types[*index].size),
        }
    }

    /// The alignment of a form in bytes.
    pub fn align(&self, form: &Form) -> u64 {
        match form {
            Form::Int(bytes, _) | Form::Be(bytes) | Form::Float(bytes) => (*bytes).into(),
            Form::Bool | Form::Text(_) | Form::Bytes(_) => 1,
            Form::Array(of, _) => self.align(of),
            Form::Declared(index) => self.aligns[*index],
        }
    }

    /// The parts of a struct with these fields, which is so many bytes.
    pub fn layout<'f>(&self, fields: &'f [Field], size: u64) -> Layout<'f> {
        let first_bit = |field: &Field| field.bits.map_or(field.offset * 8, |(bit, _)| bit);
        let mut sorted: Vec<&Field> = fields.iter().collect();
        sorted.sort_by_key(|field| first_bit(field));
        let (mut parts, mut at) = (Vec::new(), 0);
        for field in sorted {
            let (offset, end) = match field.bits {
                Some((bit, width)) => (bit / 8, (bit + u64::from(width)).div_ceil(8)),
                None => (field.offset, field.offset + self.size(&field.form).unwrap_or(0)),
            };
            if let (Some(_), Some(Part::Bits { offset: begin, bytes, fields })) = (field.bits, parts.last_mut())
                && offset <= at
            {
                at = end.max(at);
                *bytes = at - *begin;
                fields.push(field);
                continue;
            }
            if offset < at {
                parts.push(Part::Shared(field));
                continue;
            }
            if offset > at {
                parts.push(Part::Gap { offset: at, bytes: offset - at });
            }
            at = end;
            parts.push(match field.bits {
                Some(_) => Part::Bits { offset, bytes: end - offset, fields: vec![field] },
                None => Part::Field(field),
            });
        }
        if at < size {
            parts.push(Part::Gap { offset: at, bytes: size - at });
        }
        let most = fields.iter().filter(|field| field.bits.is_none()).map(|field| self.align(&field.form)).max();
        Layout { parts, packed: self.align_of(fields, size) < most.unwrap_or(1) }
    }
}

/// Whether an integer of so many bytes has a value.
fn holds(bytes: u64, signed: bool, value: i128) -> bool {
    let bits = 8 * bytes.min(8);
    let range = if signed { -(1 << (bits - 1))..1 << (bits - 1) } else { 0..1 << bits };
    range.contains(&value)
}
