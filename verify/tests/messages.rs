//! The table of refusals against what kernels can print: `ci/messages` has collected that from their sources.
//!
//! Each text that ends a verification has a row. `messages/other.txt` has the texts that do not: what the verifier tells of its work, and what it
//! says of itself.

use ks_verify::refusals;
use std::collections::HashSet;
use std::path::Path;

/// Versions of kernels, each with a file.
const KERNELS: [&str; 2] = ["6.1", "6.12"];

fn lines(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// A text as it is printed, with something for each part that differs; its first line.
fn printed(format: &str) -> String {
    let format = format.split("\\n").find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
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
        match conversion {
            '%' => out.push('%'),
            's' => {
                // A text that is put behind a word begins with a blank.
                let is_behind = out.ends_with(|c: char| c.is_ascii_alphabetic());
                out.push_str(if is_behind { " some" } else { "some" });
            }
            'c' => out.push('c'),
            // `%pK`, `%pI4`: what kind of pointer comes after it.
            'p' => {
                chars.next_if(char::is_ascii_uppercase);
                out.push('0');
            }
            _ => out.push('3'),
        }
    }
    out.trim().to_owned()
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
            let message = printed(&text);
            let is_known = refusals::all().iter().any(|refusal| refusal.fits(&message).is_some());
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
    assert_eq!(printed("R%d has %llx of %s, %-5d%%\\n"), "R3 has 3 of some, 3%");
    assert_eq!(printed("\\nfirst %pK %d\\nsecond"), "first 0 3");
}
