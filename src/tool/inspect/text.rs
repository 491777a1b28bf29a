//! The report for people: a table for each part that the object has.

use super::{Report, Type};
use crate::diag::escape;

/// The report as text.
pub fn of(report: &Report) -> String {
    let mut out = String::new();
    if let Some(license) = &report.license {
        out += &format!("license  {}\n", escape::value(license));
    }
    let maps = report.maps.iter().map(|map| {
        let flags = map.flags.join(" ");
        let (key, value) = (of_type(map.key.as_ref()), of_type(map.value.as_ref()));
        let pin = map.pin.clone().unwrap_or_default();
        vec![map.name.clone(), map.kind.clone(), key, value, map.max_entries.to_string(), flags, pin]
    });
    table(&mut out, &["maps", "kind", "key", "value", "entries", "flags", "pinned at"], maps.collect());
    let programs = report.programs.iter().map(|p| {
        let kind = p.kind.clone().unwrap_or_default();
        vec![p.name.clone(), kind, p.section.clone(), p.instructions.to_string()]
    });
    table(&mut out, &["programs", "type", "section", "instructions"], programs.collect());
    let functions =
        report.functions.iter().map(|f| vec![f.name.clone(), f.section.clone(), f.instructions.to_string()]);
    table(&mut out, &["functions", "section", "instructions"], functions.collect());
    let globals = report.globals.iter().map(|g| {
        let ty = g.ty.clone().unwrap_or_else(|| "?".to_owned());
        vec![g.name.clone(), ty, g.section.clone(), g.size.to_string(), g.pin.clone().unwrap_or_default()]
    });
    table(&mut out, &["globals", "type", "section", "bytes", "pinned at"], globals.collect());
    let tiers = report.tiers.iter().flat_map(|tier| {
        let programs = tier.programs.iter().map(|p| (&p.name, p.instructions));
        let code = programs.chain(tier.functions.iter().map(|f| (&f.name, f.instructions)));
        code.map(|(name, instructions)| vec![name.clone(), tier.since.clone(), instructions.to_string()])
    });
    table(&mut out, &["for newer kernels", "from", "instructions"], tiers.collect());
    for signature in &report.signatures {
        let rows = signature.rows().into_iter().map(|(name, value)| vec![name.to_owned(), value]);
        let title = signature.since.as_ref().map_or_else(String::new, |since| format!("from {since}"));
        table(&mut out, &["signature", &title], rows.collect());
    }
    let btf = &report.btf;
    if btf.btf == 0 {
        out += "\nno BTF\n";
    } else {
        out += &format!("\nBTF  {} bytes, {} types; lines and relocations {} bytes\n", btf.btf, btf.types, btf.btf_ext);
    }
    out
}

fn of_type(ty: Option<&Type>) -> String {
    match ty {
        None => "-".to_owned(),
        Some(Type { name: Some(name), size: Some(size) }) => format!("{name} ({size})"),
        Some(Type { name: Some(name), size: None }) => name.clone(),
        Some(Type { name: None, size }) => size.map_or("?".to_owned(), |size| format!("({size})")),
    }
}

/// Nothing where there are no rows; columns without contents are left out.
fn table(out: &mut String, titles: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    // Names of an object may hold anything.
    let shown = |row: Vec<String>| row.iter().map(|cell| escape::value(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().map(shown).collect();
    let used: Vec<usize> = (0..titles.len()).filter(|&column| rows.iter().any(|row| !row[column].is_empty())).collect();
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).chain([titles[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = used.iter().map(|&column| width(column)).collect();
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    out.push('\n');
    for row in std::iter::once(&titles).chain(&rows) {
        let cells: Vec<String> =
            std::iter::zip(&used, &widths).map(|(&column, width)| format!("{:width$}", row[column])).collect();
        *out += cells.join("  ").trim_end();
        out.push('\n');
    }
}
