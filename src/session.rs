//! The state of one run of the compiler, passed everywhere as `cx`.

use crate::btf::KernelTypes;
use crate::diag::codes::support::{NeedsKernel, OldestKernel};
use crate::diag::lowered::{Lowered, Lowering};
use crate::diag::{Code, Diagnostic, Diagnostics, Levels, Severity};
use crate::source::points::Points;
use crate::source::{FileId, SourceMap, Span, paths};
use crate::target::Machine;
use crate::types::Types;
use crate::uses::Uses;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// BPF instruction set level (`--mcpu`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mcpu {
    V1,
    V2,
    V3,
    V4,
}

impl Mcpu {
    /// The name that LLVM and the command line use.
    pub fn name(self) -> &'static str {
        match self {
            Mcpu::V1 => "v1",
            Mcpu::V2 => "v2",
            Mcpu::V3 => "v3",
            Mcpu::V4 => "v4",
        }
    }

    /// The first kernel that takes its instructions: the verifier learned those of v4 in 6.6, all others are older than what
    /// `--min-kernel` can name.
    pub fn since(self) -> Option<KernelVersion> {
        (self == Mcpu::V4).then_some(KernelVersion { major: 6, minor: 6 })
    }
}

/// The forms in which `@probe` programs are in an object (`--probe`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProbeForms {
    Both,
    /// At trampolines.
    Fentry,
    /// At breakpoints.
    Kprobe,
}

impl ProbeForms {
    /// Every form, in order of declaration, for the command line.
    pub const ALL: [ProbeForms; 3] = [ProbeForms::Both, ProbeForms::Fentry, ProbeForms::Kprobe];

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            ProbeForms::Both => "both",
            ProbeForms::Fentry => "fentry",
            ProbeForms::Kprobe => "kprobe",
        }
    }
}

/// A kernel version, `major.minor`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KernelVersion {
    pub major: u32,
    pub minor: u32,
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Some kernels for which an executable may have an object of their own: from a version on, up to the next tier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tier {
    pub since: KernelVersion,
}

impl Tier {
    /// The first of its kernels, for the runtime.
    pub fn numbers(self) -> (u32, u32) {
        (self.since.major, self.since.minor)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.since.fmt(f)
    }
}

/// The folder where systems mount bpffs.
pub const PIN_ROOT: &str = "/sys/fs/bpf";

/// The options of a run, from the command line and from the text of the program.
#[derive(Clone, Debug)]
pub struct Options {
    pub mcpu: Mcpu,
    /// The processor whose kernels the BPF object is for (`--target-arch`), and executables too.
    pub machine: &'static Machine,
    /// Oldest kernel that the BPF object must load on.
    pub min_kernel: KernelVersion,
    /// The tier that is compiled, if it is not the first: workarounds that its kernels do not need are left out.
    pub tier: Option<Tier>,
    /// An option or the text of the program says the oldest kernel. Otherwise what the program uses may make it a later one.
    pub min_kernel_given: bool,
    /// LLVM optimisation level, 1 to 3; user space has 0 too.
    pub opt_level: u8,
    /// Functions of user space that keep their symbol, `ks.user.NAME`, so that tests can call them from outside. The
    /// command line never asks for that.
    pub exports: Vec<String>,
    /// Verify the IR after each pass also in release builds.
    pub verify_ir: bool,
    /// Compare what each pass says it changed with the IR's text, which takes as long as the passes.
    pub verify_changes: bool,
    pub print_ir_after: PrintAfter,
    pub stop_after: Option<String>,
    pub time_passes: bool,
    /// Note in `Session::lowered` what passes choose.
    pub explain_lowering: bool,
    /// The folder where `KSC_DUMP` writes every stage.
    pub dump_dir: Option<PathBuf>,
    /// Names the program, and what is written of it: the file's stem.
    pub name: String,
    /// Names the pin directory; the file's stem unless `--project` says otherwise.
    pub project: String,
    /// The folder of bpffs below which programs pin.
    pub pin_root: String,
    /// `--path-prefix-map`: what replaces the beginnings of paths in objects and executables.
    pub path_prefixes: Vec<(PathBuf, String)>,
    pub levels: Levels,
    /// The C of a kernel module names lines of the source by `#line`, in the place of comments.
    pub line_directives: bool,
    /// TC programs lie in the sections of TCX.
    pub tcx: bool,
    /// `--probe`; none: both forms in an executable, fentry in an object.
    pub probe: Option<ProbeForms>,
    /// Prints of BPF code go to the streams of the kernels that have them: in the object of an executable.
    pub streams: bool,
    /// The executable needs no shared libraries where it runs.
    pub links_statically: bool,
    /// A `main` that the compiler writes prints maps and global variables at its end.
    pub prints_results: bool,
    /// The executable runs the tests of the file.
    pub tests: bool,
    /// The executable counts how often control comes to the points of `Session::points`.
    pub coverage: bool,
    /// The object keeps its DWARF, which no loader reads.
    pub keep_dwarf: bool,
    /// The passes check the part without errors of a program with errors too.
    pub checks_parts: bool,
    /// `--btf`: the kernel's types, instead of those of the running kernel.
    pub btf: Option<PathBuf>,
    /// `--without`: the names of workarounds, and of rewrites of machine code, that are left out.
    pub without: Vec<&'static str>,
}

