//! `BPF_PROG_LOAD`: what a loader has put into instructions becomes the machine's addresses, and numbers of the kernel's functions their names.

use super::attributes::{self, ProgLoad};
use super::descriptors::Object;
use super::{Answer, Failure, Kernel, user};
use crate::calls;
use crate::decode::{CALL, CALL_HELPER, CALL_KERNEL, Endian, LOAD_IMMEDIATE, Slot};
use crate::elf::btf::Btf;
use crate::facts::{self, uapi};
use crate::fault::{Fault, Line};
use crate::{ProgramSpec, memory};
use std::os::fd::RawFd;

/// Where the kernel shows its types.
const TYPES: &str = "/sys/kernel/btf/vmlinux";
/// What libbpf writes for a call of a function that the kernel lacks, plus a number (`POISON_CALL_KFUNC_BASE` of libbpf.c).
const MISSING_FUNCTION: i32 = 2_002_000_000;
/// The same for a field, type or value that the kernel lacks (`bpf_core_poison_insn` of relo_core.c).
const MISSING_TYPE: i32 = 0xbad_2310;

/// Licenses that are compatible with that of the kernel (include/linux/license.h).
const COMPATIBLE: [&str; 6] =
    ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

/// The kernel's types, read when a program first names one.
#[derive(Default)]
pub struct KernelTypes {
    read: Option<Option<Btf<'static>>>,
}

impl KernelTypes {
    /// The name of a function or variable of the kernel by its number.
    fn name(&mut self, id: u32) -> Option<String> {
        let types = self.read.get_or_insert_with(|| {
            let bytes = std::fs::read(TYPES).ok()?;
            // The process has one machine, which keeps them to its end.
            Btf::read(bytes.leak(), Endian::NATIVE)
        });
        types.as_ref()?.name(id as usize).map(str::to_owned)
    }
}

/// A program while its instructions are made the machine's.
struct Loading {
    slots: Vec<Slot>,
    /// The names of the kernel's functions.
    functions: Vec<String>,
    /// Those that the machine need not have: the program asks before it calls them.
    asked: Vec<String>,
}

impl Kernel {
    /// # Safety
    /// The attribute points to what it says.
    pub(super) unsafe fn load(&mut self, call: &ProgLoad) -> Answer {
        // SAFETY: as the caller promises.
        let result = unsafe { self.load_program(call) };
        if let Err(Failure { fault: Some(fault), .. }) = &result
            && call.log_level > 0
            && call.log_size > 0
        {
            let mut text = format!("{fault}\n").into_bytes();
            text.truncate(call.log_size as usize - 1);
            text.push(0);
            // SAFETY: as the caller promises.
            unsafe { user::write(call.log_buf, &text)? };
        }
        result
    }

    /// # Safety
    /// The attribute points to what it says.
    unsafe fn load_program(&mut self, call: &ProgLoad) -> Answer {
        // SAFETY: as the caller promises.
        let (bytes, license) =
            unsafe { (user::bytes(call.insns, call.insn_cnt as usize * 8)?, user::text(call.license)) };
        let slots = bytes.chunks_exact(8).map(|bytes| Slot::read(bytes, Endian::NATIVE)).collect();
        let mut loading = Loading { slots, functions: Vec::new(), asked: Vec::new() };
        // SAFETY: as the caller promises.
        unsafe { self.resolve(&mut loading, call.fd_array)? };
        let lines = {
            let size = (call.line_info_rec_size as usize).max(16);
            // SAFETY: as the caller promises.
            let records = unsafe { user::bytes(call.line_info, size * call.line_info_cnt as usize)? };
            self.lines(call.prog_btf_fd, records, size)
        };
        let Loading { slots, functions, asked } = loading;
        let number = self.vm.load_program(ProgramSpec {
            name: attributes::name(&call.prog_name),
            prog_type: call.prog_type,
            code: slots,
            kernel_functions: functions,
            asked,
            lines,
        })?;
        let attach_type = call.expected_attach_type;
        if [uapi::BPF_XDP_DEVMAP, uapi::BPF_XDP_CPUMAP].contains(&attach_type)
            && call.prog_type == uapi::BPF_PROG_TYPE_XDP
        {
            self.of_entries.insert(number);
        }
        if COMPATIBLE.contains(&license.as_str()) {
            self.gpl.insert(number);
        }
        Ok(self.descriptors.add(Object::Program(number), None)?.into())
    }

