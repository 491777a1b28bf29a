//! `pin(x, "name")`: `<root>/<project>/<name>`, of a map, a program or a link.

use super::project::project;
use crate::kernel::errors::{complain, reason};
use crate::kernel::escape;
use std::os::fd::RawFd;

/// Pins what has these descriptors at a name, the second and the ones behind it with a number. The names of the pins, or an errno,
/// printed.
pub fn pin_all(fds: &[RawFd], name: &[u8]) -> Result<Vec<String>, i32> {
    let name = String::from_utf8_lossy(name).into_owned();
    if name.is_empty() || name.contains(['/', '.', '\0']) {
        let shown = escape::short(&name);
        complain(&format!(
            "cannot pin at `{shown}`: this is no name of a pin\n  help: a name without slashes and dots, \"counts\""
        ));
        return Err(libc::EINVAL);
    }
    let folder = project();
    let mut made: Vec<String> = Vec::new();
    for (place, &fd) in fds.iter().enumerate() {
        let own = if place == 0 { name.clone() } else { format!("{name}_{place}") };
        let result = folder.try_pin(&own, fd);
        if result != 0 {
            let help =
                if result == -libc::EEXIST { "\n  help: remove what is there, or pin at another name" } else { "" };
            complain(&format!("cannot pin at {}: {}{help}", folder.place(&own), reason(result)));
            remove(&made);
            return Err(result.abs());
        }
        made.push(own);
    }
    Ok(made)
}

/// Removes pins of the project.
pub fn remove(names: &[String]) {
    if names.is_empty() {
        return;
    }
    let folder = project();
    names.iter().for_each(|name| folder.remove(name));
}
