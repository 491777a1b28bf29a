//! Names in the object. The language has a namespace per module; an object has one, and BTF accepts only C identifiers.
//!
//! A declaration of the program's own file keeps its name; one of another module gets the module's name before it:
//! `flow_packets`. The kernel keeps 15 characters of the names of maps and programs, so there the module's part is
//! shortened and not the name itself.
//!
//! So `Func`, `Map`, `Global` and `Config` have a `symbol` besides their `name`, and after lowering only symbols exist. A type is
//! `flow.Stats` in messages and IR, and `flow_Stats` in debug information.

use super::kernel_names;
use crate::modules::{ModuleId, Modules};
use crate::session::SourceNames;
use std::collections::HashSet;

#[derive(Default)]
pub(super) struct Symbols {
    /// One for each module, all different; empty for the program's own file.
    prefixes: Vec<String>,
    taken: HashSet<String>,
    names: SourceNames,
    types: HashSet<String>,
}

impl Symbols {
    /// Chooses the symbols of all modules; those of imported modules have a prefix that is free.
    pub fn of(modules: &Modules) -> Symbols {
        let mut symbols = Symbols::default();
        for id in modules.ids() {
            let stem = if id == ModuleId::ROOT { String::new() } else { identifier(&modules.module(id).name) };
            let mut prefix = stem.clone();
            for number in 2.. {
                if !symbols.prefixes.contains(&prefix) {
                    break;
                }
                prefix = format!("{stem}{number}");
            }
            symbols.prefixes.push(prefix);
        }
        // They are symbols as they are, wherever they are declared.
        symbols.taken = modules.items(ModuleId::ROOT).filter_map(|item| Some(item.kind.name()?.name.clone())).collect();
        symbols
    }

    /// The symbol of a function, variable or config.
    pub fn symbol(&mut self, module: ModuleId, name: &str) -> String {
        self.within(module, name, usize::MAX)
    }

    /// The symbol of a map or program.
    pub fn kernel_symbol(&mut self, module: ModuleId, name: &str) -> String {
        self.within(module, name, kernel_names::KEPT)
    }

    /// The symbol of a part of what a declaration of the module is, which has no name of its own there.
    pub fn part(&mut self, module: ModuleId, whole: &str, part: &str) -> String {
        let name = format!("{whole}_{part}");
        if !self.prefixes[module.0 as usize].is_empty() {
            return self.kernel_symbol(module, &name);
        }
        let mut symbol = name.clone();
        for number in 2.. {
            if self.taken.insert(symbol.clone()) {
                break;
            }
            symbol = format!("{whole}{number}_{part}");
        }
        self.names.0.insert(symbol.clone(), name);
        symbol
    }

    /// Whether nothing has the symbol; from here on something has.
    pub fn reserve(&mut self, symbol: String) -> bool {
        self.taken.insert(symbol)
    }

    fn within(&mut self, module: ModuleId, name: &str, limit: usize) -> String {
        let prefix = self.prefixes[module.0 as usize].clone();
        if prefix.is_empty() {
            self.taken.insert(name.to_owned());
            return name.to_owned();
        }
        let room = limit.saturating_sub(name.len() + 1).max(1);
        let mut symbol = format!("{}_{name}", &prefix[..prefix.len().min(room)]);
        for number in 2.. {
            if self.taken.insert(symbol.clone()) {
                break;
            }
            let number = number.to_string();
            let kept = prefix.len().min(room.saturating_sub(number.len()).max(1));
            symbol = format!("{}{number}_{name}", &prefix[..kept]);
        }
        self.names.0.insert(symbol.clone(), format!("{prefix}.{name}"));
        symbol
    }

    /// The names that messages use for what has another symbol.
    pub fn into_names(self) -> SourceNames {
        self.names
    }

    /// The name of a type in messages and IR: `flow.Stats`. A type of a header keeps its name if that is unique.
    pub fn type_name(&mut self, module: ModuleId, name: &str, in_header: bool) -> String {
        let prefix = &self.prefixes[module.0 as usize];
        if prefix.is_empty() || in_header && !self.types.contains(name) {
            self.types.insert(name.to_owned());
            return name.to_owned();
        }
        let full = format!("{prefix}.{name}");
        self.types.insert(full.clone());
        full
    }
}

/// A file's stem as the first part of an identifier.
fn identifier(stem: &str) -> String {
    let mut text: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        text.insert(0, '_');
    }
    text
}