    /// Replaces what loaders leave to the kernel.
    ///
    /// # Safety
    /// The array is of descriptors, as many as instructions name.
    unsafe fn resolve(&mut self, loading: &mut Loading, fd_array: u64) -> Result<(), Failure> {
        let program = self.vm.programs.len() as u32;
        for at in 0..loading.slots.len() {
            let slot = loading.slots[at];
            match slot.opcode {
                // SAFETY: as the caller promises.
                LOAD_IMMEDIATE if slot.src != 0 => unsafe {
                    let address = self.address(loading, (program, at), fd_array)?;
                    loading.load(at, address);
                },
                CALL if slot.src == CALL_KERNEL => {
                    let name = if slot.offset == 0 { self.types.name(slot.immediate as u32) } else { None };
                    let name = name.ok_or_else(|| Fault::lacks("functions of kernel modules"))?;
                    loading.call(at, &name);
                }
                CALL if slot.src == CALL_HELPER && is_missing(slot.immediate) => {
                    let name = match slot.immediate {
                        MISSING_TYPE => "field or type that this kernel lacks".to_owned(),
                        number if number >= MISSING_FUNCTION => "function that this kernel lacks".to_owned(),
                        number => format!("helper {number}"),
                    };
                    loading.asked.push(name.clone());
                    loading.call(at, &name);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What a load of 64 bits yields that names a map, a value, a function or a variable.
    ///
    /// # Safety
    /// The array is of descriptors, as many as instructions name.
    unsafe fn address(
        &mut self,
        loading: &mut Loading,
        (program, at): (u32, usize),
        fd_array: u64,
    ) -> Result<u64, Failure> {
        let slot = loading.slots[at];
        let second = loading.slots.get(at + 1).copied().unwrap_or_default().immediate;
        let source = u32::from(slot.src);
        let by_index = [uapi::BPF_PSEUDO_MAP_IDX, uapi::BPF_PSEUDO_MAP_IDX_VALUE].contains(&source);
        let fd = if by_index {
            // SAFETY: as the caller promises.
            let entry = unsafe { user::bytes(fd_array + 4 * u64::from(slot.immediate as u32), 4)? };
            entry.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes))
        } else {
            slot.immediate as u32
        };
        match source {
            uapi::BPF_PSEUDO_MAP_FD | uapi::BPF_PSEUDO_MAP_IDX => Ok(memory::of_map(self.map(fd)?)),
            uapi::BPF_PSEUDO_MAP_VALUE | uapi::BPF_PSEUDO_MAP_IDX_VALUE => {
                let map = self.map(fd)?;
                let (map, memory) = self.vm.map_mut(map).ok_or(uapi::EBADF)?;
                match map.lookup(memory, &[0; 4]) {
                    0 => Err(Fault::wrong("an address in a map without a first value").into()),
                    value => Ok(value + u64::from(second as u32)),
                }
            }
            uapi::BPF_PSEUDO_FUNC => {
                let function = u32::try_from(at as i64 + 1 + i64::from(slot.immediate)).unwrap_or(u32::MAX);
                Ok(memory::of_code(program, function))
            }
            uapi::BPF_PSEUDO_BTF_ID => {
                let name = if second == 0 { self.types.name(slot.immediate as u32) } else { None };
                let name = name.ok_or_else(|| Fault::lacks("variables of kernel modules"))?;
                // Programs ask so whether there is a function.
                let is_there = calls::position(&name).is_some();
                loading.asked.push(name);
                Ok(is_there.into())
            }
            other => Err(Fault::wrong(format!("an unknown load of an immediate from source {other}")).into()),
        }
    }

    /// The lines of instructions (`struct bpf_line_info`).
    fn lines(&self, fd: u32, records: &[u8], size: usize) -> Vec<Line> {
        let Some(Object::Btf(btf)) = self.descriptors.object(fd as RawFd) else { return Vec::new() };
        let Some(btf) = Btf::read(&self.btf[btf], Endian::NATIVE) else { return Vec::new() };
        let line = |record: &[u8]| {
            let word = |at: usize| Endian::NATIVE.number(&record[at..at + 4]) as u32;
            let file = btf.text(word(4))?.to_owned();
            Some(Line { instruction: word(0) as usize, file, line: word(12) >> 10 })
        };
        records.chunks_exact(size).filter_map(line).collect()
    }
}

/// Whether there is no such helper: instructions that no kernel runs call it.
fn is_missing(number: i32) -> bool {
    u32::try_from(number).ok().and_then(facts::helper_name).is_none()
}

impl Loading {
    /// Makes an instruction one that loads a number.
    fn load(&mut self, at: usize, number: u64) {
        self.slots[at].src = 0;
        self.slots[at].immediate = number as i32;
        if let Some(second) = self.slots.get_mut(at + 1) {
            second.immediate = (number >> 32) as i32;
        }
    }

    /// Makes an instruction a call of a function by its name.
    fn call(&mut self, at: usize, name: &str) {
        let known = self.functions.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.functions.push(name.to_owned());
            self.functions.len() - 1
        });
        self.slots[at] = Slot { opcode: CALL, src: CALL_KERNEL, immediate: number as i32, ..Slot::default() };
    }
}
