//! Methods of special fields of map entries: `v.t.start(ns, f)`, `v.t.cancel()`.

use super::calls::counted;
use super::exprs::strip;
use super::value::{all_known, error_expr};
use super::variables::{LocalKind, Variables};
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::contexts::NamedArgument;
use crate::diag::codes::names::NotConstant;
use crate::diag::codes::refused::HandlerByName;
use crate::diag::codes::shared::{TimerHandler, TimerMap, TimerPlace};
use crate::sema::tree::{Callee, Const, Expr, ExprKind, MapId};
use crate::source::Span;
use crate::tables::{FIELD_METHODS, FieldMethodSpec};
use crate::types::{Space, Ty, TyKind};

/// The receiver of a method.
pub enum Receiver {
    /// A special field, and the map of whose entries it is one.
    Field(Expr, &'static FieldMethodSpec, Option<MapId>),
    /// Something else, which is checked.
    Other(Expr),
}

impl Checker<'_, '_> {
    /// Checks the part before the point of `base.name(…)`.
    fn receiver_of(&mut self, base: &ast::Expr, name: &Ident) -> Receiver {
        let stripped = strip(base);
        let Ast::Field { base: owner, name: field, arrow } = &stripped.kind else {
            return Receiver::Other(self.typed(base, None));
        };
        let is_method = FIELD_METHODS.iter().any(|method| method.name == name.name);
        if !is_method || self.config_named(owner).is_some() || self.import_named(owner).is_some() {
            return Receiver::Other(self.typed(base, None));
        }
        let owner = self.typed(owner, None);
        match self.special_field(owner, field, name, base.span) {
            Ok((place, method, map)) => Receiver::Field(place, method, map),
            Err(owner) => Receiver::Other(self.field_of(owner, field, *arrow, base.span)),
        }
    }

    /// Like `receiver_of`, for methods whose receiver may be a field that owns objects.
    pub(super) fn kept_receiver(&mut self, base: &ast::Expr, name: &Ident) -> Receiver {
        let outer = self.kept_at.replace(strip(base).span);
        let receiver = self.receiver_of(base, name);
        self.kept_at = outer;
        receiver
    }

