//! The modules that a file may import, wherever in it.

use super::tokens::{Line, Token};

/// The paths of modules, such as `a`, `a/b`, from the folder of the script. `package` is the folder of the file itself, `a/` or nothing.
pub fn paths(text: &str, lines: &[Line], package: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.tokens.iter().map(|token: &Token| &text[token.at.clone()]).collect();
        for statement in words.split(|word| *word == ";" || *word == ":") {
            match statement {
                ["import", rest @ ..] => {
                    for name in rest.split(|word| *word == ",") {
                        let end = name.iter().position(|word| *word == "as").unwrap_or(name.len());
                        add(&mut paths, "", &name[..end]);
                    }
                }
                ["from", rest @ ..] => from(&mut paths, rest, package),
                _ => {}
            }
        }
    }
    paths
}

/// `from ..a.b import c, d`: `a`, `a/b`, and what may be modules in that.
fn from(paths: &mut Vec<String>, rest: &[&str], package: &str) {
    let Some(end) = rest.iter().position(|word| *word == "import") else { return };
    let dots = rest.iter().take_while(|word| **word == ".").count();
    let mut base = if dots == 0 { String::new() } else { package.to_owned() };
    for _ in 1..dots {
        let folder = base.trim_end_matches('/');
        base = folder.rfind('/').map_or_else(String::new, |at| folder[..=at].to_owned());
    }
    let within = add(paths, &base, &rest[dots..end]);
    for name in rest[end + 1..].split(|word| *word == ",") {
        let name = name.iter().find(|word| !["(", ")", "as"].contains(word));
        paths.extend(name.filter(|name| **name != "*").map(|name| format!("{within}{name}")));
    }
}

/// Adds `a` and `a/b` for `a.b`; yields the folder, `a/b/`.
fn add(paths: &mut Vec<String>, base: &str, name: &[&str]) -> String {
    let mut within = base.to_owned();
    for part in name.iter().filter(|word| **word != ".") {
        paths.push(format!("{within}{part}"));
        within += part;
        within.push('/');
    }
    within
}
