//! The BPF object after LLVM: DWARF goes, BTF stays, and what tools want to know of pins comes.

use crate::codegen::PINS_SECTION;
use object::build::elf::{Builder, SectionData};
use object::elf::{SHT_PROGBITS, SHT_STRTAB};

/// The object without its DWARF sections, which are more than half of it and which no loader reads. An object that the
/// reader does not understand is left as it is.
pub fn finished(bytes: &[u8], pins: &str) -> Vec<u8> {
    rewritten(bytes, pins).unwrap_or_else(|_| bytes.to_vec())
}

fn rewritten(bytes: &[u8], pins: &str) -> object::build::Result<Vec<u8>> {
    let mut builder = Builder::read(bytes)?;
    for section in &mut builder.sections {
        let name = section.name.as_slice();
        // Their relocations go with them: `.rel.debug_info` and the like.
        if name.starts_with(b".debug_") || name.starts_with(b".rel.debug_") {
            section.delete = true;
        }
    }
    builder.delete_orphans();
    if !pins.is_empty() {
        let section = builder.sections.add();
        section.name = PINS_SECTION.as_bytes().into();
        section.sh_type = SHT_PROGBITS;
        section.sh_addralign = 1;
        section.data = SectionData::Data(pins.as_bytes().into());
    }
    // LLVM has one string table for symbols and sections, the writer two.
    let names = builder.sections.add();
    names.name = b".shstrtab"[..].into();
    names.sh_type = SHT_STRTAB;
    names.sh_addralign = 1;
    names.data = SectionData::SectionString;
    let mut out = Vec::new();
    builder.write(&mut out)?;
    Ok(out)
}
