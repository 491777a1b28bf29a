//! Probes that the notes of a file describe (USDT), `file:provider:name`: a breakpoint at each place of the probe. The cookie of each
//! is its number in a map, which says where the arguments are; the semaphore of the place is the kernel's to count.

mod arguments;
mod notes;
mod places;

use super::attached::Attached;
use super::form::Form;
use super::request::{Request, Target};
use super::several::Together;
use super::{library, user_probe};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::escape;
use crate::kernel::program::MainThread;
use crate::object::optional::targets::Lookup;
use crate::object::{load, parts};
use libbpf_sys as bpf;
use notes::Site;
use places::Probe;
use std::cell::RefCell;

const HELP: &str = "\n  help: write \"libc:libc:setjmp\" or \"/path/of/file:provider:name\"";

/// The probes in the map; a probe's index is its key there.
static PROBES: MainThread<RefCell<Vec<Probe>>> = MainThread::new(RefCell::new(Vec::new()));

/// The form `usdt`.
#[unsafe(no_mangle)]
pub static ks_form_usdt: Form = attach;

/// Attaches to all places of a probe, and raises its semaphore.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a probe")?;
    let Target::Text(text) = request.target else {
        return Err(wanted("a probe has a name"));
    };
    let Found { path, provider, name, sites } = find(&String::from_utf8_lossy(text))?;
    let taken = usize::try_from(request.placement).unwrap_or(0);
    let cookie = request.options.cookie.unwrap_or(0);
    // All places are known to be readable before the first is attached to.
    let mut readable = Vec::new();
    for site in &sites {
        let arguments = arguments::read(site, taken).map_err(|why| {
            Failure::new(libc::EINVAL, format!("`{provider}:{name}` of `{}`: {why}", escape::value(&path)))
        })?;
        readable.push((site, Probe { arguments, cookie }));
    }
    let mut probes: Vec<Box<dyn Attached>> = Vec::new();
    for (Site { offset, semaphore, .. }, probe) in readable {
        let options =
            bpf::bpf_uprobe_opts { bpf_cookie: number(probe)?, ref_ctr_offset: *semaphore, ..Default::default() };
        let opened = user_probe::at_offset(request, &path, *offset, options)?;
        probes.push(Box::new(opened.map_err(|code| user_probe::refused(code, &path, ""))?));
    }
    Ok(Box::new(Together(probes)))
}

struct Found {
    path: String,
    provider: String,
    name: String,
    sites: Vec<Site>,
}

/// The places of a probe, by `file:provider:name`.
fn find(text: &str) -> Result<Found, Failure> {
    let [name, provider, file] = text.rsplitn(3, ':').collect::<Vec<_>>()[..] else {
        return Err(wanted(&format!("`{}` names no file, provider and probe", escape::value(text))));
    };
    let path = library::find(file)?;
    let sites = notes::sites(&path, provider, name)?;
    Ok(Found { path, provider: provider.to_owned(), name: name.to_owned(), sites })
}

/// The lookup `user_probe`.
#[unsafe(no_mangle)]
pub static ks_lookup_user_probe: Lookup = exists;

/// Fails if the notes of the file have no such probe, and names what is missing.
pub fn exists(text: &str) -> Result<(), Failure> {
    find(text).map(drop)
}

fn wanted(why: &str) -> Failure {
    Failure::new(libc::EINVAL, format!("{why}{HELP}"))
}

/// The key of an entry of the map, which is made where there is none yet. Entries stay: most places of a probe share one.
fn number(probe: Probe) -> Result<u64, Failure> {
    let mut known = PROBES.borrow_mut();
    if let Some(at) = known.iter().position(|other| *other == probe) {
        return Ok(at as u64);
    }
    let map = parts::find_map(load::loaded(), places::MAP.as_ptr());
    let key = known.len() as u32;
    // SAFETY: a map of the loaded object, or null, and a key and a value as it has them.
    let failed = unsafe {
        map.is_null()
            || bpf::bpf_map__update_elem(
                map,
                (&raw const key).cast(),
                size_of::<u32>() as bpf::size_t,
                (&raw const probe).cast(),
                size_of::<Probe>() as bpf::size_t,
                bpf::BPF_ANY.into(),
            ) < 0
    };
    if failed {
        let code = errno();
        let why = match code {
            libc::E2BIG => {
                "the program is at more places with different arguments than the map `ks_usdt` has entries".into()
            }
            _ => format!("the places of the arguments cannot be stored: {}", reason(code)),
        };
        return Err(Failure::new(code, why));
    }
    known.push(probe);
    Ok(key.into())
}
