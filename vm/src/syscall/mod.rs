//! `bpf(2)`: the kernel's interface for a process that is linked with libbpf. Maps, programs and BTF are descriptors of the process; the
//! attributes of calls are read and written where the process has them.

mod attributes;
mod batches;
mod descriptors;
mod entries;
mod events;
mod info;
mod load;
mod runs;
mod skb;
mod user;

use crate::facts::uapi;
use crate::fault::{Fault, FaultKind};
use crate::maps::MapSpec;
use crate::{Endian, Vm};
use attributes::{BtfLoad, MapCreate, OfMap, StreamRead, TestRun};
use descriptors::{Descriptors, Object};
use std::collections::BTreeSet;
use std::os::fd::{AsRawFd, RawFd};

/// `ENOTSUPP` of include/linux/errno.h, which no header for processes has.
pub const ENOTSUPP: i64 = 524;
/// The stream of a program's output.
const STDOUT: u32 = uapi::BPF_STREAM_STDOUT;

/// Why a call failed.
#[derive(Debug)]
pub struct Failure {
    /// The number of the error, positive.
    pub errno: i64,
    /// The machine's reason, where the number does not say it.
    pub fault: Option<Fault>,
}

impl From<i64> for Failure {
    fn from(errno: i64) -> Failure {
        Failure { errno, fault: None }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        let errno = match fault.kind {
            FaultKind::Lacks => uapi::EOPNOTSUPP,
            FaultKind::Wrong => uapi::EFAULT,
        };
        Failure { errno, fault: Some(fault) }
    }
}

type Answer = Result<i64, Failure>;

/// A machine behind `bpf(2)`.
pub struct Kernel {
    vm: Vm,
    descriptors: Descriptors,
    /// BTF that was loaded.
    btf: Vec<Vec<u8>>,
    types: load::KernelTypes,
    /// Maps that the process must not change.
    frozen: BTreeSet<u32>,
    /// Programs whose license is compatible with that of the kernel.
    gpl: BTreeSet<u32>,
    /// Programs of entries of devmaps and cpumaps, which do not run by themselves.
    of_entries: BTreeSet<u32>,
    /// Where batches of maps go on.
    batches: batches::Batches,
    /// Why the last call failed, where the number of its error does not say it.
    fault: Option<Fault>,
    /// What a timer did wrong.
    late: Option<Fault>,
}

impl Kernel {
    /// A machine that is as this process expects its kernel. Entries of per-CPU maps have `cpus` values.
    pub fn new(cpus: usize) -> Kernel {
        let mut vm = Vm::new(Endian::NATIVE, cpus);
        vm.has_process = true;
        Kernel {
            vm,
            descriptors: Descriptors::default(),
            btf: Vec::new(),
            types: load::KernelTypes::default(),
            frozen: BTreeSet::new(),
            gpl: BTreeSet::new(),
            of_entries: BTreeSet::new(),
            batches: batches::Batches::default(),
            fault: None,
            late: None,
        }
    }

