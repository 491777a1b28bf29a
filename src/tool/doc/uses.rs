//! Which functions of a program use its maps and variables, call each other and run where.

use crate::ir::{Attr, Function, Module, OpData, Opcode, Symbol};
use crate::session::Session;
use std::collections::{BTreeMap, BTreeSet};

/// A function, by its name in the source.
#[derive(Default)]
pub struct Uses {
    pub maps: BTreeSet<String>,
    pub globals: BTreeSet<String>,
    pub calls: BTreeSet<String>,
    pub in_bpf: bool,
    pub in_user: bool,
    pub in_module: bool,
}

/// All functions of the program, and the handlers of maps.
pub struct Graph {
    pub funcs: BTreeMap<String, Uses>,
    pub handlers: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Of a module whose functions know their sides.
    pub fn of(cx: &Session, module: &Module) -> Graph {
        let mut graph = Graph { funcs: BTreeMap::new(), handlers: BTreeMap::new() };
        for func in &module.funcs {
            graph.add(cx, module, func);
        }
        graph
    }

    fn add(&mut self, cx: &Session, module: &Module, func: &Function) {
        let name = cx.source_name(&func.name);
        let uses = self.funcs.entry(own(&name).to_owned()).or_default();
        uses.in_module |= func.targets.any(|on| on.is_module);
        uses.in_bpf |= func.targets.any(|on| on.in_kernel && !on.is_module);
        uses.in_user |= func.targets.any(|on| !on.in_kernel);
        for (_, data) in func.each() {
            let registers = [Opcode::MapOnEvent, Opcode::MapListen].contains(&data.opcode);
            if let Some(map) = data.map().filter(|_| !registers || data.opcode == Opcode::MapListen) {
                uses.maps.insert(cx.source_name(map));
            }
            for symbol in names_in(data) {
                let named = cx.source_name(symbol);
                if module.func(symbol).is_some() && own(&named) != own(&name) {
                    uses.calls.insert(own(&named).to_owned());
                } else if module.global(symbol).is_some() {
                    uses.globals.insert(named);
                }
            }
        }
        for op in func.ids_of(Opcode::MapOnEvent) {
            let data = &func.ops[op];
            let handler = data.operands.first().and_then(|&value| func.def(value)).map(|def| &func.ops[def]);
            let symbols = handler.into_iter().flat_map(names_in).map(|symbol| cx.source_name(symbol));
            if let Some(map) = data.map() {
                let handlers = self.handlers.entry(cx.source_name(map)).or_default();
                handlers.extend(symbols.map(|symbol| own(&symbol).to_owned()));
            }
        }
    }

    /// The maps that a function or one that it calls uses.
    pub fn maps(&self, of: &str) -> BTreeSet<String> {
        let (mut open, mut reached, mut maps) = (vec![of], BTreeSet::from([of]), BTreeSet::new());
        while let Some(uses) = open.pop().and_then(|name| self.funcs.get(name)) {
            maps.extend(uses.maps.iter().cloned());
            open.extend(uses.calls.iter().map(String::as_str).filter(|&name| reached.insert(name)));
        }
        maps
    }

    /// The functions that name something, those of BPF code and those of user space.
    pub fn users(&self, names: impl Fn(&Uses) -> bool) -> [Vec<String>; 2] {
        let with = |on: fn(&Uses) -> bool| {
            self.funcs.iter().filter(|(_, uses)| names(uses) && on(uses)).map(|(name, _)| name.clone()).collect()
        };
        [with(|uses| uses.in_bpf), with(|uses| uses.in_user)]
    }
}

/// The function that a wrapper of the compiler is of.
fn own(name: &str) -> &str {
    ["__handler", "__taker", "__migrate"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// The symbols that an op names.
fn names_in(op: &OpData) -> impl Iterator<Item = &Symbol> {
    op.attrs.iter().filter_map(|attr| if let Attr::Symbol(symbol) = attr { Some(symbol) } else { None })
}
