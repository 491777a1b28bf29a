//! Writes `tables.rs`: the records of the TOML tables as statics of the same types in the compiler.

pub mod form;
#[path = "../../../src/tables/records/mod.rs"]
pub mod records;
mod source;

use crate::facts;
use crate::load::Specs;
use serde::Serialize;
use std::fmt::Write;

/// The text of `tables.rs`.
pub fn render(specs: &Specs) -> String {
    let mut out = String::new();
    list(&mut out, "PROGRAMS", "ProgramSpec", &specs.programs);
    list(&mut out, "PROG_TYPES", "ProgTypeSpec", &specs.packages.prog_types);
    list(&mut out, "BPFMAN", "BpfmanSpec", &specs.packages.bpfman);
    list(&mut out, "ATTACH_FORMS", "AttachForm", &specs.attach_forms);
    list(&mut out, "ATTACH_OPTIONS", "AttachOption", &specs.attach_options);
    list(&mut out, "TARGETS", "TargetSpec", &specs.targets);
    list(&mut out, "ATTRIBUTES", "AttributeSpec", &specs.attributes);
    list(&mut out, "WORDS", "WordSpec", &specs.words);
    list(&mut out, "CONTEXTS", "ContextSpec", &specs.contexts);
    list(&mut out, "HEADERS", "StructSpec", &specs.facts.structs);
    list(&mut out, "STRUCTS", "StructSpec", &specs.structs);
    list(&mut out, "PACKET_LAYERS", "PacketLayer", &specs.packet_layers);
    list(&mut out, "KERNEL_STRUCTS", "KernelStruct", &specs.kernel_structs);
    list(&mut out, "HEADER_MINIMA", "HeaderMinimum", &specs.header_minima);
    list(&mut out, "NULL_ARGUMENTS", "NullArguments", &specs.null_arguments);
    list(&mut out, "PRESENT_FIELDS", "PresentFields", &specs.present_fields);
    list(&mut out, "NARROW_FIELDS", "NarrowField", &specs.narrow_fields);
    list(&mut out, "STRUCT_OPS", "StructOpsSpec", &specs.struct_ops);
    list(&mut out, "MACHINES", "Machine", &specs.machines);
    list(&mut out, "MAP_KINDS", "MapKindSpec", &specs.maps);
    list(&mut out, "MAP_FLAGS", "MapFlagSpec", &specs.map_flags);
    list(&mut out, "SPECIAL_FIELDS", "SpecialFieldSpec", &specs.special_fields);
    list(&mut out, "VALUE_METHODS", "ValueMethodSpec", &specs.value_methods);
    list(&mut out, "FIELD_METHODS", "FieldMethodSpec", &specs.field_methods);
    list(&mut out, "MAP_METHODS", "MapMethodSpec", &specs.map_methods);
    list(&mut out, "BUILTINS", "BuiltinSpec", &specs.builtins);
    list(&mut out, "HELPERS", "HelperSpec", &specs.helpers);
    list(&mut out, "KFUNCS", "KfuncSpec", &specs.kfuncs);
    list(&mut out, "KFUNC_FLAGS", "KfuncFlag", &specs.kfunc_flags);
    list(&mut out, "KERNEL_HEADERS", "KernelHeader", &specs.kernel_headers);
    list(&mut out, "MODULE_LOCKS", "ModuleLock", &specs.module_locks);
    list(&mut out, "OBJECT_METHODS", "ObjectMethod", &specs.object_methods);
    let lists = [("C_WORDS", specs.c_words.of_modules()), ("HEADER_WORDS", specs.c_words.of_headers())];
    for (list, words) in lists {
        let words: Vec<String> = words.into_iter().map(|word| format!("{word:?}")).collect();
        out.push_str(&format!("/// Words that names in C cannot be (`ir-specs/c_words.toml`), sorted.\npub static {list}: &[&str] = &[{}];\n", words.join(", ")));
    }
    for words in &specs.binding_words {
        for (list, listed) in words.lists() {
            let listed: Vec<String> = listed.into_iter().map(|word| format!("{word:?}")).collect();
            out.push_str(&format!("/// Words that names in bindings cannot be (`ir-specs/{}_words.toml`), sorted.\npub static {list}: &[&str] = &[{}];\n", words.language, listed.join(", ")));
        }
    }
    list(&mut out, "WORKAROUNDS", "Workaround", &specs.workarounds);
    out.push_str(&workarounds(&specs.workarounds));
    list(&mut out, "PEEPHOLES", "Peephole", &specs.peepholes);
    list(&mut out, "ENUMS", "EnumSpec", &specs.facts.enums);
    out.push_str(&facts::render(&specs.facts));
    out
}

fn list<T: Serialize>(out: &mut String, name: &str, ty: &str, records: &[T]) {
    writeln!(out, "pub static {name}: &[{ty}] = &[").expect("a string grows");
    for record in records {
        writeln!(out, "    {},", source::expression(record)).expect("a string grows");
    }
    out.push_str("];\n");
}

/// A module with a constant for each workaround, by which code asks for it.
fn workarounds(all: &[records::Workaround]) -> String {
    let constants = all.iter().enumerate().map(|(index, one)| {
        let name = one.name.to_uppercase().replace('-', "_");
        format!("    /// {}.\n    pub static {name}: &Workaround = &WORKAROUNDS[{index}];\n", one.does)
    });
    format!(
        "pub mod workarounds {{\n    use super::{{WORKAROUNDS, Workaround}};\n{}}}\n",
        constants.collect::<String>()
    )
}
