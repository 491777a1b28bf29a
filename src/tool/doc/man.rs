//! A manual page, of section 8: programs for the administrator.

use super::markdown::to_man;
use super::model::{Page, Row};
use std::fmt::Write;

/// The page in roff, for `man -l`.
pub fn page(page: &Page) -> String {
    let mut out = String::new();
    let name = escaped(&page.name);
    writeln!(out, ".TH \"{}\" 8 \"\" \"\" \"\"", name.to_uppercase()).ok();
    let usage_doc = page.usage.as_ref().map_or("", |usage| usage.doc.as_str());
    let about = if page.doc.is_empty() { usage_doc } else { page.doc.as_str() };
    let first = about.lines().next().unwrap_or("a KernelScript program").trim_end_matches('.');
    writeln!(out, ".SH NAME\n{name} \\- {}", escaped(first)).ok();
    if let Some(usage) = &page.usage {
        writeln!(out, ".SH SYNOPSIS\n\\fB{}\\fR", escaped(&usage.synopsis)).ok();
    }
    if !about.is_empty() {
        out += ".SH DESCRIPTION\n";
        out += &to_man(about);
    }
    if let Some(usage) = &page.usage {
        out += ".SH OPTIONS\n";
        usage.options.iter().chain(&usage.own).for_each(|row| option(&mut out, row));
    }
    programs(&mut out, page);
    data(&mut out, page);
    if let Some(kernel) = &page.first_kernel {
        writeln!(out, ".SH KERNEL\nLinux {} or later.", escaped(kernel)).ok();
        for need in &page.needs {
            tagged(&mut out, &format!("{} {}", need.what, need.name), &format!("since {}", need.since));
        }
    }
    writeln!(out, ".SH LICENSE\n{}", escaped(&page.license)).ok();
    out
}

fn programs(out: &mut String, page: &Page) {
    if !page.programs.is_empty() {
        *out += ".SH PROGRAMS\n";
    }
    for program in &page.programs {
        writeln!(
            out,
            ".TP\n\\fB{}\\fR\n{}, section {}.",
            escaped(&program.name),
            escaped(&program.attribute),
            escaped(&program.section)
        )
        .ok();
        *out += &indented(&program.doc);
        if !program.maps.is_empty() {
            writeln!(out, ".RS\n.PP\nMaps: {}.\n.RE", escaped(&program.maps.join(", "))).ok();
        }
    }
}

fn data(out: &mut String, page: &Page) {
    if !page.maps.is_empty() {
        *out += ".SH MAPS\n";
    }
    for map in &page.maps {
        let form = map.form();
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", escaped(&map.name), escaped(&form)).ok();
        *out += &indented(&map.doc);
    }
    let pins: Vec<&String> = page
        .maps
        .iter()
        .filter_map(|map| map.pin.as_ref())
        .chain(page.variables.iter().filter_map(|variable| variable.pin.as_ref()))
        .collect();
    if !pins.is_empty() {
        *out += ".SH FILES\n";
    }
    let mut seen = Vec::new();
    for pin in pins {
        if !seen.contains(&pin) {
            writeln!(out, ".TP\n\\fI{}\\fR\nA pin, which outlives the process.", escaped(pin)).ok();
            seen.push(pin);
        }
    }
}

fn option(out: &mut String, row: &Row) {
    tagged(out, &row.option, &row.note);
}

fn tagged(out: &mut String, tag: &str, text: &str) {
    let lines: Vec<String> = text.lines().map(line_of).collect();
    let text = if lines.is_empty() { "\\&".to_owned() } else { lines.join("\n") };
    writeln!(out, ".TP\n\\fB{}\\fR\n{text}", escaped(tag)).ok();
}

fn line_of(line: &str) -> String {
    let text = escaped(line.trim());
    if text.is_empty() || text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

/// A comment below the tag of what it is about.
fn indented(doc: &str) -> String {
    if doc.is_empty() { String::new() } else { format!(".RS\n{}.RE\n", to_man(doc)) }
}

/// Text as roff shows it: its own signs, and those outside of ASCII by name.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            '"' => out.push_str("\\(dq"),
            '\u{2014}' => out.push_str("\\(em"),
            '\u{2013}' | '\u{2212}' => out.push_str("\\(en"),
            '\u{2026}' => out.push_str("..."),
            '\u{2192}' => out.push_str("\\(->"),
            '\u{2265}' => out.push_str("\\(>="),
            '\u{2264}' => out.push_str("\\(<="),
            '\t' => out.push(' '),
            c if c.is_ascii_control() => out.push('?'),
            c if c.is_ascii() => out.push(c),
            c => {
                write!(out, "\\[u{:04X}]", u32::from(c)).ok();
            }
        }
    }
    out
}
