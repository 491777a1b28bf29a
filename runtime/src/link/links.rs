//! The links that the program holds.

use super::attached::Attached;
use super::life::Watched;
use crate::kernel::errors::{complain, reason};
use crate::kernel::program::MainThread;
use crate::kernel::signals;
use crate::object::pins::asked;
use std::cell::{Cell, RefCell};

/// A link that is held.
pub struct Entry {
    pub handle: u32,
    /// Of the program, or of the struct of functions, for messages.
    pub name: &'static str,
    pub attached: Box<dyn Attached>,
    /// The names at which it is pinned: it outlives the process.
    pub pins: Vec<String>,
    pub watched: Option<Watched>,
}

/// By link id minus 1; None once detached.
pub static LINKS: MainThread<RefCell<Vec<Option<Entry>>>> = MainThread::new(RefCell::new(Vec::new()));

/// An attachment may end.
pub static WATCHES: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));
/// Each attachment has ended.
pub static NOTHING_LEFT: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// The kernel refused the program of the last `attach`.
pub static UNAVAILABLE: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// Holds what was attached for a handle; its link id. `target`: the text by which the program names the target, or empty.
pub fn remember(handle: u32, name: &'static str, attached: Box<dyn Attached>, target: &[u8]) -> i64 {
    let watched = Watched::of(attached.life(), target);
    NOTHING_LEFT.set(false);
    WATCHES.set(WATCHES.get() || watched.is_some());
    let mut links = LINKS.borrow_mut();
    let pins = attached.pins();
    pins.iter().for_each(|name| asked::own_name(name));
    links.push(Some(Entry { handle, name, attached, pins, watched }));
    i64::try_from(links.len()).unwrap_or(i64::MAX)
}

/// `attached`: whether it has a link.
#[unsafe(no_mangle)]
pub extern "C" fn ks_attached(handle: u32) -> bool {
    let there = |entry: &&Entry| !entry.watched.as_ref().is_some_and(|watched| watched.gone);
    LINKS.borrow().iter().flatten().filter(there).any(|entry| entry.handle == handle)
}

/// `attached_functions`: how many functions the link is at, 1 for one that is at something else; 0 where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn ks_link_count(link: i64) -> u32 {
    let links = LINKS.borrow();
    let entry = usize::try_from(link).ok().and_then(|id| links.get(id.checked_sub(1)?)?.as_ref());
    entry.map_or(0, |entry| entry.attached.count())
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_detach_handle(handle: u32) -> i32 {
    detach_all(handle)
}

/// All that is attached for a handle; 0 or −errno.
pub fn detach_all(handle: u32) -> i32 {
    detach_those(|_, entry| entry.handle == handle)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_detach_link(link: i64) -> i32 {
    detach_those(|id, _| id == link)
}

/// Detaches the links that are wanted, and the members of groups that one of them leads.
fn detach_those(wanted: impl Fn(i64, &Entry) -> bool) -> i32 {
    let gone: Vec<Entry> = {
        let mut links = LINKS.borrow_mut();
        let held = || (1..).zip(links.iter()).filter_map(|(id, entry)| Some((id, entry.as_ref()?)));
        let first: Vec<i64> = held().filter(|(id, entry)| wanted(*id, entry)).map(|(id, _)| id).collect();
        let led = |entry: &Entry| entry.attached.counter().is_some_and(|counter| first.contains(&counter.leader));
        let led: Vec<i64> = held().filter(|(id, entry)| !first.contains(id) && led(entry)).map(|(id, _)| id).collect();
        let all = first.into_iter().chain(led).filter_map(|id| usize::try_from(id - 1).ok());
        all.filter_map(|index| links.get_mut(index).and_then(Option::take)).collect()
    };
    gone.into_iter().map(detach).find(|result| *result != 0).unwrap_or(0)
}

/// 0 or −errno.
fn detach(entry: Entry) -> i32 {
    asked::remove(&entry.pins);
    let result = entry.attached.detach();
    if result != 0 {
        complain(&format!("cannot detach `{}`: {}", entry.name, reason(result)));
    }
    result
}

/// At the end of the process, however it comes; more than once does no harm.
pub fn detach_everything() {
    if let Ok(mut links) = LINKS.try_borrow_mut() {
        for entry in std::mem::take(&mut *links).into_iter().flatten() {
            if entry.pins.is_empty() {
                drop(entry);
            } else {
                // Dropping it may do more than to close its descriptors, which the end of the process does.
                std::mem::forget(entry);
            }
        }
    }
    signals::clean_up();
}
