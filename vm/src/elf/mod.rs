//! Objects of BPF code, as compilers write them: code, data, maps, and the relocations between them, as libbpf reads them. What needs types of
//! the kernel (CO-RE) or its variables is an error: those are applied by a loader.

pub(crate) mod btf;
mod code;

use crate::decode::Endian;
use crate::facts::{PROGRAM_KINDS, uapi};
use crate::fault::Fault;
use crate::maps::MapSpec;
use crate::{ProgramSpec, Vm};
use btf::{Btf, Definition};
use code::{Code, Reference};
use object::read::elf::ElfFile64;
use object::{Endianness, Object as _, ObjectSection, ObjectSymbol, RelocationTarget};
use std::collections::BTreeMap;

/// The file that is read.
type File<'d> = ElfFile64<'d, Endianness>;

/// A loaded object: a machine with its maps and programs.
pub struct Object {
    pub vm: Vm,
    maps: BTreeMap<String, u32>,
    /// A program that is not loaded has the reason.
    programs: BTreeMap<String, Result<u32, Fault>>,
    globals: BTreeMap<String, u64>,
}

impl Object {
    /// Reads an object. An error is of the file, or of a map that the machine has not; programs have errors of their own.
    pub fn load(bytes: &[u8]) -> Result<Object, Fault> {
        let file = File::parse(bytes).map_err(|error| Fault::wrong(error.to_string()))?;
        let endian = if file.is_little_endian() { Endian::Little } else { Endian::Big };
        let object = Object {
            vm: Vm::new(endian, 1),
            maps: BTreeMap::new(),
            programs: BTreeMap::new(),
            globals: BTreeMap::new(),
        };
        let mut loading = Loading { file, object, sections: BTreeMap::new(), by_offset: BTreeMap::new() };
        loading.add_data()?;
        let values = loading.add_maps()?;
        loading.add_programs()?;
        loading.add_values(&values)?;
        Ok(loading.object)
    }

    /// The number of a map.
    pub fn map(&self, name: &str) -> Option<u32> {
        self.maps.get(name).copied()
    }

    /// The number of a program, or why it is not loaded; None if the object has none of this name.
    pub fn program(&self, name: &str) -> Option<Result<u32, Fault>> {
        self.programs.get(name).cloned()
    }

    /// The address of a global variable in the machine's memory.
    pub fn global(&self, name: &str) -> Option<u64> {
        self.globals.get(name).copied()
    }

    /// The names of all programs.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.programs.keys().map(String::as_str)
    }
}

struct Loading<'d> {
    file: File<'d>,
    object: Object,
    /// The map that is each section of data.
    sections: BTreeMap<usize, u32>,
    /// The map at each offset of `.maps`.
    by_offset: BTreeMap<u64, u32>,
}

fn unreadable(error: object::Error) -> Fault {
    Fault::wrong(error.to_string())
}

