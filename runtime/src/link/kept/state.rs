//! The links of this process, and the exchange with other ones.

use super::folder::{self, Links};
use super::named::Named;
use super::place::Place;
use crate::kernel::errors::{Failure, complain, reason};
use crate::kernel::program;
use crate::kernel::signals::monotonic;
use crate::link::keeper::TAKEN;
use crate::link::life::Life;
use crate::object::pins::project::{is_possible, unmounted};
use std::cell::Cell;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

/// Takes over the links of a running process.
pub const REPLACE: &str = "--replace";
/// Pins links for such a process.
pub const PIN: &str = "--pin-links";

/// A link that the process holds.
pub struct Link {
    pub place: Place,
    /// Of its pin, whether it has one or not.
    pub name: String,
    /// This process's program, by its descriptor and its number in the kernel.
    pub program: Cell<RawFd>,
    pub number: Cell<u32>,
    /// It runs the program of another process until this one settles.
    pub pending: Cell<bool>,
    /// The pin is this process's.
    pub pinned: Cell<bool>,
    /// Its generation as an owner; 0 if it does not own the link.
    pub generation: Cell<u64>,
    /// The name that `pin` has given it in another process.
    pub named: Option<String>,
}

/// How a link is taken over; by default it is this process's own.
pub struct Taken {
    pub pending: bool,
    pub pinned: bool,
    pub named: Option<String>,
}

/// What the process holds.
#[derive(Default)]
pub struct State {
    pub folder: Option<Links>,
    pub links: Vec<Rc<Link>>,
    /// Links of this process are pinned.
    pub keeps: bool,
    /// This process has the exchange, since then.
    pub exchanging: Option<Duration>,
    /// The keys of links whose owner ends when this process settles, each with that owner.
    pub owners: Vec<(u64, i32)>,
    /// The pins that were there when the exchange began.
    pub before: Vec<String>,
}

impl State {
    /// Begins an exchange if the options ask for one.
    pub fn prepare(&mut self) -> Result<(), Failure> {
        let asked = [REPLACE, PIN].into_iter().find(|option| program::asked_for(option));
        let Some(option) = asked.filter(|_| !program::is_test() && !self.keeps) else { return Ok(()) };
        if !is_possible() {
            let why = unmounted(&format!("`{option}` needs"));
            return Err(Failure::new(libc::ENOENT, why));
        }
        if self.exchange().is_none() {
            let place = folder::path().display().to_string();
            return Err(Failure::new(libc::EACCES, format!("others may read {place}\n  help: chmod 700 {place}")));
        }
        self.keeps = true;
        Ok(())
    }

    /// The folder, locked for an exchange until the process settles. None where it cannot be used.
    pub fn exchange(&mut self) -> Option<&Links> {
        if self.exchanging.is_none() {
            match &self.folder {
                Some(folder) => folder.begin(),
                None => {
                    let folder = Links::open()?;
                    self.before = folder.names();
                    self.folder = Some(folder);
                }
            }
            self.exchanging = Some(monotonic());
        }
        self.folder.as_ref()
    }

    /// Notes the owner of an attachment, who ends when this process settles. Fails if that one runs, and nobody asked to replace it.
    pub fn take_over(&mut self, key: u64, what: &str) -> Result<(), Failure> {
        match self.folder.as_ref().and_then(|folder| folder.owner(key)) {
            Some(owner) if program::asked_for(REPLACE) => self.owners.push((key, owner)),
            Some(owner) => {
                let why = format!(
                    "the process {owner} of this program has attached it there\n  help: stop that one, or start this one with `{REPLACE}`"
                );
                return Err(Failure::new(libc::EEXIST, why));
            }
            None if !program::asked_for(REPLACE) => {
                complain(&format!("takes over {what}, which a process that was killed has left"));
            }
            None => {}
        }
        Ok(())
    }

    /// Takes over what `pin` has pinned: when this process settles, if that updates links, else at once.
    pub fn take_named(&mut self, pin: Named, name: String, program: RawFd) -> Result<Rc<Link>, Failure> {
        let Named { name: named, link, there } = pin;
        let place = Place::of(link);
        let old = place.descriptor();
        let result = if self.keeps { 0 } else { place.set(old.as_ref().map(AsRawFd::as_raw_fd), program) };
        if result != 0 {
            let why = format!(
                "the link that is pinned at {there} cannot be taken over: {}\n  help: rm {there} detaches it",
                reason(result)
            );
            return Err(Failure::new(result.abs(), why));
        }
        complain(&format!("takes over the link that is pinned at {there}"));
        Ok(self.held(place, name, program, Taken { pending: self.keeps, pinned: false, named: Some(named) }))
    }

    /// Holds what this process has made, or takes over.
    pub fn hold(&mut self, place: Place, name: String, program: RawFd, taken: bool) -> Rc<Link> {
        let pinned = taken && place.link().is_some();
        self.held(place, name, program, Taken { pending: taken, pinned, named: None })
    }

