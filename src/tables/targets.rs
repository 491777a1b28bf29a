//! What programs attach to: rules for targets that are written in a program.

use super::{ENUMS, TargetNumber, TargetSpec, TargetText};
use crate::types::Ty;

/// The longest name of a network interface (IFNAMSIZ less the NUL).
const MAX_INTERFACE: usize = 15;

/// The enum of the events that perf counts.
const COUNTERS: &str = "perf_counter";

/// Whether the target of a probe names all functions that match: `*` is any text, `?` any character.
pub fn is_pattern(target: &str) -> bool {
    target.contains(PATTERN)
}

/// What is no letter of a name in a pattern.
const PATTERN: [char; 2] = ['*', '?'];

/// Separates the elements of a list in the text of a target; no element has one.
pub const SEPARATOR: &str = "\n";

/// The elements of a list; a text that is no list is its only one.
pub fn elements(target: &str) -> impl Iterator<Item = &str> {
    target.split(SEPARATOR)
}

/// Whether the target may name more than one function.
pub fn is_several(target: &str) -> bool {
    target.contains(SEPARATOR) || is_pattern(target)
}

/// Compilers make functions with a dot in their names of parts of others.
fn of_function(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

/// The number of an offset.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl TargetSpec {
    /// The type of a target that is a number, if it can be one.
    pub fn number_type(&self) -> Option<Ty> {
        self.number.map(|number| match number {
            TargetNumber::Index | TargetNumber::Program => Ty::U32,
            TargetNumber::Descriptor => Ty::I32,
        })
    }

    /// Why a text names no such target; of a list, the first reason of an element.
    pub fn refuses(&self, text: &str) -> Option<&'static str> {
        match self.several {
            true => elements(text).find_map(|element| self.refuses_one(element)),
            false => self.refuses_one(text),
        }
    }

    fn refuses_one(&self, text: &str) -> Option<&'static str> {
        match self.text {
            None => Some("no text names such a target"),
            Some(_) if text.is_empty() => Some("it is empty"),
            Some(TargetText::Path) => text.contains('\0').then_some("paths have no NUL"),
            Some(TargetText::Name) => (!is_name(text)).then_some("names of events are letters, digits and `_`"),
            Some(TargetText::Event) => {
                (!is_pattern_of_names(text)).then_some("names of events are letters, digits and `_`")
            }
            Some(TargetText::Record) => match text.split_once('/') {
                None => Some("an event has a category, as in `sched/sched_switch`"),
                Some((category, name)) => {
                    let named =
                        is_name(category) && is_pattern_of_names(name) && !category.is_empty() && !name.is_empty();
                    (!named).then_some("names of categories and events are letters, digits and `_`")
                }
            },
            Some(TargetText::Functions) => (!text.chars().all(|c| of_function(c) || PATTERN.contains(&c)))
                .then_some("no function of the kernel has this name"),
            Some(TargetText::Function) => {
                (!text.chars().all(of_function)).then_some("no function of the kernel has this name")
            }
            Some(TargetText::Code) => {
                let (name, offset) = text.split_once('+').map_or((text, None), |(name, offset)| (name, Some(offset)));
                let is_pattern = is_pattern(name);
                match offset {
                    _ if name.is_empty() || !name.chars().all(|c| of_function(c) || PATTERN.contains(&c)) => {
                        Some("no function of the kernel has this name")
                    }
                    Some(_) if is_pattern => Some("a pattern names functions, and no instruction in them"),
                    Some(offset) if number(offset).is_none() => {
                        Some("behind `+` comes a number of bytes, such as `+4` or `+0x1c`")
                    }
                    Some(_) | None => None,
                }
            }
            Some(TargetText::UserCode) => match text.rsplit_once(':') {
                _ if text.chars().any(|c| c.is_control()) => Some("names have no control characters"),
                None => Some("a `:` separates the file and the function"),
                Some((file, place)) if file.is_empty() || place.is_empty() => Some("it names no file or no function"),
                Some((_, place)) if place.split_once('+').is_some_and(|(_, offset)| number(offset).is_none()) => {
                    Some("behind `+` comes a number of bytes, such as `+4` or `+0x1c`")
                }
                Some(_) => None,
            },
            Some(TargetText::UserProbe) => match text.rsplitn(3, ':').collect::<Vec<_>>()[..] {
                _ if text.chars().any(|c| c.is_control()) => Some("names have no control characters"),
                [name, provider, file] => {
                    let is_empty = file.is_empty() || provider.is_empty() || name.is_empty();
                    is_empty.then_some("it names no file, no provider or no probe")
                }
                _ => Some("a `:` separates the file and the provider, and another the provider and the probe"),
            },
            Some(TargetText::Counter) => {
                (!counters().any(|name| name == text)).then_some("the kernel counts no event of this name")
            }
            Some(TargetText::Interface) => match text {
                "." | ".." => Some("no interface has this name"),
                _ if text.len() > MAX_INTERFACE => Some("names of interfaces have at most 15 characters"),
                _ if text.contains(|c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control()) => {
                    Some("names of interfaces have no blanks, `/` or `:`")
                }
                _ => None,
            },
        }
    }
}

/// The names of the events that the kernel counts.
pub fn counters() -> impl Iterator<Item = &'static str> {
    let all = ENUMS.iter().filter(|spec| spec.name == COUNTERS).flat_map(|spec| spec.variants);
    all.map(|(name, _)| *name)
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_pattern_of_names(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || PATTERN.contains(&c))
}
