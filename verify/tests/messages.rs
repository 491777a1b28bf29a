//! The table of refusals against what kernels can print: `ci/messages` has collected that from their sources.
//!
//! Each text that ends a verification has a row. `messages/other.txt` has the texts that do not: what the verifier tells of its work, and what it
//! says of itself.

use ks_verify::refusals;
use std::collections::HashSet;
use std::path::Path;

/// Versions of kernels, each with a file.
const KERNELS: [&str; 6] = ["5.10", "6.1", "6.12", "6.18", "7.2", "7.3"];

fn lines(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// The first line of a text as kernels print it, with something for each part that differs: a text may be any, or a register's name, which
/// Linux 7.2 puts in as a text.
fn printed(format: &str) -> Vec<String> {
    let format = format.split("\\n").find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut all = vec![String::new()];
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            all.iter_mut().for_each(|out| out.push(c));
            continue;
        }
        let conversion = loop {
            match chars.next() {
                Some(c) if c.is_ascii_alphabetic() && !"lhzt".contains(c) => break c,
                Some('%') => break '%',
                Some(_) => {}
                None => break 'd',
            }
        };
        // `%pK`, `%pI4`: what kind of pointer comes after it.
        if conversion == 'p' {
            chars.next_if(char::is_ascii_uppercase);
        }
        all = all.iter().flat_map(|out| filled(out, conversion)).collect();
    }
    all.iter().map(|out| out.trim().to_owned()).collect()
}

/// What may stand for a conversion behind a text.
fn filled(before: &str, conversion: char) -> Vec<String> {
    let parts: &[&str] = match conversion {
        '%' => &["%"],
        // A text that is put behind a word begins with a blank.
        's' if before.ends_with(|c: char| c.is_ascii_alphabetic()) => &[" some"],
        's' => &["some", "R3"],
        'c' => &["c"],
        'p' => &["0"],
        _ => &["3"],
    };
    parts.iter().map(|part| format!("{before}{part}")).collect()
}

#[test]
fn each_refusal_has_a_row() {
    let other: HashSet<String> = lines("other.txt").into_iter().collect();
    let mut missing = Vec::new();
    let mut used = HashSet::new();
    for kernel in KERNELS {
        for text in lines(&format!("{kernel}.txt")) {
            if other.contains(&text) {
                used.insert(text);
                continue;
            }
            let is_known = printed(&text)
                .iter()
                .any(|message| refusals::all().iter().any(|refusal| refusal.fits(message).is_some()));
            if !is_known && !missing.contains(&text) {
                missing.push(text);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} texts have no row of ir-specs/refusals.toml:\n{}",
        missing.len(),
        missing.join("\n")
    );
    let unused: Vec<&String> = other.iter().filter(|text| !used.contains(*text)).collect();
    assert!(unused.is_empty(), "no kernel prints this of messages/other.txt: {unused:?}");
}

#[test]
fn texts_are_printed_as_kernels_print_them() {
    assert_eq!(printed("R%d has %llx of %s, %-5d%%\\n"), ["R3 has 3 of some, 3%", "R3 has 3 of R3, 3%"]);
    assert_eq!(printed("\\nfirst %pK %d\\nsecond"), ["first 0 3"]);
}