impl<'d> Loading<'d> {
    fn section(&self, name: &str) -> Option<&'d [u8]> {
        self.file.section_by_name(name).and_then(|section| section.data().ok())
    }

    fn create(&mut self, name: &str, spec: MapSpec) -> Result<u32, Fault> {
        let number = self.object.vm.create_map(spec)?;
        self.object.maps.insert(name.to_owned(), number);
        Ok(number)
    }

    /// Each section of data is an array with one value.
    fn add_data(&mut self) -> Result<(), Fault> {
        let sections: Vec<_> = self.file.sections().map(|section| section.index()).collect();
        for at in sections {
            let section = self.file.section_by_index(at).map_err(unreadable)?;
            let (name, size) = (section.name().map_err(unreadable)?.to_owned(), section.size() as usize);
            let is_data = [".data", ".bss", ".rodata"].iter().any(|own| name.starts_with(own));
            if !is_data || size == 0 {
                continue;
            }
            let mut bytes = section.data().map_err(unreadable)?.to_vec();
            bytes.resize(size, 0);
            let read_only = if name.starts_with(".rodata") { uapi::BPF_F_RDONLY_PROG } else { 0 };
            let kind = uapi::BPF_MAP_TYPE_ARRAY;
            let spec =
                MapSpec { name: name.clone(), kind, key_size: 4, value_size: size, max_entries: 1, flags: read_only };
            let map = self.create(&name, spec)?;
            self.sections.insert(at.0, map);
            let address = self.value(map);
            if let Some(room) = self.object.vm.memory.bytes_mut(address, size) {
                room.copy_from_slice(&bytes);
            }
        }
        for symbol in self.file.symbols() {
            let Some(map) = symbol.section_index().and_then(|at| self.sections.get(&at.0)) else { continue };
            let (map, place) = (*map, symbol.address());
            let address = self.object.vm.maps[map as usize].lookup(&mut self.object.vm.memory, &[0; 4]);
            self.object.globals.insert(symbol.name().unwrap_or_default().to_owned(), address + place);
        }
        Ok(())
    }

    /// The address of the only value of a map.
    fn value(&mut self, map: u32) -> u64 {
        let vm = &mut self.object.vm;
        vm.maps[map as usize].lookup(&mut vm.memory, &[0; 4])
    }

    /// The offsets in `.maps` at which the initial values of maps begin.
    fn add_maps(&mut self) -> Result<BTreeMap<u64, u32>, Fault> {
        let mut values = BTreeMap::new();
        let Some(section) = self.file.section_by_name(".maps").map(|section| section.index()) else {
            return Ok(values);
        };
        let endian = self.object.vm.endian();
        let btf = self.section(".BTF").ok_or_else(|| Fault::wrong("maps without BTF"))?;
        let definitions = Btf::read(btf, endian).and_then(|btf| btf.maps());
        let definitions = definitions.ok_or_else(|| Fault::wrong("the BTF of maps is not as expected"))?;
        let symbols: Vec<_> = self
            .file
            .symbols()
            .filter(|symbol| symbol.section_index() == Some(section))
            .map(|symbol| (symbol.name().unwrap_or_default().to_owned(), symbol.address()))
            .collect();
        for (name, place) in symbols {
            let Some(Definition { spec, values: within }) = definitions.iter().find(|of| of.spec.name == name) else {
                continue;
            };
            let map = self.create(&name, adjusted(spec.clone()))?;
            self.by_offset.insert(place, map);
            if let Some(within) = within {
                values.insert(place + within, map);
            }
        }
        Ok(values)
    }

    fn add_programs(&mut self) -> Result<(), Fault> {
        let code = Code::read(&self.file, self.object.vm.endian())?;
        let programs: Vec<_> =
            code.programs().map(|(at, function)| (at, function.name.clone(), function.section_name.clone())).collect();
        for (at, name, section) in programs {
            let number = self.object.vm.programs.len() as u32;
            let loaded = code.assemble(at, number, &mut |reference| self.address(reference)).and_then(
                |(code, kernel_functions, lines)| {
                    let spec = ProgramSpec {
                        name: name.clone(),
                        prog_type: prog_type(&section),
                        code,
                        kernel_functions,
                        lines,
                        ..ProgramSpec::default()
                    };
                    self.object.vm.load_program(spec)
                },
            );
            self.object.programs.insert(name, loaded);
        }
        Ok(())
    }

    /// The number that a load of an address yields.
    fn address(&mut self, reference: Reference) -> Result<u64, Fault> {
        let Reference { section, place, name } = reference;
        if let Some(&map) = self.sections.get(&section.0) {
            return Ok(self.value(map) + place);
        }
        match self.by_offset.get(&place) {
            Some(&map) if self.file.section_by_index(section).is_ok_and(|section| section.name() == Ok(".maps")) => {
                Ok(crate::memory::of_map(map))
            }
            _ => Err(Fault::lacks(format!("variable `{name}`"))),
        }
    }

    /// The programs and maps in initial values of maps.
    fn add_values(&mut self, values: &BTreeMap<u64, u32>) -> Result<(), Fault> {
        let Some(section) = self.file.section_by_name(".maps") else { return Ok(()) };
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
            let symbol = self.file.symbol_by_index(symbol).map_err(unreadable)?;
            let name = symbol.name().unwrap_or_default();
            let Some((&start, &map)) = values.range(..=offset).next_back() else { continue };
            let handle = match self.object.programs.get(name) {
                Some(Ok(program)) => Some(*program),
                // Calls of it find no entry.
                Some(Err(_)) => None,
                None => self.object.maps.get(name).copied(),
            };
            let endian = self.object.vm.endian();
            let (mut key, mut value) = ([0; 4], [0; 4]);
            endian.write((offset - start) / 8, &mut key);
            let Some(handle) = handle else { continue };
            endian.write(handle.into(), &mut value);
            let vm = &mut self.object.vm;
            let written = vm.maps[map as usize].write(&mut vm.memory, &key, &value, 0);
            written.map_err(|error| Fault::wrong(format!("the entry `{name}` of a map: error {error}")))?;
        }
        Ok(())
    }
}

/// What libbpf changes of definitions: the size of a ring buffer, and the values of maps of programs and maps.
fn adjusted(mut spec: MapSpec) -> MapSpec {
    // SAFETY: it takes no pointers.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    if [uapi::BPF_MAP_TYPE_RINGBUF, uapi::BPF_MAP_TYPE_USER_RINGBUF].contains(&spec.kind) {
        spec.max_entries = spec.max_entries.max(page).next_power_of_two();
    }
    let of_handles = [
        uapi::BPF_MAP_TYPE_PROG_ARRAY,
        uapi::BPF_MAP_TYPE_ARRAY_OF_MAPS,
        uapi::BPF_MAP_TYPE_HASH_OF_MAPS,
        uapi::BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    ];
    if of_handles.contains(&spec.kind) {
        spec.value_size = 4;
        spec.key_size = spec.key_size.max(4);
    }
    spec
}

/// The type of the programs in a section (libbpf's `section_defs`); 0 for one that is not known.
fn prog_type(section: &str) -> u32 {
    let kind = section.split('/').next().unwrap_or_default();
    let kind = kind.strip_suffix(".s").unwrap_or(kind);
    let is_of = |known: &str| known.split(['/', '{']).next().is_some_and(|known| known == section || known == kind);
    let found = PROGRAM_KINDS.iter().find(|program| program.sections.contains(&section));
    let found =
        found.or_else(|| PROGRAM_KINDS.iter().find(|program| program.sections.iter().any(|known| is_of(known))));
    found.map_or(0, |program| program.number)
}
