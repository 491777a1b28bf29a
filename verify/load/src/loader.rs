//! The program that loads an object: libbpf's loader of light skeletons (gen_loader.c), which the kernel runs. It makes the maps and loads
//! the programs by itself, so that one signature over its instructions answers for all of them: its data, in which the programs are, it
//! compares with a digest that its instructions hold.
//!
//! The kernel takes no part in making it: the same object gives the same loader on every machine.

use super::Opened;
use libbpf_sys as bpf;
use std::ffi::{CStr, CString, c_char};
use std::io;
use std::path::Path;
use std::ptr::{self, NonNull};

/// A loader before it is signed.
pub struct Loader {
    /// Instructions of 8 bytes, in the byte order of the object.
    pub instructions: Vec<u8>,
    /// The value of the one entry of its map.
    pub data: Vec<u8>,
    /// The maps that it makes, by the order of their descriptors in its context.
    pub maps: Vec<String>,
    /// The programs that it loads, by the order of theirs.
    pub programs: Vec<String>,
}

/// Programs of a loader: their descriptors are on its stack (`MAX_USED_PROGS` of gen_loader.c, which does not ask).
const MOST: usize = 32;

/// Makes the loader of an object. The maps of its variables begin with the name, as those of libbpf do.
///
/// # Errors
/// The object has a map or program that such a loader cannot make; libbpf prints which.
pub fn of(object: &[u8], name: &str) -> io::Result<Loader> {
    let opened = opened(object, name)?;
    opened.without_pins();
    let mut made = bpf::gen_loader_opts {
        sz: size_of::<bpf::gen_loader_opts>() as bpf::size_t,
        gen_hash: true,
        ..Default::default()
    };
    if opened.programs().len() > MOST {
        return Err(io::Error::other(format!("it has more than {MOST} programs")));
    }
    // SAFETY: the object is open and not loaded; libbpf keeps the address of the options until the object is closed.
    let status = unsafe {
        match bpf::bpf_object__gen_loader(opened.0.as_ptr(), &raw mut made) {
            0 => bpf::bpf_object__load(opened.0.as_ptr()),
            status => status,
        }
    };
    if status < 0 {
        return Err(io::Error::from_raw_os_error(-status));
    }
    Ok(Loader {
        instructions: copied(made.insns, made.insns_sz),
        data: copied(made.data, made.data_sz),
        maps: opened.maps(),
        programs: opened.programs(),
    })
}

fn opened(object: &[u8], name: &str) -> io::Result<Opened> {
    let name = CString::new(name)?;
    let mut options =
        bpf::bpf_object_open_opts { sz: size_of::<bpf::bpf_object_open_opts>() as bpf::size_t, ..Default::default() };
    options.object_name = name.as_ptr();
    // SAFETY: libbpf copies the bytes and the name.
    let object = unsafe { bpf::bpf_object__open_mem(object.as_ptr().cast(), object.len() as u64, &raw const options) };
    NonNull::new(object).map(Opened).ok_or_else(io::Error::last_os_error)
}

fn copied(start: *const c_char, size: u32) -> Vec<u8> {
    if start.is_null() {
        return Vec::new();
    }
    // SAFETY: libbpf has made so many bytes there, which live as long as the object.
    unsafe { std::slice::from_raw_parts(start.cast(), size as usize).to_vec() }
}

impl Opened {
    /// The names of the maps, in the object's order; of variables, that of their section.
    fn maps(&self) -> Vec<String> {
        let (mut map, mut names) = (ptr::null_mut(), Vec::new());
        // SAFETY: walks over the maps of an open object, whose names live as long as it.
        unsafe {
            loop {
                map = bpf::bpf_object__next_map(self.0.as_ptr(), map);
                if map.is_null() {
                    return names;
                }
                let name = CStr::from_ptr(bpf::bpf_map__name(map)).to_string_lossy();
                // `bpf_object__find_map_by_name` takes the section, whatever the object is called.
                let section = name.find('.').filter(|_| bpf::bpf_map__is_internal(map));
                names.push(name[section.unwrap_or(0)..].to_owned());
            }
        }
    }

    /// The names of the programs that are loaded, in the object's order.
    fn programs(&self) -> Vec<String> {
        let (mut program, mut names) = (ptr::null_mut(), Vec::new());
        // SAFETY: walks over the programs of an open object, whose names live as long as it.
        unsafe {
            loop {
                program = bpf::bpf_object__next_program(self.0.as_ptr(), program);
                if program.is_null() {
                    return names;
                }
                if bpf::bpf_program__autoload(program) {
                    names.push(CStr::from_ptr(bpf::bpf_program__name(program)).to_string_lossy().into_owned());
                }
            }
        }
    }
}

impl Loader {
    /// The names as one text: `object NAME`, then `map NAME` or `program NAME` a line.
    pub fn names(&self, object: &str) -> String {
        let lines =
            |word: &str, names: &[String]| names.iter().map(|name| format!("{word} {name}\n")).collect::<String>();
        format!("object {object}\n") + &lines("map", &self.maps) + &lines("program", &self.programs)
    }
}

/// A process that makes the loader of an object: its status. It writes three files to a folder: `instructions`, `data` and `names`.
pub fn child(object: &Path, name: &str, folder: &Path) -> u8 {
    let made = std::fs::read(object).and_then(|object| of(&object, name)).and_then(|loader| {
        std::fs::write(folder.join("instructions"), &loader.instructions)?;
        std::fs::write(folder.join("data"), &loader.data)?;
        std::fs::write(folder.join("names"), loader.names(name))
    });
    match made {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{}{}", super::LAST, super::words(&error));
            super::FAILED
        }
    }
}
