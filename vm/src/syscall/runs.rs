//! `BPF_PROG_TEST_RUN`: the kernel runs programs of each type by themselves in a manner of its own (net/bpf/test_run.c).

use super::attributes::TestRun;
use super::descriptors::Object;
use super::{Answer, ENOTSUPP, Failure, Kernel, skb, user};
use crate::context::{Input, Output};
use crate::facts::{self, uapi};
use crate::fault::Fault;
use crate::memory::What;
use std::os::fd::RawFd;

/// Bytes of an Ethernet header, which each packet has.
pub const ETHERNET: usize = 14;
/// Bytes of a packet that are in one piece: a page without the room before and behind (`XDP_PACKET_HEADROOM`, `struct skb_shared_info`).
const LINEAR: usize = 4096 - 256 - 320;
/// The most bytes of a packet (`bpf_test_init`).
const LONGEST: usize = 1 << 20;
/// The most bytes of arguments of a tracepoint: 12 words.
const ARGUMENTS: usize = 96;
/// The number of the interface `lo`, which packets come from.
pub const LOOPBACK: u64 = 1;
/// Bytes of `struct bpf_flow_keys`.
const FLOW_KEYS: usize = 56;

/// What a run is given and leaves, apart from the packet's output.
struct Call {
    program: u32,
    packet: Vec<u8>,
    /// Empty if none is given.
    context: Vec<u8>,
    repeat: u32,
}

/// What the process gets.
struct Result {
    retval: u32,
    packet: Vec<u8>,
    context: Vec<u8>,
}

type Done = std::result::Result<Result, Failure>;

impl Kernel {
    /// # Safety
    /// The attribute points to what it says.
    pub(super) unsafe fn test_run(&mut self, call: &mut TestRun) -> Answer {
        let program = match self.descriptors.object(call.prog_fd as RawFd) {
            Some(Object::Program(number)) => number,
            Some(Object::Map(_) | Object::Event(_) | Object::Btf(_)) => return Err(uapi::EINVAL.into()),
            None => return Err(uapi::EBADF.into()),
        };
        // SAFETY: as the caller promises.
        let (packet, context) = unsafe {
            let packet = user::bytes(call.data_in, call.data_size_in as usize)?;
            (packet.to_vec(), user::bytes(call.ctx_in, call.ctx_size_in as usize)?.to_vec())
        };
        let input = Call { program, packet, context, repeat: call.repeat.max(1) };
        let since = self.vm.now();
        let prog_type = self.vm.program(program).map_or(0, |program| program.prog_type());
        let result = match prog_type {
            uapi::BPF_PROG_TYPE_XDP => self.run_xdp(input)?,
            uapi::BPF_PROG_TYPE_FLOW_DISSECTOR => self.run_dissector(input)?,
            uapi::BPF_PROG_TYPE_SK_LOOKUP => self.run_lookup(input)?,
            uapi::BPF_PROG_TYPE_NETFILTER => self.run_netfilter(input)?,
            uapi::BPF_PROG_TYPE_RAW_TRACEPOINT => self.run_words(input, ARGUMENTS)?,
            uapi::BPF_PROG_TYPE_SYSCALL => {
                let result = self.run_words(input, usize::from(u16::MAX))?;
                // The kernel writes it where it has read it (`bpf_prog_test_run_syscall`).
                // SAFETY: as the caller promises.
                unsafe { user::write(call.ctx_in, &result.context)? };
                Result { context: Vec::new(), ..result }
            }
            uapi::BPF_PROG_TYPE_TRACING => return Err(Fault::lacks("functions of the kernel to trace").into()),
            _ if skb::is_run(prog_type) => self.run_skb(prog_type, input)?,
            _ => return Err(ENOTSUPP.into()),
        };
        let took = (self.vm.now() - since) / u64::from(call.repeat.max(1));
        call.duration = u32::try_from(took).unwrap_or(u32::MAX);
        call.retval = result.retval;
        // SAFETY: as the caller promises.
        unsafe {
            let packet = finish(call.data_out, &mut call.data_size_out, &result.packet);
            let context = finish(call.ctx_out, &mut call.ctx_size_out, &result.context);
            packet.and(context)
        }
    }

