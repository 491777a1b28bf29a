//! Types of the kernel as types of the language. A field is entered into its struct when the program first names it, so unused fields and
//! types are never entered. The debug information then has exactly the types and fields that the loader relocates.

use super::{Btf, Kind, Malformed, Member, OpenError, RUNNING, Type, TypeId, Wanted, modules};
use crate::types::{
    BitField, EnumDef, EnumId, FieldDef, MAX_SIZE, Origin, Space, StructDef, StructId, Ty, TyKind, Types, VariantDef,
};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The kernel's types of one run: the file is opened when the first is looked up.
pub struct KernelTypes {
    pub(super) path: PathBuf,
    /// Whether the compiler's own types replace those of a running kernel that shows none.
    pub(super) may_replace: bool,
    /// They are to be of another processor than the running kernel's.
    pub(super) is_foreign: bool,
    pub(super) opened: Option<Result<Btf, OpenError>>,
    /// Why the file was not read, if the compiler's own types are open instead.
    pub(super) unread: Option<OpenError>,
    /// The types of the modules, once a name is not among the kernel's; taken when one of them is joined.
    modules: Option<Vec<Btf>>,
    made: HashMap<TypeId, Ty>,
    ids: HashMap<StructId, TypeId>,
    enums: HashSet<EnumId>,
    /// The functions of the running kernel, once they were asked for.
    pub(super) symbols: Option<Vec<String>>,
    /// The names of its types, once they were asked for.
    type_names: Option<Vec<String>>,
    /// Names that it was asked for and does not have.
    absent: HashSet<(String, Wanted)>,
}

/// An enumerator by its name alone.
pub enum KernelEnumerator {
    /// A variant of an enum with a name, by its place: the loader fills in the value that the kernel has.
    Variant(EnumId, usize),
    /// A variant of an enum without a name, which loaders cannot find: its value is the same in all kernels that have it.
    Constant(i128),
}

/// Why a type of the kernel is none of the language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotImported {
    Malformed,
    /// In words.
    Unsupported(&'static str),
}

impl From<Malformed> for NotImported {
    fn from(_: Malformed) -> NotImported {
        NotImported::Malformed
    }
}

/// A prototype: the names and types of its parameters, and the result.
pub struct Prototype {
    pub params: Vec<(String, Result<Ty, NotImported>)>,
    pub result: Result<Ty, NotImported>,
    /// Which parameters may be null, where the kernel says so by their names; one for each, or none.
    pub nullable: Vec<bool>,
}

/// A field of a struct or union, or of one without a name inside of it.
pub struct StructField {
    pub name: String,
    /// None if the language has no such type.
    pub ty: Option<Ty>,
    /// From the start of the struct.
    pub bit_offset: u64,
    /// The width of a bit-field; none for other fields.
    pub bits: Option<u8>,
}

/// Arrays and pointers inside each other; more is a cycle.
pub(super) const MAX_DEPTH: usize = 16;

impl KernelTypes {
    /// Without a path, those of the running kernel.
    pub fn new(path: Option<PathBuf>) -> KernelTypes {
        let may_replace = path.is_none();
        let path = path.unwrap_or_else(|| RUNNING.into());
        let (made, ids, enums) = (HashMap::new(), HashMap::new(), HashSet::new());
        let (opened, unread, modules, symbols, type_names) = (None, None, None, None, None);
        let absent = HashSet::new();
        let is_foreign = false;
        KernelTypes {
            path,
            may_replace,
            is_foreign,
            opened,
            unread,
            modules,
            made,
            ids,
            enums,
            symbols,
            type_names,
            absent,
        }
    }

    /// The compiler's own types, for a kernel of another processor than the running kernel's.
    pub fn foreign() -> KernelTypes {
        KernelTypes { is_foreign: true, ..KernelTypes::new(None) }
    }

    #[cfg(test)]
    pub(super) fn of(btf: Btf) -> KernelTypes {
        KernelTypes { opened: Some(Ok(btf)), ..KernelTypes::new(None) }
    }

    /// The file that the types are read from, whether it was opened yet or not.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces all types, and forgets the lookups of names in the types before.
    pub(super) fn replace(&mut self, btf: Btf) {
        self.opened = Some(Ok(btf));
        self.absent.clear();
        self.type_names = None;
    }

