//! Links that one process hands to the next. `daemon()`, `--pin-links` and `--replace` pin them at `<root>/<project>/links/<program>-<target>`;
//! a process that is started with `--replace` puts its programs into those links, and then asks their owner to end.
//!
//! Such a process changes nothing until its program waits: the attachments up to there succeed together, or the process ends, and the
//! owner of the links goes on undisturbed. The update is one step for each link, and all links that were updated get the old program back
//! where one fails. A process that ends detaches and unpins what still runs its own program.
//!
//! What a killed process has left pinned stays attached. The next start takes it over, with `--replace` or without.

mod folder;
mod name;
mod place;
mod process;

use super::attached::Attached;
use super::clsact::Attachment;
use super::keeper::{KEEPER, Keeper, TAKEN};
use super::life::Life;
use super::request::Request;
use crate::kernel::end::die;
use crate::kernel::errors::{Failure, complain, reason};
use crate::kernel::program::{self, MainThread};
use crate::kernel::signals::monotonic;
use crate::object::handles;
use crate::object::pins::project::is_possible;
use folder::Links;
use libbpf_sys as bpf;
use place::{Place, about};
use std::cell::{Cell, RefCell};
use std::hint;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

/// Takes over the links of a running process.
pub const REPLACE: &str = "--replace";
/// Pins links for such a process.
pub const PIN: &str = "--pin-links";

/// A loop that does not wait has attached what it attaches at the start.
const LATEST: Duration = Duration::from_secs(1);

struct Link {
    place: Place,
    /// Of its pin, whether it has one or not.
    name: String,
    /// This process's program, by its descriptor and its number in the kernel.
    program: Cell<RawFd>,
    number: Cell<u32>,
    /// It runs the program of another process until this one settles.
    pending: Cell<bool>,
    /// The pin is this process's.
    pinned: Cell<bool>,
    /// Its generation as an owner; 0 if it does not own the link.
    generation: Cell<u64>,
}

#[derive(Default)]
struct State {
    folder: Option<Links>,
    links: Vec<Rc<Link>>,
    /// Links of this process are pinned.
    keeps: bool,
    /// This process has the exchange, since then.
    exchanging: Option<Duration>,
    /// The keys of links whose owner ends when this process settles, each with that owner.
    owners: Vec<(u64, i32)>,
    /// The pins that were there when the exchange began.
    before: Vec<String>,
}

static STATE: MainThread<RefCell<Option<State>>> = MainThread::new(RefCell::new(None));

fn with<R>(act: impl FnOnce(&mut State) -> R) -> R {
    // Hidden from the optimiser, which would call the only keeper directly, and so link it into every executable.
    KEEPER.set(hint::black_box(Some(&Keeper { update, tell, finish, is_due, replaced, inherit })));
    act(STATE.borrow_mut().get_or_insert_default())
}

/// None where the process ends because something in `with` failed.
fn at_end<R>(act: impl FnOnce(&mut State) -> R) -> Option<R> {
    STATE.try_borrow_mut().ok().map(|mut state| act(state.get_or_insert_default()))
}

/// A link at this target that another process has pinned, and that this one takes over; none if a link is to be made. `is_here`: whether a
/// link is at the target.
pub fn taken(
    request: &Request,
    target: &str,
    is_here: &dyn Fn(&bpf::bpf_link_info) -> bool,
) -> Result<Option<Box<dyn Attached>>, Failure> {
    let held = find(name_of(request, target), request.fd, is_here)?;
    Ok(held.map(|held| -> Box<dyn Attached> { Box::new(held) }))
}

/// A link that this process has made, which it may pin later.
pub fn made(request: &Request, target: &str, link: OwnedFd) -> Box<dyn Attached> {
    with(|state| Box::new(state.hold(Place::Link(link), name_of(request, target), request.fd, false)))
}

/// As `taken`, of the struct of functions of this name, which a map of this process holds.
pub fn taken_functions(name: &str, map: RawFd) -> Result<Option<Held>, Failure> {
    find(name.to_owned(), map, &|link| link.type_ == bpf::BPF_LINK_TYPE_STRUCT_OPS)
}

/// As `made`.
pub fn made_functions(name: &str, map: RawFd, link: OwnedFd) -> Held {
    with(|state| state.hold(Place::Functions(link), name.to_owned(), map, false))
}

fn find(name: String, program: RawFd, is_here: &dyn Fn(&bpf::bpf_link_info) -> bool) -> Result<Option<Held>, Failure> {
    with(|state| {
        state.prepare()?;
        if !state.keeps && !folder::path().join(&name).exists() || program::is_test() {
            return Ok(None);
        }
        let Some(links) = state.exchange() else { return Ok(None) };
        let Some(link) = links.get(&name) else { return Ok(None) };
        let place = Place::of(link);
        if place.life() == Life::Gone {
            links.remove(&name);
            return Ok(None);
        }
        if !place.link().and_then(about).is_some_and(|info| is_here(&info)) {
            let why = format!(
                "another link is pinned at {}, which is not at this target\n  help: give each instance a project of its own, `ksc --project=NAME`",
                links.place(&name)
            );
            return if state.keeps { Err(Failure::new(libc::EEXIST, why)) } else { Ok(None) };
        }
        let there = links.place(&name);
        state.take_over(place.key(), &format!("the link at {there}"))?;
        Ok(Some(state.hold(place, name, program, true)))
    })
}

