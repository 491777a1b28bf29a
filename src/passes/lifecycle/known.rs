//! The state of the analysis at a point: the contents of variables, and the attachments.

use crate::dataflow::Lattice;
use crate::ir::{OpId, Symbol, Value};
use crate::source::Span;
use std::collections::BTreeMap;

/// A value or a variable of a call: how many calls are around it, and the value.
pub type Holder = (usize, Value);
/// An op of a function, by its place in the module.
pub type Site = (usize, OpId);

/// A target that is a constant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The one of the program's attribute.
    OfProgram,
    Name(Vec<u8>),
    Number(i128),
    Map(Symbol),
}

/// The state of a handle or link.
#[derive(Clone, PartialEq, Eq)]
pub enum State {
    /// A variable that nothing was assigned to: zero, which is no handle.
    Empty,
    /// A handle that was attached to nothing.
    Fresh,
    /// Attached; to these targets for certain, since a failure would have ended the process.
    Attached(BTreeMap<Target, Span>),
    Detached(Span),
}

/// What holds on every path, but for `possible`.
#[derive(Clone, Default)]
pub struct Known {
    /// The loads and attachments whose results values and variables hold.
    pub held: BTreeMap<Holder, Site>,
    pub states: BTreeMap<Site, State>,
    /// The targets of programs, attached by any handle.
    programs: BTreeMap<Symbol, BTreeMap<Target, Span>>,
    /// The targets that a handle was attached to on at least one path.
    possible: BTreeMap<(Site, Target), Span>,
}

impl Lattice for Known {
    fn join(&mut self, other: &Known) -> bool {
        let held = keep(&mut self.held, &other.held, |one, other| (*one == *other, false));
        let states = keep(&mut self.states, &other.states, State::join);
        let programs = keep(&mut self.programs, &other.programs, |one, other| (true, keep_known(one, other)));
        let before = self.possible.len();
        other.possible.iter().for_each(|(key, &span)| {
            self.possible.entry(key.clone()).or_insert(span);
        });
        held || states || programs || self.possible.len() != before
    }
}

impl State {
    /// Whether anything is left that holds on both paths, and whether that is less than before.
    fn join(&mut self, other: &State) -> (bool, bool) {
        if let (State::Attached(one), State::Attached(other)) = (&mut *self, other) {
            return (true, keep_known(one, other));
        }
        (*self == *other, false)
    }
}

/// The targets that are known on both paths, where they were attached on the first.
fn keep_known(one: &mut BTreeMap<Target, Span>, other: &BTreeMap<Target, Span>) -> bool {
    keep(one, other, |_, _| (true, false))
}

/// Keeps what `both` finds to hold on both paths; whether anything changed.
fn keep<K: Ord, V>(
    one: &mut BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    both: impl Fn(&mut V, &V) -> (bool, bool),
) -> bool {
    let mut changed = false;
    one.retain(|key, value| {
        let (holds, less) = other.get(key).map_or((false, false), |other| both(value, other));
        changed |= less || !holds;
        holds
    });
    changed
}

impl Known {
    /// A variable or a value gets a value.
    pub fn hold(&mut self, holder: Holder, made: Option<Site>) {
        match made {
            Some(made) => self.held.insert(holder, made),
            None => self.held.remove(&holder),
        };
    }

    /// An op makes a handle or a link; what it made in an iteration before is known no longer.
    pub fn make(&mut self, site: Site, result: Holder, state: State) {
        self.held.retain(|_, made| *made != site);
        self.possible.retain(|(made, _), _| *made != site);
        self.held.insert(result, site);
        self.states.insert(site, state);
    }

    /// The state of the handle or link in a place; none if it is not known.
    pub fn state(&self, of: Holder) -> Option<&State> {
        self.states.get(self.held.get(&of)?)
    }

    /// An attachment that may fail.
    pub fn attach(&mut self, handle: Holder) {
        let Some(made) = self.held.get(&handle) else {
            // It may be any of them.
            return self.states.clear();
        };
        if !matches!(self.states.get(made), Some(State::Attached(_))) {
            self.states.insert(*made, State::Attached(BTreeMap::new()));
        }
    }

    /// Notes an attachment that did not fail. Returns the place where the program was attached to this target before, if it was.
    pub fn note(&mut self, target: &Target, handle: Holder, program: Option<Symbol>, span: Span) -> Option<Span> {
        let made = *self.held.get(&handle)?;
        let State::Attached(targets) = self.states.get_mut(&made)? else { return None };
        let before = targets.insert(target.clone(), span);
        self.possible.insert((made, target.clone()), span);
        let by_others = self.programs.entry(program?).or_default();
        before.or(by_others.insert(target.clone(), span))
    }

    /// Where the handle may be attached to this target, if a path leads here on which it is.
    pub fn may_be_attached(&self, target: &Target, handle: Holder) -> Option<Span> {
        self.possible.get(&(*self.held.get(&handle)?, target.clone())).copied()
    }

    /// `links`: of the handle.
    pub fn detach(&mut self, what: Holder, links: &[Site], program: Option<Symbol>, span: Span) {
        self.forget_program(program);
        let Some(&made) = self.held.get(&what) else { return self.forget_all() };
        self.possible.retain(|(handle, _), _| *handle != made);
        for site in links {
            self.states.insert(*site, State::Detached(span));
        }
        self.states.insert(made, State::Detached(span));
    }

    /// Others may attach and detach it from here on.
    pub fn forget(&mut self, what: Holder, program: Option<Symbol>) {
        self.forget_program(program);
        match self.held.get(&what) {
            Some(made) => {
                self.possible.retain(|(handle, _), _| handle != made);
                self.states.remove(made);
            }
            None => self.states.clear(),
        }
    }

    /// The handle names another program from here on, with the attachments of the one before, which has none.
    pub fn rename(&mut self, handle: Holder, program: Option<Symbol>) {
        self.forget(handle, program);
        if let Some(made) = self.held.get(&handle).copied() {
            self.held.retain(|_, other| *other != made);
        }
    }

    /// Anything may have been attached and detached.
    pub fn forget_all(&mut self) {
        self.states.clear();
        self.programs.clear();
        self.possible.clear();
    }

    fn forget_program(&mut self, program: Option<Symbol>) {
        match program {
            Some(program) => drop(self.programs.remove(&program)),
            None => self.programs.clear(),
        }
    }
}
