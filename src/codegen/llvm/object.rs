//! The BPF object after LLVM: drops DWARF, adds the source's lines to BTF, and adds sections for tools.

use super::line_texts;
use crate::codegen::{NEEDS_SECTION, TIER_SECTION};
use crate::session::{Session, Tier};
use object::build::elf::{Builder, SectionData};
use object::elf::{SHT_PROGBITS, SHT_STRTAB};

/// The object without its DWARF sections, which are more than half of it and which no loader reads. An object that the
/// reader does not understand is left as it is.
///
/// `texts` are further sections, by their names; empty ones are left out.
pub fn finished(bytes: &[u8], texts: &[(&'static str, String)], cx: &Session) -> Vec<u8> {
    rewritten(bytes, texts, cx).unwrap_or_else(|_| bytes.to_vec())
}

fn rewritten(bytes: &[u8], texts: &[(&'static str, String)], cx: &Session) -> object::build::Result<Vec<u8>> {
    let mut builder = Builder::read(bytes)?;
    add_lines(&mut builder, cx);
    for section in &mut builder.sections {
        let name = section.name.as_slice();
        // Their relocations go with them: `.rel.debug_info` and the like.
        if cx.options.keep_dwarf {
            continue;
        }
        if name.starts_with(b".debug_") || name.starts_with(b".rel.debug_") {
            section.delete = true;
        }
    }
    builder.delete_orphans();
    for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        add_text(&mut builder, name, text);
    }
    if let Some(needs) = &cx.needs {
        add_text(&mut builder, NEEDS_SECTION, needs);
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

/// The object that was finished, with the mark of its tier.
pub fn for_tier(bytes: &[u8], tier: Tier) -> Vec<u8> {
    let marked = || -> object::build::Result<Vec<u8>> {
        let mut builder = Builder::read(bytes)?;
        add_text(&mut builder, TIER_SECTION, &tier.to_string());
        let mut out = Vec::new();
        builder.write(&mut out)?;
        Ok(out)
    };
    marked().unwrap_or_else(|_| bytes.to_vec())
}

fn add_text(builder: &mut Builder<'_>, name: &'static str, text: &str) {
    let section = builder.sections.add();
    section.name = name.as_bytes().into();
    section.sh_type = SHT_PROGBITS;
    section.sh_addralign = 1;
    section.data = SectionData::Data(text.as_bytes().to_vec().into());
}

fn add_lines(builder: &mut Builder<'_>, cx: &Session) {
    let data = |builder: &Builder<'_>, name: &[u8]| {
        let section = builder.sections.iter().find(|section| section.name.as_slice() == name)?;
        let SectionData::Data(bytes) = &section.data else { return None };
        Some((section.id(), bytes.as_slice().to_vec()))
    };
    let Some((btf_id, mut btf)) = data(builder, b".BTF") else { return };
    let Some((ext_id, mut ext)) = data(builder, b".BTF.ext") else { return };
    if line_texts::add(&mut btf, &mut ext, cx).is_some() {
        builder.sections.get_mut(btf_id).data = SectionData::Data(btf.into());
        builder.sections.get_mut(ext_id).data = SectionData::Data(ext.into());
    }
}
