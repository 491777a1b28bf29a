//! What an executable for coverage counts (`Options::coverage`): how often control comes to points of the source.
//!
//! A point is known by its place, so that a function that is lowered several times, or runs on both sides, has each point once. Lines and
//! branches are sums and differences of points.

use super::Span;
use std::collections::{BTreeMap, HashMap};

/// Index of a counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Point(pub u32);

/// What is counted of the construct at a span.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Part {
    /// How often control comes to it; of several ops at this place, to the one of this number.
    Start(u32),
    /// How often control takes this branch of it, from 0.
    Branch(u32),
    /// How often `&&` or `||` evaluates its right operand.
    Right,
    /// How often control goes on behind it.
    Behind,
}

/// What branches there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fork {
    /// A condition, a loop or a `match`.
    Statement,
    /// `&&` or `||`, which may be the whole condition of an `if`.
    Logical,
}

/// How often a branch is taken: as often as control comes to one point, less the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    pub all: Point,
    pub less: Vec<Point>,
}

/// A function, by what counts its calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub name: String,
    pub point: Point,
}

/// All points of a program, and what they say.
#[derive(Clone, Default, Debug)]
pub struct Points {
    known: HashMap<(Span, Part), Point>,
    /// Functions, by the spans of their names.
    pub funcs: BTreeMap<Span, Entry>,
    /// What counts a statement, by its place.
    pub statements: BTreeMap<Span, Point>,
    /// Branches, by the place of what branches and their numbers.
    pub branches: BTreeMap<(Span, Fork), BTreeMap<u32, Taken>>,
}

impl Points {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// The point at a part of a construct. One at a branch says how often that is taken.
    pub fn at(&mut self, span: Span, part: Part) -> Point {
        let next = Point(self.known.len() as u32);
        let point = *self.known.entry((span, part)).or_insert(next);
        let taken = Taken { all: point, less: Vec::new() };
        match part {
            Part::Branch(branch) => self.branch((span, Fork::Statement), branch, taken),
            Part::Right => self.branch((span, Fork::Logical), 0, taken),
            Part::Start(_) | Part::Behind => {}
        }
        point
    }

    /// Says how often a branch is taken that has no point of its own.
    pub fn branch(&mut self, at: (Span, Fork), branch: u32, taken: Taken) {
        self.branches.entry(at).or_default().entry(branch).or_insert(taken);
    }
}

impl Taken {
    /// By the number of each point. What several processors count at once may lack a few, so that the others are more.
    pub fn of(&self, count: impl Fn(Point) -> u64) -> u64 {
        self.less.iter().fold(count(self.all), |rest, &point| rest.saturating_sub(count(point)))
    }
}
