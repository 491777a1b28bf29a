//! Methods of maps, and the operations that a map allows.

use super::compare::comparison;
use super::signatures::{Param, Signature};
use super::value::{all_known, cast, int_expr};
use super::{Checker, Site};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::NoSuchMethod;
use crate::diag::codes::maps::{MapRefuses, MapWanted};
use crate::diag::foreign;
use crate::sema::similar;
use crate::sema::tree::{Callee, CompareOp, Expr, MapId, Optional, OptionalKind};
use crate::source::Span;
use crate::tables::{
    self, HelperSpec, MAP_KINDS, MAP_METHODS, MapAccess, MapKindSpec, MapMethodSpec, Refusal, refusal,
};
use crate::types::Ty;

/// `map.name(args)`, or `name(map, args)`, as written; `name` is that of the method.
#[derive(Clone, Copy)]
pub struct MapCall<'a> {
    pub map: MapId,
    pub method: &'static MapMethodSpec,
    pub name: &'a Ident,
    pub args: &'a [ast::Arg],
    pub span: Span,
}

impl Checker<'_, '_> {
    /// A call on a map where a value is asked for.
    pub fn map_method(&mut self, map: MapId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let kind = self.env.program.map(map).kind;
        let written = |method: &&MapMethodSpec| method.word() == name.name && on_maps(method);
        let of_kind = MAP_METHODS.iter().find(|method| written(method) && kind.can(method.needs));
        let Some(method) = of_kind.or_else(|| MAP_METHODS.iter().find(written)) else {
            self.check_args(args);
            self.no_such_method(map, kind, name);
            return None;
        };
        let call = MapCall { map, method, name, args, span };
        self.allowed(&call)?;
        if method.walks {
            self.walk_as_value(map, method, args, span);
            return None;
        }
        if method.needs == MapAccess::Prefix {
            return self.trie_key(map, name, args, span);
        }
        if method.needs == MapAccess::Alloc {
            return self.arena_call(call);
        }
        if method.needs == MapAccess::Count {
            return self.histogram_add(call);
        }
        if method.needs == MapAccess::Buckets {
            return self.only_histogram_method(call);
        }
        if let Some(helper) = method.with_context.and_then(tables::helper) {
            return self.helper_on_map(helper, call);
        }
        if let Some(helper) = method.tests.and_then(tables::helper) {
            return self.helper_test(helper, call);
        }
        if method.op.is_none() {
            self.check_args(args);
            crate::bug!("the method `{}` has no op", method.name);
        }
        if method.optional {
            return self.kept_record(&call).or_else(|| Some(self.untested(span)));
        }
        if matches!(method.needs, MapAccess::Events | MapAccess::Dropped) && self.taken_out(map, method.name, span) {
            self.check_args(args);
            return None;
        }
        if method.handler.is_some() {
            return self.handed_to(call);
        }
        let mut args = self.method_args(call)?;
        self.context_argument(map, method, &mut args, span);
        if let (MapAccess::Delete, [key]) = (method.needs, args.as_slice()) {
            self.note_deleted(map, key, span);
        }
        let ty = self.table_type(method.result);
        Some(Expr::operation(Callee::Map { map, method }, args, ty, span))
    }

    /// None if the map does not allow the method, which is reported.
    fn allowed(&mut self, call: &MapCall<'_>) -> Option<()> {
        let &MapCall { map, method, name, args, span } = call;
        let kind = self.env.program.map(map).kind;
        if !method.function && !kind.can(method.needs) {
            self.check_args(args);
            self.no_such_method(map, kind, name);
            return None;
        }
        if self.can(map, method.needs, span) {
            return Some(());
        }
        // A type is no argument to check.
        if method.needs != MapAccess::Alloc {
            self.check_args(args);
        }
        None
    }

    /// `m.entry(k, init)`, `q.pop()`: what is there or not. None if that was reported.
    pub fn map_optional(&mut self, call: MapCall<'_>) -> Option<Optional> {
        let MapCall { map, method, span, .. } = call;
        self.allowed(&call)?;
        if method.needs == MapAccess::Reserve {
            return self.record(call);
        }
        let args = self.method_args(call)?;
        let (_, ty) = self.entry_types(map);
        let kind = match <[Expr; 2]>::try_from(args) {
            Ok([key, init]) => {
                self.percpu_value(map, span);
                OptionalKind::MapEntryOr { map, key, init }
            }
            Err(_) => OptionalKind::MapTake { map, method },
        };
        Some(Optional { kind, ty, span })
    }

