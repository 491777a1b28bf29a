//! Programs that are loaded when they are attached: at functions of the kernel, events and hooks by their names, and at loaded programs. Each
//! target gets a copy of the program, once its parameters were compared with those of the target.

use super::attached::{Attached, Link};
use super::functions;
use super::loaded_for;
use super::numbers;
use super::request::{Request, Target};
use super::several::{self, Place as Named, Together};
use crate::abi::{KsForm, KsProg};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::{escape, privilege};
use crate::object::handles;
use crate::object::late::copy::{self, Half};
use crate::object::late::types::{self, Place};
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const HELP: &str = "\n  help: give its name: attach(handle, \"name\")";
/// What the kernel answers where it has no trampoline for a function (include/linux/errno.h).
const ENOTSUPP: i32 = 524;
/// Answers for a function that lets no program be there, whatever the program is.
const UNFIT: [i32; 7] =
    [libc::EINVAL, libc::ENOENT, libc::EBUSY, libc::ENODEV, libc::EADDRNOTAVAIL, libc::EOPNOTSUPP, ENOTSUPP];

/// Why a program is not at one of several functions.
enum Refusal {
    /// The function lets no program be there; those of a list do without it.
    OfTarget(Failure),
    Other(Failure),
}

impl Refusal {
    fn failure(self) -> Failure {
        match self {
            Refusal::OfTarget(failure) | Refusal::Other(failure) => failure,
        }
    }
}

/// Attaches a program to what its target names.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a program on a function")?;
    let Some(prog) = handles::of_handle(request.handle) else {
        return Err(Failure::new(libc::EINVAL, "the program was not loaded"));
    };
    match request.target {
        Target::Text(b"") => Err(Failure::new(libc::EINVAL, format!("nothing says what it is for{HELP}"))),
        Target::Text(name) => {
            let name = String::from_utf8_lossy(name);
            match several::is_several(&name) {
                true => each(request, prog, &name),
                false => named(request, prog, &Named { name: name.into_owned(), element: 0, known: true })
                    .map_err(Refusal::failure),
            }
        }
        Target::Program(_) | Target::Number(_) if is_of_programs(prog) => at_program(request, prog),
        Target::Program(_) | Target::Number(_) | Target::Map(_) | Target::Options(_) => {
            Err(Failure::new(libc::EINVAL, format!("this is no name{HELP}")))
        }
    }
}

/// Whether the kernel lets programs of this kind be at other programs.
fn is_of_programs(prog: &KsProg) -> bool {
    let is_of_functions = [KsForm::Function as u32, KsForm::Session as u32].contains(&prog.form);
    is_of_functions && prog.point != bpf::BPF_MODIFY_RETURN
}

/// At each function that the target names and that lets a program be there.
fn each(request: &Request, prog: &KsProg, target: &str) -> Result<Box<dyn Attached>, Failure> {
    let places = match prog.point {
        bpf::BPF_TRACE_RAW_TP => several::places(target, &types::events().into_iter().collect()),
        bpf::BPF_LSM_MAC => several::places(target, &types::hooks().into_iter().collect()),
        _ => functions::places(target),
    };
    let mut links = Vec::new();
    let mut last = None;
    for place in places {
        match named(request, prog, &place) {
            Ok(link) => links.push(link),
            Err(Refusal::OfTarget(failure)) => last = Some(failure.why),
            Err(Refusal::Other(failure)) => return Err(failure),
        }
    }
    if links.is_empty() {
        let last = last.map_or(String::new(), |why| format!("\n  the last one: {why}"));
        let why = format!(
            "nothing in this kernel that lets such a program be there matches {}{last}",
            several::shown(target)
        );
        return Err(Failure::new(libc::ENOENT, why));
    }
    Ok(Box::new(Together(links)))
}

/// At a function, an event or a hook of this name.
fn named(request: &Request, prog: &KsProg, named: &Named) -> Result<Box<dyn Attached>, Refusal> {
    let shown = escape::value(&named.name);
    let place = types::find(prog.point, &named.name).map_err(|code| {
        let what = match prog.point {
            bpf::BPF_TRACE_RAW_TP => "event",
            bpf::BPF_LSM_MAC => "hook",
            _ => "function",
        };
        let why = match code {
            libc::ENOENT => format!("this kernel has no {what} `{shown}`, or its BTF does not describe it"),
            libc::EOPNOTSUPP => {
                format!("`{shown}`: this kernel does not describe its functions: it was built without CONFIG_DEBUG_INFO_BTF=y")
            }
            _ => format!("`{shown}`: {}", reason(code)),
        };
        Refusal::OfTarget(Failure::new(code, why))
    })?;
    let cookie = request.options.cookie.unwrap_or(named.element);
    load_and_link(prog, &place, &shown, cookie)
}

