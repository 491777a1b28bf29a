//! Maps, structs and arrays that are printed whole: `print(m, top: n, by: field)`, `print(x)`.

use super::exprs::strip;
use super::value::error_expr;
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::contexts::{ArgumentCount, NamedArgument};
use crate::diag::codes::names::{NoSuchField, NotAValue};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::advice;
use crate::sema::tree::{Callee, EntryOrder, Expr, MapId};
use crate::source::Span;
use crate::tables::{MAP_METHODS, MapAccess, MapMethodSpec};
use crate::target::Maps;
use crate::types::{Ty, TyKind};

/// The arguments of what goes through the entries of a map in order.
const TOP: &str = "top";
const BY: &str = "by";
/// What `by` names the key with, where the value has no field of the name.
const KEY: &str = "key";

/// Which entries, at most, and what they go by.
pub struct Chosen {
    pub top: Option<Expr>,
    pub by: EntryOrder,
}

/// What takes the arguments: `print(m, top: n, by: field)`, `m.top(n, by: field)`.
struct Taker<'a> {
    map: MapId,
    name: &'a str,
    has_top: bool,
    /// The form of the call, for messages.
    form: String,
}

impl Checker<'_, '_> {
    /// `print(m)`, or a map of `show`: the table of a map.
    pub fn print_map(&mut self, by: &str, map: MapId, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let [table, rest @ ..] = args else { crate::bug!("a map that is printed is an argument") };
        let is_histogram = self.env.program.map(map).kind.buckets.is_some();
        let access = if is_histogram { MapAccess::Count } else { MapAccess::Walk };
        if !self.can(map, access, table.value.span) {
            self.check_named(rest);
            return None;
        }
        let name = &self.env.program.map(map).name;
        let form =
            format!("the table has lines of its own: `print({name})`; `top: n` limits it, `by: field` orders it");
        let taker = Taker { map, name: by, has_top: true, form };
        let Chosen { top, by } = self.chosen(&taker, rest)?;
        Some(Expr::operation(Callee::PrintMap { map, by }, top.into_iter().collect(), Ty::VOID, span))
    }

    /// `print(x)` of a struct or an array.
    pub fn print_whole(&mut self, value: Expr, span: Span) -> Expr {
        let name = self.text(value.span).to_owned();
        Expr::operation(Callee::PrintValue { name, named: false }, vec![value], Ty::VOID, span)
    }

    /// The entries of `m.sorted(by: field)` and `m.top(n, by: field)`; none if it is wrong, which is reported.
    pub fn ordered(&mut self, (map, method): (MapId, &MapMethodSpec), args: &[ast::Arg], span: Span) -> Option<Chosen> {
        let name = &self.env.program.map(map).name;
        let form = match method.params {
            [] => format!("it is `{name}.sorted(by: field)`, or `{name}.top(n)` for the first ones"),
            _ => format!("it is `{name}.{}(n, by: field)`", method.name),
        };
        let taker = Taker { map, name: method.name, has_top: false, form };
        let (first, rest) = args.split_at(method.params.len().min(args.len()));
        let top = first.iter().find(|arg| arg.name.is_none());
        let top = top.map(|arg| self.coerced(&arg.value, Ty::U64));
        if top.is_none() && !method.params.is_empty() {
            self.check_named(rest);
            let (takes, given) = ("how many entries".to_owned(), "none".to_owned());
            self.error(span, ArgumentCount { name: method.name.into(), takes, given }).help(taker.form);
            return None;
        }
        let chosen = self.chosen(&taker, rest)?;
        Some(Chosen { top, ..chosen })
    }

    /// A walk in order where a value is asked for.
    pub fn walk_as_value(&mut self, map: MapId, method: &MapMethodSpec, args: &[ast::Arg], span: Span) {
        self.check_named(args);
        let name = format!("{}.{}", self.env.program.map(map).name, method.name);
        self.error(span, NotAValue { name: name.clone(), what: "a walk over entries".into() })
            .help(format!("it stands in a loop: `for (k, v in {name}(…))`"));
    }

    /// The named arguments; none if one is wrong, which is reported.
    fn chosen(&mut self, taker: &Taker<'_>, args: &[ast::Arg]) -> Option<Chosen> {
        let mut chosen = Chosen { top: None, by: EntryOrder::Value };
        let mut wrong = false;
        for arg in args {
            let Some(name) = &arg.name else {
                self.no_name(taker, arg);
                wrong = true;
                continue;
            };
            match name.name.as_str() {
                TOP if self.is_only_histogram(taker.map) => {
                    self.error(name.span, NamedArgument { name: name.name.clone(), of: taker.name.to_owned() })
                        .help("it is one histogram, without keys");
                    wrong = true;
                }
                TOP if taker.has_top => chosen.top = Some(self.coerced(&arg.value, Ty::U64)),
                BY if self.env.program.map(taker.map).kind.buckets.is_some() => {
                    self.error(name.span, NamedArgument { name: name.name.clone(), of: taker.name.to_owned() })
                        .help("histograms go by how many values they count, the most first");
                    wrong = true;
                }
                BY => match self.entry_order(taker.map, &arg.value) {
                    Some(by) => chosen.by = by,
                    None => wrong = true,
                },
                _ => {
                    self.unknown_name(taker, name);
                    wrong = true;
                }
            }
        }
        (!wrong).then_some(chosen)
    }

