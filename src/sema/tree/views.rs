//! Views: expressions of type `bytes`.

use super::Expr;

/// What a view is of. Offsets and counts are numbers without sign; what does not exist of them is not in the view.
pub enum View {
    /// All bytes of a value that is stored somewhere, or of a constant; of a string all but the last, which is its NUL.
    Value(Expr),
    /// `ctx.bytes(offset, count)`; without a count up to the end of the packet.
    Packet { ctx: Expr, offset: Expr, count: Option<Expr> },
    /// `e.tail`: the bytes after the value of a record, by the variable that the record has been bound to.
    Tail(Expr),
    /// `view.slice(offset, count)`; without a count up to the end of the view.
    Slice { view: Expr, offset: Expr, count: Option<Expr> },
}

impl View {
    /// In order of evaluation.
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            View::Value(value) | View::Tail(value) => vec![value],
            View::Packet { ctx: first, offset, count } | View::Slice { view: first, offset, count } => {
                [first, offset].into_iter().chain(count).collect()
            }
        }
    }
}
