//! The structs and enums that a module's text mentions, each once, in order of the text: so that printing a parsed text
//! yields the same text, whatever the ids.

use super::{Attr, Function, Module, OpsValue, RegionId};
use crate::types::{StructId, Ty, TyKind, TypeParts, Types};
use std::collections::HashSet;

struct Printed<'a> {
    types: &'a Types,
    seen: HashSet<Ty>,
    order: Vec<Ty>,
}

/// The structs and enums to print before a module, in the order in which its text first mentions them.
pub fn types(module: &Module, types: &Types) -> Vec<Ty> {
    let mut printed = Printed { types, seen: HashSet::new(), order: Vec::new() };
    printed.declarations(module);
    for func in &module.funcs {
        printed.function(func);
    }
    printed.order
}

impl Printed<'_> {
    fn declarations(&mut self, module: &Module) {
        for global in &module.globals {
            self.mention(global.ty);
        }
        for map in &module.maps {
            self.mention(map.key);
            self.mention(map.value);
        }
        for member in module.struct_ops.iter().flat_map(|ops| &ops.members) {
            if let OpsValue::Data { ty, .. } = &member.value {
                self.mention(*ty);
            }
        }
        if let Some(options) = &module.options {
            self.mention_struct(options.ty);
        }
        module.metrics.iter().for_each(|metric| self.mention(metric.key));
        for kfunc in &module.kfuncs {
            kfunc.sig.params.iter().chain([&kfunc.sig.result]).for_each(|&ty| self.mention(ty));
        }
    }

    fn function(&mut self, func: &Function) {
        for param in &func.params {
            self.mention(param.ty);
        }
        self.mention(func.result);
        self.region(func, func.body);
    }

    fn region(&mut self, func: &Function, region: RegionId) {
        for &block in &func.regions[region].blocks {
            for &arg in &func.blocks[block].args {
                self.mention(func.ty(arg));
            }
            for &op in &func.blocks[block].ops {
                let data = &func.ops[op];
                for attr in &data.attrs {
                    if let Attr::Type(ty) = attr {
                        self.mention(*ty);
                    }
                }
                for &result in &data.results {
                    self.mention(func.ty(result));
                }
                for &inner in &data.regions {
                    self.region(func, inner);
                }
            }
        }
    }

    fn mention_struct(&mut self, wanted: StructId) {
        if let Some(ty) = self.types.find(TyKind::Struct(wanted)) {
            self.mention(ty);
        }
    }

    fn mention(&mut self, ty: Ty) {
        let kind = self.types.kind(ty);
        if matches!(kind, TyKind::Struct(_) | TyKind::Enum(_)) && !self.first(ty) {
            return;
        }
        match kind.parts() {
            TypeParts::None => {}
            TypeParts::One(of) => self.mention(of),
            TypeParts::Fields(id) => {
                self.types.struct_def(id).fields.iter().for_each(|field| self.mention(field.ty));
            }
            TypeParts::Signature(id) => {
                let sig = self.types.sig(id);
                sig.params.iter().chain([&sig.result]).for_each(|&ty| self.mention(ty));
            }
        }
    }

    /// Whether this is the first mention.
    fn first(&mut self, ty: Ty) -> bool {
        let first = self.seen.insert(ty);
        if first {
            self.order.push(ty);
        }
        first
    }
}