    /// `place.name(args)`
    pub(super) fn field_method(
        &mut self,
        (place, method, map): (Expr, &'static FieldMethodSpec, Option<MapId>),
        name: &Ident,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Expr> {
        let named = args.iter().position(|arg| arg.name.is_some()).unwrap_or(args.len());
        let (args, options) = args.split_at(named);
        let flags = self.field_options(method, options);
        let wanted = method.params.len() + usize::from(!method.handler.is_empty());
        if args.len() != wanted {
            self.check_open_args(args);
            let takes = counted(wanted, "argument");
            self.wrong_count(&name.name, takes, args.len(), name.span).remark(method.summary);
            return None;
        }
        let mut checked = vec![place];
        for (arg, &(_, ty)) in args.iter().zip(method.params) {
            let ty = self.table_type(ty);
            checked.push(self.coerced(&arg.value, ty));
        }
        if !method.handler.is_empty() {
            let handler = self.timer_handler(map, &args[wanted - 1].value)?;
            checked.push(handler);
        }
        let checked = all_known(checked)?;
        let ty = self.table_type(method.result);
        Some(Expr::operation(Callee::Field { method, map, flags }, checked, ty, span))
    }

    /// The flags that named arguments set.
    fn field_options(&mut self, method: &'static FieldMethodSpec, options: &[ast::Arg]) -> u32 {
        let mut flags = 0;
        for arg in options {
            let Some(name) = &arg.name else {
                self.check_args(std::slice::from_ref(arg));
                self.error(arg.value.span, NamedArgument { name: String::new(), of: method.name.to_owned() });
                continue;
            };
            let Some(option) = method.options.iter().find(|option| option.name == name.name) else {
                self.check_args(std::slice::from_ref(arg));
                let has: Vec<&str> = method.options.iter().map(|option| option.name).collect();
                let error =
                    self.error(name.span, NamedArgument { name: name.name.clone(), of: method.name.to_owned() });
                if !has.is_empty() {
                    error.help(format!("its named arguments are {}", has.join(", ")));
                }
                continue;
            };
            let value = self.coerced(&arg.value, Ty::BOOL);
            if let ExprKind::Const(Const::Bool(set)) = value.kind {
                flags |= if set { option.flag } else { 0 };
            } else if value.ty != Ty::ERROR {
                let what = format!("the value of `{}`", option.name);
                self.error(value.span, NotConstant { what })
                    .help("the flags of the call are fixed: write two calls in an `if`");
            }
        }
        flags
    }

    /// The function that a timer of the map's entries calls.
    fn timer_handler(&mut self, map: Option<MapId>, written: &ast::Expr) -> Option<Expr> {
        let handler = self.typed(written, None);
        let map = map.filter(|_| handler.ty != Ty::ERROR)?;
        let declared = self.env.program.map(map);
        let (key, value) = (declared.index.unwrap_or(declared.key), declared.value);
        if key == Ty::ERROR || value == Ty::ERROR {
            return None;
        }
        let name = declared.name.clone();
        let fits = self.function_type(handler.ty).is_some_and(|sig| match sig.params.as_slice() {
            [first, second] => {
                let pointer = self.cx.types.kind(*second);
                let points = matches!(pointer, TyKind::Ptr { to, space: Space::Any, .. } if to == value);
                *first == key && points && sig.result == Ty::VOID
            }
            [] | [_] | [_, _, ..] => false,
        });
        if !fits {
            let (key, value) = (self.ty_name(key), self.ty_name(value));
            let found = format!("a `{}`", self.ty_name(handler.ty));
            let wanted = format!("fn({key}, *{value})");
            self.error(written.span, TimerHandler { map: name, wanted, found })
                .help(format!("declare it `@helper fn f(key: {key}, v: *{value}) {{ … }}`"));
            return None;
        }
        if !matches!(handler.kind, ExprKind::Const(Const::Func(_))) {
            self.error(written.span, HandlerByName { what: "`start` of a timer".into() })
                .help("name the function here, or choose among calls in an `if`");
            return None;
        }
        Some(handler)
    }
}

impl State<'_, '_> {
    /// The field of this name, if it has the method; else what it would be a field of.
    fn special_field(
        &mut self,
        owner: Expr,
        field: &Ident,
        name: &Ident,
        span: Span,
    ) -> Result<(Expr, &'static FieldMethodSpec, Option<MapId>), Expr> {
        let pointee = self.pointer(owner.ty).map(|pointer| pointer.to);
        let of = pointee.unwrap_or(owner.ty);
        let TyKind::Struct(id) = self.cx.types.kind(of) else { return Err(owner) };
        let def = self.cx.types.struct_def(id);
        let Some(index) = def.field(&field.name) else { return Err(owner) };
        let ty = def.fields[index].ty;
        let of_field = |method: &&FieldMethodSpec| self.cx.types.special(ty).is_some_and(|spec| spec.kind == method.of);
        let Some(method) = FIELD_METHODS.iter().filter(of_field).find(|method| method.name == name.name) else {
            return Err(owner);
        };
        let (base, map) = match pointee {
            Some(_) => {
                self.use_object(&owner);
                let at = owner.span;
                (Expr { kind: ExprKind::Deref(Box::new(owner)), ty: of, span: at }, None)
            }
            None => match self.vars.entry_map(&owner) {
                Some(map) => (owner, Some(map)),
                None => {
                    self.error(span, TimerPlace { what: "a copy of one".to_owned() })
                        .help(format!("bind the entry: `if (var v = m[key]) {{ v.{}.{}(…) }}`", field.name, name.name));
                    return Ok((error_expr(span), method, None));
                }
            },
        };
        let map = if method.handler.is_empty() {
            None
        } else {
            let found = map.or_else(|| self.map_of_values(of, &base, span));
            if found.is_none() {
                return Ok((error_expr(span), method, None));
            }
            found
        };
        Ok((Expr { kind: ExprKind::Field { base: Box::new(base), field: index }, ty, span }, method, map))
    }
}

impl Site<'_, '_> {
    /// The only map with such values. Whether a pointer to one leads into an entry is found out when all calls are known
    /// (`passes/lock_places`).
    fn map_of_values(&mut self, value: Ty, pointee: &Expr, span: Span) -> Option<MapId> {
        let maps = self.env.program.maps.iter().enumerate().filter(|(_, map)| map.value == value && !map.is_bound);
        let maps: Vec<(MapId, String)> =
            maps.map(|(index, map)| (MapId(index as u32), format!("`{}`", map.name))).collect();
        match maps.as_slice() {
            [(map, _)] => Some(*map),
            // The mistake in its declaration is reported.
            [] if self.env.program.maps.iter().any(|map| map.value == Ty::ERROR) => None,
            [] => {
                self.error(span, TimerPlace { what: "what no map holds".to_owned() });
                None
            }
            several => {
                let maps: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
                let (name, maps) = (self.text(pointee.span).to_owned(), maps.join(", "));
                self.error(pointee.span, TimerMap { name, maps }).help(
                    "start the timer where the entry is bound, `if (var v = m[key]) { … }`, or give each map a type of values of its own",
                );
                None
            }
        }
    }
}

impl Variables {
    /// The map whose entry a variable is bound to.
    fn entry_map(&mut self, owner: &Expr) -> Option<MapId> {
        let ExprKind::Local(local) = owner.kind else { return None };
        let info = &mut self[local];
        info.read = true;
        info.map.filter(|_| info.kind == LocalKind::Entry)
    }
}
