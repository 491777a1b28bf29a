//! What owns objects, in the entries of maps: pointers, lists and trees; and the links by which objects are in those. Only the
//! kernel's helpers and functions read or write them, as they do special fields.

use super::{FieldDef, Origin, Space, StructDef, StructId, Ty, TyKind, Types};

/// The name of the link in a struct whose objects are in lists or trees, as the kernel finds it in BTF.
pub const LINK: &str = "__link";

impl Types {
    fn origin(&self, ty: Ty) -> Option<Origin> {
        if let TyKind::Struct(id) = self.kind(ty) { Some(self.struct_def(id).origin) } else { None }
    }

    /// Whether only the kernel's helpers and functions read or write a value of the type.
    pub fn is_kept(&self, ty: Ty) -> bool {
        self.origin(ty).is_some_and(Origin::is_kept)
    }

    /// The origin of an owner of objects, and the type of a pointer to one, which may be null; none for other types.
    pub fn owner(&self, ty: Ty) -> Option<(Origin, Ty)> {
        let TyKind::Struct(id) = self.kind(ty) else { return None };
        let def = self.struct_def(id);
        let object = def.fields.first().filter(|_| def.origin.owns())?;
        Some((def.origin, object.ty))
    }

    /// Whether it is a pointer to what `new` makes, as far as its type says.
    pub fn is_object_pointer(&self, ty: Ty) -> bool {
        let TyKind::Ptr { to, space, .. } = self.kind(ty) else { return false };
        let made = TyKind::Ptr { to, space: Space::Heap, nullable: true };
        space == Space::Heap || space == Space::Any && self.find(made).is_some()
    }

    /// The fields of a struct that are of such an origin.
    pub fn fields_of(&self, ty: Ty, wanted: impl Fn(Origin) -> bool) -> Vec<usize> {
        let TyKind::Struct(id) = self.kind(ty) else { return Vec::new() };
        let fields = self.struct_def(id).fields.iter().enumerate();
        fields.filter(|(_, field)| self.origin(field.ty).is_some_and(&wanted)).map(|(index, _)| index).collect()
    }

    /// A struct, or an array of structs.
    pub fn holds_struct(&self, ty: Ty) -> bool {
        if let TyKind::Array(element, _) = self.kind(ty) {
            self.holds_struct(element)
        } else {
            self.origin(ty).is_some()
        }
    }

    /// Whether what only the kernel touches is stored in a value of the type, or is one.
    pub fn has_kept(&self, ty: Ty) -> bool {
        self.has_origin(ty, Origin::is_kept)
    }

    /// Whether a struct of such an origin is stored in a value of the type, or is the type.
    pub fn has_origin(&self, ty: Ty, wanted: impl Fn(Origin) -> bool + Copy) -> bool {
        if let TyKind::Array(element, _) = self.kind(ty) {
            return self.has_origin(element, wanted);
        }
        let TyKind::Struct(id) = self.kind(ty) else { return false };
        let def = self.struct_def(id);
        wanted(def.origin) || def.fields.iter().any(|field| self.has_origin(field.ty, wanted))
    }

    /// The bytes of a value that only the kernel touches, in order: from, and to.
    pub fn kept_bytes(&self, ty: Ty) -> Vec<(u64, u64)> {
        let TyKind::Struct(id) = self.kind(ty) else { return Vec::new() };
        let fields = self.fields_of(ty, Origin::is_kept).into_iter().map(|index| &self.struct_def(id).fields[index]);
        let mut kept: Vec<(u64, u64)> =
            fields.map(|field| (field.offset, field.offset + self.size_of(field.ty))).collect();
        kept.sort_unstable();
        kept
    }

    /// Puts the link of lists (`struct bpf_list_node`) or trees (`struct bpf_rb_node`) before the fields of a struct, which has
    /// been laid out: a pointer to the link is then one to the struct. The link is the last field of the definition.
    pub fn add_link(&mut self, id: StructId, origin: Origin) {
        let (name, size) = if origin == Origin::TreeLink { ("bpf_rb_node", 32) } else { ("bpf_list_node", 24) };
        let known = self.structs().find(|(_, def)| def.origin == origin).map(|(id, _)| id);
        let link = known.unwrap_or_else(|| {
            self.add_struct(StructDef { name: name.to_owned(), origin, fields: Vec::new(), size, align: 8, span: None })
        });
        let ty = self.intern(TyKind::Struct(link));
        let def = self.struct_def_mut(id);
        for field in &mut def.fields {
            field.offset += size;
        }
        def.fields.push(FieldDef { name: LINK.to_owned(), ty, offset: 0, bits: None, span: None });
        def.size = (def.size + size).next_multiple_of(8);
        def.align = 8;
    }

    /// The type of a field that owns objects: `object` is that of a pointer to one.
    pub fn owning(&mut self, name: String, origin: Origin, object: Ty) -> Ty {
        let known = self.structs().find(|(_, def)| {
            def.origin == origin && def.name == name && def.fields.first().is_some_and(|field| field.ty == object)
        });
        if let Some((id, _)) = known {
            return self.intern(TyKind::Struct(id));
        }
        let field = FieldDef { name: "object".to_owned(), ty: object, offset: 0, bits: None, span: None };
        // `struct bpf_list_head` and `struct bpf_rb_root` of include/uapi/linux/bpf.h.
        let size = if origin == Origin::Kptr { 8 } else { 16 };
        let id = self.add_struct(StructDef { name, origin, fields: vec![field], size, align: 8, span: None });
        self.intern(TyKind::Struct(id))
    }
}
