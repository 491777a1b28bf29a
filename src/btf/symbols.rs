//! The functions of the running kernel that its BTF may lack, by its list of symbols.

use super::{KernelTypes, RUNNING};
use std::path::Path;

/// Documentation/admin-guide/sysctl/kernel.rst: the names are readable by everyone, the addresses are not.
const LIST: &str = "/proc/kallsyms";

impl KernelTypes {
    /// Names of functions; none if the types are those of another kernel.
    pub fn symbols(&mut self) -> &[String] {
        let is_running = !self.is_foreign && self.path() == Path::new(RUNNING);
        self.symbols.get_or_insert_with(|| {
            let list = if is_running { std::fs::read_to_string(LIST).unwrap_or_default() } else { String::new() };
            list.lines().filter_map(function).map(str::to_owned).collect()
        })
    }
}

/// The function of a line `ffffffff81000000 T name [module]`; none for a symbol of data.
fn function(line: &str) -> Option<&str> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.nth(1)?;
    words.next().filter(|_| matches!(kind, "t" | "T" | "w" | "W"))
}