/// The passes after which the IR is printed (`--print-ir-after`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PrintAfter {
    Nothing,
    Everything,
    Pass(String),
}

impl PrintAfter {
    /// Whether the IR is printed after the pass or rewrite of this name.
    pub fn wants(&self, name: &str) -> bool {
        match self {
            PrintAfter::Nothing => false,
            PrintAfter::Everything => true,
            PrintAfter::Pass(pass) => pass == name,
        }
    }
}

impl Options {
    /// Whether the kernel that runs says what the program finds: no file of types and no other processor is named.
    pub fn asks_running_kernel(&self) -> bool {
        self.btf.is_none() && Machine::own() == Some(self.machine)
    }

    /// The project's folder of pins. bpffs takes no dots in names.
    pub fn pin_folder(&self) -> String {
        format!("{}/{}", self.pin_root, self.project.replace('.', "_"))
    }
}

/// The oldest kernel that objects load on if `--min-kernel` does not say.
pub const MIN_KERNEL: KernelVersion = KernelVersion { major: 6, minor: 1 };

impl Default for Options {
    fn default() -> Options {
        Options {
            mcpu: Mcpu::V3,
            machine: Machine::native(),
            min_kernel: MIN_KERNEL,
            tier: None,
            min_kernel_given: false,
            opt_level: 2,
            exports: Vec::new(),
            verify_ir: cfg!(debug_assertions),
            verify_changes: false,
            print_ir_after: PrintAfter::Nothing,
            stop_after: None,
            time_passes: false,
            explain_lowering: false,
            dump_dir: None,
            name: String::new(),
            project: String::new(),
            pin_root: PIN_ROOT.to_owned(),
            path_prefixes: Vec::new(),
            levels: Levels::default(),
            tcx: false,
            line_directives: false,
            probe: None,
            streams: false,
            links_statically: false,
            prints_results: false,
            tests: false,
            coverage: false,
            keep_dwarf: false,
            checks_parts: true,
            btf: None,
            without: Vec::new(),
        }
    }
}

/// What messages call functions, variables, configs and maps of imported modules, which have other names from lowering on:
/// `flow.count` for the symbol `flow_count`.
#[derive(Clone, Default, Debug)]
pub struct SourceNames(pub HashMap<String, String>);

impl SourceNames {
    /// The name of a symbol in the source; the symbol itself if the source does not name it.
    pub fn of<'n>(&'n self, symbol: &'n str) -> &'n str {
        self.0.get(symbol).map_or(symbol, String::as_str)
    }

