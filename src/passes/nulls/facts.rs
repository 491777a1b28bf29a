//! The facts at one point of a function.

use crate::dataflow::Lattice;
use crate::ir::{Symbol, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The place that a pointer is read from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Path {
    pub root: Root,
    pub steps: Vec<Step>,
}

/// The start of a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Root {
    /// A variable, by its place; a place that is bound or handed over; or the pointer itself.
    Value(Value),
    Global(Symbol),
}

/// A step from a place or pointer to a part of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    Field(usize),
    Deref,
}

impl Path {
    /// The path of a variable or value itself.
    pub fn of(value: Value) -> Path {
        Path { root: Root::Value(value), steps: Vec::new() }
    }

    /// The path to a part of this one.
    pub fn then(mut self, step: Step) -> Path {
        self.steps.push(step);
        self
    }

    /// Whether the path begins at the value.
    pub fn is_of(&self, value: Value) -> bool {
        self.root == Root::Value(value)
    }

    /// Whether the path leads through a pointer, so that writes through others may change it.
    pub fn follows_pointer(&self) -> bool {
        self.steps.contains(&Step::Deref)
    }

    /// Whether it leads through a place, or is that.
    pub fn begins_with(&self, place: &Path) -> bool {
        self.root == place.root && self.steps.starts_with(&place.steps)
    }
}

/// What holds on every path.
#[derive(Clone, Default, PartialEq)]
pub struct Facts {
    /// Pointers that are not null.
    pub present: BTreeSet<Path>,
    /// How many bytes the packets of contexts have at least.
    pub lengths: BTreeMap<Value, u64>,
}

impl Facts {
    /// Takes over what holds in both; whether anything is lost.
    fn join(self: &mut Rc<Facts>, other: &Rc<Facts>) -> bool {
        if Rc::ptr_eq(self, other) || **self == **other {
            return false;
        }
        let present: BTreeSet<Path> = self.present.intersection(&other.present).cloned().collect();
        let least = |(ctx, bytes): (&Value, &u64)| Some((*ctx, *bytes.min(other.lengths.get(ctx)?)));
        let lengths = self.lengths.iter().filter_map(least).collect();
        let joined = Facts { present, lengths };
        let changed = joined != **self;
        if changed {
            *self = Rc::new(joined);
        }
        changed
    }

    /// Adds what is known besides.
    fn add(self: &mut Rc<Facts>, other: &Facts) {
        let is_new = other.present.iter().any(|path| !self.present.contains(path)) || !other.lengths.is_empty();
        if is_new {
            let facts = Rc::make_mut(self);
            facts.present.extend(other.present.iter().cloned());
            for (&ctx, &bytes) in &other.lengths {
                facts.note_length(ctx, bytes);
            }
        }
    }

    /// Notes that the packet of a context has at least so many bytes.
    pub fn note_length(&mut self, ctx: Value, bytes: u64) {
        let known = self.lengths.entry(ctx).or_default();
        *known = bytes.max(*known);
    }

    fn forget(self: &mut Rc<Facts>, is_gone: &impl Fn(&Path) -> bool) {
        if self.present.iter().any(is_gone) {
            Rc::make_mut(self).present.retain(|path| !is_gone(path));
        }
    }
}

/// What a bool shows.
#[derive(Clone, Default)]
pub struct Outcome {
    /// The facts that hold besides if it is false, and if it is true. None for an outcome that is impossible.
    pub when: [Option<Rc<Facts>>; 2],
    /// The tests that it keeps: pointers, and the outcome for which each is not null.
    pub tests: BTreeSet<(Value, bool)>,
}

impl Outcome {
    fn join(&mut self, other: &Outcome) -> bool {
        // A path on which the outcome is impossible does not restrict the tests.
        let holds = |outcome: &Outcome, test: &(Value, bool)| {
            outcome.when[usize::from(test.1)].is_none() || outcome.tests.contains(test)
        };
        let all = self.tests.iter().chain(&other.tests).copied();
        let tests: BTreeSet<(Value, bool)> = all.filter(|test| holds(self, test) && holds(other, test)).collect();
        let mut changed = tests != self.tests;
        self.tests = tests;
        for (known, other) in std::iter::zip(&mut self.when, &other.when) {
            changed |= match (&mut *known, other) {
                (Some(known), Some(other)) => known.join(other),
                (None, Some(other)) => {
                    *known = Some(Rc::clone(other));
                    true
                }
                (Some(_) | None, None) => false,
            };
        }
        changed
    }
}

