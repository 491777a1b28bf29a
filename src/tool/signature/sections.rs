//! The sections of signed objects (`codegen::signed` has their names).

use crate::codegen::signed;
use crate::tool::inspect::{parse, section};
use object::build::elf::{Builder, Section, SectionData};
use object::elf::{SHT_PROGBITS, STT_FUNC};

/// The parts of a signed object.
pub struct Parts<'d> {
    pub instructions: &'d [u8],
    pub data: &'d [u8],
    pub names: &'d [u8],
    pub digest: &'d [u8],
    pub signature: &'d [u8],
    pub certificate: &'d [u8],
}

/// The parts of an object; none if it is not signed.
pub fn parts(object: &[u8]) -> Option<Parts<'_>> {
    let file = parse(object).ok()?;
    let of = |name| section(&file, name);
    let (instructions, signature) = (of(signed::LOADER), of(signed::SIGNATURE));
    let is_signed = !instructions.is_empty() || !signature.is_empty();
    is_signed.then(|| Parts {
        instructions,
        data: of(signed::DATA),
        names: of(signed::NAMES),
        digest: of(signed::DIGEST),
        signature,
        certificate: of(signed::CERTIFICATE),
    })
}

/// The object with further sections, which no loader reads.
pub fn add(object: &[u8], sections: &[(&'static str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let written = Builder::read(object).and_then(|mut builder| {
        for (name, bytes) in sections {
            let section = builder.sections.add();
            section.name = name.as_bytes().into();
            section.sh_type = SHT_PROGBITS;
            section.sh_addralign = 8;
            section.data = SectionData::Data((*bytes).into());
        }
        builder.write(&mut out)
    });
    if let Err(error) = written {
        crate::bug!("the reader of ELF does not take a finished object: {error}");
    }
    out
}

/// The object as the maker of loaders takes it: it fills no array of programs (`init_prog_array_slots` of libbpf.c), so that the entries
/// which the object declares are left out. Who runs the loader fills them.
pub fn for_loader(object: &[u8]) -> Vec<u8> {
    let whole = || object.to_vec();
    let Ok(mut builder) = Builder::read(object) else { return whole() };
    let programs: Vec<_> =
        builder.symbols.iter().filter(|symbol| symbol.st_type() == STT_FUNC).map(|symbol| symbol.id()).collect();
    let is_of_maps = |section: &Section| section.name.as_slice() == b".rel.maps";
    let mut is_changed = false;
    for section in builder.sections.iter_mut().filter(|section| is_of_maps(section)) {
        if let SectionData::Relocation(relocations) = &mut section.data {
            let count = relocations.len();
            relocations.retain(|relocation| !relocation.symbol.is_some_and(|id| programs.contains(&id)));
            is_changed |= relocations.len() != count;
        }
    }
    let mut out = Vec::new();
    match is_changed && builder.write(&mut out).is_ok() {
        true => out,
        false => whole(),
    }
}
