//! The long text of a code, for `ksc explain CODE`.

use super::codes;
use super::examples::{self, Example, Program};

/// The explanation of a code and what to do about it, with a wrong and a right program; none if there is no such code.
/// It ignores case.
pub fn explain(code: &str) -> Option<String> {
    let info = codes::all().find(|info| info.code.eq_ignore_ascii_case(code))?;
    let mut text = format!("{}: {}\n\n", info.code, info.name);
    for line in info.doc.lines() {
        text += line.strip_prefix(' ').unwrap_or(line);
        text.push('\n');
    }
    if let Some(Example::Programs { wrong, right, files }) = examples::of(info.code) {
        for (name, file) in files {
            text += &format!("\n{name}:\n\n{}", indented(&file));
        }
        text += &format!("\nWrong{}:\n\n{}", with(&wrong), indented(&wrong.text));
        text += &format!("\nRight{}:\n\n{}", with(&right), indented(&right.text));
    }
    Some(text)
}

fn with(program: &Program) -> String {
    if program.options.is_empty() { String::new() } else { format!(", with `{}`", program.options.join(" ")) }
}

fn indented(program: &str) -> String {
    program.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

/// A line for each code: its number, and the first sentence of its explanation.
pub fn list() -> String {
    codes::all().map(|info| format!("{}  {}\n", info.code, first_sentence(info.doc))).collect()
}

/// A point inside of code, or in `such as 1.5`, ends no sentence.
fn first_sentence(doc: &str) -> String {
    let text = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut in_code = false;
    let end = text.char_indices().find(|&(at, c)| {
        in_code ^= c == '`';
        c == '.' && !in_code && (text.len() == at + 1 || text[at + 1..].starts_with(' '))
    });
    end.map_or(text.clone(), |(at, _)| text[..=at].to_owned())
}
