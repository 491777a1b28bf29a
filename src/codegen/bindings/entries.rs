//! The programs that the definition of a program array puts into its entries, as relocations of the definition say.

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};

/// The entries of a map in `.maps`, each with the name of its program, in order; `values` is where the definition has them, in bytes.
pub fn of(file: &ElfFile64<'_, Endianness>, map: &str, values: u64) -> Vec<(u64, String)> {
    let Some(maps) = file.section_by_name(".maps") else { return Vec::new() };
    let is_map = |symbol: &object::read::elf::ElfSymbol64<'_, '_, Endianness>| {
        symbol.section_index() == Some(maps.index()) && symbol.name() == Ok(map)
    };
    let Some(map) = file.symbols().find(is_map) else { return Vec::new() };
    let first = map.address().saturating_add(values);
    let end = map.address().saturating_add(map.size());
    let mut entries = Vec::new();
    for (offset, relocation) in maps.relocations().filter(|(offset, _)| (first..end).contains(offset)) {
        let RelocationTarget::Symbol(target) = relocation.target() else { continue };
        let program = file.symbol_by_index(target).ok().filter(|symbol| symbol.kind() == SymbolKind::Text);
        if let Some(name) = program.and_then(|symbol| symbol.name().ok()) {
            entries.push(((offset - first) / 8, name.to_owned()));
        }
    }
    entries.sort();
    entries
}
