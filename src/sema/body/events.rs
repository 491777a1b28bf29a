//! Events of BPF code for user space: their context, their handlers, and `dispatch`.

use super::map_methods::MapCall;
use super::value::error_expr;
use super::{Checker, Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::{ArgumentCount, NamedArgument};
use crate::diag::codes::events::{ContextWanted, DispatchWhat, HandlerWanted, NegativeTimeOut};
use crate::diag::codes::refused::{HandlerByName, InnerMapCall};
use crate::sema::env::Entity;
use crate::sema::tree::{Callee, Const, Expr, ExprKind, LocalId, MapId, Optional, OptionalKind};
use crate::source::Span;
use crate::tables::{MapAccess, MapKindSpec, MapMethodSpec, ValueRule};
use crate::target::Target;
use crate::types::{FnSig, Space, Ty, TyKind, Types};

/// What views the bytes after the value of a record.
const TAIL: &str = "tail";

impl Checker<'_, '_> {
    /// `var e = rb.reserve()`, `e = rb.reserve()`, `return rb.reserve()`: a pointer that may be null, which later statements or callers
    /// test. None for other uses.
    pub fn kept_record(&mut self, call: &MapCall<'_>) -> Option<Expr> {
        if self.kept_by_statement != Some(call.span) || call.method.name != "reserve" || !call.args.is_empty() {
            return None;
        }
        let MapCall { map, method, name, args, span } = *call;
        let Some(record) = self.map_optional(MapCall { map, method, name, args, span }) else {
            return Some(error_expr(span));
        };
        let TyKind::Ptr { to, space, .. } = self.cx.types.kind(record.ty) else { return None };
        let ty = self.cx.types.ptr(to, space, true);
        Some(Expr { kind: ExprKind::PacketPointer(Box::new(record)), ty, span })
    }

    /// `rb.reserve()`, `rb.reserve(n)`. None if that was reported.
    pub fn record(&mut self, call: MapCall<'_>) -> Option<Optional> {
        let MapCall { map, name, args, span, .. } = call;
        let tail = match args {
            [] => None,
            [tail] => {
                self.refuse_name(tail, &name.name);
                if !self.can(map, MapAccess::Tails, span) {
                    self.check_args(args);
                    return None;
                }
                Some(self.count_of_bytes(&tail.value)?)
            }
            [_, _, ..] => {
                self.check_args(args);
                self.wrong_count(&name.name, "at most 1 argument", args.len(), name.span)
                    .help("`reserve()` is a record of the value alone, `reserve(n)` one of the value and `n` bytes");
                return None;
            }
        };
        let (_, value) = self.entry_types(map);
        let ty = self.cx.types.ptr(value, Space::Ringbuf, false);
        Some(Optional { kind: OptionalKind::Record { map, tail }, ty, span })
    }

    /// `m.on_event(handler)`, `m.drain(handler)`
    pub fn handed_to(&mut self, call: MapCall<'_>) -> Option<Expr> {
        let MapCall { map, method, name, args, span } = call;
        let [arg] = args else {
            self.check_args(args);
            self.wrong_count(&name.name, "1 argument", args.len(), name.span).remark(method.summary);
            return None;
        };
        self.refuse_name(arg, method.name);
        let handler = match self.tail_handler(&arg.value) {
            Some(handler) => handler,
            None => self.typed(&arg.value, None),
        }
        .known()?;
        let (_, value) = self.entry_types(map);
        if value == Ty::ERROR {
            return None;
        }
        let kind = self.env.program.map(map).kind;
        if !self.function_type(handler.ty).is_some_and(|sig| takes(&self.cx.types, &sig, (kind, value))) {
            let found = format!("a `{}`", self.ty_name(handler.ty));
            let (name, value) = (self.env.program.map(map).name.clone(), self.ty_name(value));
            let tail = if has_tails(kind) { ", and with `tail: bytes`" } else { "" };
            self.error(arg.value.span, HandlerWanted { name, found }).help(format!(
                "it is handed to a function: `fn handle(e: *{value}) -> i32`, or without `-> i32`{tail}"
            ));
            return None;
        }
        // The kernel calls it, by an address that is known when the program is loaded.
        if method.needs == MapAccess::Drain && !matches!(handler.kind, ExprKind::Const(Const::Func(_))) {
            self.error(arg.value.span, HandlerByName { what: format!("`{}`", method.name) })
                .help("name the function here, or choose among calls in an `if`");
            return Some(error_expr(arg.value.span));
        }
        let ty = self.table_type(method.result);
        Some(Expr::operation(Callee::Map { map, method }, vec![handler], ty, span))
    }

    /// `dispatch(m, …)`, `dispatch(m, …, timeout_ms: n)`
    pub fn dispatch(&mut self, args: &[ast::Arg], named: &str, span: Span) -> Option<Expr> {
        let (timeout, listened) = match args.split_last() {
            Some((last, before)) if last.name.as_ref().is_some_and(|name| name.name == named) => (Some(last), before),
            Some(_) | None => (None, args),
        };
        let mut maps = Vec::new();
        for arg in listened {
            if let Some(map) = self.listened(arg, named)
                && !maps.contains(&map)
            {
                maps.push(map);
            }
        }
        if listened.is_empty() {
            let takes = "at least one map".to_owned();
            self.error(span, ArgumentCount { name: "dispatch".into(), takes, given: "none".into() })
                .remark("it is `dispatch(map, …)` or `dispatch(map, …, timeout_ms: n)`");
        }
        let args = timeout.map(|timeout| self.time_out(&timeout.value)).into_iter().collect();
        Some(Expr::operation(Callee::Dispatch(maps), args, Ty::I32, span))
    }

    fn time_out(&mut self, written: &ast::Expr) -> Expr {
        let value = self.coerced(written, Ty::I64);
        if let ExprKind::Const(Const::Int(milliseconds)) = value.kind
            && milliseconds < 0
        {
            self.error(value.span, NegativeTimeOut { value: milliseconds.to_string() })
                .help("`0` takes what was sent and does not wait; without a time-out `dispatch` waits for a signal");
        }
        value
    }

    /// A map that `dispatch` listens to; none if that was reported.
    fn listened(&mut self, arg: &ast::Arg, timeout: &str) -> Option<MapId> {
        if let Some(name) = &arg.name {
            let named = NamedArgument { name: name.name.clone(), of: "dispatch".to_owned() };
            let error = self.error(name.span, named);
            error.help(format!("the time-out is its last argument: `{timeout}: 100`"));
            if timeout.starts_with(&name.name) {
                error.fix(name.span, timeout);
            }
            self.value(&arg.value, None);
            return None;
        }
        let Some(map) = self.map_named(&arg.value) else {
            let value = self.typed(&arg.value, None);
            if value.ty != Ty::ERROR {
                let found = format!("a value of type `{}`", self.ty_name(value.ty));
                let is_number = self.cx.types.as_int(value.ty).is_some();
                let error = self.error(value.span, DispatchWhat { found });
                if is_number {
                    error.help(format!("the time-out is written by its name: `{timeout}: n`"));
                }
            }
            return None;
        };
        let declared = self.env.program.map(map);
        if !declared.kind.can(MapAccess::Events) {
            let found = format!("`{}`, a `{}`,", declared.name, declared.kind.word());
            self.error(arg.value.span, DispatchWhat { found })
                .help("what BPF code sends goes through a `ringbuf` or a `perf_event_array`");
            return None;
        }
        (self.can(map, MapAccess::Events, arg.value.span) && !self.taken_out(map, "dispatch", arg.value.span))
            .then_some(map)
    }
}

impl State<'_, '_> {
    /// The argument of a method besides those in the source: an event is sent with the context of the program.
    pub fn context_argument(&mut self, map: MapId, method: &MapMethodSpec, args: &mut Vec<Expr>, span: Span) {
        let is_event = method.needs == MapAccess::Output && self.env.program.map(map).kind.value == ValueRule::Event;
        if !is_event && method.needs != MapAccess::TailCall {
            return;
        }
        let declared = self.env.program.func(self.func);
        let in_context =
            |&param: &LocalId| self.pointer(self.vars[param].ty).is_some_and(|pointer| pointer.space == Space::Ctx);
        let context = self.context_param().or_else(|| declared.params.iter().copied().find(in_context));
        if let Some(context) = context.or(declared.context) {
            self.vars[context].read = true;
            args.push(self.vars.local_expr(context, span));
            return;
        }
        let map = &self.env.program.map(map).name;
        let name = if is_event { format!("`{map}.output`") } else { format!("`{}`", method.name) };
        let func = self.env.program.func(self.func).name.clone();
        let help = self.context_help();
        self.error(span, ContextWanted { name, func }).help(help);
    }

    /// Whether `record.name` is the view of the bytes after a record's value. A field of that name hides it.
    pub fn has_tail(&self, record: LocalId, name: &Ident) -> bool {
        if name.name != TAIL || !self.vars[record].has_tail {
            return false;
        }
        let value = self.pointer(self.vars[record].ty).and_then(|pointer| self.struct_id(pointer.to));
        value.is_none_or(|value| self.cx.types.struct_def(value).field(TAIL).is_none())
    }

    /// The name of a function that takes a `bytes`, which is no value of other code than `on_event`.
    fn tail_handler(&mut self, handler: &ast::Expr) -> Option<Expr> {
        let Some(Entity::Func(func)) = self.entity_named(handler) else { return None };
        let func = *func;
        let sig = self.env.value_signature(func).filter(|sig| sig.params.contains(&Ty::BYTES))?;
        let (ty, value) = (self.cx.types.func(sig), Const::Func(func));
        Some(Expr { kind: ExprKind::Const(value), ty, span: handler.span })
    }
}

impl Site<'_, '_> {
    /// Refuses what needs a map that the program declares, of one that it took out of a map of maps.
    pub fn taken_out(&mut self, map: MapId, what: &str, span: Span) -> bool {
        let bound = self.env.program.map(map).is_bound;
        if bound {
            let why = "is of maps that the program declares, not of one out of a map of maps".to_owned();
            self.error(span, InnerMapCall { what: what.to_owned(), why })
                .help("call it on a map that is declared by its name, which the map of maps may hold");
        }
        bound
    }
}

/// Whether user space sees the bytes after the values of a map's records.
fn has_tails(kind: &MapKindSpec) -> bool {
    kind.on[Target::Host].contains(&MapAccess::Tails)
}

/// Whether a function takes a pointer to the value, perhaps also the bytes after it, and yields what `dispatch` understands.
pub fn takes(types: &Types, sig: &FnSig, (kind, value): (&MapKindSpec, Ty)) -> bool {
    let param = match sig.params.as_slice() {
        [param] => param,
        [param, tail] if *tail == Ty::BYTES && has_tails(kind) => param,
        [] | [_, _, ..] => return false,
    };
    let TyKind::Ptr { to, space: Space::Any, .. } = types.kind(*param) else { return false };
    to == value && matches!(sig.result, Ty::I32 | Ty::VOID)
}
