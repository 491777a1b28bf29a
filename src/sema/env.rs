//! What is declared at file level: filled by `declare`, read by the checking of bodies.

use super::tree::{ConfigId, Const, FuncId, GlobalId, MapId, Program, Role};
use crate::ast;
use crate::source::Span;
use crate::types::{EnumId, FnSig, StructId, Ty};
use std::collections::HashMap;

/// What a name of the file level, or a predefined one, means.
#[derive(Clone, Debug)]
pub enum Entity {
    Func(FuncId),
    Global(GlobalId),
    Config(ConfigId),
    Map(MapId),
    /// `const`; `ty` is none for one without a declared type, which is then as a literal.
    Const {
        value: Const,
        ty: Option<Ty>,
    },
    /// An enum variant; several enums may share the name, and then the expected type decides.
    Variants(Vec<(EnumId, i128)>),
    /// A struct, enum or alias.
    Type(Ty),
    /// Its declaration is wrong. That was reported, so no more is to be said where it is used.
    Broken,
}

/// An entity and where it is declared; none for what is predefined.
#[derive(Clone, Debug)]
pub struct Declared {
    pub entity: Entity,
    pub span: Option<Span>,
}

/// The file's declarations. Bodies are still syntax here.
pub struct Env<'a> {
    /// Names of the file.
    pub names: HashMap<String, Declared>,
    /// Names that the tables declare: looked up after the file's.
    pub predefined: HashMap<&'static str, Declared>,
    /// Functions (without bodies; their locals are the parameters and the named result), globals, configs, maps.
    pub program: Program,
    /// One for each of `program.funcs`.
    pub funcs: Vec<FuncDecl<'a>>,
    /// Fields' default values of the user's structs: what a literal may leave out.
    pub field_defaults: HashMap<(StructId, usize), Const>,
}

/// A function's declaration, as far as callers and the checking of its body need it.
pub struct FuncDecl<'a> {
    pub decl: &'a ast::FnDecl,
    pub sig: FnSig,
}

impl Env<'_> {
    /// Order of lookup: the file, then what is predefined. Locals come before and are the caller's.
    pub fn lookup(&self, name: &str) -> Option<&Declared> {
        self.names.get(name).or_else(|| self.predefined.get(name))
    }

    /// The signature of a function that can be a value: programs are called by the kernel, `main` by nobody.
    pub fn value_signature(&self, func: FuncId) -> Option<FnSig> {
        match self.program.func(func).role {
            Role::Helper | Role::Plain => Some(self.funcs[func.0 as usize].sig.clone()),
            Role::Program(_) | Role::Main(_) => None,
        }
    }

    /// Every name of the file level and the predefined ones.
    pub fn all_names(&self) -> Vec<String> {
        self.filtered(|_| true)
    }

    pub fn type_names(&self) -> Vec<String> {
        self.filtered(|entity| matches!(entity, Entity::Type(_)))
    }

    fn filtered(&self, wanted: impl Fn(&Entity) -> bool) -> Vec<String> {
        let own = self.names.iter().map(|(name, declared)| (name.as_str(), declared));
        let predefined = self.predefined.iter().map(|(name, declared)| (*name, declared));
        own.chain(predefined).filter(|(_, d)| wanted(&d.entity)).map(|(name, _)| name.to_owned()).collect()
    }
}