    /// Checks the values of named arguments that are not asked for.
    fn check_named(&mut self, args: &[ast::Arg]) {
        let is_by = |arg: &&ast::Arg| arg.name.as_ref().is_some_and(|name| name.name == BY);
        args.iter().filter(|arg| !is_by(arg)).for_each(|arg| drop(self.value(&arg.value, None)));
    }

    /// An argument without a name.
    fn no_name(&mut self, taker: &Taker<'_>, arg: &ast::Arg) {
        if self.map_named(&arg.value).is_none() && self.typed(&arg.value, None).ty == Ty::ERROR {
            return;
        }
        let takes = if taker.has_top { "a map alone" } else { "named arguments" }.to_owned();
        let given = "another value".to_owned();
        self.error(arg.value.span, ArgumentCount { name: taker.name.into(), takes, given }).help(taker.form.as_str());
    }

    /// A map beside other values, or in a format.
    pub fn map_among_values(&mut self, map: MapId, span: Span) -> Expr {
        let (name, kind) = (self.env.program.map(map).name.clone(), self.env.program.map(map).kind);
        let help = match kind.buckets {
            Some(_) => format!("`print({name})` draws it"),
            None => format!("`print({name})` prints its table; an entry is `{name}[key]`"),
        };
        self.error(span, NotAValue { name, what: "a map".into() }).help(help);
        error_expr(span)
    }

    fn unknown_name(&mut self, taker: &Taker<'_>, name: &Ident) {
        let error = self.error(name.span, NamedArgument { name: name.name.clone(), of: taker.name.to_owned() });
        if taker.has_top {
            error.help("of a map it takes `top: n`, the most rows, and `by: field`, what they go by");
        } else {
            error.help(taker.form.as_str());
        }
    }
}

impl State<'_, '_> {
    /// The map, the method and the arguments of `m.sorted()` and the like.
    pub fn ordered_walk<'a>(&self, over: &'a ast::Expr) -> Option<(MapId, &'static MapMethodSpec, &'a [ast::Arg])> {
        let Ast::Call { callee, args } = &strip(over).kind else { return None };
        let Ast::Field { base, name, arrow: false } = &strip(callee).kind else { return None };
        let method = MAP_METHODS.iter().find(|method| method.walks && method.name == name.name)?;
        Some((self.map_named(base)?, method, args))
    }
}

impl Site<'_, '_> {
    /// Whether values of the type are printed whole where the function may run. `reach` refuses them in BPF code that gets there.
    pub fn has_parts(&self, ty: Ty) -> bool {
        let is_stack = self.cx.types.stacks_of(ty).is_some();
        let has_parts = is_stack || matches!(self.cx.types.kind(ty), TyKind::Struct(_) | TyKind::Array(..));
        has_parts && !self.is_text(ty) && !self.is_packet(ty) && self.targets.any(|on| on.maps == Maps::ByRuntime)
    }

    /// What `by: field` names; none if that is wrong, which is reported.
    fn entry_order(&mut self, map: MapId, written: &ast::Expr) -> Option<EntryOrder> {
        let Some(path) = path(written) else {
            let found = format!("`{}`", self.text(written.span));
            self.error(written.span, MismatchedTypes { wanted: "the name of a field".into(), found })
                .help("`by: packets` is the field of the values that rows go by, `by: key` the key");
            return None;
        };
        let mut ty = self.env.program.map(map).value;
        for (index, name) in path.iter().enumerate() {
            let TyKind::Struct(id) = self.cx.types.kind(ty) else {
                if path.len() == 1 && name.name == KEY {
                    return Some(EntryOrder::Key);
                }
                self.no_fields(map, ty, name);
                return None;
            };
            let def = self.cx.types.struct_def(id);
            match def.fields.iter().find(|field| field.name == name.name) {
                Some(field) => ty = field.ty,
                None if index == 0 && path.len() == 1 && name.name == KEY => return Some(EntryOrder::Key),
                None => {
                    advice::members::no_such_field(self.cx, id, name);
                    return None;
                }
            }
        }
        if self.is_ordered(ty) {
            let names: Vec<&str> = path.iter().map(|name| name.name.as_str()).collect();
            return Some(EntryOrder::Field(names.join(".")));
        }
        let found = format!("`{}`", self.ty_name(ty));
        self.error(written.span, MismatchedTypes { wanted: "a field that is an integer".into(), found });
        None
    }

    /// Whether rows can go by values of the type.
    fn is_ordered(&self, ty: Ty) -> bool {
        matches!(
            self.cx.types.kind(ty),
            TyKind::Int { .. } | TyKind::Be { .. } | TyKind::Enum(_) | TyKind::Bool | TyKind::Char
        )
    }

    /// A value that is no struct.
    fn no_fields(&mut self, map: MapId, ty: Ty, name: &Ident) {
        let (of, map) = (self.ty_name(ty), self.env.program.map(map).name.clone());
        self.error(name.span, NoSuchField { ty: of, name: name.name.clone() }).help(format!(
            "the values of `{map}` have no fields: without `by:` rows go by the value; `by: key` is the key"
        ));
    }
}

/// The names of `a` or `a.b`, outermost first.
fn path(expr: &ast::Expr) -> Option<Vec<&Ident>> {
    let expr = strip(expr);
    if let Ast::Name(path) = &expr.kind {
        return <&[Ident; 1]>::try_from(path.segments.as_slice()).ok().map(|[name]| vec![name]);
    }
    let Ast::Field { base, name, arrow: false } = &expr.kind else { return None };
    let mut names = path(base)?;
    names.push(name);
    Some(names)
}
