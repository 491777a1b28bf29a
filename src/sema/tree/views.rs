//! Views: expressions of type `bytes`.

use super::{Block, Expr, Parts};

/// The source of a view. Offsets and counts are unsigned numbers; the view has only those of these bytes that exist.
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

impl Expr {
    /// The blocks among which a condition chooses, or the block that it is; none if it is no such expression.
    pub fn blocks(&self) -> Option<Vec<&Block>> {
        match self.parts() {
            Parts::If(node) => Some([&node.then].into_iter().chain(&node.otherwise).collect()),
            Parts::Match(node) => Some(node.arms.iter().map(|arm| &arm.body).chain(&node.default).collect()),
            Parts::Block(block) => Some(vec![block]),
            Parts::Operands(_) | Parts::Operation(..) | Parts::Optional(_) => None,
        }
    }

    /// The values of these blocks. One that leaves has no value.
    pub fn branches(&self) -> Option<Vec<&Expr>> {
        Some(self.blocks()?.into_iter().filter_map(|block| block.value.as_deref()).collect())
    }
}
