//! Memory: alignment of places, copies, clearing.

use super::function::FnGen;
use super::module::slot_align;
use crate::ir::ops::{ArithCast, KsAddr, KsDeref, KsElem, KsField};
use crate::ir::{Function, Module, OpId, Opcode, Value};
use crate::tables::MAX_STACK;
use crate::types::{FieldDef, Origin, Space, Ty, TyKind, Types};
use inkwell::IntPredicate;
use inkwell::values::PointerValue;

/// LLVM's BPF back end copies and clears with at most so many stores; beyond, it would call libc.
pub const MAX_STORES: u64 = 128;

/// The most loads and stores of a copy that this expands because LLVM would do worse.
const MAX_UNITS: u64 = 32;

/// Bytes of the largest unit that is loaded and stored at once.
const WORD: u64 = 8;

/// Elements of longer arrays are one part.
const MAX_ELEMENTS: u64 = 16;

/// C's alignment of a type. Packet headers have that of their widest field: as C compilers do, code relies on it although
/// a header may follow one of odd length.
pub fn natural_align(types: &Types, ty: Ty) -> u64 {
    let kind = types.kind(ty);
    if let TyKind::Array(element, _) = kind {
        return natural_align(types, element);
    }
    if let TyKind::Struct(id) = kind
        && types.struct_def(id).origin == Origin::Packet
    {
        return types.struct_def(id).fields.iter().map(|f| natural_align(types, f.ty)).max().unwrap_or(1);
    }
    types.align_of(ty)
}

/// A part of a type's bytes: a field or an element that has no others, or padding.
#[derive(Clone, Copy)]
pub struct Part {
    /// In bytes from the start.
    pub at: u64,
    pub size: u64,
}

impl Part {
    /// The offset behind the last byte.
    pub fn end(self) -> u64 {
        self.at + self.size
    }

    /// The part of it at `start` or behind.
    fn after(self, start: u64) -> Part {
        let at = self.at.max(start);
        Part { at, size: self.end() - at }
    }

    fn moved(self, by: u64) -> Part {
        Part { at: self.at + by, ..self }
    }
}

/// All bytes of a type, in order. Long arrays are one part.
pub fn parts(types: &Types, ty: Ty) -> Vec<Part> {
    let padding = |at: u64, to: u64| (at < to).then_some(Part { at, size: to.saturating_sub(at) });
    if let TyKind::Struct(id) = types.kind(ty) {
        let def = types.struct_def(id);
        let mut fields: Vec<&FieldDef> = def.fields.iter().collect();
        fields.sort_by_key(|f| f.offset);
        let (mut all, mut end) = (Vec::new(), 0);
        for field in fields {
            all.extend(padding(end, field.offset));
            // Bytes that several fields share are parts once.
            let inner = parts(types, field.stored()).into_iter().map(|part| part.moved(field.offset));
            all.extend(inner.filter(|part| part.end() > end).map(|part| part.after(end)));
            end = end.max(field.offset + types.size_of(field.stored()));
        }
        all.extend(padding(end, def.size));
        return all;
    }
    if let TyKind::Array(element, length) = types.kind(ty)
        && length <= MAX_ELEMENTS
    {
        let size = types.size_of(element);
        let inner = parts(types, element);
        return (0..length).flat_map(|i| inner.iter().map(move |part| part.moved(i * size))).collect();
    }
    vec![Part { at: 0, size: types.size_of(ty) }]
}

/// The alignment of a part at this offset of a place.
pub fn part_align(align: u64, offset: u64) -> u64 {
    align.min(lowest_bit(offset))
}

/// Whether some pointer into a packet may lead to the stack, to a copy of what is not linear there.
pub fn copies_packets(module: &Module, types: &Types) -> bool {
    let leads = |func: &Function, value: Value, to| matches!(types.kind(func.ty(value)), TyKind::Ptr { space, .. } if space == to);
    let copies = |func: &Function, op: OpId| {
        let data = &func.ops[op];
        data.opcode == Opcode::ArithCast
            && leads(func, data.operands[0], Space::Stack)
            && leads(func, data.results[0], Space::Packet)
    };
    module.funcs.iter().any(|func| func.walk().into_iter().any(|op| copies(func, op)))
}

fn lowest_bit(offset: u64) -> u64 {
    if offset == 0 { u64::MAX } else { 1 << offset.trailing_zeros() }
}

impl<'c> FnGen<'_, '_, 'c> {
    /// The value of a place.
    pub fn pointee(&self, place: Value) -> Ty {
        let kind = self.types().kind(self.func.ty(place));
        let (TyKind::Place { of, .. } | TyKind::Ptr { to: of, .. }) = kind else {
            crate::bug!("{} is no place", self.types().ir_text(self.func.ty(place)));
        };
        of
    }

    /// The alignment of a stack slot of this type, in bytes.
    pub fn slot_align_of(&self, ty: Ty) -> u64 {
        slot_align(self.types().size_of(ty), natural_align(self.types(), ty))
    }