/// The state of the analysis at one point.
#[derive(Clone, Default)]
pub struct Known {
    pub facts: Rc<Facts>,
    /// Variables whose addresses are known elsewhere, on some path.
    pub addressed: BTreeSet<Value>,
    /// Variables that hold what the parameter of their name was handed.
    pub handed: BTreeSet<Value>,
    /// The paths that values were read from and that still hold them, and the paths of places.
    pub read: BTreeMap<Value, Path>,
    /// What bools show, as values and by the variables that hold them.
    pub outcomes: BTreeMap<Value, Outcome>,
}

/// None where control does not come.
pub type State = Option<Known>;

impl Lattice for State {
    fn join(&mut self, other: &State) -> bool {
        let Some(other) = other else { return false };
        let Some(known) = self else {
            *self = Some(other.clone());
            return true;
        };
        let mut changed = known.facts.join(&other.facts);
        let sizes = |known: &Known| [known.addressed.len(), known.handed.len(), known.read.len(), known.outcomes.len()];
        let before = sizes(known);
        known.addressed.extend(&other.addressed);
        known.handed.retain(|variable| other.handed.contains(variable));
        known.read.retain(|value, path| other.read.get(value) == Some(path));
        known.outcomes.retain(|value, outcome| {
            let both = other.outcomes.get(value);
            changed |= both.is_some_and(|other| outcome.join(other));
            both.is_some()
        });
        changed || before != sizes(known)
    }
}

impl Known {
    /// Notes that the pointer at a path is not null.
    pub fn note_present(&mut self, path: Path) {
        if !self.facts.present.contains(&path) {
            Rc::make_mut(&mut self.facts).present.insert(path);
        }
    }

    /// Notes that the packet of a context has at least so many bytes.
    pub fn note_length(&mut self, ctx: Value, bytes: u64) {
        if self.facts.lengths.get(&ctx).is_none_or(|&known| known < bytes) {
            Rc::make_mut(&mut self.facts).note_length(ctx, bytes);
        }
    }

    /// Adds facts that hold besides, such as those of a condition.
    pub fn add(&mut self, facts: &Facts) {
        self.facts.add(facts);
    }

    /// Something may have changed what is there.
    pub fn forget(&mut self, is_gone: impl Fn(&Path) -> bool) {
        self.facts.forget(&is_gone);
        self.read.retain(|_, path| !is_gone(path));
        for outcome in self.outcomes.values_mut() {
            outcome.when.iter_mut().flatten().for_each(|facts| facts.forget(&is_gone));
            outcome.tests.retain(|&(pointer, _)| !is_gone(&Path::of(pointer)));
        }
    }

    /// A value is another one from here on.
    pub fn forget_of(&mut self, value: Value) {
        let facts = std::iter::once(&self.facts).chain(self.outcomes.values().flat_map(|of| of.when.iter().flatten()));
        let mut first = facts.filter_map(|facts| facts.present.range(Path::of(value)..).next());
        if first.any(|path| path.is_of(value)) || self.read.values().any(|path| path.is_of(value)) {
            self.forget(|path| path.is_of(value));
        }
    }

    /// Drops the facts about memory behind pointers, global variables and variables whose address was taken, since any of these may have
    /// been written.
    pub fn forget_addressed(&mut self) {
        self.forget_behind(|_| true);
    }

    /// Like `forget_addressed`, where no variable can have been written as a whole.
    pub fn forget_pointed(&mut self) {
        self.forget_behind(|path| !path.steps.is_empty());
    }

    fn forget_behind(&mut self, may_be: impl Fn(&Path) -> bool) {
        let addressed = self.addressed.clone();
        self.forget(|path| match path.root {
            Root::Value(value) => path.follows_pointer() || addressed.contains(&value) && may_be(path),
            Root::Global(_) => true,
        });
    }

    /// Drops what is known of values for which `is_over` holds.
    pub fn drop_dead(&mut self, is_over: impl Fn(Value) -> bool) {
        let is_dead = |path: &Path| matches!(path.root, Root::Value(value) if is_over(value));
        self.facts.forget(&is_dead);
        self.read.retain(|&value, _| !is_over(value));
        self.outcomes.retain(|&value, _| !is_over(value));
        for outcome in self.outcomes.values_mut() {
            outcome.when.iter_mut().flatten().for_each(|facts| facts.forget(&is_dead));
            outcome.tests.retain(|&(pointer, _)| !is_over(pointer));
        }
        self.addressed.retain(|&value| !is_over(value));
        self.handed.retain(|&value| !is_over(value));
    }
}