    /// The first type of a name, of the kernel or of a module.
    pub(super) fn find(&mut self, name: &str, wanted: Wanted) -> Option<TypeId> {
        let asked = (name.to_owned(), wanted);
        if self.absent.contains(&asked) {
            return None;
        }
        let found = self.found(name, |btf| btf.find(name, wanted));
        if found.is_none() {
            self.absent.insert(asked);
        }
        found
    }

    /// The result of a search in the kernel's types, or else in those of a module. The types of one module follow those of the kernel: a
    /// program uses the types of one module.
    fn found<T>(&mut self, name: &str, find: impl Fn(&Btf) -> Option<T>) -> Option<T> {
        let kernel = self.types()?;
        if let Some(found) = find(kernel) {
            return Some(found);
        }
        let (path, is_read) = (&self.path, self.unread.is_none());
        let modules = self.modules.get_or_insert_with(|| if is_read { modules::beside(path) } else { Vec::new() });
        let kernel = self.opened.as_ref()?.as_ref().ok()?;
        let joined = modules.iter().filter(|module| module.mentions(name)).find_map(|module| {
            let joined = kernel.joined(module).ok()?;
            let found = find(&joined)?;
            Some((joined, found))
        });
        let (joined, found) = joined?;
        self.opened = Some(Ok(joined));
        self.modules = Some(Vec::new());
        Some(found)
    }

    /// The type of this name; none if the kernel has none, or its types cannot be read.
    pub fn named(&mut self, types: &mut Types, name: &str) -> Option<Result<Ty, NotImported>> {
        let id = self.find(name, Wanted::Type)?;
        self.import(types, id)
    }

    pub(super) fn import(&mut self, types: &mut Types, id: TypeId) -> Option<Result<Ty, NotImported>> {
        Some(self.importer(types)?.ty(id, MAX_DEPTH))
    }

    pub(super) fn importer<'a>(&'a mut self, types: &'a mut Types) -> Option<Import<'a>> {
        let btf = self.opened.as_ref()?.as_ref().ok()?;
        Some(Import { btf, types, made: &mut self.made, ids: &mut self.ids, enums: &mut self.enums })
    }

    /// The type and value of an enumerator; none if the kernel has none of this name, or its types cannot be read.
    pub fn enumerator(&mut self, types: &mut Types, name: &str) -> Option<Result<KernelEnumerator, NotImported>> {
        let (id, place) = self.found(name, |btf| btf.find_enumerator(name))?;
        let ty = match self.import(types, id)? {
            Ok(ty) => ty,
            Err(why) => return Some(Err(why)),
        };
        let TyKind::Enum(of) = types.kind(ty) else { return Some(Err(NotImported::Malformed)) };
        let named = self.has_variants(types, of);
        let value = types.enum_def(of).variants.get(place).map(|variant| variant.value).ok_or(NotImported::Malformed);
        let known =
            |value| if named { KernelEnumerator::Variant(of, place) } else { KernelEnumerator::Constant(value) };
        Some(value.map(known))
    }

    /// Whether the loader finds out the values of an enum's variants.
    pub fn has_variants(&self, types: &Types, of: EnumId) -> bool {
        self.enums.contains(&of) && !types.enum_def(of).name.contains('.')
    }

    /// The place of a field in its struct, to which this adds it when it is first asked for.
    pub fn field(&mut self, types: &mut Types, of: StructId, name: &str) -> Result<Option<usize>, NotImported> {
        if let Some(known) = types.struct_def(of).field(name) {
            return Ok(Some(known));
        }
        let (Some(&id), Some(Ok(btf))) = (self.ids.get(&of), &self.opened) else { return Ok(None) };
        let Some(member) = btf.member(id, name)? else { return Ok(None) };
        let mut import = Import { btf, types, made: &mut self.made, ids: &mut self.ids, enums: &mut self.enums };
        let field = import.field(of, &member)?;
        let def = types.struct_def_mut(of);
        def.fields.push(field);
        Ok(Some(def.fields.len() - 1))
    }

