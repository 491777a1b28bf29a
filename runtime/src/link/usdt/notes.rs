//! The notes of probes in a file, as systemtap's <sys/sdt.h> makes them: each has the address of an instruction, of a semaphore, and the
//! places of the arguments (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation).

use crate::kernel::errors::{self, Failure};
use crate::kernel::{escape, near};
use object::elf::{FileHeader64, PF_X, PT_LOAD, SHT_NOTE};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, SectionTable, Sym};
use object::{Endianness, ReadCache};
use std::fs::File;

type Elf = FileHeader64<Endianness>;
type Data<'a> = &'a ReadCache<File>;

const SECTION: &[u8] = b".note.stapsdt";
/// Where the addresses of the notes count from: tools that move the code do not move the notes.
const BASE: &[u8] = b".stapsdt.base";
const OWNER: &[u8] = b"stapsdt";
const KIND: u32 = 3;

/// A place of a probe.
pub struct Site {
    /// In the file.
    pub offset: u64,
    /// In the file; 0 for none.
    pub semaphore: u64,
    /// As the compiler wrote their places.
    pub arguments: String,
    /// The symbols that the arguments name, each with its distance from the place.
    pub distances: Vec<(String, u64)>,
}

/// What a note says.
struct Note {
    address: u64,
    base: u64,
    semaphore: u64,
    provider: String,
    name: String,
    arguments: String,
}

/// The places of a probe, one at least.
pub fn sites(path: &str, provider: &str, name: &str) -> Result<Vec<Site>, Failure> {
    let shown = escape::value(path);
    let file = File::open(path).map_err(|error| {
        let code = error.raw_os_error().unwrap_or(libc::EIO);
        Failure::new(code, format!("`{shown}`: {}", errors::reason(code)))
    })?;
    let cache = ReadCache::new(file);
    let not_elf = |_| Failure::new(libc::ENOEXEC, format!("`{shown}` is no program or library of 64 bits (ELF)"));
    let elf = Elf::parse(&cache).map_err(not_elf)?;
    let endian = elf.endian().map_err(not_elf)?;
    let damaged = |_| Failure::new(libc::ENOEXEC, format!("`{shown}` is damaged: its sections cannot be read"));
    let sections = elf.sections(endian, &cache).map_err(damaged)?;
    let image = Image { sections, endian, data: &cache };
    let notes = notes(&image).map_err(damaged)?;
    let is_wanted = |note: &&Note| note.provider == provider && note.name == name;
    if !notes.iter().any(|note| is_wanted(&note)) {
        return Err(unknown(&shown, &notes, (provider, name)));
    }
    let base = image.sections.section_by_name(endian, BASE).map(|(_, section)| section.sh_addr(endian));
    let segments = elf.program_headers(endian, &cache).map_err(damaged)?;
    let in_file = |address: u64, executable: bool| {
        let holds = |segment: &&object::elf::ProgramHeader64<Endianness>| {
            let start = segment.p_vaddr(endian);
            segment.p_type(endian) == PT_LOAD
                && (segment.p_flags(endian) & PF_X != 0) == executable
                && start <= address
                && address - start < segment.p_memsz(endian)
        };
        segments.iter().find(holds).map(|s| address - s.p_vaddr(endian) + s.p_offset(endian))
    };
    let mut sites = Vec::new();
    for note in notes.iter().filter(is_wanted) {
        let moved = base.map_or(0, |base| base.wrapping_sub(note.base));
        let address = note.address.wrapping_add(moved);
        let semaphore = note.semaphore.wrapping_add(moved);
        let offset = in_file(address, true);
        let semaphore = if note.semaphore == 0 { Some(0) } else { in_file(semaphore, false) };
        let (Some(offset), Some(semaphore)) = (offset, semaphore) else {
            let why = format!("`{provider}:{name}` of `{shown}` has a place that is in no segment of the file");
            return Err(Failure::new(libc::ENOEXEC, why));
        };
        let distances = distances(&image, address, &note.arguments);
        sites.push(Site { offset, semaphore, arguments: note.arguments.clone(), distances });
    }
    Ok(sites)
}

