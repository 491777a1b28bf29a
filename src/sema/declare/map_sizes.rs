//! Sizes of maps: constants, and integers of configs, which user space decides before the load.

use super::Declare;
use super::maps::form;
use crate::ast::{Expr, ExprKind, Ident};
use crate::diag::codes::maps::{ArenaSize, MapSize, RingSize, SizeNotWanted};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::advice::members::no_such_field;
use crate::sema::consts;
use crate::sema::env::{Declared, Entity};
use crate::sema::imports;
use crate::sema::scope::Found;
use crate::sema::tree::{ConfigId, Const, SizeSource};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{MapKindSpec, SizeRule};
use crate::types::{Ty, TyKind};

/// A ring buffer is mapped in pages.
const PAGE: i128 = 4096;
/// `SZ_4G` of `arena_map_alloc` in kernel/bpf/arena.c, in pages.
const MAX_FRAMES: u32 = 1 << 20;

impl Declare<'_> {
    /// The number that the object has for the size, from its constant or from the default of what `by_config` says. None of it after an error.
    pub(super) fn map_size(
        &self,
        cx: &mut Session,
        kind: &'static MapKindSpec,
        (value, span): (Option<i128>, Span),
        by_config: bool,
    ) -> u32 {
        let Some(value) = value else { return 1 };
        let entries = u32::try_from(value).ok().filter(|entries| *entries > 0);
        let error = match kind.size {
            SizeRule::Entries | SizeRule::Cpus => {
                if entries.is_some() {
                    None
                } else {
                    let error = cx.error(span, MapSize { value: value.to_string() });
                    Some(error.help("the number of entries is a constant from 1 to 4294967295"))
                }
            }
            SizeRule::Pages if entries.is_none_or(|n| !n.is_power_of_two() || i128::from(n) % PAGE != 0) => {
                let next = value.clamp(PAGE, 1 << 31).cast_unsigned().next_power_of_two();
                let error = cx.error(span, RingSize { kind: kind.word().to_owned(), value: value.to_string() });
                error.help("its size in bytes is a power of two and a multiple of the page, 4096");
                if !by_config {
                    error.fix(span, next.min(1 << 31).to_string());
                }
                Some(error)
            }
            SizeRule::Pages => None,
            SizeRule::Frames => {
                if entries.is_none_or(|pages| pages > MAX_FRAMES) {
                    let error = cx.error(span, ArenaSize { value: value.to_string() });
                    Some(error.help(format!(
                        "its size is a number of pages of 4096 bytes, from 1 to {MAX_FRAMES}, which is 4 GiB"
                    )))
                } else {
                    None
                }
            }
            SizeRule::One | SizeRule::None => {
                let is_one = kind.size == SizeRule::One;
                let why = if is_one { "it is one histogram" } else { "it grows with the kernel's objects" };
                cx.error(span, SizeNotWanted { kind: kind.word().to_owned() })
                    .help(format!("{why}: `var name : {}`", form(kind)));
                return 0;
            }
        };
        if let Some(error) = error.filter(|_| by_config) {
            error.help("the default of the config's field is the size in the object, which other loaders take");
        }
        entries.unwrap_or(1)
    }

    /// A size that is a field of a config, with its default; none inside if that was wrong, which was reported. None for any other expression.
    pub(super) fn size_source(&mut self, cx: &mut Session, size: &Expr) -> Option<Option<(i128, SizeSource)>> {
        if let ExprKind::Paren(inner) = &size.kind {
            return self.size_source(cx, inner);
        }
        let mut fields = Vec::new();
        let config = self.config_part(cx, size, &mut fields)?;
        Some(self.config_integer(cx, (config, &fields), size.span))
    }

    /// The config that an expression is of, and the fields that lead into it.
    fn config_part<'e>(&mut self, cx: &mut Session, expr: &'e Expr, fields: &mut Vec<&'e Ident>) -> Option<ConfigId> {
        let is_known = imports::is_known(cx, self, expr);
        let found = if is_known { imports::find_expr(cx, self, expr) } else { None };
        if let Some(Found::Declared(Declared { entity: Entity::Config(config), .. })) = found {
            return Some(config);
        }
        let ExprKind::Field { base, name, arrow: false } = &expr.kind else { return None };
        let config = self.config_part(cx, base, fields)?;
        fields.push(name);
        Some(config)
    }

    fn config_integer(
        &self,
        cx: &mut Session,
        (config, fields): (ConfigId, &[&Ident]),
        span: Span,
    ) -> Option<(i128, SizeSource)> {
        let of = self.env.program.config(config).ty;
        let (mut ty, mut offset) = (cx.types.intern(TyKind::Struct(of)), 0);
        let mut default: Option<Const> = None;
        for name in fields {
            let TyKind::Struct(id) = cx.types.kind(ty) else { break };
            let Some(index) = cx.types.struct_def(id).field(&name.name) else {
                no_such_field(cx, id, name);
                return None;
            };
            let field = &cx.types.struct_def(id).fields[index];
            (ty, offset) = (field.ty, offset + field.offset);
            default = Some(match &default {
                None => self.env.field_defaults.get(&(id, index)).cloned().unwrap_or(Const::Zero),
                Some(whole) => consts::part(&cx.types, whole, index, ty),
            });
        }
        if ty == Ty::ERROR {
            return None;
        }
        let value = match default {
            Some(Const::Int(value)) => value,
            Some(Const::Zero) | None => 0,
            Some(_) => i128::MIN,
        };
        if cx.types.as_int(ty).is_none() || value == i128::MIN {
            let found = format!("`{}`", cx.types.name(ty));
            cx.error(span, MismatchedTypes { wanted: "an integer".to_owned(), found });
            return None;
        }
        let text = cx.sources.text(span).to_owned();
        Some((value, SizeSource { config, offset: offset as u32, ty, text }))
    }
}
