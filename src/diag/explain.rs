//! The long text of a code, for `ksc explain CODE`.

use super::codes;
use super::examples::{self, Example, Program};
use ks_verify::refusals::{Programs, Refusal};

/// The explanation of a code and what to do about it, with a wrong and a right program; none if there is no such code.
/// It ignores case.
pub fn explain(code: &str) -> Option<String> {
    if let Some(refusal) = ks_verify::refusals::of(code) {
        return Some(of_refusal(refusal));
    }
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

/// What the verifier refuses, in which words, and a program with it.
fn of_refusal(refusal: &Refusal) -> String {
    let Refusal { code, name, doc, .. } = refusal;
    let mut text = format!("{code}: {name}\n\n{doc}\n\n");
    text +=
        &format!("A refusal of the kernel's verifier, of the category `{}`. Its words:\n\n", refusal.category.name());
    for message in refusal.messages() {
        text += &format!("    {message}\n");
    }
    if let Some(Programs { kind, wrong, right }) = &refusal.programs {
        let language = if *kind == "c" { " (C)" } else { "" };
        text += &format!("\nRefused{language}:\n\n{}", indented(wrong));
        text += &format!("\nRight:\n\n{}", indented(right));
    }
    text
}

fn with(program: &Program) -> String {
    if program.options.is_empty() { String::new() } else { format!(", with `{}`", program.options.join(" ")) }
}

fn indented(program: &str) -> String {
    program.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

/// A line for each code: its number, and the first sentence of its explanation.
pub fn list() -> String {
    let own = codes::all().map(|info| (info.code, info.doc));
    let refusals = ks_verify::refusals::all().iter().map(|refusal| (refusal.code, refusal.doc));
    own.chain(refusals).map(|(code, doc)| format!("{code}  {}\n", first_sentence(doc))).collect()
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
