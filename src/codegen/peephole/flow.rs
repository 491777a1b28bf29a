//! Blocks of the code of a section, and where control goes from each.

use super::code::Code;
use std::ops::Range;

/// The blocks of all functions of a section.
pub struct Flow {
    /// The indexes of the items that are there, in their order.
    pub order: Vec<usize>,
    pub blocks: Vec<Block>,
}

/// Instructions that control comes to one after another.
pub struct Block {
    /// Places in `Flow::order`.
    pub places: Range<usize>,
    /// The blocks that follow.
    pub next: [Option<usize>; 2],
    /// A function begins here, or something unknown leads here.
    pub is_entry: bool,
}

impl Flow {
    /// The blocks of the code as it is.
    pub fn of(code: &Code) -> Flow {
        let order: Vec<usize> = (0..code.items.len()).filter(|&index| !code.items[index].removed).collect();
        let mut starts = Vec::new();
        let mut is_behind_end = true;
        for (place, &index) in order.iter().enumerate() {
            let item = &code.items[index];
            if is_behind_end || item.entered {
                starts.push(place);
            }
            is_behind_end = item.is_jump() || !item.falls_through();
        }
        let mut block_of = vec![None; code.items.len()];
        for (block, &start) in starts.iter().enumerate() {
            block_of[order[start]] = Some(block);
        }
        let mut blocks: Vec<Block> = Vec::with_capacity(starts.len());
        let mut is_led_to = vec![false; starts.len()];
        for (block, &start) in starts.iter().enumerate() {
            let end = starts.get(block + 1).copied().unwrap_or(order.len());
            let last = order[end - 1];
            let item = &code.items[last];
            let follows = (item.falls_through() && block + 1 < starts.len()).then_some(block + 1);
            let target = if item.is_jump() { code.target(last).and_then(|target| block_of[target]) } else { None };
            for next in [follows, target].into_iter().flatten() {
                is_led_to[next] = true;
            }
            blocks.push(Block { places: start..end, next: [follows, target], is_entry: false });
        }
        for (block, is_led_to) in blocks.iter_mut().zip(is_led_to) {
            let first = &code.items[order[block.places.start]];
            block.is_entry = first.is_function || !is_led_to;
        }
        Flow { order, blocks }
    }
}
