//! `BPF_OBJ_GET_INFO_BY_FD`: facts of maps, programs and BTF (`struct bpf_map_info`, `bpf_prog_info` and `bpf_btf_info` of include/uapi/linux/bpf.h).

use super::attributes::Info;
use super::descriptors::Object;
use super::{Answer, Kernel, user};
use crate::facts::uapi;
use std::os::fd::RawFd;

/// Bytes of the structs that are filled here; the rest are zeros.
const MAP: usize = 80;
const PROGRAM: usize = 232;
const BTF: usize = 32;
/// Where names are: of maps, and of programs.
const MAP_NAME: usize = 24;
const PROGRAM_NAME: usize = 64;
/// Where a program's `gpl_compatible` is, the first of the bits behind its number of an interface.
const GPL: usize = 84;

impl Kernel {
    /// # Safety
    /// The attribute has so many bytes and points to what it says.
    pub(super) unsafe fn info(&mut self, attribute: *mut u8, size: usize) -> Answer {
        // SAFETY: as the caller promises.
        let mut call: Info = unsafe { user::attribute(attribute, size) };
        let facts = match self.descriptors.object(call.bpf_fd as RawFd) {
            Some(Object::Map(number)) => self.of_map(number),
            Some(Object::Program(number)) => self.of_program(number),
            Some(Object::Btf(at)) => of_btf(at, self.btf[at].len()),
            Some(Object::Event(_)) => return Err(uapi::EINVAL.into()),
            None => return Err(uapi::EBADF.into()),
        };
        call.info_len = call.info_len.min(facts.len() as u32);
        // SAFETY: as the caller promises.
        unsafe {
            user::write(call.info, &facts[..call.info_len as usize])?;
            user::write_back(&call, attribute, size);
        }
        Ok(0)
    }

    fn of_map(&self, number: u32) -> Vec<u8> {
        let spec = self.spec(number);
        let sizes = [spec.key_size, spec.value_size, spec.max_entries].map(|size| size as u32);
        let words = [&[spec.kind, number + 1][..], &sizes, &[spec.flags]].concat();
        let mut facts: Vec<u8> = words.into_iter().flat_map(u32::to_ne_bytes).collect();
        facts.resize(MAP, 0);
        put(&mut facts, MAP_NAME, &spec.name);
        facts
    }

    fn of_program(&self, number: u32) -> Vec<u8> {
        let mut facts = vec![0; PROGRAM];
        if let Some(program) = self.vm.program(number) {
            facts[..4].copy_from_slice(&program.prog_type().to_ne_bytes());
            put(&mut facts, PROGRAM_NAME, program.name());
        }
        facts[4..8].copy_from_slice(&(number + 1).to_ne_bytes());
        facts[GPL] = self.gpl.contains(&number).into();
        facts
    }
}

fn of_btf(at: usize, size: usize) -> Vec<u8> {
    let mut facts = vec![0; BTF];
    facts[8..12].copy_from_slice(&(size as u32).to_ne_bytes());
    facts[12..16].copy_from_slice(&(at as u32 + 1).to_ne_bytes());
    facts
}

/// Puts a name, which ends with a zero, into the 16 bytes at a place.
fn put(facts: &mut [u8], at: usize, name: &str) {
    let name = &name.as_bytes()[..name.len().min(15)];
    facts[at..at + name.len()].copy_from_slice(name);
}
