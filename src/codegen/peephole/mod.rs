//! Shorter machine code: rewrites of the BPF instructions that LLVM wrote, in the object.
//!
//! `code` reads the instructions of a section. `flow`, `demand`, `known` and `addresses` have the facts that hold at each point. `windows`
//! rewrites by the table `ir-specs/peepholes.toml` that `ci/peephole` proves, `jumps` and `relocated_sums` have a rewrite each. `moved` puts
//! right all that loaders read and that has the place of an instruction.
//!
//! A section with an instruction that the decoder of `ks-vm` does not know stays as it is. Instructions that loaders relocate, by ELF
//! or by CO-RE, are never part of a window.

mod addresses;
mod code;
mod demand;
mod effects;
mod flow;
mod jumps;
mod known;
mod line_info;
mod moved;
mod relocated_sums;
mod table;
mod windows;

use code::Code;
use ks_verify::object::moves::Steps;
use ks_vm::decode::Endian;
use object::Endianness;
use object::build::Id;
use object::build::elf::{Builder, SectionData};
use std::collections::BTreeMap;
use table::rewrites;
use windows::Rows;

/// What `--without` calls all of it.
pub const NAME: &str = "peepholes";

/// What `--without` calls its parts.
pub fn parts() -> impl Iterator<Item = &'static str> {
    rewrites().iter().map(|rewrite| rewrite.name).chain([NAME, jumps::NAME, relocated_sums::NAME])
}

/// Rounds at most; the second finds little, and a third hardly anything.
const ROUNDS: usize = 3;

/// Shortens the code of an object, without the rewrites of these names. None: the object is not as expected, and unusable. Some: for each
/// section of code its name, and the steps by which its instructions moved (`ks_verify::object::moves`). DWARF stays as it was.
pub fn shorten(builder: &mut Builder<'_>, without: &[&str]) -> Option<Vec<(String, Steps)>> {
    let endian = if builder.endian == Endianness::Little { Endian::Little } else { Endian::Big };
    let mut all_moves = BTreeMap::new();
    for (section, places) in moved::places(builder, endian)? {
        let Some(section) = builder.sections.iter_mut().find(|one| one.id().index() == section) else { continue };
        let SectionData::Data(bytes) = &mut section.data else { continue };
        let Some(mut code) = Code::read(bytes.as_slice(), endian, &places) else { continue };
        run(&mut code, without);
        let moves = code.moves();
        *bytes = code.bytes(&moves).into();
        all_moves.insert(section.id().index(), moves);
    }
    moved::update(builder, &all_moves, endian)?;
    let steps = builder.sections.iter().filter_map(|section| {
        let moves = all_moves.get(&section.id().index())?;
        Some((String::from_utf8_lossy(section.name.as_slice()).into_owned(), moves.steps()))
    });
    Some(steps.collect())
}

fn run(code: &mut Code, without: &[&str]) {
    let rows = |looks_ahead| Rows::new(rewrites().iter().filter(|row| !without.contains(&row.name)), looks_ahead);
    let (back, ahead) = (rows(false), rows(true));
    if !without.contains(&relocated_sums::NAME) {
        relocated_sums::join(code);
    }
    for _ in 0..ROUNDS {
        let mut changes = !without.contains(&jumps::NAME) && jumps::shorten(code);
        changes |= windows::rewrite(code, &back);
        changes |= windows::rewrite(code, &ahead);
        if !changes {
            break;
        }
    }
}
