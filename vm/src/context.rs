//! What programs get: contexts, as the kernel shows them to programs of their type, and the runs that have them.

use crate::Vm;
use crate::decode::Width;
use crate::facts::{Field, Layout, PROGRAM_KINDS, Role, uapi};
use crate::fault::Fault;
use crate::maps::Map;
use crate::memory::{self, What};
use crate::packet::Packet;

/// What a run gets.
#[derive(Clone, Default, Debug)]
pub struct Input {
    /// The packet, for programs that have one; of socket options the value.
    pub packet: Option<Vec<u8>>,
    /// How many bytes of the packet are directly accessible; None: all.
    pub linear: Option<usize>,
    /// The context as the C struct that programs see, or the arguments of a tracing program, 8 bytes each; missing bytes are zero.
    pub context: Vec<u8>,
    /// The metadata in front of the packet.
    pub meta: Vec<u8>,
    /// The addresses of objects that fields of the context point to, by the fields' names; the others are null.
    pub objects: Vec<(String, u64)>,
}

/// What a run leaves.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Output {
    /// Register 0.
    pub result: u64,
    /// The packet, without metadata.
    pub packet: Vec<u8>,
    /// The packet's metadata.
    pub meta: Vec<u8>,
    /// How many bytes of the packet are directly accessible; None without a packet.
    pub linear: Option<usize>,
    /// The context as it was given, with what the program stored.
    pub context: Vec<u8>,
    /// How many instructions ran.
    pub instructions: u64,
}

/// The context of the run in progress.
pub struct Context {
    /// Its region, whose bytes are not accessible: each access is one of a field.
    address: u64,
    bytes: Vec<u8>,
    layout: &'static Layout,
    prog_type: u32,
    /// The addresses of the objects that fields point to.
    objects: Vec<(String, u64)>,
}

/// Bits of a result that are those of `int`, what kernels take of it.
const RESULT: u64 = 0xffff_ffff;

impl Vm {
    /// Runs a program. A fault leaves maps as they were when it happened.
    pub fn run(&mut self, program: u32, input: Input) -> Result<Output, Fault> {
        self.clock.pass(crate::time::CALL);
        let Some(loaded) = self.programs.get(program as usize).cloned() else {
            return Err(Fault::wrong("a run of a program that is not loaded"));
        };
        let length = input.packet.as_ref().map_or(0, Vec::len);
        let linear = input.linear.unwrap_or(length);
        let packet = input.packet.map(|bytes| Packet::new(&mut self.memory, &bytes, &input.meta, linear));
        self.running.packet = packet;
        self.running.redirect = None;
        let address = match loaded.layout.filter(|layout| layout.size > 0) {
            Some(layout) => self.give_context(layout, loaded.prog_type, input.context, input.objects),
            None => self.memory.add_bytes(What::Context, &input.context),
        };
        let result = self.start(program, address);
        let mut output = Output { instructions: self.taken(), ..Output::default() };
        output.context = match self.running.context.take() {
            Some(context) => context.bytes,
            None => self
                .memory
                .region(address)
                .and_then(|(_, size)| self.memory.bytes(address, size))
                .unwrap_or_default()
                .to_vec(),
        };
        self.memory.remove(address);
        if let Some(packet) = self.running.packet.take() {
            output.packet = packet.read(&self.memory, 0, packet.length()).unwrap_or_default().to_vec();
            output.meta = packet.meta(&self.memory).to_vec();
            output.linear = Some(packet.linear());
            packet.drop_from(&mut self.memory);
        }
        self.memory.settle();
        let is_of_words = loaded.layout.is_none();
        output.result = result.map(|result| if is_of_words { result } else { result & RESULT })?;
        Ok(output)
    }

    fn give_context(
        &mut self,
        layout: &'static Layout,
        prog_type: u32,
        mut bytes: Vec<u8>,
        objects: Vec<(String, u64)>,
    ) -> u64 {
        bytes.resize(layout.size as usize, 0);
        let address = self.memory.add(What::Context, layout.size as usize);
        self.memory.resize(address, 0);
        self.running.context = Some(Context { address, bytes, layout, prog_type, objects });
        address
    }

    /// A load that is none of plain memory.
    #[cold]
    pub(crate) fn load_field(&self, address: u64, width: Width) -> Result<u64, Fault> {
        let Some((context, offset)) = self.context_at(address, width) else {
            return Err(self.wrong_access("load", address, width.bytes().into()));
        };
        let field = field_at(context.layout, offset, width);
        let Some(field) = field else {
            return Err(Fault::wrong(format!(
                "a load of {} at offset {offset} of {}",
                count(width.bytes().into()),
                context.layout.name
            )));
        };
        let packet =
            || self.running.packet.as_ref().ok_or_else(|| Fault::wrong("a packet pointer of a run without packet"));
        match field.role {
            Role::PacketMeta => Ok(packet()?.addresses()[0]),
            Role::PacketStart => Ok(packet()?.addresses()[1]),
            Role::PacketEnd => Ok(packet()?.addresses()[2]),
            Role::Object => {
                let known = context.objects.iter().find(|(name, _)| name == field.name);
                Ok(known.map_or(0, |(_, address)| *address))
            }
            // The length of a packet is that which it has.
            Role::Plain if field.name == "len" && self.running.packet.is_some() => Ok(packet()?.length() as u64),
            Role::Plain => {
                let at = offset as usize;
                Ok(self.memory.endian().number(&context.bytes[at..at + width.bytes() as usize]))
            }
        }
    }