    /// Runs a program as often as is asked for, each time on what the run before has left.
    fn repeat(&mut self, program: u32, repeat: u32, mut input: Input) -> std::result::Result<Output, Failure> {
        let mut output = Output::default();
        for _ in 0..repeat {
            let has_packet = input.packet.is_some();
            let objects = input.objects.clone();
            output = self.vm.run(program, input)?;
            input = Input {
                packet: has_packet.then(|| output.packet.clone()),
                meta: output.meta.clone(),
                linear: output.linear,
                context: output.context.clone(),
                objects,
            };
        }
        Ok(output)
    }

    /// `bpf_prog_test_run_xdp`
    fn run_xdp(&mut self, mut call: Call) -> Done {
        let get = |name: &str| number(&call.context, "xdp_md", name) as usize;
        let size = call.packet.len();
        let (meta, mut linear) = (get("data"), LINEAR.min(size));
        if !call.context.is_empty() {
            let is_wrong_meta = meta % 4 != 0 || meta > 252;
            if get("data_meta") != 0 || get("data_end") > size || meta > get("data_end") || is_wrong_meta {
                return Err(uapi::EINVAL.into());
            }
            // There is no interface whose packets come by queues but the one that is there always.
            if get("egress_ifindex") != 0 || get("rx_queue_index") != 0 {
                return Err(uapi::EINVAL.into());
            }
            if get("ingress_ifindex") as u64 > LOOPBACK {
                return Err(uapi::ENODEV.into());
            }
            linear = linear.min(get("data_end"));
        }
        if linear < meta + ETHERNET || size > LONGEST || self.of_entries.contains(&call.program) {
            return Err(uapi::EINVAL.into());
        }
        let mut context = Vec::new();
        put(&mut context, "xdp_md", "ingress_ifindex", LOOPBACK);
        let packet = call.packet.split_off(meta);
        let input =
            Input { linear: Some(linear - meta), packet: Some(packet), meta: call.packet, context, ..Input::default() };
        let output = self.repeat(call.program, call.repeat, input)?;
        let (meta, whole) = (output.meta.len(), [output.meta, output.packet].concat());
        if !call.context.is_empty() {
            put(&mut call.context, "xdp_md", "data", meta as u64);
            put(&mut call.context, "xdp_md", "data_end", whole.len() as u64);
        }
        Ok(Result { retval: output.result as u32, packet: whole, context: call.context })
    }

    /// `bpf_prog_test_run_skb`
    fn run_skb(&mut self, prog_type: u32, call: Call) -> Done {
        if call.packet.len() < ETHERNET || call.packet.len() > LONGEST {
            return Err(uapi::EINVAL.into());
        }
        let Call { program, packet, context: given, repeat } = call;
        let fields = skb::Fields::of(prog_type, &given, &packet)?;
        let socket = self.vm.memory.add_bytes(What::Object, fields.socket());
        let objects = vec![("sk".to_owned(), socket)];
        let output = self.repeat(program, repeat, Input { objects, ..fields.input(prog_type, &packet, LINEAR) });
        self.vm.memory.remove(socket);
        let output = output?;
        let (packet, context) = fields.left(prog_type, given, &output);
        Ok(Result { retval: output.result as u32, packet, context })
    }

