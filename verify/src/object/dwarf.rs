//! DWARF: which variable a register or a slot of the stack holds at an instruction.

use super::index;
use super::moves::Moves;
use crate::log::{Location, Reg};
use gimli::{
    AttributeValue, DebuggingInformationEntry, EndianSlice, Expression, LittleEndian, Operation, RelocateReader,
};
use object::{Object as _, ObjectSection, ObjectSymbol, RelocationTarget};
use std::borrow::Cow;
use std::collections::HashMap;

/// The variables of an object.
#[derive(Default)]
pub struct Names {
    held: Vec<Held>,
    moves: Moves,
}

/// A variable in one place for some instructions.
struct Held {
    /// Addresses: the section's index in the upper half, the byte in the lower one.
    start: u64,
    end: u64,
    place: Where,
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Register(Reg),
    /// From the frame pointer, where the variable begins.
    Stack(i64),
}

/// Variables that are read at most: what a damaged object has may be endless.
const MAX_HELD: usize = 1 << 20;

type Part<'a> = RelocateReader<EndianSlice<'a, LittleEndian>, &'a Bases>;
type Dwarf<'a> = gimli::Dwarf<Part<'a>>;
type Unit<'a> = gimli::Unit<Part<'a>>;

/// Where a section of DWARF has an address of code: what must be added to it, for sections all begin at 0.
#[derive(Default, Debug)]
struct Bases(HashMap<usize, u64>);

impl gimli::Relocate for &Bases {
    fn relocate_address(&self, offset: usize, value: u64) -> gimli::Result<u64> {
        Ok(self.0.get(&offset).map_or(value, |base| value.wrapping_add(*base)))
    }

    fn relocate_offset(&self, _: usize, value: usize) -> gimli::Result<usize> {
        Ok(value)
    }
}

impl Names {
    /// The variables of a file; none of what is missing or damaged.
    pub fn read(file: &object::File<'_>) -> Names {
        let loaded: HashMap<&str, (Cow<'_, [u8]>, Bases)> = gimli_sections()
            .filter_map(|name| {
                let section = file.section_by_name(name)?;
                let data = section.uncompressed_data().ok()?;
                Some((name, (data, bases(file, &section))))
            })
            .collect();
        let nothing = Bases::default();
        let dwarf = Dwarf::load(|id| -> Result<Part<'_>, gimli::Error> {
            let (bytes, bases) = loaded.get(id.name()).map_or((&[][..], &nothing), |(data, bases)| (&**data, bases));
            Ok(RelocateReader::new(EndianSlice::new(bytes, LittleEndian), bases))
        });
        let mut names = Names { held: Vec::new(), moves: Moves::read(file) };
        if let Ok(dwarf) = dwarf {
            // What was read before the damage is good.
            let _ = names.add(&dwarf);
        }
        names
    }

    /// The variable that a register or slot holds before the instruction at a byte of a section: the one whose range is narrowest.
    pub fn at(&self, section: usize, offset: u64, location: Location) -> Option<&str> {
        let address = address(section, offset);
        let here = self.held.iter().filter(|held| held.start <= address && address < held.end);
        match location {
            Location::Register(register) => here
                .filter(|held| held.place == Where::Register(register))
                .min_by_key(|held| held.end - held.start)
                .map(|held| held.name.as_str()),
            Location::Slot(slot) => {
                let begins = |held: &Held| match held.place {
                    Where::Stack(begin) => Some(begin).filter(|&begin| begin < i64::from(slot) + 8),
                    Where::Register(_) => None,
                };
                here.filter_map(|held| Some((begins(held)?, held)))
                    .max_by_key(|(begin, _)| *begin)
                    .map(|(_, held)| held.name.as_str())
            }
        }
    }

