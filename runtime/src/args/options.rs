//! The words of a command line: which option is meant, and where its value is.

use super::{Field, Spec, Stop, usage, value};
use crate::abi::KsFieldKind;
use crate::load::pins;
use crate::{escape, near};

/// Fills the struct from its defaults and the words after the program's name.
pub fn fill(spec: &Spec, program: &str, words: &[&[u8]], out: &mut [u8]) -> Result<(), Stop> {
    out.copy_from_slice(&spec.defaults);
    let mut given = vec![0usize; spec.fields.len()];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == b"-h" || *word == b"--help" {
            return Err(Stop::Help(usage::usage(spec, program)));
        }
        if spec.pins && *word == pins::RESET.as_bytes() {
            continue;
        }
        let Some(option) = word.strip_prefix(b"--").filter(|name| !name.is_empty()) else {
            return bad(format!("unexpected argument `{}`: options begin with `--`", show(word)));
        };
        let (name, inline) = match option.iter().position(|byte| *byte == b'=') {
            Some(at) => (&option[..at], Some(&option[at + 1..])),
            None => (option, None),
        };
        let index = find(spec, name)?;
        let field = &spec.fields[index];
        let text = match inline {
            Some(text) => text,
            None if field.kind == KsFieldKind::Bool => b"true",
            None => match words.next() {
                Some(next) if !next.starts_with(b"--") => next,
                Some(_) | None => return bad(format!("`{}` needs a value", field.option())),
            },
        };
        store(field, &mut given[index], text, out)?;
    }
    missing(spec, &given)
}

fn bad<T>(message: String) -> Result<T, Stop> {
    Err(Stop::Bad(message))
}

fn show(bytes: &[u8]) -> String {
    escape::short(&String::from_utf8_lossy(bytes))
}

/// Writes one value; for an array, the next element.
fn store(field: &Field, given: &mut usize, text: &[u8], out: &mut [u8]) -> Result<(), Stop> {
    if let Some(count) = field.count {
        if *given == count {
            return bad(format!("`{}` is given more than {count} times", field.option()));
        }
        if *given == 0 {
            // The first one replaces the default as a whole.
            if let Some(place) = out.get_mut(field.offset..field.offset + field.total()) {
                place.fill(0);
            }
        }
    }
    let start = field.offset + field.count.map_or(0, |_| *given * field.size);
    let Some(place) = out.get_mut(start..start + field.size) else {
        return bad(format!("`{}` lies outside of its struct", field.option()));
    };
    *given += 1;
    value::parse(field, text, place)
        .or_else(|reason| bad(format!("bad value `{}` for `{}`: {reason}", show(text), field.option())))
}

fn missing(spec: &Spec, given: &[usize]) -> Result<(), Stop> {
    let missing: Vec<String> = spec
        .fields
        .iter()
        .zip(given)
        .filter(|(field, given)| field.required && **given == 0)
        .map(|(field, _)| format!("`{}`", usage::form(field)))
        .collect();
    if missing.is_empty() { Ok(()) } else { bad(format!("missing {}", missing.join(", "))) }
}

