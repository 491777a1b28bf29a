//! The folder of the project's pins.

use super::declared::{has_globals, pinned_maps};
use super::folder::Folder;
use crate::kernel::end::die;
use crate::kernel::{escape, own_sys, program};
use std::path::Path;

/// The folder of the project.
pub fn project() -> Folder {
    root().below(&project_name())
}

/// The same, if it is there.
pub fn existing() -> Option<Folder> {
    Folder::root(Path::new(program::pin_root()))?.there(&project_name())
}

/// Whether there can be pins: bpffs is mounted.
pub fn is_possible() -> bool {
    Folder::root(Path::new(program::pin_root())).is_some()
}

/// The name of that folder, which in a test is of the process alone, by the number that `ksc test` gives it. bpffs takes no dots in names.
pub fn project_name() -> String {
    let name = program::project().replace('.', "_");
    match std::env::var("KS_TEST_ID") {
        Ok(id) if program::is_test() => format!("{name}_test_{id}"),
        Ok(_) | Err(_) => name,
    }
}

/// The folder below which projects have theirs.
fn root() -> Folder {
    let path = Path::new(program::pin_root());
    Folder::root(path).unwrap_or_else(|| {
        let what = match pinned_maps().next() {
            Some(map) => format!("the pinned map `{}` needs", program::text(map.name)),
            None if has_globals() => "the pinned variables need".to_owned(),
            None => "`pin` needs".to_owned(),
        };
        die(1, &unmounted(&what))
    })
}

/// The message that bpffs is not mounted, with a help. `needs` names the construct that needs pins, and ends with its verb.
pub fn unmounted(needs: &str) -> String {
    let place = escape::value(program::pin_root());
    // A mount in a `/sys` of the process's own would go with the process, and its pins with it.
    let help =
        own_sys::help(program::pin_root()).unwrap_or_else(|| format!("mount it (as root): mount -t bpf bpf {place}"));
    format!("bpffs is not mounted at {place}, and {needs} it\n  help: {help}")
}
