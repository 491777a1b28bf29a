//! Expected diagnostics: comments such as `//~ E0101 in this scope` on the line that they are about.
//!
//! `//~^ CODE text` is about the line above, `//~^^` about the one above that. Several may follow each other on one
//! line. The text is a part of the message, and may be left out; backticks count as little as in prose. The engine of
//! `ksc check --verify-diagnostics`.

use super::Diagnostic;
use crate::source::{FileId, SourceMap};

struct Expectation {
    file: FileId,
    line: u32,
    code: String,
    text: String,
    met: bool,
}

/// Compares the diagnostics with the expectations in the comments of all files. Returns the differences in words, none if all are as
/// expected.
pub fn check(sources: &SourceMap, diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut expected = expectations(sources, &mut differences);
    for diagnostic in diagnostics {
        let Some(span) = diagnostic.span else {
            differences.push(format!("unexpected {}: {}", diagnostic.code, diagnostic.message));
            continue;
        };
        let line = sources.line_col(span).line;
        let fits = |e: &&mut Expectation| {
            !e.met
                && (e.file, e.line, &*e.code) == (span.file, line, diagnostic.code)
                && contains(&diagnostic.message, &e.text)
        };
        match expected.iter_mut().find(fits) {
            Some(expectation) => expectation.met = true,
            None => {
                let name = &sources.file(span.file).name;
                differences.push(format!("{name}:{line}: unexpected {}: {}", diagnostic.code, diagnostic.message));
            }
        }
    }
    for Expectation { file, line, code, text, .. } in expected.iter().filter(|e| !e.met) {
        let name = &sources.file(*file).name;
        let what = if text.is_empty() { code.clone() } else { format!("{code} {text}") };
        differences.push(format!("{name}:{line}: expected {what}, but it was not reported"));
    }
    differences
}

fn expectations(sources: &SourceMap, differences: &mut Vec<String>) -> Vec<Expectation> {
    let mut expected = Vec::new();
    for (file, source) in sources.files() {
        for number in 1..=source.line_count() as u32 {
            for comment in source.line(number).split("//~").skip(1) {
                let rest = comment.trim_start_matches('^');
                let above = (comment.len() - rest.len()) as u32;
                let (code, text) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
                if !is_code(code) || above >= number {
                    let name = &source.name;
                    differences.push(format!("{name}:{number}: `//~{comment}` names no code, or no line"));
                    continue;
                }
                let (code, text) = (code.to_owned(), text.trim().to_owned());
                expected.push(Expectation { file, line: number - above, code, text, met: false });
            }
        }
    }
    expected
}

fn is_code(text: &str) -> bool {
    text.len() == 5 && text.starts_with(['E', 'W', 'N']) && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn contains(message: &str, part: &str) -> bool {
    let plain = |text: &str| text.replace(['`', '\\'], "");
    plain(message).contains(&plain(part))
}