/// At the entry of a loaded program.
fn at_program(request: &Request, prog: &KsProg) -> Result<Box<dyn Attached>, Failure> {
    let fd = match request.target {
        Target::Number(id) => {
            let found = u32::try_from(id).map_err(|_| libc::ENOENT).and_then(numbers::descriptor);
            found.map_err(|code| {
                let help = match code {
                    libc::ENOENT => "\n  help: `bpftool prog` lists the numbers of programs".to_owned(),
                    _ => privilege::help("the programs of others", &[privilege::SYS_ADMIN]),
                };
                Failure::new(code, format!("the program {id}: {}{help}", reason(code)))
            })?
        }
        Target::Program(fd) if fd >= 0 => {
            // SAFETY: the descriptor of a program that stays open.
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            fd.try_clone_to_owned()
                .map_err(|error| Failure::new(error.raw_os_error().unwrap_or(libc::EBADF), error.to_string()))?
        }
        Target::Program(_) | Target::Text(_) | Target::Map(_) | Target::Options(_) => {
            return Err(Failure::new(libc::EINVAL, "the other program is not loaded"));
        }
    };
    let name = numbers::program_name(fd.as_raw_fd()).unwrap_or_default();
    let shown = escape::value(&name);
    let place = types::entry(fd.as_raw_fd()).map_err(|code| match code {
        libc::EOPNOTSUPP => {
            Failure::new(code, format!("the program `{shown}` has no BTF, which describes its function"))
        }
        _ => Failure::new(code, format!("the program `{shown}`: {}", reason(code))),
    })?;
    load_and_link(prog, &place, &shown, request.options.cookie.unwrap_or(0)).map_err(Refusal::failure)
}

/// Loads a copy for a target, and links it there. A session has another one at the return, which is there before the one at the entry.
fn load_and_link(prog: &KsProg, place: &Place, name: &str, cookie: u64) -> Result<Box<dyn Attached>, Refusal> {
    loaded_for::compare(prog, &place.prototype, name).map_err(Refusal::Other)?;
    if prog.point == bpf::BPF_MODIFY_RETURN && !place.prototype.is_replaceable() {
        let why = format!(
            "`{name}` returns other than 32 bits, which the program cannot replace: {}",
            place.prototype.text()
        );
        return Err(Refusal::Other(Failure::new(libc::EINVAL, why)));
    }
    let halves = if prog.form == KsForm::Session as u32 { &[Half::Return, Half::Entry][..] } else { &[Half::Entry] };
    let mut links: Vec<Box<dyn Attached>> = Vec::new();
    for half in halves {
        let fd = copy::load(prog, *half, place).map_err(|(code, why)| match UNFIT.contains(&code) {
            true => Refusal::OfTarget(Failure::new(code, format!("`{name}`: {why}"))),
            false => Refusal::Other(Failure::new(code, format!("`{name}`: {why}"))),
        })?;
        links.push(link(&fd, prog.point, cookie).map_err(|code| {
            let failure = loaded_for::refused(code, name);
            if UNFIT.contains(&code) { Refusal::OfTarget(failure) } else { Refusal::Other(failure) }
        })?);
    }
    match (links.pop(), links.pop()) {
        (Some(one), None) => Ok(one),
        (one, other) => Ok(Box::new(Pair(one.into_iter().chain(other).collect()))),
    }
}

/// A link of a program where its load says, with a cookie; or errno.
fn link(fd: &OwnedFd, point: bpf::bpf_attach_type, cookie: u64) -> Result<Box<dyn Attached>, i32> {
    if cookie != 0 {
        let mut options = bpf::bpf_link_create_opts {
            sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t,
            ..Default::default()
        };
        options.__bindgen_anon_1.tracing.cookie = cookie;
        // SAFETY: a program's descriptor, and options of their own size.
        let link = unsafe { bpf::bpf_link_create(fd.as_raw_fd(), 0, point, &options) };
        if link >= 0 {
            // SAFETY: a descriptor that nobody else owns.
            return Ok(Box::new(Link { fd: unsafe { OwnedFd::from_raw_fd(link) } }));
        }
        // Kernels without cookies there load no program that asks for one.
        if errno() != libc::EINVAL {
            return Err(errno());
        }
    }
    loaded_for::open(fd.as_raw_fd())
}

/// The two halves of a session, which count as one.
struct Pair(Vec<Box<dyn Attached>>);

impl Attached for Pair {
    fn detach(self: Box<Self>) -> i32 {
        self.0.into_iter().map(Attached::detach).find(|result| *result != 0).unwrap_or(0)
    }
}
