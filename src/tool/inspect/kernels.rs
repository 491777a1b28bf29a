//! The features that an object needs, each with the first kernel that has it: `--kernels`, and `ksc --kernel-report`.

use super::calls::{CALL, PSEUDO_CALL, code};
use super::object::{File, endian, parse, report, section, text as text_of};
use crate::codegen::NEEDS_SECTION;
use crate::diag::escape;
use crate::kernels;
use crate::tables::{HELPERS, KFUNCS, MAP_KINDS, PROGRAMS, ProgramSpec};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};
use std::collections::BTreeSet;

/// The opcodes of atomic operations on memory (`BPF_STX | BPF_ATOMIC`); the first kernels with them had only the addition.
const ATOMIC: [u8; 2] = [0xc3, 0xdb];

/// A feature that the object needs.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    what: &'static str,
    name: String,
    /// The first kernel; none: one before all that the tables know.
    since: Option<(u32, u32)>,
}

impl Need {
    fn new(what: &'static str, name: impl Into<String>, since: Option<(u32, u32)>) -> Need {
        Need { what, name: name.into(), since }
    }
}

/// The report on an object.
pub fn of(bytes: &[u8]) -> Result<String, String> {
    Ok(text(&found(bytes)?))
}

/// The features that an object needs: what each is, its name, and the first kernel that has it. In the order of the report.
pub fn needs(bytes: &[u8]) -> Result<Vec<(&'static str, String, String)>, String> {
    Ok(found(bytes)?.into_iter().map(|need| (need.what, need.name, oldest(need.since))).collect())
}

fn oldest(since: Option<(u32, u32)>) -> String {
    match since {
        Some((major, minor)) => format!("{major}.{minor}"),
        None => "5.10 or before".to_owned(),
    }
}

fn found(bytes: &[u8]) -> Result<BTreeSet<Need>, String> {
    let file = parse(bytes)?;
    let report = report(bytes, &[])?;
    let mut needs = BTreeSet::new();
    let mut types = Vec::new();
    for program in &report.programs {
        let form = PROGRAMS.iter().find_map(|spec| Some((spec, spec.form_of_section(&program.section)?)));
        needs.insert(Need::new("program", program.section.as_str(), form.and_then(|(_, form)| form.since)));
        types.extend(form.map(|(spec, _)| spec));
    }
    for map in &report.maps {
        let kind = MAP_KINDS.iter().find(|kind| kind.name == map.kind);
        needs.insert(Need::new("map kind", map.kind.as_str(), kind.and_then(|kind| kind.since)));
    }
    instructions(&file, &types, &mut needs);
    let latest = kernels::latest(needs.iter().map(|need| need.since));
    needs.extend(construct(&file).filter(|need| need.since > latest));
    Ok(needs)
}

/// What made the oldest kernel of the program a later one, where the object shows it by nothing else.
fn construct(file: &File) -> Option<Need> {
    let noted = text_of(section(file, NEEDS_SECTION))?;
    let (version, what) = noted.split_once(' ')?;
    let version = kernels::version(version).ok()?;
    Some(Need::new("construct", what, Some((version.major, version.minor))))
}

fn instructions(file: &File, types: &[&'static ProgramSpec], needs: &mut BTreeSet<Need>) {
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let Some(section) = symbol.section_index().and_then(|at| file.section_by_index(at).ok()) else { continue };
        let end = symbol.address().saturating_add(symbol.size());
        for instruction in code(section.data().unwrap_or(&[]), endian(file), symbol.address(), end) {
            let (_, src) = instruction.registers;
            if instruction.opcode == CALL && src == PSEUDO_CALL {
                let mut relocations = section.relocations().filter(|(offset, _)| *offset == instruction.offset);
                needs.extend(relocations.next().and_then(|(_, relocation)| kfunc(file, relocation.target())));
            } else if instruction.opcode == CALL {
                needs.insert(helper(instruction.immediate, types));
            } else if ATOMIC.contains(&instruction.opcode) && instruction.immediate != 0 {
                needs.insert(Need::new("instruction", "atomic operation that is no addition", Some((5, 12))));
            } else if instruction.is_v4() {
                let since = crate::session::Mcpu::V4.since().map(|since| (since.major, since.minor));
                needs.insert(Need::new("instruction", "of v4", since));
            }
        }
    }
}

/// A kernel function, which the object calls and does not define. A weak one may be missing.
fn kfunc(file: &File, target: RelocationTarget) -> Option<Need> {
    let RelocationTarget::Symbol(symbol) = target else { return None };
    let symbol = file.symbol_by_index(symbol).ok().filter(|symbol| symbol.is_undefined() && !symbol.is_weak())?;
    let name = symbol.name().ok()?;
    Some(Need::new("kfunc", name, KFUNCS.iter().find(|kfunc| kfunc.name == name).and_then(|kfunc| kfunc.since)))
}

/// A helper, which some types of programs may call later than others.
fn helper(number: i32, types: &[&'static ProgramSpec]) -> Need {
    let Some(helper) = HELPERS.iter().find(|helper| i64::from(helper.number) == i64::from(number)) else {
        return Need::new("helper", format!("number {number}"), None);
    };
    let allowed = types.iter().filter_map(|spec| spec.may_call(helper)).map(|programs| programs.since);
    Need::new("helper", helper.name, kernels::latest(allowed.chain([helper.since])))
}

fn text(needs: &BTreeSet<Need>) -> String {
    let width = needs.iter().map(|need| need.name.len()).max().unwrap_or(0);
    let first = kernels::latest(needs.iter().map(|need| need.since));
    let mut out = format!("Linux {}\n", oldest(first));
    for Need { what, name, since } in needs {
        out += &format!("  {what:11} {:width$}  {}\n", escape::value(name), oldest(*since));
    }
    out
}