/// A filter: attached at once, unless it takes over that of another process.
pub fn filter(request: &Request, target: &str, filter: Attachment) -> Result<Result<Box<dyn Attached>, Failure>, i32> {
    let name = name_of(request, target);
    with(|state| {
        if let Err(failure) = state.prepare() {
            return Ok(Err(failure));
        }
        if state.keeps && !program::is_test() && filter.program().is_some() && state.exchange().is_some() {
            let taken = state.take_over(filter.key(), "the filter");
            return Ok(taken.map(|()| {
                let held: Box<dyn Attached> = Box::new(state.hold(Place::Filter(filter), name, request.fd, true));
                held
            }));
        }
        match filter.create(request.fd) {
            0 => Ok(Ok(Box::new(state.hold(Place::Filter(filter), name, request.fd, false)))),
            error => Err(error.abs()),
        }
    })
}

fn name_of(request: &Request, target: &str) -> String {
    name::of(handles::of_handle(request.handle).map_or("", |program| program::text(program.name)), target)
}

impl State {
    /// Begins an exchange if the options ask for one.
    fn prepare(&mut self) -> Result<(), Failure> {
        let asked = [REPLACE, PIN].into_iter().find(|option| program::asked_for(option));
        let Some(option) = asked.filter(|_| !program::is_test() && !self.keeps) else { return Ok(()) };
        if !is_possible() {
            let root = program::pin_root();
            let why = format!(
                "bpffs is not mounted at {root}, and `{option}` needs it\n  help: mount it (as root): mount -t bpf bpf {root}"
            );
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
    fn exchange(&mut self) -> Option<&Links> {
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
    fn take_over(&mut self, key: u64, what: &str) -> Result<(), Failure> {
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

    fn hold(&mut self, place: Place, name: String, program: RawFd, taken: bool) -> Held {
        let pinned = taken && place.link().is_some();
        let number = place.number(program);
        let link = Rc::new(Link {
            place,
            name,
            program: Cell::new(program),
            number: Cell::new(number),
            pending: Cell::new(taken),
            pinned: Cell::new(pinned),
            generation: Cell::new(0),
        });
        self.links.push(Rc::clone(&link));
        if self.exchanging.is_none() && self.keeps {
            self.exchange();
        }
        Held(link)
    }

    /// Puts this process's programs into the links that it takes over, or none.
    fn update(&self) -> Result<(), String> {
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
    fn keep(&self) {
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
    fn keep_all(&mut self) {
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
    fn report_left(&mut self) {
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
    fn unpin(&mut self, link: &Link) {
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
    fn leave(&mut self) {
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

    fn end_exchange(&mut self) {
        if self.exchanging.take().is_some()
            && let Some(folder) = &self.folder
        {
            folder.end();
        }
    }
}

/// Pins a link; whether it is pinned then. The pin of a link that is nowhere attached any more is replaced.
fn pin(folder: &Links, name: &str, link: RawFd) -> bool {
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

/// See `Keeper`.
fn update() {
    let result = with(|state| {
        if state.exchanging.is_some() {
            state.update()?;
            state.keep();
            state.report_left();
        }
        Ok::<(), String>(())
    });
    if let Err(why) = result {
        die(1, &why);
    }
}

/// See `Keeper`.
fn tell() {
    with(|state| {
        let owners = std::mem::take(&mut state.owners);
        if let Some(folder) = &state.folder {
            let mut told = Vec::new();
            for (key, owner) in owners {
                if !told.contains(&owner) {
                    told.push(owner);
                    process::end(folder, key, owner);
                }
            }
        }
    });
}

/// See `Keeper`.
fn finish() {
    with(State::end_exchange);
}

/// See `Keeper`.
fn is_due() -> bool {
    with(|state| state.exchanging.is_some_and(|since| monotonic().saturating_sub(since) > LATEST))
}

/// See `Keeper`.
fn replaced() -> Vec<i32> {
    with(|state| state.owners.iter().map(|(_, owner)| *owner).collect())
}

/// See `Keeper`.
fn inherit() {
    with(|state| {
        // The parent tells them.
        state.owners.clear();
        if !state.links.is_empty() && !program::is_test() {
            state.keep_all();
        }
        // The parent shares the lock, and leaves it.
        state.end_exchange();
    });
}

/// An attachment that may be kept. It goes with the process that owns it.
pub struct Held(Rc<Link>);

impl Attached for Held {
    fn detach(self: Box<Self>) -> i32 {
        self.release()
    }

    fn links(&self) -> Vec<RawFd> {
        self.0.place.link().into_iter().collect()
    }

    fn life(&self) -> Life {
        self.0.place.life()
    }

    fn replace(&self, program: RawFd) -> i32 {
        self.0.place.set(None, program)
    }

    fn runs(&self, program: RawFd) {
        self.0.program.set(program);
        self.0.number.set(self.0.place.number(program));
    }
}

impl Held {
    /// Ends the attachment if it runs this process's program; 0 or −errno.
    fn release(&self) -> i32 {
        let link = &self.0;
        let released = at_end(|state| {
            let before = state.links.len();
            state.links.retain(|other| !Rc::ptr_eq(other, link));
            if before == state.links.len() {
                return 0;
            }
            if link.pending.get() {
                let key = link.place.key();
                state.owners.retain(|(of, _)| *of != key);
            } else if link.pinned.get() || state.keeps {
                state.unpin(link);
            }
            if state.links.is_empty() {
                state.leave();
            }
            match &link.place {
                Place::Filter(filter) => filter.remove(),
                Place::Link(_) | Place::Functions(_) => 0,
            }
        });
        released.unwrap_or(0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}
