//! Types. Names are the language's, as typedefs of C's basic types, so that tools show both.

use super::identifier;
use super::{Debug, Node, text};
use crate::codegen::c_integer;
use crate::codegen::llvm::types::field_role;
use crate::session::Session;
use crate::source::Span;
use crate::tables::FieldRole;
use crate::target::Endian;
use crate::types::{BitField, EnumId, FieldDef, StructDef, StructId, Ty, TyKind, Types};
use llvm_sys::debuginfo::*;

// DW_ATE_*
const BOOLEAN: u32 = 2;
const FLOAT: u32 = 4;
pub(super) const SIGNED: u32 = 5;
const UNSIGNED: u32 = 7;
const UNSIGNED_CHAR: u32 = 8;
const DW_TAG_STRUCTURE: u32 = 0x13;

/// The fields in order of their offsets, as the kernel wants members.
pub(super) fn in_order(def: &StructDef) -> Vec<&FieldDef> {
    let mut fields: Vec<&FieldDef> = def.fields.iter().collect();
    fields.sort_by_key(|f| f.offset * 8 + f.bits.map_or(0, |b| b.shift.into()));
    fields
}

impl Debug {
    /// The node of a type; null for `void`.
    pub(super) fn ty(&mut self, cx: &Session, ty: Ty) -> Node {
        if let Some(&known) = self.types.get(&ty) {
            return known;
        }
        let node = self.make(cx, ty);
        self.types.insert(ty, node);
        node
    }

    fn make(&mut self, cx: &Session, ty: Ty) -> Node {
        let types = &cx.types;
        match types.kind(ty) {
            TyKind::Bytes => crate::bug!("views are lowered to their parts"),
            TyKind::Void => std::ptr::null_mut(),
            TyKind::Bool => self.named(cx, "bool", "_Bool", 8, BOOLEAN),
            TyKind::Int { bits, signed } => {
                let encoding = if signed { SIGNED } else { UNSIGNED };
                self.named(cx, &types.name(ty), c_integer(bits, signed), bits.into(), encoding)
            }
            TyKind::Be { bits } => self.named(cx, &types.name(ty), c_integer(bits, false), bits.into(), UNSIGNED),
            TyKind::Char => self.basic("char", 8, UNSIGNED_CHAR),
            TyKind::F64 => self.named(cx, "f64", "double", 64, FLOAT),
            TyKind::Handle(_) => self.named(cx, "handle", c_integer(32, false), 32, UNSIGNED),
            TyKind::Link => self.named(cx, "link", c_integer(64, true), 64, SIGNED),
            TyKind::Str(size) => {
                let char = self.ty(cx, Ty::CHAR);
                self.array_of(char, size.into(), 8)
            }
            TyKind::Array(element, length) => {
                let node = self.ty(cx, element);
                self.array_of(node, length, types.size_of(element) * 8)
            }
            TyKind::Struct(id) => self.owner(cx, ty).unwrap_or_else(|| self.struct_def(cx, ty, id)),
            TyKind::Enum(id) if types.enum_def(id).stacks().is_some() => self.ty(cx, types.enum_def(id).repr),
            TyKind::Enum(id) => self.enum_def(cx, id),
            TyKind::Fn(id) => {
                let sig = types.sig(id);
                let node = self.subroutine(cx, sig.result, &sig.params);
                self.pointer_to(node)
            }
            TyKind::Ptr { to, .. } | TyKind::Place { of: to, .. } => {
                let node = self.ty(cx, to);
                self.pointer_to(node)
            }
            TyKind::Null => self.pointer_to(std::ptr::null_mut()),
            TyKind::Opt(_) | TyKind::Error => crate::bug!("{} has no debug information", types.ir_text(ty)),
        }
    }

    pub(super) fn basic(&self, name: &str, bits: u64, encoding: u32) -> Node {
        // SAFETY: `builder` is live, and the length is the name's.
        unsafe { LLVMDIBuilderCreateBasicType(self.builder, text(name), name.len(), bits, encoding, 0) }
    }

    /// The language's name for a basic type of C.
    fn named(&mut self, cx: &Session, name: &str, c_name: &str, bits: u64, encoding: u32) -> Node {
        let of = self.basic(c_name, bits, encoding);
        let file = self.any_file(cx);
        self.typedef(file, name, of)
    }

