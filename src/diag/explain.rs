//! The long text of a code, for `ksc explain CODE`.

use super::codes;

/// What the code means and what to do about it; none if there is no such code. Upper and lower case are one.
pub fn explain(code: &str) -> Option<String> {
    let info = codes::all().find(|info| info.code.eq_ignore_ascii_case(code))?;
    let mut text = format!("{}: {}\n\n", info.code, info.name);
    for line in info.doc.lines() {
        text += line.strip_prefix(' ').unwrap_or(line);
        text.push('\n');
    }
    Some(text)
}

/// A line for each code: its number, and its message with the names of its parts in braces.
pub fn list() -> String {
    codes::all().map(|info| format!("{}  {}\n", info.code, info.message)).collect()
}
