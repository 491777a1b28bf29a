//! The kinds of names: those of program types, with the targets of each, and those of functions and maps that programs use.

use super::{binaries, declared};
use crate::btf::Wanted;
use crate::diag::similar;
use crate::sema::handed;
use crate::session::Session;
use crate::tables::{
    ATTRIBUTES, HELPERS, MAP_KINDS, PROGRAMS, Params, ProgramSpec, PrototypeOf, TARGET, TargetText, counters, glob,
};
use crate::tracefs;

/// A kind of what is listed.
pub enum Kind {
    /// What programs of a type attach to.
    Hook(&'static ProgramSpec),
    StructOps,
    Kfunc,
    Helper,
    Map,
    Attribute,
}

/// The types of programs at functions of the kernel.
const FUNCTIONS: [&str; 6] = ["kprobe", "kretprobe", "probe", "fentry", "fexit", "fsession"];
/// The types whose targets a pattern without a kind is looked for among.
const SEARCHED: [&str; 5] = ["tracepoint", "raw_tracepoint", "probe", "lsm", "iter"];

/// All kinds, in the order in which they are listed.
pub fn all() -> Vec<Kind> {
    let hooks = PROGRAMS.iter().filter(|spec| is_listed(spec)).map(Kind::Hook);
    hooks.chain([Kind::StructOps, Kind::Kfunc, Kind::Helper, Kind::Map, Kind::Attribute]).collect()
}

/// Whether something of the machine says what such programs attach to.
fn is_listed(spec: &ProgramSpec) -> bool {
    let text = spec.named().and_then(|target| target.text);
    match text {
        Some(
            TargetText::Event
            | TargetText::Record
            | TargetText::Function
            | TargetText::Functions
            | TargetText::Code
            | TargetText::Counter
            | TargetText::UserCode
            | TargetText::UserProbe,
        ) => true,
        Some(TargetText::Name) => spec.loaded_for.is_none(),
        Some(TargetText::Interface | TargetText::Path) | None => false,
    }
}

/// That there is no such kind.
pub fn unknown(name: &str, all: &[Kind]) -> String {
    let names: Vec<&str> = all.iter().map(Kind::name).chain(["struct"]).collect();
    match similar::best(name, &names) {
        Some(near) => format!("`{name}` is no kind of what is listed: did you mean `{near}`?"),
        None => format!("`{name}` is no kind of what is listed: there are {}", names.join(", ")),
    }
}

impl Kind {
    /// What patterns begin with.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Hook(spec) => spec.name,
            Kind::StructOps => "struct_ops",
            Kind::Kfunc => "kfunc",
            Kind::Helper => "helper",
            Kind::Map => "map",
            Kind::Attribute => "attribute",
        }
    }

    /// What stands for a `/` in the names: that of files stays.
    pub fn separator(&self) -> &'static str {
        if self.is_of_files() { "/" } else { ":" }
    }

    fn is_of_files(&self) -> bool {
        let Kind::Hook(spec) = self else { return false };
        let text = spec.named().and_then(|target| target.text);
        matches!(text, Some(TargetText::UserCode | TargetText::UserProbe))
    }

    /// Whether a pattern without a kind is looked for here.
    pub fn is_searched(&self) -> bool {
        match self {
            Kind::Hook(spec) => SEARCHED.contains(&spec.name),
            Kind::StructOps | Kind::Kfunc | Kind::Helper | Kind::Map => true,
            Kind::Attribute => false,
        }
    }

    /// The names that fit a pattern, sorted; an error if a file cannot be read.
    pub fn names(&self, cx: &mut Session, pattern: &str) -> Result<Vec<String>, String> {
        if let (true, Kind::Hook(spec)) = (self.is_of_files(), self) {
            let probes = spec.named().is_some_and(|target| target.text == Some(TargetText::UserProbe));
            return binaries::names(pattern, probes);
        }
        if let (Kind::Helper, Some(spec)) = (self, PROGRAMS.iter().find(|spec| spec.name == pattern)) {
            let callable = HELPERS.iter().filter(|helper| spec.may_call(helper).is_some());
            return Ok(callable.map(|helper| helper.name.to_owned()).collect());
        }
        let pattern = pattern.replace('/', ":");
        let mut names = self.all_names(cx);
        // An event is found without its category too.
        let last = |name: &str| name.rsplit('/').next().is_some_and(|last| glob::fits(&pattern, last));
        names.retain(|name| glob::fits(&pattern, &name.replace('/', ":")) || last(name));
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn all_names(&self, cx: &mut Session) -> Vec<String> {
        match self {
            Kind::Hook(spec) => targets(cx, spec),
            Kind::StructOps => handed::implemented(cx),
            Kind::Kfunc => cx.kernel_types.function_names(),
            Kind::Helper => HELPERS.iter().map(|helper| helper.name.to_owned()).collect(),
            Kind::Map => {
                MAP_KINDS.iter().filter(|kind| kind.written.is_none()).map(|kind| kind.name.to_owned()).collect()
            }
            Kind::Attribute => {
                let others = ATTRIBUTES.iter().filter(|spec| !spec.later && spec.instead.is_none());
                let programs = PROGRAMS.iter().filter(|spec| !spec.is_member()).map(|spec| spec.name);
                programs.chain(others.map(|spec| spec.name)).map(str::to_owned).collect()
            }
        }
    }

    /// What programs declare for one of the names.
    pub fn declared(&self, cx: &mut Session, name: &str) -> Vec<String> {
        match self {
            Kind::Hook(spec) => declared::program(cx, spec, name),
            Kind::StructOps => declared::implementation(cx, name),
            Kind::Kfunc => handed::kfunc(cx, name).into_iter().collect(),
            Kind::Helper => declared::helper(name),
            Kind::Map => declared::map(name),
            Kind::Attribute => declared::attribute(name),
        }
    }
}

/// What programs of a type attach to.
fn targets(cx: &mut Session, spec: &ProgramSpec) -> Vec<String> {
    if spec.named().is_some_and(|target| target.text == Some(TargetText::Counter)) {
        return counters().map(str::to_owned).collect();
    }
    if FUNCTIONS.contains(&spec.name) {
        let mut names = cx.kernel_types.names_with(Wanted::Function, "");
        let traps = matches!(spec.params, Params::Registers { .. }) || spec.otherwise.is_some();
        if traps {
            names.extend(cx.kernel_types.symbols().iter().cloned());
        }
        return names;
    }
    match spec.params {
        Params::Record { .. } if cx.options.asks_running_kernel() => tracefs::events(),
        Params::Kernel { of, .. } => {
            let mut names = cx.kernel_types.types_with(of.trim_end_matches(TARGET));
            // `__safe_trusted` and the like are of the verifier.
            names.retain(|name| !name.contains("__"));
            names
        }
        Params::Prototype { of, name, .. } => {
            let of = match of {
                PrototypeOf::Typedef => Wanted::Typedef,
                PrototypeOf::Function => Wanted::Function,
            };
            cx.kernel_types.names_with(of, name.trim_end_matches(TARGET))
        }
        Params::Registers { .. }
        | Params::Context { .. }
        | Params::Own {}
        | Params::Replaced {}
        | Params::Member {}
        | Params::Record { .. } => Vec::new(),
    }
}
