//! The local names of a body, and the facts about each variable.

use super::exprs::strip;
use super::variables::{LocalKind, Name, Variables};
use super::{Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::maps::LostCopy;
use crate::diag::codes::names::{DuplicateName, UnusedVariable};
use crate::modules::ModuleId;
use crate::sema::env::{Declared, Entity, Env};
use crate::sema::imports::{ImportId, Imports};
use crate::sema::scope::{Found, Scope, Wanted};
use crate::sema::tree::{Const, FuncId, Local, LocalId, MapId};
use crate::session::Session;
use crate::source::Span;
use crate::types::{FnSig, StructId, Ty};
use crate::uses::Meaning;

impl State<'_, '_> {
    /// Leaves a block, and reports the variables of it that nobody read.
    pub fn pop_scope(&mut self) {
        for id in self.vars.leave_block() {
            let info = &self.vars[id];
            let (name, span, kind) = (info.name.clone(), info.span, info.kind);
            let wanted = matches!(
                kind,
                LocalKind::Var
                    | LocalKind::LoopVariable
                    | LocalKind::Entry
                    | LocalKind::InnerMap
                    | LocalKind::Tested
                    | LocalKind::Caught
            );
            if let Some(written) = info.written.filter(|_| info.present.is_some()) {
                self.warn(written, LostCopy { name: name.clone() })
                    .note(span, "copied here")
                    .help(format!("`if (var {name} = …) {{ … }}` names the entry itself"));
            } else if wanted && !info.read && !name.starts_with('_') && !self.failed() {
                let handle = info.program.map(|program| self.use_of_handle(&name, program));
                let warning = self.warn(span, UnusedVariable { name: name.clone() });
                match kind {
                    LocalKind::Var if handle.is_some() => {
                        warning.helps.extend(handle);
                        warning
                    }
                    LocalKind::Entry => warning.help("`m[k] != null` tests whether the entry is there"),
                    LocalKind::LoopVariable | LocalKind::Caught => {
                        warning.help("write `_` in its place").fix(span, "_")
                    }
                    LocalKind::Var
                    | LocalKind::InnerMap
                    | LocalKind::Tested
                    | LocalKind::Param
                    | LocalKind::NamedResult
                    | LocalKind::Hidden => warning.help(format!("if that is meant, call it `_{name}`")),
                };
            }
        }
    }

    /// A variable of the innermost block. `_` makes one that no name leads to.
    pub fn declare(&mut self, name: &str, ty: Ty, span: Span, kind: LocalKind) -> LocalId {
        let kind = if name == "_" { LocalKind::Hidden } else { kind };
        let id = self.vars.add(Local { name: name.to_owned(), ty, span }, kind, self.loops.len());
        self.cx.uses.note(span, || Meaning::Local { declared: span, ty });
        if kind != LocalKind::Hidden {
            self.bind(name, span, Name::Local(id));
            self.vars.blocks.push_local(id);
        }
        id
    }

    /// Declares a variable of the compiler's own, which no name in the source can reach.
    pub fn hidden(&mut self, name: &str, ty: Ty, span: Span) -> LocalId {
        self.declare(name, ty, span, LocalKind::Hidden)
    }

    /// `ctx` of a program whose parameters are values: the least of all declarations of that name.
    pub fn hidden_context(&mut self, local: &Local) {
        let id = self.hidden(&local.name, local.ty, local.span);
        if self.is_unknown_name(&local.name) {
            self.vars.blocks.declare_outermost(&local.name, Name::Local(id));
        }
    }

    /// Declares a local constant; without a value it was reported, and its uses are not.
    pub fn declare_const(&mut self, name: &Ident, value: Option<Const>, ty: Option<Ty>) {
        let meaning = match value {
            Some(value) => Name::Const { value, ty, span: name.span },
            None => Name::Broken { span: name.span },
        };
        if name.name != "_" {
            self.bind(&name.name, name.span, meaning);
        }
    }

    /// Handles code that could not be read: it may declare these names, so their uses are no errors. It may also leave the function, and
    /// test or change anything that is known here.
    pub fn unread(&mut self, names: &ast::Unread) {
        self.flow.unread = true;
        self.flow.deleted.clear();
        self.flow.freed.clear();
        self.flow.extents.clear();
        let unknown = names.mentioned.iter().filter(|name| self.is_unknown_name(&name.name));
        let declared: Vec<&Ident> = names.declared.iter().chain(unknown).collect();
        for name in declared {
            self.vars.blocks.declare(&name.name, Name::Broken { span: name.span });
        }
    }

    fn bind(&mut self, name: &str, span: Span, meaning: Name) {
        self.refuse_second_result(name, span);
        if let Some(before) = self.vars.blocks.declare(name, meaning) {
            let before = self.vars.bound_at(&before);
            let is_parameter = self.vars.blocks.len() == 1;
            let error = self.error(span, DuplicateName { name: name.to_owned() }).note(before, "first declared here");
            if !is_parameter {
                error.label("again in the same block").help(
                    "an inner block may have a variable of the same name; here, assign to it or choose another name",
                );
            }
        }
    }

    /// The function's own block may not hide the variable that is its result.
    fn refuse_second_result(&mut self, name: &str, span: Span) {
        if self.vars.blocks.len() != 2 {
            return;
        }
        let Some(Name::Local(id)) = self.vars.blocks.outermost(name) else { return };
        if self.env.program.func(self.func).named_result == Some(*id) {
            let before = self.vars[*id].span;
            self.error(span, DuplicateName { name: name.to_owned() })
                .note(before, "the result, which is a variable already")
                .help(format!("assign to it: `{name} = …`"));
        }
    }

    /// The declaration of a name in the file or the language, unless a local hides it.
    pub fn file_entity(&self, name: &str) -> Option<&Entity> {
        if self.vars.local_name(name).is_some() {
            return None;
        }
        self.env.lookup(self.module, name).map(|declared| &declared.entity)
    }

    /// The module that a plain name means.
    pub fn import_named(&self, expr: &ast::Expr) -> Option<ImportId> {
        let ast::ExprKind::Name(path) = &strip(expr).kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        if let Entity::Import(import) = self.file_entity(&name.name)? { Some(*import) } else { None }
    }

    /// What `name` or `module.name` declares outside of bodies; none for other expressions, local names, and what the
    /// module does not show.
    pub fn entity_named(&self, expr: &ast::Expr) -> Option<&Entity> {
        let expr = strip(expr);
        if let ast::ExprKind::Field { base, name, arrow: false } = &expr.kind {
            let import = self.import_named(base)?;
            return self.env.member(import, &name.name).map(|declared| &declared.entity);
        }
        let ast::ExprKind::Name(path) = &expr.kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        self.file_entity(&name.name)
    }

    /// Runs what resolves types and constants, with the local names in scope.
    pub fn with_scope<R>(&mut self, run: impl FnOnce(&mut Session, &mut dyn Scope) -> R) -> R {
        let Site { cx, env, module, .. } = &mut self.site;
        let mut scope = BodyScope { vars: &self.vars, env, module: *module };
        run(cx, &mut scope)
    }
}

impl Variables {
    /// A name that nothing declares, which was reported: from here on as if a parameter of that name had been.
    pub fn declare_broken(&mut self, name: &Ident) {
        self.blocks.declare_outermost(&name.name, Name::Broken { span: name.span });
    }
}

/// The names that a type or constant in a body sees.
struct BodyScope<'a, 'e> {
    vars: &'a Variables,
    env: &'a Env<'e>,
    module: ModuleId,
}

impl Scope for BodyScope<'_, '_> {
    fn find(&mut self, _: &mut Session, name: &str) -> Found {
        match self.vars.local_name(name) {
            Some(&Name::Local(id)) => Found::Variable(self.vars[id].ty),
            Some(Name::Const { value, ty, span }) => {
                let entity = Entity::Const { value: value.clone(), ty: *ty };
                Found::Declared(Declared { entity, span: Some(*span) })
            }
            Some(Name::Broken { .. }) => Found::Broken,
            None => self.env.lookup(self.module, name).map_or(Found::Nothing, |declared| declared.found(self.env)),
        }
    }

    fn find_in(&mut self, _: &mut Session, module: ModuleId, name: &str) -> Found {
        self.env.declared(module, name).map_or(Found::Nothing, |declared| declared.found(self.env))
    }

    fn imports(&self) -> &Imports {
        &self.env.imports
    }

    fn complete(&mut self, _: &mut Session, _: Ty, _: Span) -> bool {
        true
    }

    fn field_default(&mut self, _: &mut Session, of: StructId, field: usize) -> Option<Const> {
        self.env.field_defaults.get(&(of, field)).cloned()
    }

    fn signature(&mut self, _: &mut Session, func: FuncId) -> Option<FnSig> {
        self.env.value_signature(func)
    }

    fn stacks(&self, map: MapId) -> Option<String> {
        self.env.program.map(map).stacks().map(str::to_owned)
    }

    fn candidates(&self, wanted: Wanted) -> Vec<String> {
        let mut names = match wanted {
            Wanted::Any => self.env.all_names(self.module),
            Wanted::Type => self.env.type_names(self.module),
        };
        if wanted == Wanted::Any {
            let declared = self.vars.blocks.iter().flat_map(|block| block.names());
            let known = declared.filter(|(_, meaning)| !matches!(meaning, Name::Broken { .. }));
            names.extend(known.map(|(name, _)| name.clone()));
        }
        names
    }
}