    /// The machine.
    pub fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// Takes the reason of the last call that failed for a reason of the machine, or of a timer that went wrong.
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take().or_else(|| self.late.take())
    }

    /// Answers a call: what it returns, or the number of the error.
    ///
    /// # Safety
    /// The attribute has so many bytes, and what it points to is as `bpf(2)` asks for.
    pub unsafe fn bpf(&mut self, command: u32, attribute: *mut u8, size: usize) -> Result<i64, i64> {
        // SAFETY: as the caller promises.
        let answer = unsafe { self.answer(command, attribute, size) };
        self.settle(answer)
    }

    /// Keeps the machine's reason of a failure.
    fn settle(&mut self, answer: Answer) -> Result<i64, i64> {
        self.fault = None;
        answer.map_err(|failure| {
            self.fault = failure.fault;
            failure.errno
        })
    }

    /// # Safety
    /// The attribute has so many bytes, and what it points to is as `bpf(2)` asks for.
    unsafe fn answer(&mut self, command: u32, attribute: *mut u8, size: usize) -> Answer {
        let (at, to) = (attribute.cast_const(), attribute);
        // SAFETY: as the caller promises; commands choose the form of the attribute.
        unsafe {
            match command {
                uapi::BPF_MAP_CREATE => self.create_map(&user::attribute(at, size)),
                uapi::BPF_MAP_LOOKUP_ELEM => self.lookup(&user::attribute(at, size), false),
                uapi::BPF_MAP_LOOKUP_AND_DELETE_ELEM => self.lookup(&user::attribute(at, size), true),
                uapi::BPF_MAP_UPDATE_ELEM => self.update(&user::attribute(at, size)),
                uapi::BPF_MAP_DELETE_ELEM => self.delete(&user::attribute(at, size)),
                uapi::BPF_MAP_GET_NEXT_KEY => self.next_key(&user::attribute(at, size)),
                uapi::BPF_MAP_FREEZE => self.freeze(&user::attribute(at, size)),
                uapi::BPF_MAP_LOOKUP_BATCH => self.read_batch(to, size, false),
                uapi::BPF_MAP_LOOKUP_AND_DELETE_BATCH => self.read_batch(to, size, true),
                uapi::BPF_MAP_UPDATE_BATCH | uapi::BPF_MAP_DELETE_BATCH => {
                    self.write_batch(to, size, command == uapi::BPF_MAP_DELETE_BATCH)
                }
                uapi::BPF_PROG_LOAD => self.load(&user::attribute(at, size)),
                uapi::BPF_PROG_TEST_RUN => {
                    let mut call: TestRun = user::attribute(at, size);
                    let done = self.test_run(&mut call);
                    user::write_back(&call, to, size);
                    done
                }
                uapi::BPF_BTF_LOAD => self.load_btf(&user::attribute(at, size)),
                uapi::BPF_OBJ_GET_INFO_BY_FD => self.info(to, size),
                uapi::BPF_MAP_GET_FD_BY_ID => self.map_by_id(&user::attribute(at, size)),
                uapi::BPF_PROG_BIND_MAP => Ok(0),
                uapi::BPF_PROG_STREAM_READ_BY_FD => self.read_stream(&user::attribute(at, size)),
                uapi::BPF_MAP_GET_NEXT_ID
                | uapi::BPF_PROG_GET_NEXT_ID
                | uapi::BPF_BTF_GET_NEXT_ID
                | uapi::BPF_LINK_GET_NEXT_ID => Err(uapi::ENOENT.into()),
                uapi::BPF_LINK_CREATE | uapi::BPF_RAW_TRACEPOINT_OPEN | uapi::BPF_PROG_ATTACH => {
                    Err(Fault::lacks("attachments").into())
                }
                uapi::BPF_OBJ_PIN | uapi::BPF_OBJ_GET => Err(Fault::lacks("pins").into()),
                _ => Err(uapi::EINVAL.into()),
            }
        }
    }

    /// # Safety
    /// The attribute points to what it says.
    unsafe fn create_map(&mut self, call: &MapCreate) -> Answer {
        let spec = MapSpec {
            name: attributes::name(&call.map_name),
            kind: call.map_type,
            key_size: call.key_size as usize,
            value_size: call.value_size as usize,
            max_entries: call.max_entries as usize,
            flags: call.map_flags,
        };
        let number = self.vm.create_map(spec).map_err(|fault| match fault.kind {
            FaultKind::Lacks => Failure::from(fault),
            FaultKind::Wrong => Failure { errno: uapi::EINVAL, fault: Some(fault) },
        })?;
        let file = self.vm.map(number).and_then(|map| map.file());
        Ok(self.descriptors.add(Object::Map(number), file)?.into())
    }

    fn freeze(&mut self, call: &OfMap) -> Answer {
        let map = self.map(call.map_fd)?;
        self.frozen.insert(map);
        Ok(0)
    }

    /// # Safety
    /// The attribute points to what it says.
    unsafe fn load_btf(&mut self, call: &BtfLoad) -> Answer {
        // SAFETY: as the caller promises.
        let bytes = unsafe { user::bytes(call.btf, call.btf_size as usize)? };
        self.btf.push(bytes.to_vec());
        Ok(self.descriptors.add(Object::Btf(self.btf.len() - 1), None)?.into())
    }

    fn map_by_id(&mut self, call: &attributes::ById) -> Answer {
        let number = call.id.checked_sub(1).ok_or(uapi::ENOENT)?;
        Ok(self.descriptors.again(Object::Map(number)).ok_or(uapi::ENOENT)??.into())
    }

    /// # Safety
    /// The attribute points to what it says.
    unsafe fn read_stream(&mut self, call: &StreamRead) -> Answer {
        let Some(Object::Program(program)) = self.descriptors.object(call.prog_fd as RawFd) else {
            return Err(uapi::EBADF.into());
        };
        if call.stream_id != STDOUT {
            return Ok(0);
        }
        let text = self.vm.take_stream(program, call.stream_buf_len as usize);
        // SAFETY: as the caller promises, there is room for as much as the attribute says.
        unsafe { user::write(call.stream_buf, &text)? };
        Ok(text.len() as i64)
    }

    /// The number of the map of a descriptor.
    fn map(&self, fd: u32) -> Result<u32, Failure> {
        match self.descriptors.object(fd as RawFd) {
            Some(Object::Map(number)) => Ok(number),
            Some(Object::Program(_) | Object::Event(_) | Object::Btf(_)) => Err(uapi::EINVAL.into()),
            None => Err(uapi::EBADF.into()),
        }
    }

    /// How many bytes of data a ring buffer has; None for other descriptors.
    pub fn ring(&self, fd: RawFd) -> Option<usize> {
        let Some(Object::Map(number)) = self.descriptors.object(fd) else { return None };
        let spec = self.vm.map(number)?.spec();
        let is_ring = [uapi::BPF_MAP_TYPE_RINGBUF, uapi::BPF_MAP_TYPE_USER_RINGBUF].contains(&spec.kind);
        is_ring.then_some(spec.max_entries)
    }

    /// What a process waits for instead of the descriptor of a ring buffer or a buffer of events; None for other descriptors.
    pub fn waits_for(&mut self, fd: RawFd) -> Option<RawFd> {
        let object = self.descriptors.object(fd)?;
        let sends = matches!(object, Object::Event(_)) || self.ring(fd).is_some();
        let event = if sends { self.descriptors.event(object) } else { None }?;
        self.signal(object, event);
        Some(event)
    }

    /// Makes the events readable whose buffers have data, and the others not.
    pub fn signal_all(&mut self) {
        let events: Vec<(Object, RawFd)> =
            self.descriptors.events.iter().map(|(object, event)| (*object, event.as_raw_fd())).collect();
        events.into_iter().for_each(|(object, event)| self.signal(object, event));
    }

    fn signal(&mut self, object: Object, event: RawFd) {
        let is_filled = match object {
            Object::Map(number) => self.vm.map(number).is_some_and(|map| map.is_filled()),
            Object::Event(number) => self.vm.events[number as usize].is_filled(),
            Object::Program(_) | Object::Btf(_) => false,
        };
        descriptors::set(event, is_filled);
    }

    /// The virtual time, which takes some to read, as programs read it.
    pub fn read_clock(&mut self) -> u64 {
        self.vm.clock.read()
    }

    /// Lets time pass until `until` or the next timer, whichever is first, in virtual nanoseconds. False if nothing will happen before `until`.
    pub fn pass_to(&mut self, until: u64) -> bool {
        let next = self.vm.next_timer().filter(|time| *time <= until);
        let now = self.vm.now();
        let result = self.vm.sleep(next.unwrap_or(until).saturating_sub(now));
        if let Err(fault) = result {
            self.late = Some(fault);
        }
        self.signal_all();
        next.is_some()
    }
}