    /// `redirect(m, key, flags)`
    pub fn map_function(
        &mut self,
        method: &'static MapMethodSpec,
        name: &Ident,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Expr> {
        let map = args.first().and_then(|arg| self.map_named(&arg.value));
        let Some(map) = map else {
            if let Some(helper) = method.without_map.and_then(tables::helper)
                && (1..=helper.args.len()).contains(&args.len())
            {
                return self.redirect_to_interface(helper, args, span);
            }
            self.check_args(args);
            let kinds: Vec<String> =
                MAP_KINDS.iter().filter(|k| k.can(method.needs)).map(|k| format!("`{}`", k.name)).collect();
            let at = args.first().map_or(span, |arg| arg.value.span);
            self.error(at, MapWanted { name: name.name.clone() })
                .help(format!("it takes a map of kind {}", kinds.join(", ")));
            return None;
        };
        let call = MapCall { map, method, name, args: &args[1..], span };
        let kind = self.env.program.map(map).kind;
        if !kind.can(method.needs) && [MapAccess::Sockets, MapAccess::NamedSockets].into_iter().any(|to| kind.can(to)) {
            return self.redirect_to_socket(call);
        }
        self.allowed(&call)?;
        if method.needs == MapAccess::Refused && self.taken_out(map, method.name, span) {
            self.check_args(&args[1..]);
            return None;
        }
        let mut args = self.method_args(call)?;
        if method.needs == MapAccess::TailCall && self.refuse_tail_call(span) {
            return None;
        }
        self.context_argument(map, method, &mut args, span);
        let ty = self.table_type(method.result);
        Some(Expr::operation(Callee::Map { map, method }, args, ty, span))
    }

    /// `s.id(ctx, flags)`: a helper that takes the context, the map, and the last argument.
    fn helper_on_map(&mut self, helper: &'static HelperSpec, call: MapCall<'_>) -> Option<Expr> {
        let MapCall { map, method, args, span, .. } = call;
        let nullable = helper.args.first().is_some_and(|spec| spec.nullable);
        let params = vec![Param::Context { nullable, socket: false }, Param::Of(Ty::U64)];
        let mut signature = method_signature(&call, params);
        let args = self.arguments(&mut signature, args)?;
        let args = all_known(args)?;
        let stacks = self.env.program.map(map).stacks().map(str::to_owned);
        let map = self.map_address(map, span);
        let ty = self.table_type(method.result);
        let mut args = args.into_iter();
        let args = args.next().into_iter().chain([map]).chain(args).collect();
        let yielded = Expr::operation(Callee::Helper(helper), args, ty, span);
        Some(match stacks {
            Some(stacks) => cast(yielded, self.cx.types.stack_id(&stacks)),
            None => yielded,
        })
    }

    /// A method that is a helper which yields 1 for true, or else 0 or a negative errno.
    fn helper_test(&mut self, helper: &'static HelperSpec, call: MapCall<'_>) -> Option<Expr> {
        let MapCall { map, args, span, .. } = call;
        let mut params = vec![Param::Of(Ty::U32)];
        let takes_context = call.method.params.len() > 1;
        if takes_context {
            params.insert(0, Param::Context { nullable: false, socket: false });
        }
        let mut signature = method_signature(&call, params);
        let mut args = all_known(self.arguments(&mut signature, args)?)?;
        args.insert(usize::from(takes_context), self.map_address(map, span));
        let yielded = Expr::operation(Callee::Helper(helper), args, Ty::I64, span);
        let one = int_expr(1, Ty::I64, span);
        Some(comparison(CompareOp::Eq, yielded, one, span))
    }

    fn method_args(&mut self, call: MapCall<'_>) -> Option<Vec<Expr>> {
        let MapCall { map, method, args, span, .. } = call;
        let tail = method.tail.filter(|_| args.len() == method.params.len() + 1);
        if tail.is_some() && !self.can(map, MapAccess::Tails, span) {
            self.check_args(args);
            return None;
        }
        let params = method.params.iter().chain(&tail).map(|(_, text)| self.table_param(text, Some(map))).collect();
        self.arguments(&mut method_signature(&call, params), args)
    }
}

impl Site<'_, '_> {
    /// Whether the map allows something where the function runs, or may run; reports if not.
    pub fn can(&mut self, map: MapId, access: MapAccess, span: Span) -> bool {
        self.can_any(map, &[access], span)
    }

