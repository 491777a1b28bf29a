//! Targets that are network interfaces.

use super::request::Target;
use crate::kernel::errors::Failure;
use crate::kernel::{escape, net};
use crate::object::optional::targets::Lookup;

/// A network interface of this process's namespace.
pub struct Interface {
    pub index: i32,
    pub name: String,
}

impl Interface {
    /// By its name or its index.
    pub fn of(target: &Target) -> Result<Interface, Failure> {
        let name = match *target {
            Target::Text(name) => name,
            Target::Options(_) => return Err(Failure::new(libc::EINVAL, "options name no interface")),
            Target::Map(_) => return Err(Failure::new(libc::EINVAL, "a map is no interface")),
            Target::Program(_) => return Err(Failure::new(libc::EINVAL, "a program is no interface")),
            Target::Number(number) => {
                let index = i32::try_from(number).unwrap_or(-1);
                let name = net::name_of(index);
                let missing = || no_such_interface(&format!("no interface has the index {number}"));
                return name.map(|name| Interface { index, name }).ok_or_else(missing);
            }
        };
        let shown = escape::short(&String::from_utf8_lossy(name));
        if name.is_empty() {
            return Err(Failure::new(
                libc::EINVAL,
                "no interface is given\n  help: name one in the call, attach(handle, \"eth0\"), or in the program's attribute",
            ));
        }
        match net::c_name(name).and_then(|name| net::index_of(&name)) {
            Some(index) => Ok(Interface { index, name: shown }),
            None => Err(no_such_interface(&format!("no such interface `{shown}`"))),
        }
    }
}

fn no_such_interface(what: &str) -> Failure {
    let names = net::all_names();
    let here = if names.is_empty() { String::new() } else { format!("\n  interfaces here: {}", names.join(", ")) };
    Failure::new(libc::ENODEV, format!("{what}{here}"))
}

/// The lookup `interface`.
#[unsafe(no_mangle)]
pub static ks_lookup_interface: Lookup = exists;

/// Fails if there is no network interface of this name.
fn exists(name: &str) -> Result<(), Failure> {
    Interface::of(&Target::Text(name.as_bytes())).map(drop)
}
