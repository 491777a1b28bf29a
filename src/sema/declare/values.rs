//! Constants, global variables and the values of configs.

use super::Declare;
use super::storage::{check_percpu, check_pinned};
use super::structs::refuse_special;
use super::{entries, kconfig, sysctl};
use crate::ast::{self, ConstDecl, Expr, Ident, TypeKind, VarDecl};
use crate::diag::codes::shared::{EntryInitialiser, ModuleLockWhere};
use crate::diag::codes::types::{FunctionPointerShared, UnknownTypeOf};
use crate::sema::consts::{self, Constant};
use crate::sema::env::Entity;
use crate::sema::scope::Scope;
use crate::sema::tree::{ConfigId, Const, GlobalId, Storage};
use crate::sema::types::{Position, check_size, resolve};
use crate::session::Session;
use crate::tables::module_lock;
use crate::types::{Origin, Space, StructDef, Ty, TyKind, Types};

/// Whether a function pointer is a part of the type.
pub(super) fn holds_function(types: &Types, ty: Ty) -> bool {
    super::map_values::holds(types, ty, |kind| matches!(kind, TyKind::Fn(_)))
}

impl Declare<'_> {
    pub(super) fn constant(&mut self, cx: &mut Session, decl: &ConstDecl) -> Option<Entity> {
        let ty = match &decl.ty {
            Some(written) => {
                let ty = resolve(cx, self, written, Position::Value);
                Some(ty).filter(|&ty| ty != Ty::ERROR && self.complete(cx, ty, written.span))
            }
            None => None,
        };
        let Constant { value, ty: found } = consts::eval(cx, self, &decl.value, ty)?;
        if decl.ty.is_some() && ty.is_none() {
            return None;
        }
        Some(Entity::Const { value, ty: found })
    }

    pub(super) fn global(&mut self, cx: &mut Session, id: GlobalId, decl: &VarDecl) -> Option<Entity> {
        if let Some(ty) = self.module_lock(cx, id, decl) {
            self.env.program.globals[id.0 as usize].ty = ty;
            return (ty != Ty::ERROR).then_some(Entity::Global(id));
        }
        let position = if decl.storage == Some(ast::Storage::Local) { Position::Field } else { Position::Value };
        let declared = decl.ty.as_ref().map(|written| {
            let ty = resolve(cx, self, written, position);
            let usable = self.complete(cx, ty, written.span) && check_size(cx, written.span, ty) == ty;
            match entries::is_entry(cx, decl, ty).filter(|_| usable) {
                Some(true) => self.env.program.globals[id.0 as usize].storage = Storage::Entry,
                Some(false) if !refuse_special(cx, ty, written.span) => {}
                Some(false) | None => return Ty::ERROR,
            }
            ty
        });
        let (ty, init) = match (declared, &decl.init) {
            (Some(ty), Some(init)) => (ty, consts::eval(cx, self, init, Some(ty)).map(|constant| constant.value)),
            (Some(ty), None) => (ty, None),
            (None, init) => self.inferred(cx, &decl.name, init.as_ref())?,
        };
        if holds_function(&cx.types, ty) {
            let what = format!("global variable `{}`", decl.name.name);
            cx.error(decl.name.span, FunctionPointerShared { what })
                .help("a `const` can: `const TABLE: [fn() -> u32; 2] = [first, second]`");
            return None;
        }
        check_pinned(cx, decl, ty);
        check_percpu(cx, decl, ty);
        if self.env.program.globals[id.0 as usize].storage == Storage::Kconfig {
            kconfig::check_type(cx, decl, ty, init.as_ref());
        }
        if self.env.program.globals[id.0 as usize].storage == Storage::Sysctl {
            sysctl::check_type(cx, decl, ty);
        }
        let global = &mut self.env.program.globals[id.0 as usize];
        if let (Storage::Percpu, Some(written)) = (global.storage, &decl.init)
            && init.as_ref().is_some_and(|init| !init.is_zero())
        {
            cx.error(
                written.span,
                EntryInitialiser { name: decl.name.name.clone(), what: "a `percpu var`".to_owned() },
            )
            .help("leave the initial value out, and count from zero");
        }
        global.ty = ty;
        global.init = init;
        (ty != Ty::ERROR).then_some(Entity::Global(id))
    }

    /// The type of a variable that is a lock of the kernel module, whatever else has that name; none if it is another variable.
    fn module_lock(&mut self, cx: &mut Session, id: GlobalId, decl: &VarDecl) -> Option<Ty> {
        let written = decl.ty.as_ref()?;
        let TypeKind::Named(path) = &written.kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let lock = module_lock(&name.name)?;
        if self.own().by_name.contains_key(name.name.as_str()) {
            return None;
        }
        if self.env.program.globals[id.0 as usize].storage != Storage::Private {
            let why = "is a lock of a kernel module".to_owned();
            cx.error(written.span, ModuleLockWhere { ty: lock.name.to_owned(), why })
                .help(format!("write `@private var {}: {}`", decl.name.name, lock.name));
            return Some(Ty::ERROR);
        }
        if let Some(init) = &decl.init {
            let why = "has no initial value: it is free".to_owned();
            cx.error(init.span, ModuleLockWhere { ty: lock.name.to_owned(), why });
            return Some(Ty::ERROR);
        }
        let def = StructDef {
            name: lock.name.to_owned(),
            origin: Origin::ModuleLock,
            fields: Vec::new(),
            size: 4,
            align: 4,
            span: None,
        };
        let id = cx.types.add_struct(def);
        Some(cx.types.intern(TyKind::Struct(id)))
    }

    /// The type of a global is that of its initialiser, with the rule for literals.
    fn inferred(&mut self, cx: &mut Session, name: &Ident, init: Option<&Expr>) -> Option<(Ty, Option<Const>)> {
        let Some(init) = init else {
            cx.error(name.span, UnknownTypeOf { name: name.name.clone() })
                .help(format!("write a type: `var {}: u64`", name.name));
            return None;
        };
        let constant = consts::eval(cx, self, init, None)?;
        let of_null = |cx: &mut Session| cx.types.ptr(Ty::U8, Space::Any, true);
        let own =
            if matches!(constant.value, Const::Null) { Some(of_null(cx)) } else { consts::own_type(cx, &constant) };
        let Some(ty) = own else {
            cx.error(init.span, UnknownTypeOf { name: name.name.clone() }).help("write a type after the name");
            return None;
        };
        let value = consts::convert(cx, init.span, constant, ty)?;
        Some((ty, Some(value)))
    }

    /// A config's field without a default is zero.
    pub(super) fn config_defaults(&mut self, cx: &mut Session, id: ConfigId) {
        let ty = self.env.program.config(id).ty;
        for field in cx.types.struct_def(ty).fields.clone() {
            if let Some(span) = field.span.filter(|_| holds_function(&cx.types, field.ty)) {
                let what = format!("the config's field `{}`", field.name);
                cx.error(span, FunctionPointerShared { what });
            }
        }
        let count = cx.types.struct_def(ty).fields.len();
        let defaults =
            (0..count).map(|field| self.env.field_defaults.get(&(ty, field)).cloned().unwrap_or(Const::Zero)).collect();
        self.env.program.configs[id.0 as usize].defaults = defaults;
    }
}