    fn typedef(&self, file: Node, name: &str, of: Node) -> Node {
        // SAFETY: `builder` is live, the nodes are of its context, and the length is the name's.
        unsafe { LLVMDIBuilderCreateTypedef(self.builder, of, text(name), name.len(), file, 0, file, 0) }
    }

    /// The main file: declarations of the language itself are in no file.
    pub(super) fn any_file(&mut self, cx: &Session) -> Node {
        let first = cx.sources.files().next().map(|(id, _)| id);
        match first {
            Some(id) => self.file(cx, id),
            None => crate::bug!("there is no source file"),
        }
    }

    /// The file and line of a declaration.
    fn declared(&mut self, cx: &Session, span: Option<Span>) -> (Node, u32) {
        match span {
            Some(span) => (self.file(cx, span.file), Self::line(cx, span)),
            None => (self.any_file(cx), 0),
        }
    }

    pub(super) fn pointer_to(&self, to: Node) -> Node {
        // SAFETY: `builder` is live; null means void.
        unsafe { LLVMDIBuilderCreatePointerType(self.builder, to, 64, 0, 0, text(""), 0) }
    }

    pub(super) fn array_of(&self, element: Node, length: u64, element_bits: u64) -> Node {
        // SAFETY: `builder` is live, and there is one range in the list.
        unsafe {
            let mut ranges = [LLVMDIBuilderGetOrCreateSubrange(self.builder, 0, length as i64)];
            LLVMDIBuilderCreateArrayType(self.builder, length * element_bits, 0, element, ranges.as_mut_ptr(), 1)
        }
    }

    pub(super) fn subroutine(&mut self, cx: &Session, result: Ty, params: &[Ty]) -> Node {
        let mut nodes = vec![self.ty(cx, result)];
        for &param in params {
            nodes.push(self.ty(cx, param));
        }
        let file = self.any_file(cx);
        // SAFETY: `builder` is live, and the length is the list's.
        unsafe { LLVMDIBuilderCreateSubroutineType(self.builder, file, nodes.as_mut_ptr(), nodes.len() as u32, 0) }
    }

    pub(super) fn member(&self, file: Node, line: u32, name: &str, ty: Node, bits: u64, offset: u64) -> Node {
        // SAFETY: `builder` is live, the nodes are of its context, and the length is the name's.
        unsafe {
            LLVMDIBuilderCreateMemberType(
                self.builder,
                file,
                text(name),
                name.len(),
                file,
                line,
                bits,
                0,
                offset,
                0,
                ty,
            )
        }
    }

    pub(super) fn structure(&self, file: Node, line: u32, name: &str, bits: u64, members: &mut [Node]) -> Node {
        // SAFETY: `builder` is live, the nodes are of its context, and lengths are those of the name and the list.
        unsafe {
            LLVMDIBuilderCreateStructType(
                self.builder,
                std::ptr::null_mut(),
                text(name),
                name.len(),
                file,
                line,
                bits,
                0,
                0,
                std::ptr::null_mut(),
                members.as_mut_ptr(),
                members.len() as u32,
                0,
                std::ptr::null_mut(),
                text(""),
                0,
            )
        }
    }

    fn union(&self, file: Node, line: u32, name: &str, bits: u64, members: &mut [Node]) -> Node {
        // SAFETY: `builder` is live, the nodes are of its context, and lengths are those of the name and the list.
        unsafe {
            LLVMDIBuilderCreateUnionType(
                self.builder,
                std::ptr::null_mut(),
                text(name),
                name.len(),
                file,
                line,
                bits,
                0,
                0,
                members.as_mut_ptr(),
                members.len() as u32,
                0,
                text(""),
                0,
            )
        }
    }