    /// `bpf_prog_test_run_flow_dissector`: the output are the keys of the flow.
    fn run_dissector(&mut self, call: Call) -> Done {
        if call.packet.len() < ETHERNET || call.packet.len() > LINEAR {
            return Err(uapi::EINVAL.into());
        }
        let mut keys = vec![0; FLOW_KEYS];
        // Of `struct bpf_flow_keys`: where the network header begins, where the transport header begins, and the protocol.
        keys[..2].copy_from_slice(&(ETHERNET as u16).to_ne_bytes());
        keys[2..4].copy_from_slice(&(ETHERNET as u16).to_ne_bytes());
        keys[8..10].copy_from_slice(&call.packet[12..14]);
        let address = self.vm.memory.add_bytes(What::Object, &keys);
        let objects = vec![("flow_keys".to_owned(), address)];
        let output =
            self.repeat(call.program, call.repeat, Input { packet: Some(call.packet), objects, ..Input::default() });
        let keys = self.vm.memory.bytes(address, FLOW_KEYS).unwrap_or_default().to_vec();
        self.vm.memory.remove(address);
        Ok(Result { retval: output?.result as u32, packet: keys, context: Vec::new() })
    }

    /// `bpf_prog_test_run_sk_lookup`
    fn run_lookup(&mut self, call: Call) -> Done {
        if !call.packet.is_empty() || call.context.is_empty() {
            return Err(uapi::EINVAL.into());
        }
        let get = |name: &str| number(&call.context, "bpf_sk_lookup", name);
        if get("sk") != 0 {
            return Err(uapi::EINVAL.into());
        }
        if get("local_port") > u64::from(u16::MAX) {
            return Err(uapi::ERANGE.into());
        }
        let input = Input { context: call.context, ..Input::default() };
        let output = self.repeat(call.program, call.repeat, input)?;
        // A result that is neither lets the packet through (`BPF_PROG_SK_LOOKUP_RUN_ARRAY`).
        let retval = u32::from(output.result != 0);
        Ok(Result { retval, packet: Vec::new(), context: output.context })
    }

    /// `bpf_prog_test_run_nf`: the context has pointers to objects of the kernel, which are null here.
    fn run_netfilter(&mut self, call: Call) -> Done {
        if call.packet.len() < ETHERNET || call.packet.len() > LINEAR {
            return Err(uapi::EINVAL.into());
        }
        let input = Input { packet: Some(call.packet), context: vec![0; 16], ..Input::default() };
        let output = self.repeat(call.program, call.repeat, input)?;
        Ok(Result { retval: output.result as u32, packet: Vec::new(), context: Vec::new() })
    }

    /// `bpf_prog_test_run_raw_tp` and `bpf_prog_test_run_syscall`: the context is memory of the process.
    fn run_words(&mut self, call: Call, most: usize) -> Done {
        if !call.packet.is_empty() || call.context.len() > most {
            return Err(uapi::EINVAL.into());
        }
        let output = self.vm.run(call.program, Input { context: call.context, ..Input::default() })?;
        Ok(Result { retval: output.result as u32, packet: Vec::new(), context: output.context })
    }
}

/// Hands over what a run has left, as much as there is room for.
///
/// # Safety
/// The address is null, or has so much room.
unsafe fn finish(address: u64, room: &mut u32, left: &[u8]) -> Answer {
    let given = std::mem::replace(room, left.len() as u32) as usize;
    if address == 0 {
        return Ok(0);
    }
    let size = left.len().min(given);
    // SAFETY: as the caller promises.
    unsafe { user::write(address, &left[..size])? };
    if size < left.len() { Err(uapi::ENOSPC.into()) } else { Ok(0) }
}

/// The number in a field of a context that the process gave, which may be shorter.
pub fn number(context: &[u8], layout: &str, field: &str) -> u64 {
    let Some((start, end)) = place(layout, field) else { return 0 };
    context.get(start..end).map_or(0, |bytes| crate::Endian::NATIVE.number(bytes))
}

/// Puts a number into a field of a context, which becomes as long as that needs.
pub fn put(context: &mut Vec<u8>, layout: &str, field: &str, number: u64) {
    let Some((start, end)) = place(layout, field) else { return };
    if context.len() < end {
        context.resize(end, 0);
    }
    crate::Endian::NATIVE.write(number, &mut context[start..end]);
}

/// Where a field is.
pub fn place(layout: &str, field: &str) -> Option<(usize, usize)> {
    let field = facts::layout(layout)?.fields.iter().find(|known| known.name == field)?;
    Some((field.offset as usize, (field.offset + field.size) as usize))
}
