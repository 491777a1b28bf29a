//! `--emit=header`: C's view of what a BPF object shares with programs that load it: the keys and values of its maps, the layout of
//! its data sections, and the types in them.
//!
//! Offsets are those of the object: `_Static_assert`s of the header hold a C compiler to them.

mod names;
mod types;

use crate::ir::{Module, Section};
use crate::types::{StructDef, Ty, Types};
use names::{Names, c_name};
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol};
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
         #ifdef __cplusplus\n#define KSC_HOLDS(condition) static_assert(condition, #condition)\n#else\n\
         #define KSC_HOLDS(condition) _Static_assert(condition, #condition)\n#endif\n\n{}{uses}\n#undef KSC_HOLDS\n#endif\n",
        module.name,
        declared.text()
    )
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