    /// A forward declaration is known while the members are made, since they may point to the struct itself.
    fn struct_def(&mut self, cx: &Session, ty: Ty, id: StructId) -> Node {
        let def = cx.types.struct_def(id);
        let (file, line) = self.declared(cx, def.span);
        let name = &*if def.origin.is_relocated() { self.flavour(&def.name) } else { identifier(&def.name) };
        // SAFETY: `builder` is live, the nodes are of its context, and the length is the name's.
        let forward = unsafe {
            LLVMDIBuilderCreateReplaceableCompositeType(
                self.builder,
                DW_TAG_STRUCTURE,
                text(name),
                name.len(),
                std::ptr::null_mut(),
                file,
                line,
                0,
                def.size * 8,
                0,
                0,
                text(""),
                0,
            )
        };
        self.types.insert(ty, forward);
        let mut members = Vec::new();
        for field in in_order(def) {
            // The kernel has packet pointers as numbers of 32 bits.
            let plain = field_role(cx.types.machine(), def, field) == FieldRole::Plain;
            let field_ty = if plain { field.ty } else { Ty::U32 };
            let node = self.ty(cx, field_ty);
            let bits = cx.types.size_of(field_ty) * 8;
            let first_bit = field.bits.map_or(0, |part| first_bit(&cx.types, def, part));
            let node = self.field((file, line), field, first_bit, node, bits);
            self.mark_owner(cx, field.ty, node);
            members.push(node);
        }
        let own_name = if def.origin.is_typedef() { "" } else { name };
        let node = if def.origin.is_union() {
            self.union(file, line, own_name, def.size * 8, &mut members)
        } else {
            self.structure(file, line, own_name, def.size * 8, &mut members)
        };
        let node = if def.origin.is_typedef() { self.typedef(file, name, node) } else { node };
        // SAFETY: the forward declaration is a temporary node, which this replaces and frees.
        unsafe { LLVMMetadataReplaceAllUsesWith(forward, node) };
        node
    }

    /// `first_bit`: where a bit-field begins in its storage unit.
    fn field(&self, (file, line): (Node, u32), field: &FieldDef, first_bit: u64, ty: Node, bits: u64) -> Node {
        let offset = field.offset * 8;
        let Some(part) = field.bits else {
            return self.member(file, line, &field.name, ty, bits, offset);
        };
        // SAFETY: `builder` is live, the nodes are of its context, and the length is the name's.
        unsafe {
            LLVMDIBuilderCreateBitFieldMemberType(
                self.builder,
                file,
                text(&field.name),
                field.name.len(),
                file,
                line,
                part.width.into(),
                offset + first_bit,
                offset,
                0,
                ty,
            )
        }
    }

    fn enum_def(&mut self, cx: &Session, id: EnumId) -> Node {
        let def = cx.types.enum_def(id);
        let (file, line) = self.declared(cx, def.span);
        let (bits, signed) =
            (cx.types.size_of(def.repr) * 8, cx.types.as_int(def.repr).is_some_and(|(_, signed)| signed));
        // Not a typedef: LLVM's BTF would lack the enum's size, by which it chooses values of 64 bits, and its sign.
        let repr = self.basic(c_integer(bits as u8, signed), bits, if signed { SIGNED } else { UNSIGNED });
        let name = match cx.kernel_types.has_variants(&cx.types, id) {
            true => self.flavour(&def.name),
            false => identifier(&def.name),
        };
        // SAFETY: `builder` is live, the nodes are of its context, and lengths are those of the names and the list.
        unsafe {
            let mut variants: Vec<Node> = def
                .variants
                .iter()
                .map(|v| {
                    let value = v.value as i64;
                    LLVMDIBuilderCreateEnumerator(self.builder, text(&v.name), v.name.len(), value, (!signed).into())
                })
                .collect();
            LLVMDIBuilderCreateEnumerationType(
                self.builder,
                std::ptr::null_mut(),
                text(&name),
                name.len(),
                file,
                line,
                bits,
                0,
                variants.as_mut_ptr(),
                variants.len() as u32,
                repr,
            )
        }
    }
}

/// Where a bit-field of a struct begins in its storage unit, from the end on where numbers begin in memory. The kernel's own
/// types say it so.
fn first_bit(types: &Types, of: &StructDef, part: BitField) -> u64 {
    let bits = types.size_of(part.unit) * 8;
    let shift = u64::from(types.shift(part));
    match types.machine().endian {
        Endian::Big if !of.origin.is_relocated() => bits - shift - u64::from(part.width),
        Endian::Big | Endian::Little => part.shift.into(),
    }
}