    /// A pass makes a function of another one, and its symbol by putting something after the other's.
    pub fn derive(&mut self, symbol: &str, from: &str) {
        if let (Some(name), Some(end)) = (self.0.get(from), symbol.strip_prefix(from)) {
            let name = format!("{name}{end}");
            self.0.insert(symbol.to_owned(), name);
        }
    }
}

/// A function of C, which the linker looks for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// The name of a library, or the path of a file, which has a slash.
    pub library: String,
    pub name: String,
    /// Its declaration, or in IR text a call of it.
    pub span: Span,
}

/// The state of a run: every stage gets it as `cx`.
pub struct Session {
    /// The functions of C that the code of user space calls.
    pub linked: BTreeSet<Linked>,
    /// Where functions of C are declared.
    pub c_declarations: BTreeMap<String, Span>,
    pub options: Options,
    pub sources: SourceMap,
    /// Files that are read besides the sources.
    pub libraries: Vec<PathBuf>,
    /// Files that would be read besides the sources, were they there.
    pub absent: Vec<PathBuf>,
    pub diags: Diagnostics,
    pub types: Types,
    pub kernel_types: KernelTypes,
    pub names: Rc<SourceNames>,
    /// The text of a `main` that the file lacked.
    pub written_main: Option<FileId>,
    /// The program is IR text, so that what is wrong with the IR is the text's fault.
    pub reads_ir: bool,
    /// The tiers that begin where kernels end whose workarounds changed the BPF code.
    pub tiers: BTreeSet<Tier>,
    /// The version that became the oldest kernel, a blank, and what needs it.
    pub needs: Option<String>,
    /// What took how long, in order; `--time-passes` prints it.
    pub timings: Vec<(&'static str, Duration)>,
    /// The choices of passes, if they were asked for; `--explain-lowering` prints them.
    pub lowered: Vec<Lowered>,
    /// The points of the program that an executable for coverage counts.
    pub points: Points,
    /// What the names of the program mean, for editors.
    pub uses: Uses,
}

impl Session {
    /// A run without sources.
    pub fn new(options: Options) -> Session {
        let is_foreign = options.btf.is_none() && !options.asks_running_kernel();
        let kernel_types = if is_foreign { KernelTypes::foreign() } else { KernelTypes::new(options.btf.clone()) };
        Session {
            linked: BTreeSet::new(),
            c_declarations: BTreeMap::new(),
            diags: Diagnostics::new(options.levels.clone()),
            types: Types::of(options.machine),
            options,
            sources: SourceMap::default(),
            libraries: Vec::new(),
            absent: Vec::new(),
            kernel_types,
            names: Rc::default(),
            written_main: None,
            reads_ir: false,
            tiers: BTreeSet::new(),
            needs: None,
            timings: Vec::new(),
            lowered: Vec::new(),
            points: Points::default(),
            uses: Uses::default(),
        }
    }

    /// Reports an error at `span`, and returns it for labels and helps.
    pub fn error(&mut self, span: Span, code: impl Code) -> &mut Diagnostic {
        self.diags.push(Diagnostic::new(Severity::Error, Some(span), &code))
    }

    /// Reports a warning at `span`, and returns it for labels and helps; options may make it an error or drop it.
    pub fn warn(&mut self, span: Span, code: impl Code) -> &mut Diagnostic {
        self.diags.push(Diagnostic::new(Severity::Warning, Some(span), &code))
    }

    /// Reports a note at `span`, and returns it.
    pub fn note(&mut self, span: Span, code: impl Code) -> &mut Diagnostic {
        self.diags.push(Diagnostic::new(Severity::Note, Some(span), &code))
    }

    /// A pass chose what a construct becomes.
    pub fn explain(&mut self, span: Span, lowering: &impl Lowering) {
        if self.options.explain_lowering {
            self.lowered.push(Lowered::at(span, lowering));
        }
    }

    /// A pass changed what an earlier one chose for the construct at this place: this takes the place of that record.
    pub fn explain_instead(&mut self, span: Span, lowering: &impl Lowering) {
        if !self.options.explain_lowering {
            return;
        }
        let made = Lowered::at(span, lowering);
        let is_earlier =
            |old: &&mut Lowered| old.span == span && old.construct == made.construct && old.became != made.became;
        match self.lowered.iter_mut().find(is_earlier) {
            Some(old) => *old = made,
            None => self.lowered.push(made),
        }
    }

