//! `attach`, of a program in the form that its type has.

use super::attached::Attached;
use super::links::{UNAVAILABLE, remember};
use super::request::{Request, Target};
use super::{form, options};
use crate::abi::{
    KS_TARGET_MAP, KS_TARGET_NUMBER, KS_TARGET_OPTIONS, KS_TARGET_OWN, KS_TARGET_PROGRAM, KsPerfOptions, KsProg,
};
use crate::kernel::end;
use crate::kernel::errors::{Failure, complain};
use crate::kernel::program::{bounded, text};
use crate::object::maps::map;
use crate::object::{handles, late, load};
use std::ffi::c_char;

/// See abi.rs.
///
/// # Safety
/// `target` is as `target_kind` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_attach(
    handle: u32,
    target_kind: u32,
    target: *const c_char,
    target_value: i64,
    flags: u64,
) -> i64 {
    let Some(prog) = handles::of_handle(handle) else {
        complain("cannot attach: the program was not loaded");
        return -i64::from(libc::EINVAL);
    };
    let refusal = handles::refusal(handle);
    UNAVAILABLE.set(refusal.is_some());
    if let Some(why) = refusal {
        options::take();
        complain(&format!("`{}` is not attached, since it is not available: {why}", text(prog.name)));
        return -i64::from(libc::EOPNOTSUPP);
    }
    // SAFETY: as the caller promises.
    let target = unsafe { target_of(prog, target_kind, target, target_value) };
    let request = Request {
        fd: if late::is_late(prog) { -1 } else { load::program_fd(prog) },
        handle,
        point: prog.point,
        placement: prog.placement,
        // SAFETY: descriptors hold NUL-terminated strings, or null.
        beside: unsafe { bounded(prog.beside, usize::MAX) },
        target,
        flags,
        options: options::take(),
    };
    match attach(prog, &request) {
        Ok(attached) => {
            let target = if let Target::Text(text) = request.target { text } else { &[] };
            remember(handle, text(prog.name), attached, target)
        }
        Err(failure) => {
            complain(&format!("cannot attach `{}`: {}", text(prog.name), failure.why));
            -i64::from(failure.code.abs())
        }
    }
}

fn attach(prog: &KsProg, request: &Request) -> Result<Box<dyn Attached>, Failure> {
    match form::of(prog) {
        Some(form) => form(request),
        None => Err(Failure::new(libc::EOPNOTSUPP, "programs of this type are not attached")),
    }
}

/// # Safety
/// `target` is as `target_kind` says.
unsafe fn target_of<'a>(prog: &KsProg, target_kind: u32, target: *const c_char, value: i64) -> Target<'a> {
    if target_kind == KS_TARGET_NUMBER {
        return Target::Number(value);
    }
    if target_kind == KS_TARGET_PROGRAM {
        let other = u32::try_from(value).unwrap_or(0);
        let loaded = handles::of_handle(other).filter(|_| handles::refusal(other).is_none());
        return Target::Program(loaded.map_or(-libc::EINVAL, load::program_fd));
    }
    // SAFETY: as the caller promises.
    if let (KS_TARGET_OPTIONS, Some(options)) = (target_kind, unsafe { target.cast::<KsPerfOptions>().as_ref() }) {
        return Target::Options(options);
    }
    if target_kind == KS_TARGET_MAP {
        return Target::Map(map::descriptor(u32::try_from(value).unwrap_or(u32::MAX)));
    }
    let (target, limit) = if target_kind == KS_TARGET_OWN {
        (prog.target, usize::MAX)
    } else {
        (target, usize::try_from(value).unwrap_or(usize::MAX))
    };
    // SAFETY: as the caller promises; descriptors hold NUL-terminated strings.
    Target::Text(unsafe { bounded(target, limit) })
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_attach_check(link: i64) {
    if link < 0 && !UNAVAILABLE.get() {
        end::leave(1);
    }
}
