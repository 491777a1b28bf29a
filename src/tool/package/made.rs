//! A program as packages have it: its object, its executable, and what they say of it.

use super::super::build;
use super::super::doc::{self, Page};
use super::super::inspect;
use super::super::signature::{self, key::Signer};
use super::signable;
use crate::cli::Package;
use crate::ir::ops::HostCall;
use crate::ir::{Module, Opcode};
use crate::passes::split;
use crate::pipeline;
use crate::session::Session;
use crate::tables::{self, BUILTINS, PROG_TYPES, ProgTypeSpec, ProgramForm, ProgramSpec};
use crate::target::Target;
use std::collections::BTreeSet;

/// The builtin that tells a service manager that the program is ready.
const DAEMON: &str = "daemon";

/// A compiled program with the facts that packages state.
pub struct Made {
    /// As a file, an image or a resource may be called: lower-case letters, digits and `-`.
    pub name: String,
    pub page: Page,
    /// Those of the object, in its order.
    pub programs: Vec<Program>,
    /// The names of the object's maps, with their kinds.
    pub maps: Vec<(String, String)>,
    /// None without BPF code.
    pub object: Option<Vec<u8>>,
    /// None if no package has it.
    pub executable: Option<Vec<u8>>,
    /// The executable loads a kernel module.
    pub loads_module: bool,
    /// The executable says when it is ready.
    pub is_daemon: bool,
}

/// A BPF program.
pub struct Program {
    pub name: String,
    pub spec: &'static ProgramSpec,
    pub form: &'static ProgramForm,
    pub target: Option<String>,
}

impl Program {
    /// The kernel's type of the program.
    pub fn kernel_type(&self) -> &'static ProgTypeSpec {
        let found = PROG_TYPES.iter().find(|spec| spec.name == self.spec.prog_type);
        found.unwrap_or_else(|| crate::bug!("the build script has compared the tables"))
    }
}

impl Made {
    /// Compiles what the packages need. None: errors were reported.
    pub fn of(cx: &mut Session, args: &Package, signer: Option<&Signer>) -> Option<Made> {
        let (page, module) = doc::page(cx, &args.input)?;
        if signer.is_some() {
            signable::check(cx, &module)?;
        }
        let object = build::bpf_side(cx, &module)?.map(|bpf| bpf.object);
        let wants_executable = args.exe || args.deb.is_some();
        let executable = if wants_executable { Some(executable(cx, args, signer)?) } else { None };
        let has_user_space = pipeline::has(&module, Target::Host);
        if args.kubernetes.is_some() && !has_user_space {
            return build::no_artifact(cx, Target::Host);
        }
        if (args.oci.is_some() || signer.is_some()) && object.is_none() {
            return build::no_artifact(cx, Target::Bpf);
        }
        let names = object.as_ref().map(|object| inspect::names(object));
        let names = names
            .map(|names| names.unwrap_or_else(|why| crate::bug!("the object that was made cannot be read: {why}")));
        let (sections, maps) = names.unwrap_or_default();
        let object = match (object, signer) {
            (Some(object), Some(signer)) => Some(signature::sign(cx, &object, signer)?),
            (object, _) => object,
        };
        Some(Made {
            name: plain_name(&cx.options.name),
            programs: programs(&module, sections),
            page,
            maps,
            object,
            executable,
            loads_module: module.kernel_module.is_some(),
            is_daemon: calls(&module, DAEMON),
        })
    }

    /// Whether a type of the programs asks for a capability, without `CAP_`.
    pub fn types_need(&self, capability: &str) -> bool {
        self.programs.iter().any(|program| program.kernel_type().needs.contains(&capability))
    }

    /// The capabilities that the executable needs, without `CAP_`, in the order of their names.
    pub fn capabilities(&self) -> BTreeSet<&'static str> {
        let mut needed: BTreeSet<&str> =
            self.programs.iter().flat_map(|program| program.kernel_type().needs).copied().collect();
        if self.object.is_some() {
            // Without CAP_PERFMON the verifier refuses differences of pointers, and more (`bpf_allow_ptr_leaks` and `bpf_bypass_spec_v1` of
            // include/linux/bpf.h), whatever the type.
            needed.extend(["BPF", "PERFMON"]);
        }
        if self.loads_module {
            needed.insert("SYS_MODULE");
        }
        needed
    }

    /// Whether the executable has an option of its own.
    pub fn has_option(&self, option: &str) -> bool {
        let own = self.page.usage.as_ref().map_or(&[][..], |usage| &usage.own);
        own.iter().any(|row| row.option.split(['=', ' ', '[', ',']).any(|word| word == option))
    }

    /// What the program is, in one line without a full stop.
    pub fn summary(&self) -> String {
        let docs = [&self.page.doc, self.page.usage.as_ref().map_or(&self.page.doc, |usage| &usage.doc)];
        let line = docs.into_iter().find_map(|doc| doc.lines().find(|line| !line.trim().is_empty()));
        line.map_or_else(
            || format!("{}, a KernelScript program", self.page.name),
            |line| line.trim().trim_end_matches('.').to_owned(),
        )
    }
}

/// Lower-case letters, digits and `-`, a letter first: RFC 1123's labels, and Debian's names of at least two signs.
fn plain_name(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let plain: String = name.chars().map(sign).take(50).collect();
    let plain = plain.trim_matches('-');
    if plain.len() < 2 || !plain.starts_with(|c: char| c.is_ascii_lowercase()) {
        format!("ks-{plain}").trim_matches('-').to_owned()
    } else {
        plain.to_owned()
    }
}

fn calls(module: &Module, builtin: &str) -> bool {
    let symbol = BUILTINS.iter().find(|spec| spec.name == builtin).and_then(|spec| spec.host);
    let mut calls = module.funcs.iter().flat_map(|func| func.ids_of(Opcode::HostCall).map(move |op| &func.ops[op]));
    calls.any(|op| symbol.is_some_and(|symbol| **HostCall::of(op).symbol() == *symbol))
}

/// The programs of an object's sections. What a section does not tell, such as the direction of packets, the declaration does.
fn programs(module: &Module, sections: Vec<(String, String)>) -> Vec<Program> {
    let declared = split::programs(module);
    let program = |(name, section): (String, String)| {
        let (spec, form, target, _) = tables::in_section(&section)?;
        let as_declared = declared.iter().find(|decl| *decl.name == *name && decl.spec == spec);
        let form = as_declared.and_then(|decl| spec.form(decl.mode)).unwrap_or(form);
        let target = target.map(str::to_owned).or_else(|| as_declared.and_then(|decl| decl.target.clone()));
        Some(Program { name, spec, form, target })
    };
    sections.into_iter().filter_map(program).collect()
}

/// The executable, linked statically. Its diagnostics are dropped: the object had the same ones.
fn executable(cx: &mut Session, args: &Package, signer: Option<&Signer>) -> Option<Vec<u8>> {
    let said = cx.diags.count();
    let mut options = cx.options.clone();
    options.links_statically = true;
    let mut own = Session::new(options);
    let made = build::executable(&mut own, &args.input, signer);
    if made.is_none() {
        // What it lacks may be the linker.
        std::mem::swap(cx, &mut own);
        return None;
    }
    cx.diags.take_since(said);
    made
}
