//! Conditions and branches: optionals, what is bound to them, `if`, `match`.

use super::{Block, Expr, LocalId, MapId};
use crate::source::Span;
use crate::tables::{BuiltinSpec, MapMethodSpec};
use crate::types::Ty;

/// Optionals: the sources of `if (var …)` and of presence tests.
pub struct Optional {
    pub kind: OptionalKind,
    /// The type of the value when it is there.
    pub ty: Ty,
    pub span: Span,
}

/// The construct that yields an optional.
pub enum OptionalKind {
    /// `m[k]`
    MapEntry { map: MapId, key: Expr },
    /// `m.entry(k, init)`
    MapEntryOr { map: MapId, key: Expr, init: Expr },
    /// `outer[k]` of a map of maps: `bound` is the placeholder of the map that is found.
    InnerMap { map: MapId, key: Expr, bound: MapId },
    /// `q.pop()`, `q.peek()`: a copy of the value.
    MapTake { map: MapId, method: &'static MapMethodSpec },
    /// `rb.reserve()`, `rb.reserve(n)`: a pointer to a record, all zero, and how many bytes follow the value.
    Record { map: MapId, tail: Option<Expr> },
    /// `ctx.packet(offset, T)`
    Packet { ctx: Expr, offset: Expr, of: Ty },
    /// `ctx.meta(T)`: `field` is that of the context where the metadata begin.
    Meta { ctx: Expr, field: usize, of: Ty },
    /// A pointer that may be null.
    Pointer(Expr),
    /// A view that has as many bytes as it was asked for.
    View(Expr),
    /// A builtin whose result may be absent: a copy of the value.
    Builtin { builtin: &'static BuiltinSpec, args: Vec<Expr> },
}

impl Optional {
    /// Whether it is a part of a packet.
    pub fn is_header(&self) -> bool {
        matches!(self.kind, OptionalKind::Packet { .. } | OptionalKind::Meta { .. })
    }
}

/// `var name = optional` in a condition. A map entry binds as a place: `ExprKind::Local` of the local names the entry
/// itself. A packet header and a pointer bind as a pointer value of the local's type, a view as itself.
pub struct Binding {
    pub local: LocalId,
    pub source: Optional,
}

/// The condition of an `if`: a bool, or bindings of optionals.
pub enum Condition {
    Expr(Expr),
    /// All must be there; later ones see earlier ones.
    Bindings(Vec<Binding>),
}

/// `if` with its branches; as an expression it has both.
pub struct If {
    pub condition: Condition,
    pub then: Block,
    pub otherwise: Option<Block>,
}

/// `match` on numbers; strings are matched by the number of the pattern.
pub struct Match {
    pub subject: Expr,
    pub arms: Vec<Arm>,
    /// Whether the arms take all numbers that the subject's type has, also those that are no variant of an enum.
    pub exhaustive: bool,
    /// The block of `default`; without one a value that no arm takes yields zero.
    pub default: Option<Block>,
}

/// One arm of a `match`.
pub struct Arm {
    /// Inclusive ranges of the subject's values (numbers; bools as 0 and 1; `be` in host order). They are disjoint and
    /// hold only numbers of the type: the checker has removed the rest, and what earlier arms cover.
    pub ranges: Vec<(i128, i128)>,
    pub body: Block,
    pub span: Span,
}