    fn held(&mut self, place: Place, name: String, program: RawFd, taken: Taken) -> Rc<Link> {
        let number = place.number(program);
        let link = Rc::new(Link {
            place,
            name,
            program: Cell::new(program),
            number: Cell::new(number),
            pending: Cell::new(taken.pending),
            pinned: Cell::new(taken.pinned),
            generation: Cell::new(0),
            named: taken.named,
        });
        self.links.push(Rc::clone(&link));
        if self.exchanging.is_none() && self.keeps {
            self.exchange();
        }
        link
    }

    /// Puts this process's programs into the links that it takes over, or none.
    pub fn update(&self) -> Result<(), String> {
        let mut done: Vec<(&Link, Option<OwnedFd>)> = Vec::new();
        for link in self.links.iter().filter(|link| link.pending.get()) {
            let old = link.place.descriptor();
            let result = link.place.set(old.as_ref().map(AsRawFd::as_raw_fd), link.program.get());
            if result == 0 {
                done.push((link, old));
                continue;
            }
            for (link, old) in done {
                let back = old.map(|old| link.place.set(Some(link.program.get()), old.as_raw_fd()));
                if back != Some(0) {
                    complain(&format!("`{}` keeps the new program", link.name));
                }
            }
            return Err(format!("cannot take over `{}`: {}", link.name, reason(result)));
        }
        self.links.iter().for_each(|link| link.pending.set(false));
        Ok(())
    }

    /// Pins the links that have no pin, if this process keeps its links, and owns those that have one. During an exchange.
    pub fn keep(&self) {
        let Some(folder) = self.folder.as_ref() else { return };
        for link in &self.links {
            if self.keeps
                && let Some(fd) = link.place.link().filter(|_| !link.pinned.get())
            {
                link.pinned.set(pin(folder, &link.name, fd));
            }
            if self.keeps || link.pinned.get() {
                let key = link.place.key();
                // A child does not inherit the locks of its parent, and takes the same ones.
                if link.generation.get() == 0 {
                    link.generation.set(folder.next(key));
                }
                folder.own(key, link.generation.get());
            }
        }
    }

    /// Keeps all links from here on, if they can be pinned.
    pub fn keep_all(&mut self) {
        if !folder::is_writable() || !is_possible() {
            let place = folder::path().display().to_string();
            complain(&format!(
                "nothing can be pinned at {place}, so no process can take the links over by `{REPLACE}`"
            ));
            return;
        }
        self.keeps = true;
        if self.exchange().is_some() {
            self.keep();
        }
    }

    /// Says what stays attached though the process that had it was killed, and this one does not take it over.
    pub fn report_left(&mut self) {
        let Some(folder) = self.folder.as_ref() else { return };
        for name in std::mem::take(&mut self.before) {
            let is_own = self.links.iter().any(|link| link.name == name);
            let Some(place) = folder.get(&name).filter(|_| !is_own).map(Place::of) else { continue };
            if folder.owner(place.key()).is_none() && place.life() != Life::Gone {
                let place = folder.place(&name);
                complain(&format!("a process that was killed has left the link at {place}: rm {place} detaches it"));
            }
        }
    }

    /// Removes the pin of a link, if it still runs this process's program. Another process that has taken it over keeps the pin.
    pub fn unpin(&mut self, link: &Link) {
        let was_exchanging = self.exchanging.is_some();
        let Some(folder) = self.exchange() else { return };
        let is_own = link.place.program() == Some(link.number.get());
        TAKEN.set(TAKEN.get() || !is_own && link.place.life() != Life::Gone);
        if link.pinned.get() && is_own {
            let there = folder.get(&link.name).map(Place::of);
            if there.is_some_and(|there| there.key() == link.place.key()) {
                folder.remove(&link.name);
            }
        }
        folder.disown(link.place.key(), link.generation.get());
        if !was_exchanging {
            self.end_exchange();
        }
    }

    /// Removes the folder once this process keeps nothing in it.
    pub fn leave(&mut self) {
        if self.folder.is_some()
            && let Some(folder) = self.exchange()
        {
            let removed = folder.remove_if_unused();
            self.end_exchange();
            if removed {
                self.folder = None;
            }
        }
    }

    /// Other processes may exchange links from here on.
    pub fn end_exchange(&mut self) {
        if self.exchanging.take().is_some()
            && let Some(folder) = &self.folder
        {
            folder.end();
        }
    }
}

/// Pins a link; whether it is pinned then. The pin of a link that is nowhere attached any more is replaced.
pub fn pin(folder: &Links, name: &str, link: RawFd) -> bool {
    let mut result = folder.pin(name, link);
    let there = folder.get(name).filter(|_| result == -libc::EEXIST).map(Place::of);
    if there.is_some_and(|there| there.life() == Life::Gone) {
        folder.remove(name);
        result = folder.pin(name, link);
    }
    if result != 0 {
        complain(&format!("cannot pin a link at {}: {}", folder.place(name), reason(result)));
    }
    result == 0
}
