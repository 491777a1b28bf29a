//! Kernels that are known by a file of BTF alone (`--btf DIR`): the features that a program needs and they lack, and the calls that they refuse for
//! certain. Their verifiers are not asked.

use super::judge::{Row, Verdict};
use super::subject::{Subject, Variant};
use crate::btf::{Btf, TypeId, Wanted};
use crate::kernels;
use crate::tables::{HELPERS, HelperSpec, MAP_KINDS, ProgramForm, ProgramSpec, TARGETS, in_section, is_several};
use crate::tool::inspect;
use ks_verify::object::{Call, Program};
use ks_verify::report::{Report, foreseen};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// A kernel's types, and what they say of it.
pub struct Known {
    /// That of the file, without its ending.
    pub name: String,
    /// As far as the name has one, `5.15.0-91-generic`.
    version: Option<String>,
    btf: Btf,
    helpers: Numbers,
    map_kinds: Numbers,
    program_types: Names,
}

/// The values of an enum; none if the types lack it.
type Numbers = Option<HashSet<i128>>;
/// The names of an enum's values.
type Names = Option<HashSet<String>>;

/// Files of a folder that are read.
const MAX_FILES: usize = 1000;

/// The kernels whose types are in the files of a folder, by their names.
///
/// # Errors
/// The folder cannot be read, or no file in it has BTF.
pub fn folder(path: &Path) -> Result<Vec<Known>, String> {
    let named = |why: String| format!("`{}` has no types of kernels: {why}", path.display());
    let entries = std::fs::read_dir(path).map_err(|error| named(error.to_string()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files.truncate(MAX_FILES);
    let known: Vec<Known> = files.iter().filter_map(|file| Known::open(file)).collect();
    if known.is_empty() {
        return Err(named("no file in it has those of a kernel".to_owned()));
    }
    Ok(known)
}

impl Known {
    /// The types of a file; none if it is no BTF of a kernel.
    fn open(path: &Path) -> Option<Known> {
        let btf = Btf::open(path).ok()?;
        let name = path.file_stem()?.to_string_lossy().into_owned();
        // `vmlinux-6.6.30.btf`, `5.15.0-91-generic.btf`
        let number = name.find(|c: char| c.is_ascii_digit()).map(|at| &name[at..]);
        let version = number.map(|number| crate::tool::kernel::version(number).to_owned());
        let version = version.filter(|version| kernels::version(version).is_ok());
        let numbers = |name| -> Numbers { Some(values(&btf, name)?.into_iter().map(|(_, value)| value).collect()) };
        let names = |name| -> Names { Some(values(&btf, name)?.into_iter().map(|(name, _)| name).collect()) };
        let (helpers, map_kinds) = (numbers("bpf_func_id"), numbers("bpf_map_type"));
        let program_types = names("bpf_prog_type");
        // Types of a module alone, or of another program, have none of these.
        helpers.as_ref()?;
        Some(Known { name, version, btf, helpers, map_kinds, program_types })
    }

    /// The verdict on a program.
    pub fn row(&self, subject: &Subject, name: &str) -> Row {
        let variant = subject.of(&self.name);
        let program = variant.object.program(name);
        let found = program.as_ref().map(|program| self.judge(variant, program));
        let (verdict, report) = match found {
            Some(Found { lacks, refused: None }) if lacks.is_empty() => (Verdict::LikelyOk, None),
            Some(Found { lacks, refused: Some(report) }) if lacks.is_empty() => (Verdict::LikelyRefused, Some(report)),
            Some(Found { lacks, .. }) => (Verdict::Cannot(lacks.join("; ")), None),
            None => (Verdict::Cannot("the program is not in the object".to_owned()), None),
        };
        Row {
            file: subject.file.clone(),
            program: name.to_owned(),
            kernel: self.name.clone(),
            verdict,
            instructions: program.as_ref().map_or(0, Program::instructions),
            statistics: Default::default(),
            report,
            kept: Vec::new(),
        }
    }

    fn judge(&self, variant: &Variant, program: &Program<'_>) -> Found {
        let mut found = Found { lacks: Vec::new(), refused: None };
        let of = in_section(&program.function.section);
        if let Some((spec, form, target, _)) = of {
            self.program_type(spec, form, target, &mut found);
        }
        self.maps(variant, program, &mut found);
        for (insn, call) in program.calls() {
            match call {
                Call::Kernel { name, weak: false } if self.btf.find(name, Wanted::Function).is_none() => {
                    found.lack(format!("the kernel has no function `{name}` for programs{}", at(program, insn)));
                }
                Call::Kernel { .. } => {}
                Call::Helper(number) => self.helper(number, of.map(|(spec, ..)| spec), (program, insn), &mut found),
            }
        }
        found
    }

    fn program_type(&self, spec: &ProgramSpec, form: &ProgramForm, target: Option<&str>, found: &mut Found) {
        if self.program_types.as_ref().is_some_and(|names| !names.contains(spec.prog_type)) {
            found.lack(format!("the kernel has no programs of type `{}`", spec.kernel_name()));
        } else if let Some((major, minor)) = form.since.filter(|&since| self.is_before(since)) {
            found.lack(format!("sections like `{}` are there from Linux {major}.{minor} on", form.section));
        }
        let of_target = form.attach.form().and_then(|form| TARGETS.iter().find(|of| Some(of.name) == form.target));
        let Some(of_target) = of_target else { return };
        let target = target.unwrap_or(form.mode);
        // Modules have types of their own, and system calls no types.
        if target.is_empty() || is_several(target) || target.contains(':') || target.starts_with("syscalls/") {
            return;
        }
        let name = target.rsplit('/').next().unwrap_or(target);
        let lacks = |prefix: Option<&str>, wanted| {
            prefix.is_some_and(|prefix| self.btf.find(&format!("{prefix}{name}"), wanted).is_none())
        };
        if lacks(of_target.btf_typedef, Wanted::Typedef) || lacks(of_target.btf_function, Wanted::Function) {
            found.lack(format!("the kernel has no `{name}` to attach to ({})", of_target.words));
        }
    }

    fn maps(&self, variant: &Variant, program: &Program<'_>, found: &mut Found) {
        let Some(kinds) = &self.map_kinds else { return };
        let Ok(maps) = inspect::map_kinds(&variant.bytes) else { return };
        let used: HashMap<&str, u32> = program.maps().map(|(insn, name)| (name, insn)).collect();
        for (name, kind) in &maps {
            let known = MAP_KINDS.iter().find(|known| known.name == kind);
            let number = known.map(|kind| kind.map_type).or_else(|| kind.strip_prefix("kind ")?.parse().ok());
            if let Some(number) = number
                && let Some(&insn) = used.get(name.as_str())
                && !kinds.contains(&i128::from(number))
            {
                found.lack(format!("the kernel has no maps of kind `{kind}`, which `{name}` is{}", at(program, insn)));
            }
        }
    }

    fn helper(&self, number: u32, spec: Option<&ProgramSpec>, (program, insn): (&Program<'_>, u32), found: &mut Found) {
        let helper = HELPERS.iter().find(|helper| i64::from(helper.number) == i64::from(number));
        let name = helper.map_or_else(|| format!("number {number}"), |helper| format!("`{}`", helper.name));
        if self.helpers.as_ref().is_some_and(|helpers| !helpers.contains(&i128::from(number))) {
            found.lack(format!("the kernel has no helper {name}{}", at(program, insn)));
        } else if let (Some(helper), Some(spec)) = (helper, spec) {
            self.allowed(helper, spec, (program, insn), found);
        }
    }

    /// Whether the kernel is known to be one before the kernel `since`.
    fn is_before(&self, (major, minor): (u32, u32)) -> bool {
        self.version.as_ref().is_some_and(|version| !kernels::is_from(version, &format!("{major}.{minor}")))
    }

    /// Whether programs of the type may call a helper that the kernel has.
    fn allowed(&self, helper: &'static HelperSpec, spec: &ProgramSpec, at: (&Program<'_>, u32), found: &mut Found) {
        let allowed = spec.may_call(helper);
        let is_later = allowed.and_then(|programs| programs.since).is_some_and(|since| self.is_before(since));
        if (allowed.is_none() || is_later) && found.refused.is_none() {
            let number = helper.number.to_string();
            let parts = [("function", helper.name), ("number", number.as_str())];
            found.refused = foreseen(NOT_ALLOWED, at.0, at.1, &parts);
        }
    }
}

/// The row of ir-specs/refusals.toml for a helper that programs of the type may not call.
const NOT_ALLOWED: &str = "V0801";

/// What is known of a program on a kernel.
struct Found {
    /// In words.
    lacks: Vec<String>,
    /// The first refusal that is certain.
    refused: Option<Report>,
}

impl Found {
    fn lack(&mut self, what: String) {
        if !self.lacks.contains(&what) {
            self.lacks.push(what);
        }
    }
}

/// ` (filter.c:12)`
fn at(program: &Program<'_>, insn: u32) -> String {
    let place = program.place(insn);
    let name = |file: &str| file.rsplit('/').next().unwrap_or_default().to_owned();
    place.map_or_else(String::new, |place| format!(" ({}:{})", name(&place.file), place.line))
}

/// The values of an enum with their names; none if there is no such enum.
fn values(btf: &Btf, name: &str) -> Option<Vec<(String, i128)>> {
    let id: TypeId = btf.find(name, Wanted::Type)?;
    let ty = btf.ty(id).ok()?;
    let all = btf.enumerators(&ty).ok()?;
    Some(all.iter().map(|value| (value.name.to_owned(), value.value)).collect())
}
