//! Workflow commands of GitHub Actions, which become annotations of the lines of a change.

use super::baseline::Change;
use super::judge::{Row, Verdict};
use crate::diag::{Diagnostic, escape, json};
use crate::session::Session;
use serde_json::{Map, Value};
use std::path::Path;

/// The annotation of a refusal.
pub fn refusal(cx: &Session, row: &Row, told: &Diagnostic) -> String {
    let fields: Map<String, Value> = serde_json::from_str(&json::line(&cx.sources, told)).unwrap_or_default();
    let mut properties = Vec::new();
    for (name, field) in
        [("file", "file"), ("line", "line"), ("endLine", "end_line"), ("col", "column"), ("endColumn", "end_column")]
    {
        match fields.get(field) {
            Some(Value::String(path)) => properties.push((name, within_folder(path))),
            Some(Value::Number(number)) => properties.push((name, number.to_string())),
            Some(_) | None => {}
        }
    }
    properties.push(("title", format!("{}: {} on Linux {}", told.code, row.program, row.kernel)));
    let notes = told.notes.iter().map(|note| format!("note: {note}"));
    let helps = told.helps.iter().map(|help| format!("help: {help}"));
    let parts = std::iter::once(told.message.clone()).chain(told.label.clone()).chain(helps).chain(notes);
    command("error", &properties, &parts.collect::<Vec<_>>().join("\n"))
}

/// A path as the runner knows the file: from the folder that it works in.
fn within_folder(path: &str) -> String {
    let folder = std::env::current_dir().unwrap_or_default();
    Path::new(path).strip_prefix(folder).map_or_else(|_| path.to_owned(), |inside| inside.display().to_string())
}

/// The annotation of a program that cannot be judged; nothing for the others.
pub fn lack(row: &Row) -> Option<String> {
    match &row.verdict {
        Verdict::Cannot(lacks) => {
            let title = format!("{} of {} cannot be judged on Linux {}", row.program, row.file, row.kernel);
            Some(command("warning", &[("title", title)], lacks))
        }
        Verdict::Ok | Verdict::Refused | Verdict::LikelyOk | Verdict::LikelyRefused => None,
    }
}

/// The annotation of a program that is worse than in the baseline.
pub fn worse(change: &Change) -> String {
    command("error", &[("title", "worse than in the baseline".to_owned())], change.text().trim_end())
}

/// `::error file=a.c,line=3::text`; special characters are written as the runner reads them (actions/toolkit, docs/commands.md).
fn command(name: &str, properties: &[(&str, String)], text: &str) -> String {
    let of_text = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let of_property = |text: &str| of_text(text).replace(':', "%3A").replace(',', "%2C");
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", of_property(value))).collect();
    escape::value(&format!("::{name} {}::{}", properties.join(","), of_text(text))).into_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn special_characters_are_escaped() {
        let properties = [("file", "a,b:c".to_owned()), ("line", "3".to_owned())];
        assert_eq!(command("error", &properties, "50 %\nx: y, z"), "::error file=a%2Cb%3Ac,line=3::50 %25%0Ax: y, z\n");
    }
}