/// `-` and `_` are the same.
fn find(spec: &Spec, name: &[u8]) -> Result<usize, Stop> {
    let plain: Vec<u8> = name.iter().map(|byte| if *byte == b'-' { b'_' } else { *byte }).collect();
    if let Some(index) = spec.fields.iter().position(|field| field.name.as_bytes() == plain) {
        return Ok(index);
    }
    let names = spec.fields.iter().map(|field| field.name);
    let near = near::best(&String::from_utf8_lossy(&plain), names);
    match near.and_then(|near| spec.fields.iter().find(|field| field.name == near)) {
        Some(field) => bad(format!("unknown option `--{}`; did you mean `{}`?", show(name), field.option())),
        None => bad(format!("unknown option `--{}`", show(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, kind: KsFieldKind, offset: usize, size: usize) -> Field<'static> {
        let signed = kind == KsFieldKind::Signed;
        Field { name, doc: "", kind, signed, required: false, offset, size, count: None, variants: Vec::new() }
    }

    fn spec(fields: Vec<Field<'static>>) -> Spec<'static> {
        let size = fields.iter().map(|f| f.offset + f.total()).max().unwrap_or(0);
        Spec { doc: "", defaults: vec![0; size], fields, pins: false }
    }

    fn run(spec: &Spec, words: &[&str]) -> Result<Vec<u8>, String> {
        let mut out = vec![0xee; spec.defaults.len()];
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        match fill(spec, "prog", &words, &mut out) {
            Ok(()) => Ok(out),
            Err(Stop::Bad(message) | Stop::Help(message)) => Err(message),
        }
    }

    #[test]
    fn forms_of_an_option() {
        let spec = spec(vec![field("max_len", KsFieldKind::Unsigned, 0, 2), field("on", KsFieldKind::Bool, 2, 1)]);
        for words in [&["--max_len=300", "--on"][..], &["--max-len", "300", "--on=true"], &["--on", "--max-len=0x12c"]]
        {
            assert_eq!(run(&spec, words), Ok(vec![0x2c, 1, 1]), "{words:?}");
        }
        assert_eq!(run(&spec, &["--max-len=1", "--max-len=2", "--on=0"]), Ok(vec![2, 0, 0]));
    }

    #[test]
    fn mistakes_are_named() {
        let spec = spec(vec![field("max_len", KsFieldKind::Unsigned, 0, 2), field("on", KsFieldKind::Bool, 2, 1)]);
        let error = |words: &[&str]| run(&spec, words).expect_err("a mistake");
        assert_eq!(error(&["--maxlen=1"]), "unknown option `--maxlen`; did you mean `--max-len`?");
        assert_eq!(error(&["--quite-different"]), "unknown option `--quite-different`");
        let long = format!("--max-len={}", "7".repeat(100_000));
        assert_eq!(error(&[&long]), format!("bad value `{}…` for `--max-len`: u16 takes 0 to 65535", "7".repeat(79)));
        assert!(error(&[&format!("--{}", "x".repeat(100_000))]).len() < 120);
        assert!(error(&[&"x".repeat(100_000)]).len() < 160);
        assert_eq!(error(&["300"]), "unexpected argument `300`: options begin with `--`");
        assert_eq!(error(&["--"]), "unexpected argument `--`: options begin with `--`");
        assert_eq!(error(&["--max-len"]), "`--max-len` needs a value");
        assert_eq!(error(&["--max-len", "--on"]), "`--max-len` needs a value");
        assert_eq!(error(&["--max-len=70000"]), "bad value `70000` for `--max-len`: u16 takes 0 to 65535");
    }

    #[test]
    fn defaults_and_required() {
        let mut spec = spec(vec![field("a", KsFieldKind::Unsigned, 0, 1), field("name", KsFieldKind::Str, 1, 4)]);
        spec.defaults[0] = 7;
        spec.fields[1].required = true;
        assert_eq!(run(&spec, &["--name=eth"]), Ok(b"\x07eth\0".to_vec()));
        assert_eq!(run(&spec, &[]), Err("missing `--name=TEXT`".to_owned()));
    }

    #[test]
    fn arrays_repeat() {
        let mut spec = spec(vec![field("port", KsFieldKind::Unsigned, 0, 1)]);
        spec.fields[0].count = Some(3);
        spec.defaults = vec![9, 9, 9];
        assert_eq!(run(&spec, &[]), Ok(vec![9, 9, 9]));
        assert_eq!(run(&spec, &["--port=1", "--port", "2"]), Ok(vec![1, 2, 0]));
        let four = ["--port=1", "--port=1", "--port=1", "--port=1"];
        assert_eq!(run(&spec, &four), Err("`--port` is given more than 3 times".to_owned()));
    }

    #[test]
    fn help_is_not_an_error() {
        let spec = spec(vec![field("a", KsFieldKind::Unsigned, 0, 4)]);
        assert!(run(&spec, &["--help"]).expect_err("the text").contains("--a=N"));
    }
}
