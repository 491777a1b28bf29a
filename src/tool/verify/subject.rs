//! The objects of a file: compiled, read, or taken out of an executable, which has some for newer kernels.

use crate::diag::codes::environment::{NoBpfObject, NotSet};
use crate::kernels;
use crate::pipeline;
use crate::session::Session;
use crate::source::load;
use crate::target::Target;
use crate::tool::inspect;
use ks_verify::object::{Object, set};
use std::path::{Path, PathBuf};

/// What is verified.
pub struct Subject {
    /// As the user named it.
    pub file: String,
    /// The folder in which the debug information may name files.
    pub folder: PathBuf,
    /// In the order of their kernels; at least one.
    variants: Vec<Variant>,
}

/// An object for some kernels.
pub struct Variant {
    /// The first of them; none for the oldest.
    since: Option<String>,
    pub bytes: Vec<u8>,
    pub object: Object,
}

impl Subject {
    /// The object that a kernel of this release gets.
    pub fn of(&self, release: &str) -> &Variant {
        let fits = |variant: &&Variant| variant.since.as_ref().is_none_or(|since| kernels::is_from(release, since));
        self.variants.iter().rev().find(fits).unwrap_or(&self.variants[0])
    }
}

/// The object of a file, with values for its constants. None after an error, which was reported.
pub fn read(cx: &mut Session, path: &Path, settings: &[(String, String)]) -> Option<Subject> {
    let is_source = path.extension().is_some_and(|end| end == "ks" || end == "ksir");
    let tiers = if is_source { vec![(None, compiled(cx, path)?)] } else { carried(cx, path)? };
    let file = path.display().to_string();
    let mut variants = Vec::new();
    for (since, mut bytes) in tiers {
        for (name, value) in settings {
            if let Err(why) = set(&mut bytes, name, value) {
                cx.environment(NotSet { name: name.clone(), why });
                return None;
            }
        }
        match Object::parse(&bytes) {
            Ok(object) => variants.push(Variant { since, bytes, object }),
            Err(why) => return not_readable(cx, file, why),
        }
    }
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Some(Subject { file, folder, variants })
}

/// With DWARF, which names variables.
fn compiled(cx: &mut Session, path: &Path) -> Option<Vec<u8>> {
    cx.options.keep_dwarf = true;
    let input = pipeline::read(cx, path)?;
    let module = pipeline::khir(cx, input)?;
    let module = pipeline::front(cx, module)?;
    if !pipeline::has(&module, Target::Bpf) {
        return not_readable(cx, path.display().to_string(), "it has no BPF code".to_owned());
    }
    pipeline::bpf(cx, &module).map(|bpf| bpf.object)
}

/// The object that the file is, or those in an executable, each with its first kernel.
fn carried(cx: &mut Session, path: &Path) -> Option<Vec<(Option<String>, Vec<u8>)>> {
    let bytes = load::bytes(cx, path)?;
    match inspect::objects(&bytes)
        .map(|objects| objects.tiers().map(|(since, object)| (since, object.to_vec())).collect())
    {
        Ok(tiers) => Some(tiers),
        Err(why) => not_readable(cx, path.display().to_string(), why),
    }
}

fn not_readable<T>(cx: &mut Session, path: String, why: String) -> Option<T> {
    cx.environment(NoBpfObject { path, why })
        .help("it takes a `.ks` file, an object such as `clang -target bpf -g -c` makes, or an executable of ksc");
    None
}
