//! What programs attach to: rules for targets that are written in a program.

use super::{TargetNumber, TargetSpec, TargetText};
use crate::types::Ty;

/// The longest name of a network interface (IFNAMSIZ less the NUL).
const MAX_INTERFACE: usize = 15;

impl TargetSpec {
    /// The type of a target that is a number, if it can be one.
    pub fn number_type(&self) -> Option<Ty> {
        self.number.map(|number| match number {
            TargetNumber::Index => Ty::U32,
            TargetNumber::Descriptor => Ty::I32,
        })
    }

    /// Why a text names no such target.
    pub fn refuses(&self, text: &str) -> Option<&'static str> {
        match self.text {
            None => Some("no text names such a target"),
            Some(_) if text.is_empty() => Some("it is empty"),
            Some(TargetText::Path) => text.contains('\0').then_some("paths have no NUL"),
            Some(TargetText::Name) => (!is_name(text)).then_some("names of events are letters, digits and `_`"),
            Some(TargetText::Event) => match text.split_once('/') {
                None => Some("an event has a category, as in `sched/sched_switch`"),
                Some((category, name)) => {
                    let named = is_name(category) && is_name(name) && !category.is_empty() && !name.is_empty();
                    (!named).then_some("names of categories and events are letters, digits and `_`")
                }
            },
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

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
