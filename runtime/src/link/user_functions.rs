//! Probes at several functions of user space: those that a list or a pattern names.

use super::attached::Attached;
use super::library;
use super::request::Request;
use super::several::{self, Shared, Together, elements, is_pattern, matches};
use super::user_probe::{open, parts, refused};
use crate::kernel::errors::Failure;
use crate::kernel::net;
use crate::kernel::symbols::elf::Image;
use crate::object::copies;
use libbpf_sys as bpf;
use std::collections::{BTreeMap, BTreeSet};
use std::{fs, ptr};

/// What the elements name in one file.
#[derive(Default)]
struct File {
    /// Where functions are in it, with the place of the element.
    functions: Vec<(u64, u64)>,
    /// Places that are no functions of the file by their names: instructions, offsets.
    others: Vec<(String, u64)>,
}

/// Attaches to all functions that `target` names, in one or more files.
pub fn attach(request: &Request, target: &str, at_return: bool) -> Result<Box<dyn Attached>, Failure> {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for (number, element) in elements(target) {
        let (name, place) = parts(element)?;
        let path = library::find(name)?;
        files.entry(path.clone()).or_default().add(&path, place, number)?;
    }
    let mut links = Vec::new();
    for (path, file) in files {
        file.attach(request, &path, at_return, &mut links)?;
    }
    if links.is_empty() {
        return Err(Failure::new(libc::ENOENT, format!("no function matches {}", several::shown(target))));
    }
    Ok(Box::new(Together(links)))
}

impl File {
    fn add(&mut self, path: &str, place: &str, element: u64) -> Result<(), Failure> {
        let names_function = !place.contains('+') && !place.starts_with(|c: char| c.is_ascii_digit());
        if !names_function {
            self.others.push((place.to_owned(), element));
            return Ok(());
        }
        let data = fs::read(path).map_err(|error| refused(error.raw_os_error().unwrap_or(libc::EIO), path, ""))?;
        let image = Image::read(&data).ok_or_else(|| refused(libc::ENOEXEC, path, ""))?;
        let wanted =
            |name: &str| if is_pattern(place) { matches(place.as_bytes(), name.as_bytes()) } else { name == place };
        let mut seen: BTreeSet<u64> = self.functions.iter().map(|(offset, _)| *offset).collect();
        // The names of one function are at one offset.
        let found = image.functions().filter(|(name, _)| wanted(name)).map(|(_, offset)| offset);
        self.functions.extend(found.filter(|offset| seen.insert(*offset)).map(|offset| (offset, element)));
        Ok(())
    }

    fn attach(
        self,
        request: &Request,
        path: &str,
        at_return: bool,
        links: &mut Vec<Box<dyn Attached>>,
    ) -> Result<(), Failure> {
        match shared(request, path, &self.functions, at_return) {
            Ok(link) => links.push(link),
            // Kernels before 6.6 have no such links.
            Err(_) => {
                for (offset, element) in self.functions {
                    links.push(open(request, (path, &offset.to_string()), element, at_return)?);
                }
            }
        }
        for (place, element) in self.others {
            links.push(open(request, (path, &place), element, at_return)?);
        }
        Ok(())
    }
}

/// One link at all these functions of a file; or errno.
fn shared(request: &Request, path: &str, functions: &[(u64, u64)], at_return: bool) -> Result<Box<dyn Attached>, i32> {
    // With a process some kernels run the program in one of its threads alone (before "bpf: Fix multi-uprobe PID filtering logic").
    if functions.is_empty() || request.options.pid.is_some_and(|pid| pid != -1) {
        return Err(libc::ENOENT);
    }
    let point = bpf::BPF_TRACE_UPROBE_MULTI;
    let copy = copies::of(request.handle, point)?;
    let path = net::c_name(path.as_bytes()).ok_or(libc::EINVAL)?;
    let offsets: Vec<u64> = functions.iter().map(|(offset, _)| *offset).collect();
    let cookies: Vec<u64> = functions.iter().map(|(_, element)| request.options.cookie.unwrap_or(*element)).collect();
    let mut options =
        bpf::bpf_link_create_opts { sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t, ..Default::default() };
    options.__bindgen_anon_1.uprobe_multi = bpf::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_3 {
        flags: if at_return { bpf::BPF_F_UPROBE_MULTI_RETURN } else { 0 },
        cnt: functions.len() as u32,
        path: path.as_ptr(),
        offsets: offsets.as_ptr(),
        ref_ctr_offsets: ptr::null(),
        cookies: cookies.as_ptr(),
        ..Default::default()
    };
    let link = copies::attach(&copy, point, &options)?;
    Ok(Box::new(Shared { link, functions: functions.len() }))
}
