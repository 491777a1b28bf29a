//! Where the fields of a struct or union of the program are, as C compilers place them (System V ABI for x86-64, "Bit-Fields").

use super::{FieldDef, StructId, Ty, TyKind, Types};

/// The name of bits that belong to no field. Several may have it, and [`Types::lay_out`] removes them.
pub const GAP: &str = "_";

/// Bits in a byte.
const BYTE: u64 = 8;

/// Bytes of the largest storage unit.
const LARGEST_UNIT: u64 = 8;

/// A rule for the alignment of fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alignment {
    Natural,
    Packed,
    /// At least 8 bytes.
    Words,
}

impl Types {
    /// Places the fields of a struct or union as C does, removes gaps, and chooses the storage units of its bit-fields. Before, their
    /// widths must be known, and the fields' own structs laid out.
    pub fn lay_out(&mut self, id: StructId) {
        self.place_fields(id, Alignment::Natural);
    }

    /// Places the fields one behind the other, as C does with `__attribute__((packed))`. Yields the bit-fields that no storage unit
    /// inside the struct holds.
    pub fn lay_out_packed(&mut self, id: StructId) -> Vec<usize> {
        self.place_fields(id, Alignment::Packed)
    }

    /// Places each field of a struct at a multiple of 8 bytes.
    pub fn lay_out_in_words(&mut self, id: StructId) {
        self.place_fields(id, Alignment::Words);
    }

    fn place_fields(&mut self, id: StructId, rule: Alignment) -> Vec<usize> {
        let (mut end, mut size, mut align) = (0_u64, 0_u64, 1);
        let origin = self.struct_def(id).origin;
        let mut starts = Vec::new();
        for index in 0..self.struct_def(id).fields.len() {
            let field = &self.struct_def(id).fields[index];
            let own = match rule {
                Alignment::Natural => self.align_of(field.ty),
                Alignment::Packed => 1,
                Alignment::Words => self.align_of(field.ty).max(8),
            };
            let at = if origin.is_union() { 0 } else { end };
            let start = self.start_of(field, at, own);
            starts.push(start);
            end = start.saturating_add(width_of(self, field));
            size = size.max(end);
            // Bits without a name have no part in the alignment.
            align = if is_gap(field) { align } else { align.max(own) };
        }
        let def = self.struct_def_mut(id);
        def.size = size.div_ceil(BYTE).next_multiple_of(align);
        def.align = align;
        let size = def.size;
        let mut without = Vec::new();
        for (index, start) in starts.into_iter().enumerate() {
            let unit = self.unit_of(&self.struct_def(id).fields[index], start, (rule, origin.is_relocated()), size);
            let field = &mut self.struct_def_mut(id).fields[index];
            field.offset = start / BYTE;
            match (field.bits.as_mut(), unit) {
                (Some(bits), Some((offset, unit))) => {
                    (bits.shift, bits.unit) = ((start - offset * BYTE) as u8, unit);
                    field.offset = offset;
                }
                (Some(_), None) => without.push(index),
                (None, _) => {}
            }
        }
        if without.is_empty() {
            self.struct_def_mut(id).fields.retain(|field| !is_gap(field));
        }
        without
    }

    /// The first bit of a field, from the bit behind the fields before it on.
    fn start_of(&self, field: &FieldDef, at: u64, align: u64) -> u64 {
        let natural = self.align_of(field.ty) * BYTE;
        match field.bits {
            None => at.next_multiple_of(align * BYTE),
            // What comes next begins a unit of the type.
            Some(bits) if bits.width == 0 => at.next_multiple_of(natural),
            Some(bits) if align > 1 && at % natural + u64::from(bits.width) > natural => at.next_multiple_of(natural),
            Some(_) => at,
        }
    }

    /// The offset and the type of the smallest integer in the struct that holds a bit-field. A struct of the kernel has the declared
    /// type, by which loaders relocate it.
    fn unit_of(
        &self,
        field: &FieldDef,
        start: u64,
        (rule, relocated): (Alignment, bool),
        size: u64,
    ) -> Option<(u64, Ty)> {
        let bits = field.bits?;
        let end = start + u64::from(bits.width);
        if relocated {
            let unit = self.size_of(field.ty).max(1);
            return Some((start / BYTE / unit * unit, field.ty));
        }
        let mut unit = 1;
        while unit <= LARGEST_UNIT {
            let first = start / BYTE;
            let offset = match rule {
                Alignment::Natural | Alignment::Words => first / unit * unit,
                Alignment::Packed => first.min(size.saturating_sub(unit)),
            };
            if end <= (offset + unit) * BYTE && offset + unit <= size {
                return Some((offset, self.unit_type(field.ty, unit)));
            }
            unit *= 2;
        }
        None
    }

    /// The integer of so many bytes: the declared type itself if it is such a one.
    fn unit_type(&self, declared: Ty, bytes: u64) -> Ty {
        let is_declared = matches!(self.kind(declared), TyKind::Int { .. }) && self.size_of(declared) == bytes;
        if is_declared { declared } else { self.int((bytes * BYTE) as u8, false) }
    }
}

/// A declaration of C in a struct or union that has the layout of one of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// The field of this index.
    Field(usize),
    /// So many bits without a name, at most 8, which lie in one byte.
    Gap(u64),
}

impl Types {
    /// Whether the fields of a struct or union are not aligned as their types are.
    pub fn is_packed(&self, id: StructId) -> bool {
        let def = self.struct_def(id);
        def.fields.iter().any(|field| self.align_of(field.ty) > def.align)
    }

    /// The declarations, in order, from which a C compiler makes the layout of a struct or union of the program.
    pub fn pieces(&self, id: StructId) -> Vec<Piece> {
        let def = self.struct_def(id);
        let is_packed = self.is_packed(id);
        let (mut pieces, mut at) = (Vec::new(), 0);
        for (index, field) in def.fields.iter().enumerate() {
            let start = field.offset * BYTE + field.bits.map_or(0, |bits| bits.shift.into());
            let behind = if def.origin.is_union() { 0 } else { at };
            let align = if is_packed { 1 } else { self.align_of(field.ty) };
            if self.start_of(field, behind, align) != start {
                fill(&mut pieces, behind, start);
            }
            pieces.push(Piece::Field(index));
            at = start + width_of(self, field);
        }
        if !def.origin.is_union() && at.div_ceil(BYTE).next_multiple_of(def.align) < def.size {
            fill(&mut pieces, at, def.size * BYTE);
        }
        pieces
    }
}

fn fill(pieces: &mut Vec<Piece>, mut at: u64, to: u64) {
    while at < to {
        let width = (BYTE - at % BYTE).min(to - at);
        pieces.push(Piece::Gap(width));
        at += width;
    }
}

/// In bits.
fn width_of(types: &Types, field: &FieldDef) -> u64 {
    field.bits.map_or(types.size_of(field.ty).saturating_mul(BYTE), |bits| bits.width.into())
}

fn is_gap(field: &FieldDef) -> bool {
    field.name == GAP && field.bits.is_some()
}
