//! The BPF object after LLVM: sorts forward declarations, shortens the code, drops DWARF, adds the source's lines to BTF, and adds sections for tools.

use super::{late_maps, line_texts};
use crate::btf::forwards;
use crate::codegen::{NEEDS_SECTION, TIER_SECTION, peephole};
use crate::session::{Options, Session, Tier};
use ks_verify::object::moves;
use object::build::elf::{Builder, SectionData};
use object::elf::{SHT_PROGBITS, SHT_STRTAB};
use std::time::Instant;

/// The object without its DWARF sections, which are more than half of it and which no loader reads, and with its maps where loaders look
/// for them.
///
/// `texts` are further sections, by their names; empty ones are left out.
pub fn finished(bytes: &[u8], texts: &[(&'static str, String)], cx: &mut Session) -> Vec<u8> {
    let is_shortened = is_shortened(&cx.options);
    let shortened = if is_shortened { rewritten(bytes, texts, cx, true) } else { None };
    if cfg!(debug_assertions) && is_shortened && shortened.is_none() {
        crate::bug!("an object of LLVM's is not as the rewrites of machine code expect it");
    }
    match shortened.or_else(|| rewritten(bytes, texts, cx, false)) {
        Some(object) => object,
        None => crate::bug!("the reader of ELF does not take an object of LLVM's"),
    }
}

fn rewritten(bytes: &[u8], texts: &[(&'static str, String)], cx: &mut Session, shortens: bool) -> Option<Vec<u8>> {
    let mut builder = Builder::read(bytes).ok()?;
    late_maps::show(&mut builder);
    sort_forwards(&mut builder, cx);
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
    if shortens {
        let since = Instant::now();
        let steps = peephole::shorten(&mut builder, &cx.options.without)?;
        if cx.options.keep_dwarf {
            add_text(&mut builder, moves::SECTION, &moves::text(&steps));
        }
        cx.timed(peephole::NAME, since);
    }
    add_lines(&mut builder, cx);
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
    builder.write(&mut out).ok()?;
    Some(out)
}

/// As LLVM shortens code from this level on.
fn is_shortened(options: &Options) -> bool {
    options.opt_level >= 2 && !options.without.contains(&peephole::NAME)
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
    match marked() {
        Ok(object) => object,
        Err(error) => crate::bug!("the reader of ELF does not take a finished object: {error}"),
    }
}

fn add_text(builder: &mut Builder<'_>, name: &'static str, text: &str) {
    let section = builder.sections.add();
    section.name = name.as_bytes().into();
    section.sh_type = SHT_PROGBITS;
    section.sh_addralign = 1;
    section.data = SectionData::Data(text.as_bytes().to_vec().into());
}

fn sort_forwards(builder: &mut Builder<'_>, cx: &Session) {
    let btf = builder.sections.iter_mut().find(|section| section.name.as_slice() == b".BTF");
    if let Some(SectionData::Data(bytes)) = btf.map(|section| &mut section.data) {
        // A section that is not as expected stays as LLVM made it.
        let _ = forwards::sort(bytes.to_mut(), cx.types.machine().endian);
    }
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
