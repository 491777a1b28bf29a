//! Links that one process hands to the next. `daemon()`, `--pin-links` and `--replace` pin them at `<root>/<project>/links/<program>-<target>`;
//! a process that is started with `--replace` puts its programs into those links, and then asks their owner to end.
//!
//! Such a process changes nothing until its program waits: the attachments up to there succeed together, or the process ends, and the
//! owner of the links goes on undisturbed. The update is one step for each link, and all links that were updated get the old program back
//! where one fails. A process that ends detaches and unpins what still runs its own program.
//!
//! What a killed process has left pinned stays attached. The next start takes it over, with `--replace` or without; so it does with what
//! `pin` has pinned (`named.rs`), which outlives its process on purpose.

mod folder;
mod name;
mod named;
mod place;
mod process;
mod state;

use super::attached::Attached;
use super::clsact::Attachment;
use super::keeper::{KEEPER, Keeper};
use super::life::Life;
use super::request::Request;
use crate::kernel::end::die;
use crate::kernel::errors::Failure;
use crate::kernel::program::{self, MainThread};
use crate::kernel::signals::monotonic;
use crate::object::handles;
use libbpf_sys as bpf;
use place::{Place, about};
use state::{Link, State};
pub use state::{PIN, REPLACE};
use std::cell::RefCell;
use std::hint;
use std::os::fd::{OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

/// A loop that does not wait has attached what it attaches at the start.
const LATEST: Duration = Duration::from_secs(1);

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

/// A link at this target that another process has pinned, by an option or by `pin`, and that this one takes over; none if a link is to be
/// made. `is_here`: whether a link is at the target.
pub fn taken(
    request: &Request,
    target: &str,
    is_here: &dyn Fn(&bpf::bpf_link_info) -> bool,
) -> Result<Option<Box<dyn Attached>>, Failure> {
    let name = name_of(request, target);
    let mut held = find(name.clone(), request.fd, is_here)?;
    if held.is_none()
        && !program::is_test()
        && let Some(pin) = named::find(program_of(request), is_here)
    {
        held = Some(Held(with(|state| state.take_named(pin, name, request.fd))?));
    }
    Ok(held.map(|held| -> Box<dyn Attached> { Box::new(held) }))
}

/// A link that this process has made, which it may pin later.
pub fn made(request: &Request, target: &str, link: OwnedFd) -> Box<dyn Attached> {
    with(|state| Box::new(Held(state.hold(Place::Link(link), name_of(request, target), request.fd, false))))
}

/// As `taken`, of the struct of functions of this name, which a map of this process holds.
pub fn taken_functions(name: &str, map: RawFd) -> Result<Option<Held>, Failure> {
    find(name.to_owned(), map, &|link| link.type_ == bpf::BPF_LINK_TYPE_STRUCT_OPS)
}

/// As `made`.
pub fn made_functions(name: &str, map: RawFd, link: OwnedFd) -> Held {
    with(|state| Held(state.hold(Place::Functions(link), name.to_owned(), map, false)))
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
        Ok(Some(Held(state.hold(place, name, program, true))))
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
                let held: Box<dyn Attached> = Box::new(Held(state.hold(Place::Filter(filter), name, request.fd, true)));
                held
            }));
        }
        match filter.create(request.fd) {
            0 => Ok(Ok(Box::new(Held(state.hold(Place::Filter(filter), name, request.fd, false))))),
            error => Err(error.abs()),
        }
    })
}

fn name_of(request: &Request, target: &str) -> String {
    name::of(program_of(request), target)
}

fn program_of(request: &Request) -> &'static str {
    handles::of_handle(request.handle).map_or("", |program| program::text(program.name))
}

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

    fn pins(&self) -> Vec<String> {
        self.0.named.iter().cloned().collect()
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
