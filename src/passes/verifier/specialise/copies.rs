//! The copies that `specialise` makes: their names, what they are copies of, and which of them stay.

use super::{Origin, with_space};
use crate::ir::{Attr, Function, Module, Symbol};
use crate::types::Types;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A function, and the parameters whose memory is known.
pub(super) type Copied = (Symbol, Vec<(usize, Origin)>);

#[derive(Default)]
pub(super) struct Copies {
    pub names: BTreeMap<Copied, Symbol>,
    made: HashMap<Symbol, Copied>,
}

impl Copies {
    /// Notes a copy that was made under a name.
    pub fn add(&mut self, copied: Copied, name: Symbol) {
        self.names.insert(copied.clone(), name.clone());
        self.made.insert(name, copied);
    }

    /// A copy of a copy is one of the original that knows of the parameters of both: what calls the first may be copied
    /// itself, and its copy knows more.
    pub fn of_original(&self, (callee, mut params): Copied) -> Copied {
        let Some((original, before)) = self.made.get(&callee) else { return (callee, params) };
        params.extend(before);
        params.sort_unstable();
        (original.clone(), params)
    }
}

/// The callee, with parameters that say where they point to.
pub(super) fn copy(module: &Module, types: &mut Types, (callee, params): &Copied) -> Option<Function> {
    let mut copy = module.func(callee)?.clone();
    let mut name = format!("{callee}_");
    for &(index, origin) in params {
        name += &format!("_{}_{index}", origin.word());
        let ty = with_space(types, copy.params[index].ty, origin.space());
        copy.params[index].ty = ty;
        let value = copy.param(index);
        copy.values[value].ty = ty;
    }
    copy.name = name.as_str().into();
    Some(copy)
}

/// Functions whose calls all go to copies are gone, and copies that only those called; an only copy takes the place and the
/// name.
pub(super) fn drop_unused(module: &mut Module, copies: &Copies) {
    let gone = unnamed(module, copies);
    let mut left: HashMap<&Symbol, Vec<&Symbol>> = HashMap::new();
    for (copy, (original, _)) in copies.made.iter().filter(|(copy, _)| !gone.contains(*copy)) {
        left.entry(original).or_default().push(copy);
    }
    let only = |(original, left): (&Symbol, Vec<&Symbol>)| match *left {
        [copy] if gone.contains(original) => Some((copy.clone(), original.clone())),
        _ => None,
    };
    let renamed: HashMap<Symbol, Symbol> = left.into_iter().filter_map(only).collect();
    let (mut only, kept): (Vec<Function>, Vec<Function>) =
        std::mem::take(&mut module.funcs).into_iter().partition(|func| renamed.contains_key(&func.name));
    for func in &mut only {
        func.name = renamed[&func.name].clone();
    }
    let mut only: HashMap<Symbol, Function> = only.into_iter().map(|func| (func.name.clone(), func)).collect();
    for func in kept {
        if !gone.contains(&func.name) {
            module.funcs.push(func);
        } else if let Some(copy) = only.remove(&func.name) {
            module.funcs.push(copy);
        }
    }
    module.funcs.iter_mut().for_each(|func| rename(func, &renamed));
}

/// The functions with copies, and the copies, that nothing names any more, or only what goes with them.
fn unnamed(module: &Module, copies: &Copies) -> HashSet<Symbol> {
    let originals: HashSet<&Symbol> = copies.names.keys().map(|(original, _)| original).collect();
    let may_go = |name: &Symbol| originals.contains(name) || copies.made.contains_key(name);
    let mut named: HashMap<&Symbol, usize> = HashMap::new();
    let funcs: HashMap<&Symbol, &Function> = module.funcs.iter().map(|func| (&func.name, func)).collect();
    for func in &module.funcs {
        names(func).for_each(|name| *named.entry(name).or_default() += 1);
    }
    let unnamed = module.funcs.iter().map(|func| &func.name).filter(|name| may_go(name) && !named.contains_key(name));
    let mut left: Vec<&Symbol> = unnamed.collect();
    let mut gone = HashSet::new();
    while let Some(name) = left.pop() {
        gone.insert(name.clone());
        for callee in funcs.get(name).into_iter().flat_map(|func| names(func)) {
            let Some(count) = named.get_mut(callee) else { continue };
            *count -= 1;
            if *count == 0 && may_go(callee) {
                left.push(callee);
            }
        }
    }
    gone
}

/// The functions that the ops of a function name.
fn names(func: &Function) -> impl Iterator<Item = &Symbol> {
    func.walk().into_iter().flat_map(|op| &func.ops[op].attrs).filter_map(|attr| match attr {
        Attr::Symbol(name) => Some(name),
        Attr::Int(_) | Attr::Bool(_) | Attr::Str(_) | Attr::Type(_) | Attr::Word(_) | Attr::Ints(_) => None,
    })
}

fn rename(func: &mut Function, renamed: &HashMap<Symbol, Symbol>) {
    for op in func.walk() {
        for attr in &mut func.ops[op].attrs {
            if let Attr::Symbol(name) = attr
                && let Some(new) = renamed.get(name)
            {
                *attr = Attr::Symbol(new.clone());
            }
        }
    }
}