    fn add(&mut self, dwarf: &Dwarf<'_>) -> gimli::Result<()> {
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            let unit = dwarf.unit(header)?;
            self.add_unit(dwarf, &unit)?;
        }
        Ok(())
    }

    fn add_unit(&mut self, dwarf: &Dwarf<'_>, unit: &Unit<'_>) -> gimli::Result<()> {
        let mut entries = unit.entries();
        // The ranges of the scopes that an entry is in, each with its depth.
        let mut scopes: Vec<(isize, Vec<gimli::Range>)> = Vec::new();
        let mut depth = 0;
        while let Some((step, entry)) = entries.next_dfs()? {
            depth += step;
            scopes.retain(|(scope, _)| *scope < depth);
            match entry.tag() {
                gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine | gimli::DW_TAG_lexical_block => {
                    let mut ranges = Vec::new();
                    let mut iter = dwarf.die_ranges(unit, entry)?;
                    while let Some(range) = iter.next()? {
                        ranges.push(range);
                        if ranges.len() > MAX_HELD {
                            return Ok(());
                        }
                    }
                    if !ranges.is_empty() {
                        scopes.push((depth, ranges));
                    }
                }
                gimli::DW_TAG_variable | gimli::DW_TAG_formal_parameter => {
                    let scope = scopes.last().map_or(&[][..], |(_, ranges)| ranges);
                    self.add_variable(dwarf, unit, entry, scope)?;
                }
                _ => {}
            }
            if self.held.len() > MAX_HELD {
                return Ok(());
            }
        }
        Ok(())
    }

    fn add_variable<'a>(
        &mut self,
        dwarf: &Dwarf<'a>,
        unit: &Unit<'a>,
        entry: &DebuggingInformationEntry<'_, '_, Part<'a>>,
        scope: &[gimli::Range],
    ) -> gimli::Result<()> {
        let Some(location) = entry.attr_value(gimli::DW_AT_location)? else { return Ok(()) };
        let Some(name) = name(dwarf, unit, entry)? else { return Ok(()) };
        if let AttributeValue::Exprloc(expression) = location {
            for range in scope {
                self.hold(unit, *range, expression.clone(), &name);
            }
            return Ok(());
        }
        let Some(mut list) = dwarf.attr_locations(unit, location)? else { return Ok(()) };
        while let Some(part) = list.next()? {
            self.hold(unit, part.range, part.data, &name);
            if self.held.len() > MAX_HELD {
                break;
            }
        }
        Ok(())
    }

    fn hold(&mut self, unit: &Unit<'_>, range: gimli::Range, expression: Expression<Part<'_>>, name: &str) {
        let (start, end) = (self.moved(range.begin), self.moved(range.end));
        if start >= end {
            return;
        }
        if let Some(place) = place(unit, expression) {
            self.held.push(Held { start, end, place, name: name.to_owned() });
        }
    }

    fn moved(&self, old: u64) -> u64 {
        let (section, offset) = ((old >> 32) as usize, old & 0xffff_ffff);
        address(section, self.moves.place(section, offset))
    }
}

/// The name of an entry, or of the one that it is an instance of.
fn name<'a>(
    dwarf: &Dwarf<'a>,
    unit: &Unit<'a>,
    entry: &DebuggingInformationEntry<'_, '_, Part<'a>>,
) -> gimli::Result<Option<String>> {
    let named = |entry: &DebuggingInformationEntry<'_, '_, Part<'a>>| -> gimli::Result<Option<String>> {
        let Some(value) = entry.attr_value(gimli::DW_AT_name)? else { return Ok(None) };
        let text = dwarf.attr_string(unit, value)?;
        Ok(Some(gimli::Reader::to_string_lossy(&text)?.into_owned()))
    };
    if let Some(name) = named(entry)? {
        return Ok(Some(name));
    }
    match entry.attr_value(gimli::DW_AT_abstract_origin)? {
        Some(AttributeValue::UnitRef(origin)) => named(&unit.entry(origin)?),
        _ => Ok(None),
    }
}

/// The register or slot of an expression; none if the variable is computed, in parts, or nowhere.
fn place(unit: &Unit<'_>, expression: Expression<Part<'_>>) -> Option<Where> {
    let mut operations = expression.operations(unit.encoding());
    let first = operations.next().ok()??;
    let second = operations.next().ok()?;
    let register = |register: gimli::Register| Reg::try_from(register.0).ok().filter(|&register| register <= 10);
    match (first, second) {
        (Operation::Register { register: of }, None) => Some(Where::Register(register(of)?)),
        (Operation::RegisterOffset { register: of, offset: 0, .. }, Some(Operation::StackValue)) => {
            Some(Where::Register(register(of)?))
        }
        (Operation::RegisterOffset { register: gimli::Register(10), offset, .. }, None)
        | (Operation::FrameOffset { offset }, None) => Some(Where::Stack(offset)),
        _ => None,
    }
}

fn address(section: usize, offset: u64) -> u64 {
    ((section as u64) << 32).wrapping_add(offset)
}

fn bases(file: &object::File<'_>, section: &object::Section<'_, '_>) -> Bases {
    let found = section.relocations().filter_map(|(offset, relocation)| {
        let RelocationTarget::Symbol(symbol) = relocation.target() else { return None };
        let symbol = file.symbol_by_index(symbol).ok()?;
        let target = file.section_by_index(symbol.section_index()?).ok()?;
        let of_code = super::is_code(&target).then(|| address(index(target.index()), symbol.address()))?;
        Some((usize::try_from(offset).ok()?, of_code))
    });
    Bases(found.collect())
}

/// The sections that variables take.
fn gimli_sections() -> impl Iterator<Item = &'static str> {
    use gimli::SectionId as Id;
    [
        Id::DebugAbbrev,
        Id::DebugAddr,
        Id::DebugInfo,
        Id::DebugLine,
        Id::DebugLineStr,
        Id::DebugLoc,
        Id::DebugLocLists,
        Id::DebugRanges,
        Id::DebugRngLists,
        Id::DebugStr,
        Id::DebugStrOffsets,
        Id::DebugTypes,
    ]
    .into_iter()
    .map(|id| id.name())
}
