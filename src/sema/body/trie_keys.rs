//! Keys of tries: `routes.key(addr, 24)`.

use super::Checker;
use super::value::{int_expr, number};
use crate::ast::{self, Ident};
use crate::diag::codes::maps::{PrefixFields, PrefixLength};
use crate::sema::tree::{Expr, ExprKind, MapId};
use crate::source::Span;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// The key of all bits of a value, or of its first ones.
    pub fn trie_key(&mut self, map: MapId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let (ty, _) = self.entry_types(map);
        let (TyKind::Struct(id), 1 | 2) = (self.cx.types.kind(ty), args.len()) else {
            self.check_args(args);
            if ty != Ty::ERROR {
                self.wrong_count(&name.name, "1 to 2 arguments", args.len(), name.span)
                    .help("`m.key(value)` is the key of all bits, `m.key(value, bits)` of the first ones");
            }
            return None;
        };
        let fields = self.cx.types.struct_def(id).fields.clone();
        let [_, field] = fields.as_slice() else {
            self.check_args(args);
            let of = self.ty_name(ty);
            self.error(name.span, PrefixFields { ty: of.clone() })
                .help(format!("write the struct: `{of} {{ prefixlen: …, … }}`"));
            return None;
        };
        let value = self.coerced(&args[0].value, field.ty);
        let most = self.cx.types.size_of(field.ty) * 8;
        let bits = match args.get(1) {
            Some(bits) => self.coerced(&bits.value, Ty::U32),
            None => int_expr(i128::from(most), Ty::U32, span),
        };
        if let Some(bits_given) = number(&bits).filter(|&bits| bits > i128::from(most)) {
            let (bits_given, most) = (bits_given.to_string(), most.to_string());
            self.error(bits.span, PrefixLength { bits: bits_given, most });
            return None;
        }
        Some(Expr { kind: ExprKind::Struct { fields: vec![(1, value), (0, bits)] }, ty, span })
    }
}
