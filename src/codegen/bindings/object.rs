//! Reads an object, of any compiler, as its BTF and its symbols describe it.

use super::entries;
use super::model::{Map, Model, Program, Records, Section, Variable};
use super::types::Reader;
use crate::btf::{Btf, Kind, TypeId};
use crate::codegen::{PINS_SECTION, RECORDS_SECTION};
use crate::tables::{MAP_KINDS, MapAccess};
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionKind, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};

/// libbpf's `LIBBPF_PIN_BY_NAME`.
const PIN_BY_NAME: u32 = 1;

/// The maps, variables and types of an object. The error is the reason in words.
pub fn model(bytes: &[u8]) -> Result<Model, String> {
    let file = ElfFile64::<Endianness>::parse(bytes).map_err(|error| error.to_string().to_lowercase())?;
    let text = |name: &str| {
        let section = file.section_by_name(name)?;
        section.data().ok().map(|data| String::from_utf8_lossy(data).into_owned())
    };
    let btf = Btf::new(bytes.to_vec()).map_err(|_| "it has no BTF that can be read".to_owned())?;
    let malformed = |_| "its BTF contradicts itself".to_owned();
    let pins: BTreeMap<String, String> = text(PINS_SECTION).map_or_else(BTreeMap::new, |text| {
        let pairs = text.lines().filter_map(|line| line.split_once('\t'));
        pairs.map(|(name, path)| (name.to_owned(), path.to_owned())).collect()
    });
    let used = Used::of(&file);
    let mut reader = Reader::new(&btf);
    let mut maps = Vec::new();
    for variable in btf.variables(".maps").map_err(malformed)? {
        let mut map = defined(&mut reader, variable.name, variable.ty).map_err(malformed)?;
        let members = btf.own_members(variable.ty).map_err(malformed)?;
        if let Some(values) = members.iter().find(|member| member.name == "values") {
            map.programs = entries::of(&file, &map.name, values.bit_offset / 8);
        }
        map.used = used.maps.contains(&map.name);
        map.pin = pins.get(&format!("map {}", map.name)).cloned().or(map.pin);
        maps.push(map);
    }
    let mut sections = Vec::new();
    for section in file.sections() {
        let name = section.name().unwrap_or_default();
        if [".data", ".bss", ".rodata"].iter().any(|own| name == *own || name.starts_with(&format!("{own}."))) {
            let places = places(&file, section.index());
            let variables = variables(&mut reader, name, &places).map_err(malformed)?;
            let pin = pins.get(&format!("section {name}")).cloned();
            if !variables.is_empty() {
                sections.push(Section {
                    name: name.to_owned(),
                    size: section.size(),
                    variables,
                    used: used.sections.contains(name),
                    pin,
                });
            }
        }
    }
    let (big, programs) = (!file.is_little_endian(), programs(&file));
    let mut model = Model { big, programs, types: reader.declared, maps, sections };
    if let Some(records) = text(RECORDS_SECTION) {
        let records: Records = serde_json::from_str(&records)
            .map_err(|error| format!("the types of its records cannot be read: {error}"))?;
        model.take(records);
    }
    Ok(model)
}

/// The maps and the sections of variables that programs name.
#[derive(Default)]
struct Used {
    maps: BTreeSet<String>,
    sections: BTreeSet<String>,
}

impl Used {
    /// By the relocations of the code.
    fn of(file: &ElfFile64<'_, Endianness>) -> Used {
        let mut used = Used::default();
        let code = file.sections().filter(|section| section.kind() == SectionKind::Text);
        for (_, relocation) in code.flat_map(|section| section.relocations()) {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
            let Ok(symbol) = file.symbol_by_index(symbol) else { continue };
            if let Some(section) = symbol.section_index().and_then(|index| file.section_by_index(index).ok()) {
                used.sections.extend(section.name().ok().map(str::to_owned));
            }
            used.maps.extend(symbol.name().ok().map(str::to_owned));
        }
        used
    }
}

/// The programs: functions with a section of their kind. Others are called by them.
fn programs(file: &ElfFile64<'_, Endianness>) -> Vec<Program> {
    let mut found = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_global()) {
        let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
        if let (Some(Ok(section)), Ok(name)) = (section.map(|section| section.name().map(str::to_owned)), symbol.name())
            && section != ".text"
        {
            found.push(Program { name: name.to_owned(), section });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// The offsets of the variables of a section, by name.
fn places(file: &ElfFile64<'_, Endianness>, section: object::SectionIndex) -> BTreeMap<String, u64> {
    let inside = file.symbols().filter(|symbol| symbol.section_index() == Some(section));
    inside.filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address()))).collect()
}

/// The variables that other files may name; those of the file alone are its own.
fn variables(
    reader: &mut Reader<'_>,
    section: &str,
    places: &BTreeMap<String, u64>,
) -> Result<Vec<Variable>, crate::btf::Malformed> {
    let mut found = Vec::new();
    for variable in reader.btf().variables(section)? {
        let Some(&offset) = places.get(variable.name).filter(|_| variable.global) else { continue };
        let constant = section.starts_with(".rodata") || reader.is_constant(variable.ty)?;
        let form = reader.form(variable.ty, variable.name)?;
        reader.named_by_pointer(variable.ty)?;
        found.push(Variable { name: variable.name.to_owned(), offset, form, writable: !constant });
    }
    found.sort_by_key(|variable| variable.offset);
    Ok(found)
}

/// A map as its definition in BTF says: numbers are lengths of arrays, types are pointed to.
fn defined(reader: &mut Reader<'_>, name: &str, ty: TypeId) -> Result<Map, crate::btf::Malformed> {
    let mut map = Map {
        name: name.to_owned(),
        kind: 0,
        key: None,
        value: None,
        sizes: (0, 0),
        used: false,
        pin: None,
        inner: None,
        programs: Vec::new(),
    };
    let btf = reader.btf();
    for member in btf.own_members(ty)? {
        let (_, pointer) = btf.plain(member.ty)?;
        let of = if let Kind::Pointer(of) = pointer.kind { of } else { TypeId::VOID };
        let number = if let Kind::Array { count, .. } = btf.plain(of)?.1.kind { count } else { 0 };
        match member.name {
            "type" => map.kind = number,
            "key" => {
                map.key = Some(reader.form(of, &format!("{name}_key"))?);
                map.sizes.0 = reader.size(of)?;
            }
            "value" => {
                map.value = Some(reader.form(of, &format!("{name}_value"))?);
                map.sizes.1 = reader.size(of)?;
            }
            "key_size" => map.sizes.0 = number.into(),
            "value_size" => map.sizes.1 = number.into(),
            "pinning" if number == PIN_BY_NAME => map.pin = Some(format!("/sys/fs/bpf/{name}")),
            "values" => {
                if let Kind::Array { of, .. } = pointer.kind
                    && let Kind::Pointer(inner) = btf.plain(of)?.1.kind
                    && let Kind::Struct { .. } = btf.plain(inner)?.1.kind
                {
                    map.inner = Some(Box::new(defined(reader, &format!("{name}_inner"), inner)?));
                }
            }
            _ => {}
        }
    }
    // The entries of these have sizes of their own.
    if MAP_KINDS.iter().any(|kind| kind.map_type == map.kind && kind.can(MapAccess::Events)) {
        (map.key, map.value, map.sizes) = (None, None, (0, 0));
    }
    Ok(map)
}