    /// The place of a field that other kernels have instead of one that this kernel has, and which the loader looks for by its name. None if the
    /// struct is not the kernel's, or the field would not fit where the other one is.
    pub fn other_form(&self, types: &mut Types, of: StructId, beside: usize, (name, ty): (&str, Ty)) -> Option<usize> {
        self.ids.get(&of)?;
        if let Some(known) = types.struct_def(of).field(name) {
            return Some(known);
        }
        let FieldDef { offset, ty: found, .. } = types.struct_def(of).fields[beside];
        if types.size_of(ty) > types.size_of(found) {
            return None;
        }
        let def = types.struct_def_mut(of);
        def.fields.push(FieldDef { name: name.to_owned(), ty, offset, bits: None, span: None });
        Some(def.fields.len() - 1)
    }

    /// Whether a struct is what another one begins with, as a `tcp_sock` does with a `sock`.
    pub fn begins_with(&self, types: &Types, whole: Ty, first: Ty) -> bool {
        let id = |ty: Ty| if let TyKind::Struct(id) = types.kind(ty) { self.ids.get(&id).copied() } else { None };
        let (Some(whole), Some(first), Some(Ok(btf))) = (id(whole), id(first), &self.opened) else { return false };
        btf.begins_with(whole, first).unwrap_or(false)
    }

    /// The names of all fields of a struct, for messages.
    pub fn field_names(&self, of: StructId) -> Vec<String> {
        match (self.ids.get(&of), &self.opened) {
            (Some(&id), Some(Ok(btf))) => btf.members(id).iter().map(|member| member.name.to_owned()).collect(),
            (_, _) => Vec::new(),
        }
    }

    /// Where a struct inside this one has a field, for messages.
    pub fn field_inside(&self, of: StructId, name: &str) -> Option<String> {
        let (Some(&id), Some(Ok(btf))) = (self.ids.get(&of), &self.opened) else { return None };
        btf.member_inside(id, name)
    }

    /// The parameters and the result of a function, or of the one that a typedef is a pointer to.
    pub fn prototype(&mut self, types: &mut Types, of: Wanted, name: &str) -> Option<Result<Prototype, NotImported>> {
        let id = self.find(name, of)?;
        let (params, result) = match prototype_at(self.types()?, id) {
            Ok(found) => found,
            Err(malformed) => return Some(Err(malformed.into())),
        };
        let typed = params.into_iter().map(|(name, id)| Some((name, self.import(types, id)?)));
        let params = typed.collect::<Option<_>>()?;
        Some(Ok(Prototype { params, result: self.import(types, result)?, nullable: Vec::new() }))
    }

    /// The names of all structs, unions, enums and typedefs, for messages.
    pub fn names_of_types(&mut self) -> &[String] {
        if self.type_names.is_none() {
            let names = self.btf().map_or(Vec::new(), |btf| btf.names(Wanted::Type).map(str::to_owned).collect());
            self.type_names = Some(names);
        }
        self.type_names.as_deref().unwrap_or_default()
    }

    /// Names of types that begin with a prefix, without it, in their order.
    pub fn types_with(&mut self, prefix: &str) -> Vec<String> {
        let Ok(btf) = self.btf() else { return Vec::new() };
        let names = btf.names(Wanted::Type).filter_map(|name| name.strip_prefix(prefix));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Names of typedefs that begin with a prefix, without it.
    pub fn typedefs_with(&mut self, prefix: &str) -> Vec<String> {
        self.names_with(Wanted::Typedef, prefix)
    }

    /// Names that begin with a prefix, without it.
    pub fn names_with(&mut self, wanted: Wanted, prefix: &str) -> Vec<String> {
        let Ok(btf) = self.btf() else { return Vec::new() };
        btf.names(wanted).filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect()
    }

    /// Whether the kernel has a type of this name.
    pub fn has(&mut self, wanted: Wanted, name: &str) -> bool {
        self.find(name, wanted).is_some()
    }

    /// The fields of a struct or union, in its order; none if there is none of this name, or the types cannot be read.
    pub fn fields(&mut self, types: &mut Types, name: &str) -> Option<Vec<StructField>> {
        let btf = self.types()?;
        let members = btf.members(btf.find(name, Wanted::Type)?);
        let members: Vec<_> =
            members.iter().map(|of| (of.name.to_owned(), of.ty, of.bit_offset, of.bit_width)).collect();
        let typed = members.into_iter().map(|(name, ty, bit_offset, bits)| {
            let ty = self.import(types, ty).and_then(Result::ok);
            StructField { name, ty, bit_offset, bits }
        });
        Some(typed.collect())
    }

    /// The names of a struct's members and where they are, in bytes.
    pub fn layout(&mut self, name: &str) -> Option<Vec<(String, u64)>> {
        let btf = self.types()?;
        let members = btf.members(btf.find(name, Wanted::Type)?);
        Some(members.iter().map(|member| (member.name.to_owned(), member.bit_offset / 8)).collect())
    }
}

/// The parameters of a function, or of one behind a pointer, and its result.
pub(super) fn prototype_at(btf: &Btf, id: TypeId) -> Result<(Vec<(String, TypeId)>, TypeId), Malformed> {
    let (_, outer) = btf.plain(id)?;
    let (Kind::Pointer(to) | Kind::Function(to)) = outer.kind else { return Err(Malformed) };
    let (_, prototype) = btf.plain(to)?;
    let Kind::Prototype(result) = prototype.kind else { return Err(Malformed) };
    let params = btf.params(&prototype)?;
    let named = params.iter().filter(|param| param.ty != TypeId::VOID);
    Ok((named.map(|param| (param.name.to_owned(), param.ty)).collect(), result))
}

pub(super) struct Import<'a> {
    pub(super) btf: &'a Btf,
    pub(super) types: &'a mut Types,
    made: &'a mut HashMap<TypeId, Ty>,
    ids: &'a mut HashMap<StructId, TypeId>,
    enums: &'a mut HashSet<EnumId>,
}

