//! Copies of parts of packets that can be in one variable, since none is read where another one is.
//!
//! A copy that the program writes to, or that is made again, has a variable of its own.

use super::uses::Followed;
use crate::ir::{Function, OpId};
use std::collections::{BTreeMap, HashMap};

/// A variable for copies.
#[derive(Clone, Copy)]
pub struct Variable {
    /// The variables of a loop's body, or of what is in no loop, are numbered from 0.
    pub number: usize,
    /// How many words of 64 bits it has.
    pub words: u64,
}

/// The code in which one copy is used.
struct Life {
    access: OpId,
    words: u64,
    /// The places of the access and of the last op that reads the copy, in order of the text.
    from: usize,
    to: usize,
}

/// The variable of each access whose copy shares it, of those that copy as many bytes as they are given with.
pub fn variables(func: &Function, accesses: &[(OpId, &Followed, u64)]) -> BTreeMap<OpId, Variable> {
    let order: HashMap<OpId, usize> = func.walk().into_iter().enumerate().map(|(at, op)| (op, at)).collect();
    let mut by_loop: BTreeMap<Option<OpId>, Vec<Life>> = BTreeMap::new();
    for &(access, followed, bytes) in accesses {
        if let Some((from, to)) = life(func, &order, access, followed) {
            let words = bytes.div_ceil(8).max(1);
            by_loop.entry(func.loops(access).next()).or_default().push(Life { access, words, from, to });
        }
    }
    let mut found = BTreeMap::new();
    for mut lives in by_loop.into_values() {
        lives.sort_by_key(|life| life.from);
        // Where the last copy in each variable ends, and the words of the largest one.
        let mut variables: Vec<(usize, u64)> = Vec::new();
        let mut numbers = Vec::new();
        for life in &lives {
            let free = variables.iter().position(|&(end, _)| end < life.from);
            let number = free.unwrap_or(variables.len());
            match free {
                Some(number) => variables[number] = (life.to, variables[number].1.max(life.words)),
                None => variables.push((life.to, life.words)),
            }
            numbers.push(number);
        }
        let held = |(life, number): (&Life, usize)| (life.access, Variable { number, words: variables[number].1 });
        let is_shared = |number: usize| numbers.iter().filter(|&&other| other == number).count() > 1;
        found
            .extend(std::iter::zip(&lives, numbers.iter().copied()).filter(|&(_, number)| is_shared(number)).map(held));
    }
    found
}

/// None if an iteration of a loop may read the copy that an earlier one made, or code behind the loop.
fn life(func: &Function, order: &HashMap<OpId, usize>, access: OpId, followed: &Followed) -> Option<(usize, usize)> {
    let from = order[&access];
    let around = func.loops(access).next();
    let mut to = from;
    for &(read, _) in &followed.reads {
        // What is in an inner loop is read as long as that runs.
        let mut outermost = read;
        while func.loops(outermost).next() != around {
            outermost = func.loops(outermost).next()?;
        }
        let mut inside = Vec::new();
        func.ops[outermost].regions.iter().for_each(|&region| func.walk_region(region, &mut inside));
        to = inside.iter().chain([&outermost]).map(|op| order[op]).max()?.max(to);
        if order[&read] < from {
            return None;
        }
    }
    Some((from, to))
}
