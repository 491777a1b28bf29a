//! Constants of an object that get other values before it is loaded: global variables, and members of those that are structs.

use super::btf::Bytes;
use object::{Object as _, ObjectSection, ObjectSymbol};

/// Gives a variable, or the member that follows its name after points, another value: `limits.deep`. Only what the object has bytes of
/// can have one, as constants and initialised variables do.
///
/// # Errors
/// In words: there is no such variable, it is no number, or the value is none that it can have.
pub fn set(bytes: &mut [u8], path: &str, value: &str) -> Result<(), String> {
    let (at, size, signed) = place(bytes, path)?;
    let value = number(value).ok_or_else(|| format!("`{value}` is no number, and neither `true` nor `false`"))?;
    let bits = size * 8;
    let (low, high) =
        if signed { (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1) } else { (0, (1_i128 << bits) - 1) };
    if value < low || value > high {
        return Err(format!("it takes numbers from {low} to {high}"));
    }
    let place = bytes.get_mut(at..at + size).ok_or("its bytes are not in the object")?;
    place.copy_from_slice(&value.to_le_bytes()[..size]);
    Ok(())
}

fn number(text: &str) -> Option<i128> {
    match text {
        "true" => return Some(1),
        "false" => return Some(0),
        _ => {}
    }
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(sign * i128::from(number))
}

/// The byte of the file where the number is, its size, and whether it has a sign.
fn place(bytes: &[u8], path: &str) -> Result<(usize, usize, bool), String> {
    let file = object::File::parse(bytes).map_err(|why| format!("no ELF file: {why}"))?;
    let mut names = path.split('.');
    let name = names.next().unwrap_or_default();
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name) && symbol.is_definition());
    let (symbol, section) = symbol
        .and_then(|symbol| Some((symbol.address(), file.section_by_index(symbol.section_index()?).ok()?)))
        .ok_or_else(|| format!("the object has no variable `{name}`"))?;
    let (start, _) = section.file_range().ok_or_else(|| format!("`{name}` has no value in the object"))?;
    let btf = file.section_by_name(".BTF").and_then(|section| section.data().ok()).unwrap_or(&[]);
    let types = Types::read(&Bytes(btf)).ok_or("the object has no BTF that can be read")?;
    let mut of = types.variable(name).ok_or_else(|| format!("the object's BTF has no variable `{name}`"))?;
    let mut offset = 0_u64;
    for member in names {
        let found = types.member(of, member).ok_or_else(|| format!("there is no member `{member}`"))?;
        offset += found.0;
        of = found.1;
    }
    let (size, signed) = types.number(of).ok_or_else(|| format!("`{path}` is no number"))?;
    let at = start.checked_add(symbol).and_then(|at| at.checked_add(offset)).and_then(|at| usize::try_from(at).ok());
    at.map(|at| (at, size, signed)).ok_or_else(|| "its bytes are not in the object".to_owned())
}

/// What BTF says of a type, as far as values need it.
enum Type {
    Number {
        size: usize,
        signed: bool,
    },
    /// Name, byte and type of each member that has bytes of its own.
    Struct(Vec<(String, u64, u32)>),
    /// A name or a qualifier.
    Other(u32),
    Variable(String, u32),
    None,
}

struct Types(Vec<Type>);

/// Qualifiers and names of a type at most, which a damaged object may have in a circle.
const MAX_DEPTH: usize = 32;

impl Types {
    fn read(btf: &Bytes<'_>) -> Option<Types> {
        let header = btf.u32(4)? as usize;
        let start = header.checked_add(btf.u32(8)? as usize)?;
        let end = start.checked_add(btf.u32(12)? as usize)?;
        let strings = header.checked_add(btf.u32(16)? as usize)?;
        let name = |offset: u32| -> String {
            let rest = btf.0.get(strings.saturating_add(offset as usize)..).unwrap_or(&[]);
            let length = rest.iter().position(|&byte| byte == 0).unwrap_or(0);
            String::from_utf8_lossy(&rest[..length]).into_owned()
        };
        // Type 0 is void.
        let (mut types, mut at) = (vec![Type::None], start);
        while at < end {
            let (own, info, size) = (btf.u32(at)?, btf.u32(at + 4)?, btf.u32(at + 8)?);
            let (kind, count, flag) = (info >> 24 & 0x1f, (info & 0xffff) as usize, info >> 31 != 0);
            at += 12;
            let after = at.checked_add(match kind {
                1 | 14 | 17 => 4,
                3 => 12,
                4 | 5 | 15 | 19 => count * 12,
                6 | 13 => count * 8,
                _ => 0,
            })?;
            types.push(match kind {
                // The encoding is in the fourth byte; bit 0 says that there is a sign.
                1 => Type::Number { size: size as usize, signed: btf.u32(at)? >> 24 & 1 != 0 },
                6 | 19 => Type::Number { size: size as usize, signed: flag },
                4 | 5 => {
                    let member = |number: usize| {
                        let at = at + number * 12;
                        let bits = btf.u32(at + 8)?;
                        // With the flag the upper byte is the width of a bit field.
                        let is_field = flag && bits >> 24 != 0;
                        Some((
                            name(btf.u32(at)?),
                            u64::from(bits & 0xff_ffff) / 8,
                            if is_field { 0 } else { btf.u32(at + 4)? },
                        ))
                    };
                    Type::Struct((0..count).map(member).collect::<Option<_>>()?)
                }
                8..=11 | 18 => Type::Other(size),
                14 => Type::Variable(name(own), size),
                _ => Type::None,
            });
            at = after;
        }
        Some(Types(types))
    }

    fn variable(&self, name: &str) -> Option<u32> {
        self.0.iter().find_map(|found| match found {
            Type::Variable(own, of) if own == name => Some(*of),
            Type::Variable(..) | Type::Number { .. } | Type::Struct(_) | Type::Other(_) | Type::None => None,
        })
    }

    /// The type behind names and qualifiers.
    fn plain(&self, mut of: u32) -> Option<&Type> {
        for _ in 0..MAX_DEPTH {
            match self.0.get(of as usize)? {
                Type::Other(next) => of = *next,
                found @ (Type::Variable(..) | Type::Number { .. } | Type::Struct(_) | Type::None) => {
                    return Some(found);
                }
            }
        }
        None
    }

    fn member(&self, of: u32, name: &str) -> Option<(u64, u32)> {
        let Type::Struct(members) = self.plain(of)? else { return None };
        members.iter().find(|(own, ..)| own == name).map(|(_, offset, of)| (*offset, *of))
    }

    fn number(&self, of: u32) -> Option<(usize, bool)> {
        let Type::Number { size, signed } = self.plain(of)? else { return None };
        matches!(size, 1 | 2 | 4 | 8).then_some((*size, *signed))
    }
}
