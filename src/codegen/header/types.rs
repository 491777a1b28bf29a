//! Types in C: each struct and enum is declared once, before what is made of it.

use super::fields;
use super::names::{Names, c_name};
use crate::types::{EnumId, Origin, Piece, StructId, Ty, TyKind, Types, VariantDef};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A field of a struct, or a variable of a section.
pub struct Field {
    pub name: String,
    pub ty: Ty,
    pub offset: u64,
    /// The width of a bit-field.
    pub bits: Option<u8>,
}

/// The declarations of types so far.
pub struct Declared<'t> {
    types: &'t Types,
    /// The names of those that are declared.
    structs: BTreeMap<StructId, String>,
    enums: BTreeMap<EnumId, String>,
    names: Names,
    text: String,
}

impl<'t> Declared<'t> {
    /// `names`: what the header declares besides.
    pub fn new(types: &'t Types, names: Names) -> Declared<'t> {
        Declared { types, structs: BTreeMap::new(), enums: BTreeMap::new(), names, text: String::new() }
    }

    /// The declarations so far, as C.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `uint8_t name[6]`; declares what it is made of.
    pub fn declaration(&mut self, ty: Ty, name: &str) -> String {
        match self.types.kind(ty) {
            TyKind::Bool => format!("bool {name}"),
            TyKind::Int { bits, signed } => format!("{}int{bits}_t {name}", if signed { "" } else { "u" }),
            TyKind::Be { bits } => format!("uint{bits}_t /* in network order */ {name}"),
            TyKind::Char => format!("char {name}"),
            TyKind::F64 => format!("double {name}"),
            TyKind::Str(size) => format!("char {name}[{size}]"),
            TyKind::Array(element, length) => self.declaration(element, &format!("{name}[{length}]")),
            TyKind::Struct(id) => {
                let word = if self.types.struct_def(id).origin == Origin::Union { "union" } else { "struct" };
                format!("{word} {} {name}", self.declare_struct(id))
            }
            TyKind::Enum(id) if self.types.enum_def(id).stacks().is_some() => {
                self.declaration(self.types.enum_def(id).repr, name)
            }
            TyKind::Enum(id) => {
                let of = self.declare_enum(id);
                let repr = self.types.enum_def(id).repr;
                self.declaration(repr, &format!("/* enum {of} */ {name}"))
            }
            TyKind::Ptr { .. } | TyKind::Fn(_) | TyKind::Link => format!("uint64_t {name}"),
            TyKind::Handle(_) => format!("uint32_t {name}"),
            TyKind::Void | TyKind::Opt(_) | TyKind::Place { .. } | TyKind::Bytes | TyKind::Null | TyKind::Error => {
                crate::bug!("no `{}` is in an object", self.types.name(ty))
            }
        }
    }

    /// A struct that the kernel's headers declare gets a name of its own, so that both can be included.
    fn declare_struct(&mut self, id: StructId) -> String {
        if let Some(name) = self.structs.get(&id) {
            return name.clone();
        }
        let def = self.types.struct_def(id);
        let prefix = if def.origin.is_own() { "" } else { "ks_" };
        let name = self.names.unused(&format!("{prefix}{}", def.name));
        self.structs.insert(id, name.clone());
        let text = if def.origin == Origin::Union || def.origin.is_own() && def.fields.iter().any(|f| f.bits.is_some())
        {
            self.as_declared(&name, id)
        } else {
            self.layout(&name, &fields(def), def.size, def.align)
        };
        self.text.push_str(&text);
        self.text.push('\n');
        name
    }

    /// An enum of the program. What a C compiler makes of an enum depends on its options, so fields are integers.
    fn declare_enum(&mut self, id: EnumId) -> String {
        if let Some(name) = self.enums.get(&id) {
            return name.clone();
        }
        let def = self.types.enum_def(id);
        if def.span.is_none() {
            return c_name(&def.name);
        }
        let name = self.names.unused(&def.name);
        self.enums.insert(id, name.clone());
        let constant = |v: &VariantDef| format!("    {} = {},\n", self.names.unused(&v.name), v.value);
        let variants: Vec<String> = def.variants.iter().map(constant).collect();
        let head = self.enum_head(&name, id);
        let _ = writeln!(self.text, "{head} {{\n{}}};\n", variants.concat());
        name
    }

    /// `enum NAME`, of the size that the program gives it.
    fn enum_head(&self, name: &str, id: EnumId) -> String {
        let def = self.types.enum_def(id);
        let fit = |least: i128, most: i128| def.variants.iter().all(|v| (least..=most).contains(&v.value));
        let attribute = match self.types.size_of(def.repr) {
            1 => "packed",
            2 if fit(i8::MIN.into(), u8::MAX.into()) => "mode(HI)",
            2 => "packed",
            8 if fit(i32::MIN.into(), u32::MAX.into()) => "mode(DI)",
            _ => return format!("enum {name}"),
        };
        let TyKind::Int { bits, signed } = self.types.kind(def.repr) else { return format!("enum {name}") };
        format!("KSC_ENUM({name}, {}int{bits}_t, {attribute})", if signed { "" } else { "u" })
    }

    /// A struct or union as the program declares it, with its bit-fields.
    fn as_declared(&mut self, name: &str, id: StructId) -> String {
        let (types, mut names) = (self.types, Names::default());
        let def = types.struct_def(id);
        let word = if def.origin.is_union() { "union" } else { "struct" };
        let (mut body, mut holds) = (String::new(), String::new());
        for piece in types.pieces(id) {
            let index = match piece {
                Piece::Field(index) => index,
                Piece::Gap(width) => {
                    let _ = writeln!(body, "    uint8_t : {width};");
                    continue;
                }
            };
            let field = &def.fields[index];
            let named = names.unused(&field.name);
            let declaration = self.declaration(field.ty, &named);
            if let Some(bits) = field.bits {
                let _ = writeln!(body, "    {declaration} : {};", bits.width);
            } else {
                let _ = writeln!(body, "    {declaration};");
                let _ = writeln!(holds, "KSC_HOLDS(offsetof({word} {name}, {named}) == {});", field.offset);
            }
        }
        let attribute = if types.is_packed(id) { " __attribute__((packed))" } else { "" };
        format!("{word} {name} {{\n{body}}}{attribute};\nKSC_HOLDS(sizeof({word} {name}) == {});\n{holds}", def.size)
    }

    /// A struct with these fields at their offsets.
    pub fn layout(&mut self, name: &str, fields: &[Field], size: u64, align: u64) -> String {
        let natural = fields.iter().map(|field| self.types.align_of(field.ty)).max().unwrap_or(1);
        let packed = align < natural;
        let (mut body, mut holds, mut at, mut names) = (String::new(), String::new(), 0, Names::default());
        for field in fields {
            let bytes = self.types.size_of(field.ty);
            // Bit-fields of one unit are one integer; of fields at one place C gets the first.
            if field.offset < at || bytes == 0 {
                continue;
            }
            let own = if packed { 1 } else { self.types.align_of(field.ty) };
            if at.next_multiple_of(own) < field.offset {
                let _ = writeln!(body, "    uint8_t _pad{at}[{}];", field.offset - at);
            }
            let bits = field.bits.map(|_| format!("_bits{}", field.offset));
            let named = names.unused(bits.as_ref().unwrap_or(&field.name));
            let _ = writeln!(body, "    {};", self.declaration(field.ty, &named));
            let _ = writeln!(holds, "KSC_HOLDS(offsetof(struct {name}, {named}) == {});", field.offset);
            at = field.offset + bytes;
        }
        let end = if packed { at } else { at.next_multiple_of(natural) };
        if end < size {
            let _ = writeln!(body, "    uint8_t _pad{at}[{}];", size - at);
        }
        let attribute = if packed { " __attribute__((packed))" } else { "" };
        format!("struct {name} {{\n{body}}}{attribute};\nKSC_HOLDS(sizeof(struct {name}) == {size});\n{holds}")
    }
}
