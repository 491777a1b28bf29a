//! Types in C: each struct and enum is declared once, before what is made of it.

use super::fields;
use crate::types::{EnumId, Origin, StructId, Ty, TyKind, Types};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A field of a struct, or a variable of a section.
pub struct Field {
    pub name: String,
    pub ty: Ty,
    pub offset: u64,
    /// The width of a bit-field.
    pub bits: Option<u8>,
}

pub struct Declared<'t> {
    types: &'t Types,
    structs: BTreeSet<StructId>,
    enums: BTreeSet<EnumId>,
    text: String,
}

impl<'t> Declared<'t> {
    pub fn new(types: &'t Types) -> Declared<'t> {
        Declared { types, structs: BTreeSet::new(), enums: BTreeSet::new(), text: String::new() }
    }

    /// What was declared so far.
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
                self.declare_struct(id);
                format!("struct {} {name}", self.struct_name(id))
            }
            TyKind::Enum(id) => {
                self.declare_enum(id);
                let enumeration = self.types.enum_def(id);
                let repr = enumeration.repr;
                self.declaration(repr, &format!("/* enum {} */ {name}", c_name(&enumeration.name)))
            }
            TyKind::Ptr { .. } | TyKind::Fn(_) | TyKind::Link => format!("uint64_t {name}"),
            TyKind::Handle(_) => format!("uint32_t {name}"),
            TyKind::Void | TyKind::Opt(_) | TyKind::Place { .. } | TyKind::Bytes | TyKind::Null | TyKind::Error => {
                crate::bug!("no `{}` is in an object", self.types.name(ty))
            }
        }
    }

    /// What the kernel's headers declare gets a name of its own, so that both can be included.
    fn struct_name(&self, id: StructId) -> String {
        let def = self.types.struct_def(id);
        let name = c_name(&def.name);
        if def.origin == Origin::User { name } else { format!("ks_{name}") }
    }

    fn declare_struct(&mut self, id: StructId) {
        if !self.structs.insert(id) {
            return;
        }
        let (name, def) = (self.struct_name(id), self.types.struct_def(id));
        let text = self.layout(&name, &fields(def), def.size, def.align);
        self.text.push_str(&text);
        self.text.push('\n');
    }

    /// The constants of an enum of the program; C's enums have a width of their own, so fields are integers.
    fn declare_enum(&mut self, id: EnumId) {
        let def = self.types.enum_def(id);
        if def.span.is_none() || !self.enums.insert(id) {
            return;
        }
        let variants: Vec<String> =
            def.variants.iter().map(|v| format!("    {} = {},\n", c_name(&v.name), v.value)).collect();
        let _ = writeln!(self.text, "enum {} {{\n{}}};\n", c_name(&def.name), variants.concat());
    }

    /// A struct with these fields at their offsets.
    pub fn layout(&mut self, name: &str, fields: &[Field], size: u64, align: u64) -> String {
        let natural = fields.iter().map(|field| self.types.align_of(field.ty)).max().unwrap_or(1);
        let packed = align < natural;
        let (mut body, mut holds, mut at) = (String::new(), String::new(), 0);
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
            let named = if field.bits.is_some() { format!("_bits{}", field.offset) } else { c_name(&field.name) };
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

/// A name that is none of C's words.
pub fn c_name(name: &str) -> String {
    let text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let begins = text.starts_with(|c: char| c.is_ascii_digit());
    if begins || C_WORDS.contains(&text.as_str()) { format!("{text}_") } else { text }
}

/// The keywords of C11 and C++ that are names in the language.
const C_WORDS: &[&str] = &[
    "alignas",
    "alignof",
    "asm",
    "auto",
    "bool",
    "case",
    "char",
    "class",
    "delete",
    "do",
    "double",
    "explicit",
    "export",
    "extern",
    "float",
    "friend",
    "goto",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "operator",
    "private",
    "protected",
    "public",
    "register",
    "restrict",
    "short",
    "signed",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "typedef",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
];
