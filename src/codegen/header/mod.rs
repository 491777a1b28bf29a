//! `--emit=header`: C's view of what a BPF object shares with programs that load it: the keys and values of its maps, the layout of
//! its data sections, and the types in them.
//!
//! Offsets are those of the object: `_Static_assert`s of the header hold a C compiler to them.

mod names;
mod types;

use crate::codegen::c_integer;
use crate::ir::{Module, Section};
use crate::types::{StructDef, Ty, TyKind, Types};
use names::{Names, c_name};
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol};
use std::collections::BTreeMap;
use std::fmt::Write;
use types::{Declared, Field};

/// The text of the header, of a module after its last pass and the object that it became.
pub fn of(types: &Types, module: &Module, object: &[u8]) -> String {
    let name = c_name(&module.name);
    // What programs write that include the header: these names do not depend on the types.
    let mut names = Names::default();
    let mut of_maps = Vec::new();
    for map in module.maps.iter().filter(|map| !map.bound) {
        let parts = [("key", map.key), ("value", map.value)].into_iter().filter(|(_, ty)| *ty != Ty::VOID);
        of_maps.extend(parts.map(|(part, ty)| (map, part, ty, names.unused(&format!("{name}_{}_{part}", map.name)))));
    }
    let of_section = |section: &Section| section.name().rsplit('.').next().unwrap_or_default();
    let of_sections = Section::ALL.map(|section| names.unused(&format!("{name}_{}", of_section(&section))));
    let mut declared = Declared::new(types, names);
    let mut uses = String::new();
    for (map, part, ty, typedef) in of_maps {
        let declaration = declared.declaration(ty, &typedef);
        let _ = writeln!(
            uses,
            "/* The {part} of the map `{}`, of kind {}. */\ntypedef {declaration};",
            map.name,
            map.kind.word()
        );
    }
    for (section, of_section) in std::iter::zip(Section::ALL, of_sections) {
        let fields = globals(module, section, object);
        let Some(last) = fields.last() else { continue };
        let align = fields.iter().map(|field| types.align_of(field.ty)).max().unwrap_or(1);
        let size = (last.offset + types.size_of(last.ty)).next_multiple_of(align);
        let text = declared.layout(&of_section, &fields, size, align);
        let _ =
            write!(uses, "/* The variables of the map of the section `{}`. */\n{text}", module.elf_section(section));
    }
    let guard = format!("KSC_{}_H", name.to_uppercase());
    format!(
        "/* What the BPF object of `{}` shares with the programs that load it. Made by ksc. */\n\
         #ifndef {guard}\n#define {guard}\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\n#define KSC_HOLDS(condition) static_assert(condition, #condition)\n\
         #define KSC_ENUM(name, type, attribute) enum name : type\n#else\n\
         #define KSC_HOLDS(condition) _Static_assert(condition, #condition)\n\
         #define KSC_ENUM(name, type, attribute) enum __attribute__((attribute)) name\n#endif\n\n{}{}{uses}\n\
         #undef KSC_HOLDS\n#undef KSC_ENUM\n#endif\n",
        module.name,
        skeleton_types(types, module),
        declared.text()
    )
}

/// The names that skeletons of bpftool have for the types of variables: those of BTF, which are the language's.
fn skeleton_types(types: &Types, module: &Module) -> String {
    let mut named = BTreeMap::new();
    for global in module.globals.iter().filter(|global| global.section.is_some()) {
        if let Some((name, of)) = typedef(types, global.ty) {
            named.insert(name, of);
        }
    }
    if named.is_empty() {
        return String::new();
    }
    let typedefs: String = named.iter().map(|(name, of)| format!("typedef {of} {name};\n")).collect();
    format!(
        "#ifndef KSC_NO_TYPEDEFS\n/* What skeletons of bpftool call the types of variables. */\n{typedefs}#endif\n\n"
    )
}

/// The typedef that BTF has for a type, or for the elements of an array, and the type of C that it is.
fn typedef(types: &Types, ty: Ty) -> Option<(String, &'static str)> {
    let of = match types.kind(ty) {
        TyKind::Int { bits, signed } => c_integer(bits, signed),
        TyKind::Be { bits } => c_integer(bits, false),
        TyKind::F64 => "double",
        TyKind::Array(element, _) => return typedef(types, element),
        TyKind::Enum(id) if types.enum_def(id).stacks().is_some() => return typedef(types, types.enum_def(id).repr),
        TyKind::Void
        | TyKind::Bool
        | TyKind::Char
        | TyKind::Str(_)
        | TyKind::Struct(_)
        | TyKind::Enum(_)
        | TyKind::Fn(_)
        | TyKind::Ptr { .. }
        | TyKind::Opt(_)
        | TyKind::Place { .. }
        | TyKind::Handle(_)
        | TyKind::Link
        | TyKind::Bytes
        | TyKind::Null
        | TyKind::Error => return None,
    };
    Some((types.name(ty), of))
}

/// The variables of a section, by their places in the object.
fn globals(module: &Module, section: Section, object: &[u8]) -> Vec<Field> {
    let file = match ElfFile64::<Endianness>::parse(object) {
        Ok(file) => file,
        Err(error) => crate::bug!("the object that was made cannot be read: {error}"),
    };
    let place = |name: &str| file.symbols().find(|symbol| symbol.name() == Ok(name)).map(|symbol| symbol.address());
    let of_section = module.globals.iter().filter(|global| global.section == Some(section));
    let field = |name: &str, ty| place(name).map(|offset| Field { name: name.to_owned(), ty, offset, bits: None });
    let mut fields: Vec<Field> = of_section.filter_map(|global| field(&global.name, global.ty)).collect();
    fields.sort_by_key(|field| field.offset);
    fields
}

/// The fields of a struct.
fn fields(def: &StructDef) -> Vec<Field> {
    let field = |field: &crate::types::FieldDef| Field {
        name: field.name.clone(),
        ty: field.ty,
        offset: field.offset,
        bits: field.bits.map(|bits| bits.width),
    };
    def.fields.iter().map(field).collect()
}
