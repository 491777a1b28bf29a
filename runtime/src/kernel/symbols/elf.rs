//! The functions of a file of user space.

use object::NativeEndian;
use object::elf::{FileHeader64, PT_LOAD, SHT_DYNSYM, SHT_SYMTAB, STT_FUNC};
use object::read::elf::{FileHeader, ProgramHeader, Sym};

struct Symbol {
    address: u64,
    size: u64,
    name: String,
}

/// A file's segments, as where they are in the file and in memory, and its functions by address.
pub struct Image {
    segments: Vec<(u64, u64, u64)>,
    symbols: Vec<Symbol>,
}

impl Image {
    /// None of what is no such file.
    pub fn read(data: &[u8]) -> Option<Image> {
        let header = FileHeader64::<NativeEndian>::parse(data).ok()?;
        let endian = header.endian().ok()?;
        let segments = header.program_headers(endian, data).ok()?.iter();
        let loaded = segments.filter(|segment| segment.p_type(endian) == PT_LOAD);
        let segments = loaded.map(|s| (s.p_offset(endian), s.p_filesz(endian), s.p_vaddr(endian))).collect();
        let sections = header.sections(endian, data).ok()?;
        let mut symbols = Vec::new();
        for kind in [SHT_SYMTAB, SHT_DYNSYM] {
            let table = sections.symbols(endian, data, kind).ok()?;
            let functions = table.iter().filter(|symbol| symbol.st_type() == STT_FUNC && !symbol.is_undefined(endian));
            symbols.extend(functions.filter_map(|symbol| {
                let name = String::from_utf8(table.symbol_name(endian, symbol).ok()?.to_vec()).ok()?;
                Some(Symbol { address: symbol.st_value(endian), size: symbol.st_size(endian), name })
            }));
        }
        symbols.sort_by_key(|symbol| (symbol.address, symbol.size));
        Some(Image { segments, symbols })
    }

    /// The functions with where they are in the file, by address. One may have several names.
    pub fn functions(&self) -> impl Iterator<Item = (&str, u64)> {
        self.symbols.iter().filter_map(|symbol| {
            let holds =
                |(_, size, memory): &&(u64, u64, u64)| *memory <= symbol.address && symbol.address - memory < *size;
            let (start, _, memory) = self.segments.iter().find(holds)?;
            Some((symbol.name.as_str(), symbol.address - memory + start))
        })
    }

    /// The function at a place in the file, and how far behind its start that is.
    pub fn symbol(&self, offset: u64) -> Option<(&str, u64)> {
        let holds = |(start, size, _): &&(u64, u64, u64)| *start <= offset && offset - start < *size;
        let (start, _, memory) = self.segments.iter().find(holds)?;
        let address = offset - start + memory;
        let after = self.symbols.partition_point(|symbol| symbol.address <= address);
        let symbol = self.symbols.get(after.checked_sub(1)?)?;
        let distance = address - symbol.address;
        (symbol.size == 0 || distance < symbol.size).then_some((symbol.name.as_str(), distance))
    }
}