    /// A store that is none to plain memory.
    #[cold]
    pub(crate) fn store_field(&mut self, address: u64, width: Width, number: u64) -> Result<(), Fault> {
        let Some((context, offset)) = self.context_at(address, width) else {
            return Err(self.wrong_access("store", address, width.bytes().into()));
        };
        let may =
            |writer: &str| PROGRAM_KINDS.iter().any(|kind| kind.name == writer && kind.number == context.prog_type);
        let name = context.layout.name;
        if !field_at(context.layout, offset, width).is_some_and(|field| field.writers.iter().any(|writer| may(writer)))
        {
            return Err(Fault::wrong(format!(
                "a store of {} at offset {offset} of {name}",
                count(width.bytes().into())
            )));
        }
        let endian = self.memory.endian();
        if let Some(context) = self.running.context.as_mut() {
            endian.write(number, &mut context.bytes[offset as usize..(offset + width.bytes()) as usize]);
        }
        Ok(())
    }

    fn context_at(&self, address: u64, width: Width) -> Option<(&Context, u32)> {
        let context = self.running.context.as_ref()?;
        let offset = u32::try_from(address.checked_sub(context.address)?).ok()?;
        (offset.checked_add(width.bytes())? <= context.layout.size).then_some((context, offset))
    }

    /// Whether an address is that of the run's context, which helpers demand.
    pub(crate) fn is_context(&self, address: u64) -> bool {
        self.running.context.as_ref().is_some_and(|context| context.address == address)
    }

    /// The number in a field of the run's context; 0 if it has none of this name.
    pub(crate) fn field(&self, name: &str) -> u64 {
        let bytes = self.running.context.as_ref().and_then(|context| {
            let field = context.layout.fields.iter().find(|field| field.name == name)?;
            context.bytes.get(field.offset as usize..(field.offset + field.size) as usize)
        });
        bytes.map_or(0, |bytes| self.memory.endian().number(bytes))
    }

    /// Puts a number into a field of the run's context, as the kernel does.
    pub(crate) fn set_field(&mut self, name: &str, number: u64) {
        let endian = self.memory.endian();
        let Some(context) = self.running.context.as_mut() else { return };
        if let Some(field) = context.layout.fields.iter().find(|field| field.name == name) {
            endian.write(number, &mut context.bytes[field.offset as usize..(field.offset + field.size) as usize]);
        }
    }

    /// Whether packets of the run's program begin with an Ethernet header.
    pub(crate) fn has_ethernet(&self) -> bool {
        let with = [uapi::BPF_PROG_TYPE_SCHED_CLS, uapi::BPF_PROG_TYPE_SCHED_ACT, uapi::BPF_PROG_TYPE_XDP];
        self.running.context.as_ref().is_some_and(|context| with.contains(&context.prog_type))
    }

    /// Whether the run is one of an XDP program, which has its own numbers for what becomes of packets.
    pub(crate) fn is_xdp(&self) -> bool {
        self.running.context.as_ref().is_some_and(|context| context.prog_type == uapi::BPF_PROG_TYPE_XDP)
    }

    pub(crate) fn map_of(&mut self, address: u64) -> Result<&mut Map, Fault> {
        match memory::map_at(address) {
            Some(map) if (map as usize) < self.maps.len() => Ok(&mut self.maps[map as usize]),
            _ => Err(Fault::wrong(format!("a map that is {}", self.name_of(address)))),
        }
    }

    /// The error of an access of so many bytes.
    #[cold]
    pub(crate) fn wrong_access(&self, verb: &str, address: u64, size: u64) -> Fault {
        if self.is_opaque(address) {
            return Fault::lacks("fields of kernel objects");
        }
        Fault::wrong(format!("a {verb} of {} at {}", count(size), self.name_of(address)))
    }

    /// Whether an address is in an object whose fields the machine has not.
    pub(crate) fn is_opaque(&self, address: u64) -> bool {
        matches!(self.memory.region(memory::split(address).0), Some((What::Opaque, _)))
    }

    /// An address in words: the region and the offset in it.
    pub(crate) fn name_of(&self, address: u64) -> String {
        if let Some(map) = memory::map_at(address) {
            return format!("the map {} itself", self.map_name(map));
        }
        if memory::code_at(address).is_some() {
            return "a function".into();
        }
        if address >> 32 == 0 {
            return if address == 0 { "null".into() } else { format!("{address:#x}, near null") };
        }
        let (start, offset) = memory::split(address);
        let Some((what, length)) = self.memory.region(start) else {
            return format!("{address:#x}, in no region or in one that is gone");
        };
        let length = match self.running.context.as_ref() {
            Some(context) if context.address == start => context.layout.size as usize,
            _ => length,
        };
        format!("offset {offset} of {} of {length} bytes", self.region_name(what))
    }

    fn region_name(&self, what: What) -> String {
        match what {
            What::Stack => "a stack".into(),
            What::Context => "a context".into(),
            What::Packet => "a packet".into(),
            What::Value(map) => format!("a value of map {}", self.map_name(map)),
            What::Key(map) => format!("a key of map {}", self.map_name(map)),
            What::Record(map) => format!("a record of ring buffer {}", self.map_name(map)),
            What::Object | What::Opaque => "a kernel object".into(),
            What::Given => "given memory".into(),
        }
    }

    fn map_name(&self, map: u32) -> &str {
        self.maps.get(map as usize).map_or("?", |map| map.spec().name.as_str())
    }
}

/// A number of bytes in words.
fn count(bytes: u64) -> String {
    format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" })
}

/// The field that an access of so many bytes lies in; of pointers only the whole.
fn field_at(layout: &'static Layout, offset: u32, width: Width) -> Option<&'static Field> {
    layout.fields.iter().find(|field| {
        let is_within = field.offset <= offset && offset + width.bytes() <= field.offset + field.size;
        is_within && (field.role == Role::Plain || offset == field.offset && width.bytes() == field.size)
    })
}