    /// On the stack shorter ones can be copied by words too.
    pub fn stack_align_of(&self, ty: Ty) -> u64 {
        let words = match self.types().size_of(ty) {
            0..=1 => 1,
            2..=3 => 2,
            4..=7 => 4,
            _ => 8,
        };
        words.max(natural_align(self.types(), ty))
    }

    /// Whether BPF code may access words of a place at any address, because it is in a packet: the verifier wants packets to be aligned
    /// on some machines alone (`unaligned` of the machine). Not if it may be in a copy on the stack.
    pub fn in_packet(&self, place: Value) -> bool {
        let is_packet = self.has_packet(place) && self.types().machine().unaligned;
        is_packet && (!self.g.copies_packets || self.leads_from_start(place))
    }

    fn has_packet(&self, place: Value) -> bool {
        let kind = self.types().kind(self.func.ty(place));
        self.g.facts.verified && matches!(kind, TyKind::Place { space: Space::Packet, .. })
    }

    /// Whether an address is computed from the packet's first byte, and not chosen.
    fn leads_from_start(&self, address: Value) -> bool {
        let Some(data) = self.func.def(address).map(|op| &self.func.ops[op]) else { return false };
        let is_part = matches!(data.opcode, Opcode::KsField | Opcode::KsElem | Opcode::KsDeref | Opcode::KsAddr);
        let is_further = matches!(data.opcode, Opcode::ArithCast | Opcode::MemPtrAdd);
        data.opcode == Opcode::PacketStart || (is_part || is_further) && self.leads_from_start(data.operands[0])
    }

    /// The alignment of a place. That of a packet is any that LLVM may want: it makes bytes of words that are not aligned.
    pub fn align(&self, place: Value) -> u64 {
        if self.in_packet(place) {
            return WORD;
        }
        // What the verifier knows of the alignment of a header depends on how it was found.
        if self.has_packet(place) && !self.types().machine().unaligned {
            return 1;
        }
        let natural = natural_align(self.types(), self.pointee(place));
        self.func.def(place).map_or(natural, |op| self.align_of(op, natural))
    }

    fn align_of(&self, op: OpId, natural: u64) -> u64 {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsVar {
            return self.stack_align_of(self.pointee(data.results[0]));
        }
        if matches!(data.opcode, Opcode::KsStr | Opcode::KsGlobal) {
            return self.slot_align_of(self.pointee(data.results[0]));
        }
        if data.opcode == Opcode::KsField {
            let view = KsField::of(data);
            let offset = self.field_def(view.base(), view.field()).offset;
            return part_align(self.align(view.base()), offset);
        }
        if data.opcode == Opcode::KsElem {
            let view = KsElem::of(data);
            let size = self.types().size_of(self.pointee(data.results[0]));
            let known = self.func.known(self.types(), view.index()).and_then(|index| u64::try_from(index).ok());
            return part_align(self.align(view.base()), known.map_or(size, |index| index.saturating_mul(size)));
        }
        if data.opcode == Opcode::KsDeref {
            return self.func.def(KsDeref::of(data).pointer()).map_or(natural, |op| self.align_of(op, natural));
        }
        // Pointer to pointer.
        if data.opcode == Opcode::ArithCast {
            return self.func.def(ArithCast::of(data).value()).map_or(natural, |op| self.align_of(op, natural));
        }
        if data.opcode == Opcode::KsAddr {
            return self.align(KsAddr::of(data).place());
        }
        // The kernel aligns values of maps and records of ring buffers to 8 bytes.
        if matches!(data.opcode, Opcode::MapLookup | Opcode::MapNewRecord) { 8 } else { natural }
    }

    /// From here on the slot's contents count; before, others may use its room.
    pub fn begin_life(&self, slot: PointerValue<'c>) {
        let ptr = slot.get_type().into();
        self.g.build.intrinsic(&self.g.module, "llvm.lifetime.start", &[ptr], &[slot.into()]);
    }

    /// From here on others may use the slot's room.
    pub fn end_life(&self, slot: PointerValue<'c>) {
        let ptr = slot.get_type().into();
        self.g.build.intrinsic(&self.g.module, "llvm.lifetime.end", &[ptr], &[slot.into()]);
    }

    /// Whether BPF code may access words of a place at any address. The verifier asks for aligned accesses of the stack alone, where
    /// nothing of this size is: elsewhere only with `strict_alignment`, which kernels with CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS
    /// (`unaligned` of the machine) leave to BPF_F_STRICT_ALIGNMENT (`check_ptr_alignment` and `bpf_check` in kernel/bpf/verifier.c, the same
    /// from 6.1 to 6.18). The fields of kernel objects are read with the sizes that they have; of an arena only LLVM's accesses
    /// convert the address.
    pub fn has_words_anywhere(&self, place: Value) -> bool {
        let TyKind::Place { of, space } = self.types().kind(self.func.ty(place)) else { return false };
        let is_other = matches!(space, Space::BtfTrusted | Space::BtfRcu | Space::BtfUntrusted | Space::Arena);
        let may_be = self.g.facts.verified && self.types().machine().unaligned;
        may_be && self.types().size_of(of) > MAX_STACK && !is_other
    }

