//! Modules: the functions and data of one program, of all targets before `split` and of one after.

use super::index::Index;
use super::{Function, MetricDecl, StructOps, Symbol};
use crate::source::{FileId, Span};
use crate::tables::{Loading, MapKindSpec, Placement, ProgramSpec, Reference};
use crate::target::Target;
use crate::types::{FnSig, StructId, Ty};

/// A program, or its part for one target: functions, maps, global variables and other declarations.
#[derive(Clone, Debug)]
pub struct Module {
    /// The program's name.
    pub name: String,
    /// The name of its folder of pins, where that is another one.
    pub project: Option<String>,
    /// The file that debug info names.
    pub file: FileId,
    /// None before `split`.
    pub target: Option<Target>,
    /// The last pass that ran; what it lowers is not legal any more.
    pub after: Option<&'static str>,
    pub license: String,
    /// The kernel module whose functions BPF code calls; set by the pass `reach`.
    pub kernel_module: Option<String>,
    /// Headers of the kernel that the C of the module includes besides those that the compiler knows.
    pub headers: Vec<String>,
    pub funcs: Vec<Function>,
    pub globals: Vec<Global>,
    pub maps: Vec<MapDecl>,
    /// Tables of functions for the kernel; in the host's module those that user space registers.
    pub struct_ops: Vec<StructOps>,
    pub kfuncs: Vec<KfuncDecl>,
    /// What user space loads: filled by `split` in the host's module, where the functions are gone.
    pub programs: Vec<ProgramDecl>,
    /// In an executable that runs tests, by their numbers.
    pub tests: Vec<TestDecl>,
    /// The options of `main`.
    pub options: Option<OptionsDecl>,
    /// What `--metrics` serves; of user space.
    pub metrics: Vec<MetricDecl>,
    /// Where the lists have what was looked for.
    pub index: Index,
}

impl Module {
    /// The name of the kernel module: of the program, as an identifier of C.
    pub fn module_name(&self) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.name.chars().map(|c| if is_word(c) { c } else { '_' }).collect()
    }

    /// The function of this symbol; none if the module has none.
    pub fn func(&self, name: &str) -> Option<&Function> {
        self.index.funcs.find(&self.funcs, name)
    }

    /// The global variable of this symbol; none if the module has none.
    pub fn global(&self, name: &str) -> Option<&Global> {
        self.index.globals.find(&self.globals, name)
    }

    /// The map of this symbol; none if the module has none.
    pub fn map(&self, name: &str) -> Option<&MapDecl> {
        self.index.maps.find(&self.maps, name)
    }

    /// The implementation of a struct of functions of this symbol; none if the module has none.
    pub fn struct_ops(&self, name: &str) -> Option<&StructOps> {
        self.index.struct_ops.find(&self.struct_ops, name)
    }

    /// The kernel function of this symbol; none if the module declares none.
    pub fn kfunc(&self, name: &str) -> Option<&KfuncDecl> {
        self.index.kfuncs.find(&self.kfuncs, name)
    }

    /// The name of a section in the object. cilium/ebpf before 0.17 refuses objects with other data sections than `.data`,
    /// `.bss` and `.rodata*` (LoadCollectionSpecFromReader in its elf_reader.go; pull request 1546 lets `.data.*` in); libbpf
    /// before 0.6 does too. So pinned variables take `.data` where no other variable needs it.
    pub fn elf_section(&self, section: Section) -> &'static str {
        match section {
            Section::Pinned if self.globals.iter().all(|global| global.section != Some(Section::Data)) => ".data",
            Section::Data | Section::Bss | Section::Rodata | Section::Pinned | Section::Kconfig => section.name(),
        }
    }
}

/// A global variable or a `config`.
#[derive(Clone, Debug)]
pub struct Global {
    pub name: Symbol,
    pub ty: Ty,
    /// The initial contents, as many bytes as the type has.
    pub init: Vec<u8>,
    pub kind: GlobalKind,
    /// Where the BPF object has it; none: data of the host process alone. Set by the pass `shared-data`.
    pub section: Option<Section>,
    pub span: Span,
}

/// The storage class of a global variable, by its keyword or attribute in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GlobalKind {
    Var,
    /// `pin var`: its value outlives the process.
    Pinned,
    /// `local var`: of BPF code alone.
    Local,
    /// `percpu var`: of BPF code alone, one for each CPU.
    Percpu,
    /// `@private var`: of the kernel module alone.
    Private,
    Config,
    /// `@kconfig var`: the loader fills it in from the kernel's configuration, or fails.
    Kconfig,
    /// One with a value for kernels whose configuration lacks it.
    WeakKconfig,
    /// The counters of `ks.counted`.
    Counters,
}

impl GlobalKind {
    /// Every kind, in order of declaration, for the parser of IR text.
    pub const ALL: [GlobalKind; 9] = [
        GlobalKind::Var,
        GlobalKind::Pinned,
        GlobalKind::Local,
        GlobalKind::Percpu,
        GlobalKind::Private,
        GlobalKind::Config,
        GlobalKind::Kconfig,
        GlobalKind::WeakKconfig,
        GlobalKind::Counters,
    ];

    /// Whether user space has its value from the loaded object alone.
    pub fn exists_once_loaded(self) -> bool {
        match self {
            GlobalKind::Pinned | GlobalKind::Kconfig | GlobalKind::WeakKconfig => true,
            GlobalKind::Var
            | GlobalKind::Local
            | GlobalKind::Percpu
            | GlobalKind::Private
            | GlobalKind::Config
            | GlobalKind::Counters => false,
        }
    }

