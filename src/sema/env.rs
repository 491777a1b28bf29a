//! The file-level declarations: `declare` fills them in, the checker of bodies reads them.

use super::imports::{ImportId, Imports};
use super::predefined;
use super::scope::Found;
use super::tree::{CFunctionId, ConfigId, Const, FuncId, GlobalId, ImplId, KfuncId, MapId, Program, Role};
use super::trusted::Trust;
use crate::ast;
use crate::modules::ModuleId;
use crate::source::Span;
use crate::types::{EnumId, FnSig, StructId, Ty};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// What a name of the file level, or a predefined one, means.
#[derive(Clone, Debug)]
pub enum Entity {
    Func(FuncId),
    Global(GlobalId),
    Config(ConfigId),
    Map(MapId),
    Impl(ImplId),
    /// `extern`
    Kfunc(KfuncId),
    /// `extern "c"`
    C(CFunctionId),
    /// `const`; `ty` is none for one without a declared type, which is then as a literal.
    Const {
        value: Const,
        ty: Option<Ty>,
    },
    /// An enum variant; several enums may share the name, and then the expected type decides.
    Variants(Variants),
    /// A struct, enum or alias.
    Type(Ty),
    /// A module, by the name that `import` gives it.
    Import(ImportId),
    /// Its declaration is wrong. That was reported, so its uses are not.
    Broken,
}

/// The enums that have a variant of one name, with its values.
#[derive(Clone, Debug, Default)]
pub struct Variants {
    /// The enums that the module declares; where it declares none, the predefined ones.
    pub visible: Vec<(EnumId, i128)>,
    /// Predefined ones that the module's hide, unless their enum is expected.
    pub hidden: Vec<(EnumId, i128)>,
}

/// An entity and where it is declared; none for what is predefined.
#[derive(Clone, Debug)]
pub struct Declared {
    pub entity: Entity,
    pub span: Option<Span>,
}

/// The file's declarations. Bodies are still syntax here.
pub struct Env<'a> {
    /// Names of each module.
    pub names: Vec<HashMap<String, Declared>>,
    pub imports: Imports,
    /// Names that the tables declare: looked up after the module's.
    pub predefined: predefined::Names,
    /// Functions (without bodies; their locals are the parameters and the named result), globals, configs, maps.
    pub program: Program,
    /// One for each of `program.funcs`.
    pub funcs: Vec<FuncDecl<'a>>,
    /// What holds pointers that bodies hand to functions of the kernel.
    pub trust: RefCell<Trust>,
    /// Fields' default values of the user's structs: what a literal may leave out.
    pub field_defaults: HashMap<(StructId, usize), Const>,
    /// The functions that order the objects of trees, by the type of the tree.
    pub orders: BTreeMap<StructId, FuncId>,
}

/// A function's declaration, as far as callers and the checking of its body need it.
pub struct FuncDecl<'a> {
    /// Whose names its body sees.
    pub module: ModuleId,
    pub decl: &'a ast::FnDecl,
    pub sig: FnSig,
}

impl Env<'_> {
    /// The signature of a function that can be a value: programs are called by the kernel, `main` by nobody.
    pub fn value_signature(&self, func: FuncId) -> Option<FnSig> {
        match self.program.func(func).role {
            Role::Helper | Role::Private | Role::Plain => Some(self.funcs[func.0 as usize].sig.clone()),
            Role::Program(_) | Role::Kfunc(_) | Role::Main(_) | Role::Test => None,
        }
    }

    /// Order of lookup: the module, then what is predefined. Locals come before and are the caller's.
    pub fn lookup(&self, module: ModuleId, name: &str) -> Option<&Declared> {
        self.declared(module, name).or_else(|| self.predefined.get(name))
    }

    /// What the module itself declares under the name.
    pub fn declared(&self, module: ModuleId, name: &str) -> Option<&Declared> {
        self.names.get(module.0 as usize)?.get(name)
    }

    /// The meaning of `import.name`, if the importer may use it. A call of this counts as a use of the import.
    pub fn member(&self, import: ImportId, name: &str) -> Option<&Declared> {
        let module = self.imports.used(import);
        if self.imports.is_public(module, name) { self.declared(module, name) } else { None }
    }

    /// Every name that the module sees, the predefined ones included.
    pub fn all_names(&self, module: ModuleId) -> Vec<String> {
        self.filtered(module, |_| true)
    }

    /// The names of types that the module sees, the predefined ones included.
    pub fn type_names(&self, module: ModuleId) -> Vec<String> {
        self.filtered(module, |entity| matches!(entity, Entity::Type(_)))
    }

    /// Constants and variants.
    pub fn constant_names(&self, module: ModuleId) -> Vec<String> {
        self.filtered(module, |entity| matches!(entity, Entity::Const { .. } | Entity::Variants(_)))
    }

    fn filtered(&self, module: ModuleId, wanted: impl Fn(&Entity) -> bool) -> Vec<String> {
        let own = self.names.get(module.0 as usize).into_iter().flatten();
        let own = own.map(|(name, declared)| (name.as_str(), declared));
        own.chain(self.predefined.iter()).filter(|(_, d)| wanted(&d.entity)).map(|(name, _)| name.to_owned()).collect()
    }
}

impl Declared {
    /// As constants and types look at it.
    pub fn found(&self, env: &Env) -> Found {
        if let Entity::Global(id) = &self.entity {
            return Found::Variable(env.program.global(*id).ty);
        }
        if let Entity::Broken = self.entity { Found::Broken } else { Found::Declared(self.clone()) }
    }
}