    /// Copies `size` bytes between places that are the same or do not overlap. Each place comes with its alignment in bytes; `words`: loads
    /// and
    /// stores of whole words may be unaligned here.
    pub fn copy(&mut self, to: (PointerValue<'c>, u64), from: (PointerValue<'c>, u64), size: u64, words: bool) {
        let unit = to.1.min(from.1).min(WORD);
        let by_units = from.1 < to.1.min(WORD);
        if !self.g.facts.has_libc && by_units && size.div_ceil(unit) <= MAX_UNITS {
            return self.copy_units(to.0, (from.0, unit), size);
        }
        let chunked = self.in_chunks(size, (unit, words), |f, at| {
            if words && unit < WORD {
                let word = f.g.build.asm_load_word(f.g.build.offset(from.0, at));
                return f.g.build.asm_store_word(f.g.build.offset(to.0, at), word);
            }
            let ty = f.g.build.int_type(unit as u32 * 8).into();
            let value = f.g.build.load(ty, f.g.build.offset(from.0, at), unit);
            f.g.build.store(f.g.build.offset(to.0, at), value, unit);
        });
        if chunked < size {
            let at = self.g.build.int(64, chunked);
            let (to, from) = if chunked == 0 {
                (to, from)
            } else {
                ((self.g.build.offset(to.0, at), unit), (self.g.build.offset(from.0, at), unit))
            };
            self.memcpy(to, from, size - chunked);
        }
    }

    /// In units as the source is aligned: LLVM would make words of those before it stores them.
    fn copy_units(&self, to: PointerValue<'c>, from: (PointerValue<'c>, u64), size: u64) {
        let build = &self.g.build;
        let mut at = 0;
        while at < size {
            let unit =
                std::iter::successors(Some(from.1), |unit| Some(unit / 2)).find(|unit| at + unit <= size).unwrap_or(1);
            let (offset, ty) = (build.int(64, at), build.int_type(unit as u32 * 8).into());
            let value = build.load(ty, build.offset(from.0, offset), unit);
            build.store(build.offset(to, offset), value, unit);
            at += unit;
        }
    }

    fn memcpy(&self, to: (PointerValue<'c>, u64), from: (PointerValue<'c>, u64), size: u64) {
        self.g.build.memcpy(&self.g.module, to, from, size);
    }

    /// Clears `size` bytes; `words`: as for [`FnGen::copy`].
    pub fn zero(&mut self, (place, align): (PointerValue<'c>, u64), size: u64, words: bool) {
        let unit = align.min(WORD);
        let chunked = self.in_chunks(size, (unit, words), |f, at| {
            if words && unit < WORD {
                return f.g.build.asm_store_word(f.g.build.offset(place, at), f.g.build.int(64, 0));
            }
            let zero = f.g.build.int(unit as u32 * 8, 0).into();
            f.g.build.store(f.g.build.offset(place, at), zero, unit);
        });
        if chunked < size {
            let (place, align) = if chunked == 0 {
                (place, align)
            } else {
                (self.g.build.offset(place, self.g.build.int(64, chunked)), unit)
            };
            let build = &self.g.build;
            let args =
                [place.into(), build.int(8, 0).into(), build.int(64, size - chunked).into(), build.int(1, 0).into()];
            let types = [place.get_type().into(), build.int_type(64).into()];
            let call = build.intrinsic(&self.g.module, "llvm.memset", &types, &args);
            call.set_alignment_attribute(inkwell::attributes::AttributeLoc::Param(0), align as u32);
        }
    }

    /// In BPF code, a loop over as many whole units as there are, where straight code would have too many stores: `each`
    /// emits one at an offset. The units are words if those are allowed. Yields how many bytes that took care of.
    fn in_chunks(
        &mut self,
        size: u64,
        (unit, words): (u64, bool),
        each: impl Fn(&mut Self, inkwell::values::IntValue<'c>),
    ) -> u64 {
        if self.g.facts.has_libc || size.div_ceil(unit) <= MAX_STORES {
            return 0;
        }
        let unit = if words { WORD } else { unit };
        let whole = size / unit * unit;
        let before = self.g.build.here();
        let (body, after) = (self.g.build.block(self.llvm, "chunk"), self.g.build.block(self.llvm, "chunks.done"));
        self.g.build.br(body);
        self.g.build.go_to(body);
        let at = self.g.build.phi(self.g.build.int_type(64).into());
        each(self, at.as_basic_value().into_int_value());
        let build = &self.g.build;
        let next = build.add(at.as_basic_value().into_int_value(), build.int(64, unit));
        at.add_incoming(&[(&build.int(64, 0), before), (&next, body)]);
        let more = build.compare(IntPredicate::ULT, next.into(), build.int(64, whole).into());
        build.cond_br(more, body, after);
        build.go_to(after);
        whole
    }
}
