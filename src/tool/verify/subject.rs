//! The object of a file: compiled, read, or taken out of an executable.

use crate::diag::codes::environment::{NoBpfObject, NotSet};
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
    pub bytes: Vec<u8>,
    pub object: Object,
}

/// The object of a file, with values for its constants. None after an error, which was reported.
pub fn read(cx: &mut Session, path: &Path, settings: &[(String, String)]) -> Option<Subject> {
    let is_source = path.extension().is_some_and(|end| end == "ks" || end == "ksir");
    let mut bytes = if is_source { compiled(cx, path)? } else { carried(cx, path)? };
    let file = path.display().to_string();
    for (name, value) in settings {
        if let Err(why) = set(&mut bytes, name, value) {
            cx.environment(NotSet { name: name.clone(), why });
            return None;
        }
    }
    match Object::parse(&bytes) {
        Ok(object) => {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            Some(Subject { file, folder, bytes, object })
        }
        Err(why) => not_readable(cx, file, why),
    }
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

/// The object that the file is, or the one in an executable that the executable loads on this kernel.
fn carried(cx: &mut Session, path: &Path) -> Option<Vec<u8>> {
    let bytes = load::bytes(cx, path)?;
    match inspect::objects(&bytes).map(|objects| objects.for_running_kernel().to_vec()) {
        Ok(object) => Some(object),
        Err(why) => not_readable(cx, path.display().to_string(), why),
    }
}

fn not_readable<T>(cx: &mut Session, path: String, why: String) -> Option<T> {
    cx.environment(NoBpfObject { path, why })
        .help("it takes a `.ks` file, an object such as `clang -target bpf -g -c` makes, or an executable of ksc");
    None
}