/// An ELF file while its notes are read.
struct Image<'a> {
    sections: SectionTable<'a, Elf, Data<'a>>,
    endian: Endianness,
    data: Data<'a>,
}

fn notes(Image { sections, endian, data }: &Image) -> object::read::Result<Vec<Note>> {
    let (endian, data) = (*endian, *data);
    let mut notes = Vec::new();
    for section in sections.iter().filter(|section| section.sh_type(endian) == SHT_NOTE) {
        let Some(mut entries) = section.notes(endian, data)? else { continue };
        if sections.section_name(endian, section)? != SECTION {
            continue;
        }
        while let Some(entry) = entries.next()? {
            if entry.name() == OWNER && entry.n_type(endian) == KIND {
                notes.extend(note(entry.desc(), endian));
            }
        }
    }
    Ok(notes)
}

/// Three addresses, and three texts that end in a NUL each.
fn note(bytes: &[u8], endian: Endianness) -> Option<Note> {
    let (addresses, texts) = bytes.split_at_checked(24)?;
    let mut addresses = addresses.chunks_exact(8).map(|word| {
        let word: [u8; 8] = word.try_into().unwrap_or_default();
        if endian == Endianness::Little { u64::from_le_bytes(word) } else { u64::from_be_bytes(word) }
    });
    let mut texts = texts.split(|&byte| byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    Some(Note {
        address: addresses.next()?,
        base: addresses.next()?,
        semaphore: addresses.next()?,
        provider: texts.next()?,
        name: texts.next()?,
        arguments: texts.next()?,
    })
}

/// How far from an address the symbols are that a text names.
fn distances(Image { sections, endian, data }: &Image, address: u64, text: &str) -> Vec<(String, u64)> {
    let (endian, data) = (*endian, *data);
    let words = text.split(|c: char| !(c.is_alphanumeric() || "_.$".contains(c)));
    let names: Vec<&str> = words.filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_')).collect();
    let mut found = Vec::new();
    for kind in [object::elf::SHT_SYMTAB, object::elf::SHT_DYNSYM] {
        let Ok(symbols) = sections.symbols(endian, data, kind) else { continue };
        for symbol in symbols.iter().filter(|symbol| !symbol.is_undefined(endian)) {
            let name = symbols.symbol_name(endian, symbol).map(String::from_utf8_lossy).unwrap_or_default();
            if names.contains(&&*name) && found.iter().all(|(other, _)| *other != *name) {
                found.push((name.into_owned(), symbol.st_value(endian).wrapping_sub(address)));
            }
        }
    }
    found
}

/// The failure for a probe that the file lacks, with the names that it has.
fn unknown(shown: &str, notes: &[Note], (provider, name): (&str, &str)) -> Failure {
    let listed = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.dedup();
        let rest = if names.len() > 8 { format!(" and {} more", names.len() - 8) } else { String::new() };
        names.truncate(8);
        format!(
            "{}{rest}",
            names.iter().map(|name| format!("`{}`", escape::value(name))).collect::<Vec<_>>().join(", ")
        )
    };
    let of_provider = notes.iter().filter(|note| note.provider == provider);
    let names: Vec<&str> = of_provider.map(|note| note.name.as_str()).collect();
    let providers: Vec<&str> = notes.iter().map(|note| note.provider.as_str()).collect();
    let (provider, name) = (escape::value(provider), escape::value(name));
    let (why, wanted, known) = if notes.is_empty() {
        (format!("`{shown}` has no probes: no notes describe any"), "", Vec::new())
    } else if names.is_empty() {
        (format!("`{shown}` has no provider `{provider}`"), &*provider, providers)
    } else {
        (format!("the provider `{provider}` of `{shown}` has no probe `{name}`"), &*name, names)
    };
    let help = match near::best(wanted, known.iter().copied()) {
        _ if known.is_empty() => String::new(),
        Some(near) => format!("\n  help: did you mean `{}`?", escape::value(near)),
        None => format!("\n  help: there are {}", listed(known)),
    };
    Failure::new(libc::ENOENT, format!("{why}{help}"))
}