    /// The word that opens its declaration in IR text.
    pub fn word(self) -> &'static str {
        match self {
            GlobalKind::Var => "global",
            GlobalKind::Pinned => "pinned",
            GlobalKind::Local => "local",
            GlobalKind::Percpu => "percpu",
            GlobalKind::Private => "private",
            GlobalKind::Config => "config",
            GlobalKind::Kconfig => "kconfig",
            GlobalKind::WeakKconfig => "weak_kconfig",
            GlobalKind::Counters => "counters",
        }
    }
}

/// The section of a shared variable in the BPF object; libbpf makes a map of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    Data,
    Bss,
    Rodata,
    /// libbpf makes a map of it, which the runtime pins.
    Pinned,
    /// For externs: libbpf makes a read-only map of this section.
    Kconfig,
}

impl Section {
    /// Every section, in order of declaration, for the parser of IR text.
    pub const ALL: [Section; 5] = [Section::Data, Section::Bss, Section::Rodata, Section::Pinned, Section::Kconfig];

    /// In the IR's text.
    pub fn name(self) -> &'static str {
        match self {
            Section::Data => ".data",
            Section::Bss => ".bss",
            Section::Rodata => ".rodata",
            Section::Pinned => ".data.pinned_globals",
            Section::Kconfig => ".kconfig",
        }
    }
}

/// An integer of a config that says how many entries a map has.
#[derive(Clone, Debug)]
pub struct SizeSource {
    /// The variable of the config.
    pub global: Symbol,
    /// In the variable.
    pub offset: u32,
    pub ty: Ty,
    /// As the program writes it.
    pub text: String,
}

/// A map that the program declares, with the facts that its creation needs.
#[derive(Clone, Debug)]
pub struct MapDecl {
    pub name: Symbol,
    pub kind: &'static MapKindSpec,
    /// `void` where the kind has no keys.
    pub key: Ty,
    pub value: Ty,
    /// The template of the maps that a map of maps holds.
    pub inner: Option<Symbol>,
    pub max_entries: u32,
    /// What the runtime takes the number of entries from at the load.
    pub sized_by: Option<SizeSource>,
    /// `BPF_F_*` of include/uapi/linux/bpf.h
    pub flags: u32,
    /// With `BPF_F_NUMA_NODE`.
    pub node: Option<u32>,
    /// Not a map of its own: an alias of the one that `map.bind` names.
    pub bound: bool,
    /// `pin var`: it outlives the process.
    pub pinned: bool,
    /// It has one entry, a variable of BPF code alone.
    pub private: bool,
    /// The variable that counts insertions that found no room, where the program asks for their number.
    pub refusals: Option<Symbol>,
    /// The programs that the loader puts in, from index 0 on.
    pub programs: Vec<Symbol>,
    pub span: Span,
}

impl MapDecl {
    /// A map of its own without flags; its entries last as long as the map.
    pub fn new(name: Symbol, kind: &'static MapKindSpec, key: Ty, value: Ty, max_entries: u32, span: Span) -> MapDecl {
        MapDecl {
            name,
            kind,
            key,
            value,
            inner: None,
            max_entries,
            sized_by: None,
            flags: 0,
            node: None,
            bound: false,
            pinned: false,
            private: false,
            refusals: None,
            programs: Vec::new(),
            span,
        }
    }

    /// Whether the map is an array of tail calls whose programs user space does not load: it holds programs, and the first one is not among
    /// `loaded`.
    pub fn is_idle(&self, loaded: &[ProgramDecl]) -> bool {
        let first = self.programs.first();
        first.is_some_and(|first| loaded.iter().all(|program| program.name != *first))
    }
}

/// A function of the kernel that the program calls.
#[derive(Clone, Debug)]
pub struct KfuncDecl {
    pub name: Symbol,
    /// As the BTF of the object declares it: loaders compare that with the kernel's.
    pub sig: FnSig,
    /// The kernel may lack it.
    pub weak: bool,
    /// The function's effect on a reference to a kernel object.
    pub reference: Option<Reference>,
    /// The parameters that are memory with a size, and those that say how many bytes there are.
    pub sized: Vec<(usize, usize)>,
    pub span: Span,
}

/// The facts that user space has about a program.
#[derive(Clone, Debug)]
pub struct ProgramDecl {
    pub name: Symbol,
    pub spec: &'static ProgramSpec,
    /// One of the spec's forms.
    pub mode: &'static str,
    pub target: Option<String>,
    pub placement: Placement,
    /// It is loaded for the interface that is its target.
    pub device: bool,
    pub loading: Loading,
    /// It is loaded only in place of another one.
    pub spare: bool,
    /// The declared maps that it uses, if any program may be refused.
    pub maps: Vec<Symbol>,
}

/// A test of an executable that runs one of its tests.
#[derive(Clone, Debug)]
pub struct TestDecl {
    pub func: Symbol,
    /// The programs, declared maps and implementations of structs of functions that it may use, in this order: filled by `split` in the host's
    /// module.
    pub needs: Vec<Symbol>,
}

/// The struct of `main`'s options.
#[derive(Clone, Debug)]
pub struct OptionsDecl {
    pub ty: StructId,
    /// The doc comment of the struct, with which `--help` begins.
    pub docs: String,
    /// Default contents of the struct.
    pub init: Vec<u8>,
    /// One for each field.
    pub options: Vec<OptionSpec>,
}

/// An option of `main` on the command line: a field of its struct.
#[derive(Clone, Debug)]
pub struct OptionSpec {
    pub docs: String,
    /// Has no default and must be given.
    pub required: bool,
    /// It takes the words behind `--`: a command with its arguments.
    pub command: bool,
}