    /// Notes choices that a pass has collected, if they were asked for.
    pub fn explain_all(&mut self, lowered: Vec<Lowered>) {
        if self.options.explain_lowering {
            self.lowered.extend(lowered);
        }
    }

    /// An error that has no place in a source file.
    pub fn environment(&mut self, code: impl Code) -> &mut Diagnostic {
        self.diags.push(Diagnostic::new(Severity::Error, None, &code))
    }

    /// The program does what kernels before this version cannot: an error where an option or a file says the oldest kernel. Otherwise
    /// this version becomes the oldest kernel, and a note says so if the program has no errors.
    pub fn needs_kernel(&mut self, span: Span, what: String, version: KernelVersion) -> Option<&mut Diagnostic> {
        let oldest = self.options.min_kernel;
        let named = version.to_string();
        if self.options.min_kernel_given {
            let error = self.error(span, NeedsKernel { what, version: named });
            return Some(error.remark(format!("`--min-kernel` is {oldest}")));
        }
        self.options.min_kernel = version;
        self.needs = Some(format!("{version} {what}"));
        let mut note = Diagnostic::new(Severity::Note, Some(span), &OldestKernel { what, version: named });
        note.help(format!(
            "write `min_kernel \"{version}\"` to say so, or an older one to have all that needs more reported"
        ));
        self.diags.conclude_with(note);
        None
    }

    /// A note that has no place in a source file.
    pub fn remark(&mut self, code: impl Code) -> &mut Diagnostic {
        self.diags.push(Diagnostic::new(Severity::Note, None, &code))
    }

    /// What a message calls the function, variable, config or map with this symbol.
    pub fn source_name(&self, symbol: &str) -> String {
        self.names.of(symbol).to_owned()
    }

    /// What objects and executables call a source file: debug information, line information and messages of the program.
    pub fn recorded_name(&self, file: FileId) -> String {
        let file = self.sources.file(file);
        paths::mapped(&file.path, &self.options.path_prefixes).unwrap_or_else(|| file.recorded.clone())
    }

    /// The oldest kernel that the BPF object must load on, as text: `6.1`. Final once the object is made.
    pub fn oldest_kernel(&self) -> String {
        self.options.min_kernel.to_string()
    }

    /// Notes that a stage or pass that began at `since` has ended.
    pub fn timed(&mut self, what: &'static str, since: Instant) {
        self.timings.push((what, since.elapsed()));
    }

    /// Adds the time of a stage without the parts of it that `timings` has from the index `inner` on.
    pub fn timed_besides(&mut self, inner: usize, what: &'static str, since: Instant) {
        let parts: Duration = self.timings.iter().skip(inner).map(|(_, time)| *time).sum();
        self.timings.push((what, since.elapsed().saturating_sub(parts)));
    }

    /// The input that a path leads to, under whatever name.
    pub fn input_at(&self, path: &Path) -> Option<&Path> {
        let found = paths::regular_file(path)?;
        let sources = self.sources.files().map(|(_, source)| source.path.as_path());
        sources
            .chain(self.libraries.iter().map(PathBuf::as_path))
            .find(|input| paths::regular_file(input) == Some(found))
    }

    /// Writes a stage's text to the folder that `KSC_DUMP` names. It is an aid for work on the compiler: a file that cannot
    /// be written is passed over.
    pub fn dump(&self, name: &str, text: impl FnOnce(&Session) -> String) {
        if let Some(folder) = &self.options.dump_dir {
            let _ = std::fs::create_dir_all(folder);
            let path = folder.join(name);
            if self.input_at(&path).is_none() {
                // By rename, so that a link that somebody laid there is replaced and not followed.
                let _ = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
                    file.write_all(text(self).as_bytes())?;
                    Ok(file.persist(path)?)
                });
            }
        }
    }
}