impl Import<'_> {
    pub(super) fn ty(&mut self, id: TypeId, depth: usize) -> Result<Ty, NotImported> {
        let depth = depth.checked_sub(1).ok_or(NotImported::Malformed)?;
        if let Some(known) = self.byte_order(id)? {
            return Ok(known);
        }
        let alias = self.btf.alias(id)?;
        let (id, ty) = self.btf.plain(id)?;
        if let Some(&made) = self.made.get(&id) {
            return Ok(made);
        }
        match ty.kind {
            Kind::Void => Ok(Ty::VOID),
            Kind::Int { bool: true, .. } => Ok(Ty::BOOL),
            Kind::Int { bits: 8, .. } if ty.name == "char" => Ok(Ty::CHAR),
            Kind::Int { bits: bits @ (8 | 16 | 32 | 64), signed, .. } => Ok(self.types.int(bits as u8, signed)),
            Kind::Int { .. } => Err(NotImported::Unsupported("an integer of more than 64 bits")),
            Kind::Pointer(to) => self.pointer(to, depth),
            Kind::Array { of, count } => {
                let element = self.ty(of, depth)?;
                let array = self.types.array(element, count.into());
                if self.types.size_of(array) > MAX_SIZE { Err(NotImported::Malformed) } else { Ok(array) }
            }
            Kind::Struct { size } | Kind::Union { size } if u64::from(size) > MAX_SIZE => Err(NotImported::Malformed),
            Kind::Struct { size } => Ok(self.structure(id, (ty.name, alias), size, (Origin::Btf, Origin::BtfTypedef))),
            Kind::Union { size } => {
                Ok(self.structure(id, (ty.name, alias), size, (Origin::BtfUnion, Origin::BtfTypedefUnion)))
            }
            Kind::Enum { .. } => self.enumeration(id, &ty),
            Kind::Forward => Err(NotImported::Unsupported("a struct of which the kernel has the name alone")),
            Kind::Float => Err(NotImported::Unsupported("a floating-point number")),
            Kind::Function(_) | Kind::Prototype(_) => Err(NotImported::Unsupported("a function")),
            Kind::Typedef(_) | Kind::Qualified(_) | Kind::Tagged(_) | Kind::DeclarationTag(_) | Kind::Other => {
                Err(NotImported::Malformed)
            }
        }
    }

    /// `__be16` and the like, by the names of their typedefs.
    fn byte_order(&self, id: TypeId) -> Result<Option<Ty>, Malformed> {
        let mut id = id;
        for _ in 0..MAX_DEPTH {
            let ty = self.btf.ty(id)?;
            match (ty.kind, ty.name) {
                (Kind::Typedef(_), "__be16") => return Ok(Some(Ty::BE16)),
                (Kind::Typedef(_), "__be32") => return Ok(Some(Ty::BE32)),
                (Kind::Typedef(_), "__be64") => return Ok(Some(Ty::BE64)),
                (Kind::Typedef(of) | Kind::Qualified(of) | Kind::Tagged(of), _) => id = of,
                (_, _) => break,
            }
        }
        Ok(None)
    }

    /// Pointers to what the language has no type for are pointers to bytes.
    fn pointer(&mut self, to: TypeId, depth: usize) -> Result<Ty, NotImported> {
        let tagged = self.btf.ty(to)?;
        let space = match (tagged.kind, tagged.name) {
            (Kind::Tagged(_), "percpu") => {
                return Err(NotImported::Unsupported("a pointer to a variable of each CPU"));
            }
            (Kind::Tagged(_), "user") => Space::User,
            (_, _) => Space::BtfUntrusted,
        };
        let to = match self.ty(to, depth) {
            Ok(Ty::VOID) | Err(NotImported::Unsupported(_)) => Ty::U8,
            Ok(to) => to,
            Err(malformed) => return Err(malformed),
        };
        Ok(self.types.ptr(to, space, true))
    }

    /// With the name of its own, or else that of a typedef; the origins are for the one and the other.
    fn structure(&mut self, id: TypeId, names: (&str, Option<&str>), size: u32, origins: (Origin, Origin)) -> Ty {
        let align = if size == 0 { 1 } else { 1 << size.trailing_zeros().min(3) };
        let (name, origin) = match names {
            ("", Some(alias)) => (alias.to_owned(), origins.1),
            // IR text names every struct; a dot is in no name of C, and debug information then gives it none.
            ("", None) => (format!("anonymous.{}", id.0), origins.0),
            (name, _) => (name.to_owned(), origins.0),
        };
        let def = StructDef { name, origin, fields: Vec::new(), size: size.into(), align, span: None };
        let struct_id = self.types.add_struct(def);
        let ty = self.types.intern(TyKind::Struct(struct_id));
        self.made.insert(id, ty);
        self.ids.insert(struct_id, id);
        ty
    }

    fn enumeration(&mut self, id: TypeId, ty: &Type<'_>) -> Result<Ty, NotImported> {
        let Kind::Enum { size, signed } = ty.kind else { return Err(NotImported::Malformed) };
        if !matches!(size, 1 | 2 | 4 | 8) {
            return Err(NotImported::Malformed);
        }
        let repr = self.types.int(8 * size as u8, signed);
        let variants = self.btf.enumerators(ty)?;
        let variants = variants.iter().map(|variant| VariantDef {
            name: variant.name.to_owned(),
            value: variant.value,
            span: None,
        });
        let name = if ty.name.is_empty() { format!("anonymous.{}", id.0) } else { ty.name.to_owned() };
        let def = EnumDef { name, repr, variants: variants.collect(), span: None };
        let enum_id = self.types.add_enum(def);
        let made = self.types.intern(TyKind::Enum(enum_id));
        self.made.insert(id, made);
        self.enums.insert(enum_id);
        Ok(made)
    }

    fn field(&mut self, of: StructId, member: &Member<'_>) -> Result<FieldDef, NotImported> {
        let ty = match self.ty(member.ty, MAX_DEPTH)? {
            // Bits are read as numbers.
            Ty::BOOL if member.bit_width.is_some() => Ty::U8,
            ty => ty,
        };
        let width = member.bit_width.map_or(self.types.size_of(ty).saturating_mul(8), u64::from);
        let fits = member.bit_offset.saturating_add(width) <= self.types.struct_def(of).size * 8;
        if !fits || self.types.is_inside(of, ty) {
            return Err(NotImported::Malformed);
        }
        let (offset, bits) = match (member.bit_width, self.types.as_int(ty)) {
            (None, _) => (member.bit_offset / 8, None),
            (Some(width), Some((unit, _))) if width <= unit => {
                let start = member.bit_offset / u64::from(unit) * u64::from(unit);
                if member.bit_offset - start + u64::from(width) > unit.into() {
                    return Err(NotImported::Unsupported("a bit-field in two words"));
                }
                (start / 8, Some(BitField { shift: (member.bit_offset - start) as u8, width, unit: ty, wire: false }))
            }
            (Some(_), _) => return Err(NotImported::Malformed),
        };
        Ok(FieldDef { name: member.name.to_owned(), ty, offset, bits, span: None })
    }
}