    /// Like `can`, but one allowed access of these is enough; the error names the last one.
    pub fn can_any(&mut self, map: MapId, accesses: &[MapAccess], span: Span) -> bool {
        let declared = self.env.program.map(map);
        let why = |access: MapAccess| {
            let mut last = None;
            for target in self.targets.iter() {
                last = Some(refusal(declared.kind, declared.flags, access, target)?);
            }
            last
        };
        if accesses.iter().any(|&access| why(access).is_none()) {
            return true;
        }
        let Some((access, why)) = accesses.last().and_then(|&access| Some((access, why(access)?))) else { return true };
        let (name, kind) = (declared.name.clone(), declared.kind);
        let only = self.targets.only().filter(|_| kind.can(access));
        let side = only.map_or("on any side", |target| target.facts().within);
        let refuses =
            || MapRefuses { name, kind: kind.word().to_owned(), what: access.in_words().into(), side: side.into() };
        match why {
            Refusal::Kind => self.error(span, refuses()).help(kind.abilities()),
            Refusal::Flag(flag) => {
                self.error(span, refuses()).help(format!("it is declared with `@flags({})`", flag.name))
            }
        };
        false
    }

    fn no_such_method(&mut self, map: MapId, kind: &MapKindSpec, name: &Ident) {
        let of = format!("map `{}`, a `{}`,", self.env.program.map(map).name, kind.word());
        let has = MAP_METHODS.iter().filter(|method| kind.can(method.needs) && on_maps(method));
        let has: Vec<&str> = has.map(MapMethodSpec::word).collect();
        let near = similar::best(&name.name, has.iter().copied());
        let form = foreign::map_method(&name.name).filter(|_| kind.can(MapAccess::Lookup));
        let of_one = |method: &&MapMethodSpec| method.needs == MapAccess::Buckets && method.word() == name.name;
        let one = kind.buckets.and_then(|_| MAP_METHODS.iter().find(of_one)).map(|method| {
            let map = &self.env.program.map(map).name;
            format!("each key has a histogram: `{map}[key].{}(…)`", method.word())
        });
        let error = self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
        if let Some(one) = one {
            error.help(one);
        } else if let Some(form) = form {
            error.help(form);
        } else if let Some(near) = near {
            error.near(name.span, near);
        } else if has.is_empty() {
            error.help(kind.abilities());
        } else {
            let has: Vec<String> = has.iter().map(|name| format!("`{name}`")).collect();
            error.help(format!("a `{}` has {}", kind.word(), has.join(", ")));
        }
    }
}

/// Whether it is called as `m.name()`.
fn on_maps(method: &MapMethodSpec) -> bool {
    !method.function && !method.entry && !method.indexed
}

/// What a method takes; of one that is a function, the map comes first.
fn method_signature<'a>(call: &MapCall<'a>, params: Vec<Param>) -> Signature<'a> {
    let (before, form) = (usize::from(call.method.function), form(call.method));
    Signature { before, form, ..Signature::new(&call.name.name, call.name.span, params) }
}

/// As it is called, for messages.
fn form(method: &MapMethodSpec) -> String {
    let params: Vec<String> = method.params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let mut params = params.join(", ");
    if let Some((name, ty)) = method.tail {
        params += &format!("[, {name}: {ty}]");
    }
    let call = if method.function && params.is_empty() {
        format!("{}(map)", method.name)
    } else if method.function {
        format!("{}(map, {params})", method.name)
    } else {
        format!("map.{}({params})", method.name)
    };
    format!("it is `{call} -> {}`: {}", method.result, method.summary)
}
