//! The words of a command line: which option is meant, and where its value is.

use super::field::{Field, HELP_LETTER, Spec};
use super::spec::Stop;
use super::{own, usage, value};
use crate::abi::KsFieldKind;
use crate::kernel::{escape, near};

/// Fills the struct from its defaults and the words after the program's name.
pub fn fill(spec: &Spec, program: &str, words: &[&[u8]], out: &mut [u8]) -> Result<(), Stop> {
    out.copy_from_slice(&spec.defaults);
    let mut given = vec![0usize; spec.fields.len()];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == own::HELP.as_bytes() {
            return Err(Stop::Help(usage::usage(spec, program)));
        }
        if word.len() > 1 && word[0] == b'-' && word[1].is_ascii_alphabetic() {
            if letters(spec, &word[1..], &mut words, &mut given, out)? == Asks::Help {
                return Err(Stop::Help(usage::usage(spec, program)));
            }
            continue;
        }
        if *word == b"--"
            && let Some(index) = spec.fields.iter().position(|field| field.command)
        {
            given[index] = words.len();
            command(&spec.fields[index], words.as_slice(), out)?;
            break;
        }
        let Some(option) = word.strip_prefix(b"--").filter(|name| !name.is_empty()) else {
            return bad(format!("unexpected argument `{}`: {}", show(word), takes(spec)));
        };
        let (name, inline) = match option.iter().position(|byte| *byte == b'=') {
            Some(at) => (&option[..at], Some(&option[at + 1..])),
            None => (option, None),
        };
        let mut value = |option: &str| match inline {
            Some(text) => Ok(text),
            None => match words.next() {
                Some(next) if !next.starts_with(b"--") => Ok(*next),
                Some(_) | None => bad(format!("`{option}` needs a value")),
            },
        };
        // A program may have an option of the name of one that does nothing in it.
        let index = match find(spec, name) {
            Err(_) if own::take(word) => continue,
            Err(_) if let Some(option) = own::with_value(name) => {
                let text = value(option.option)?;
                option
                    .take(text)
                    .or_else(|reason| bad(format!("bad value `{}` for `{}`: {reason}", show(text), option.option)))?;
                continue;
            }
            found => found?,
        };
        let field = &spec.fields[index];
        let text = match (inline, field.kind) {
            (None, KsFieldKind::Bool) => b"true",
            (_, _) => value(&field.option())?,
        };
        store(field, &mut given[index], text, out)?;
    }
    missing(spec, &given)
}

/// What a word of short options asks for.
#[derive(PartialEq)]
enum Asks {
    Help,
    Nothing,
}

/// Reads the letters of short options behind one `-`. Flags share a word; an option with a value takes the rest of the word, or the next one.
fn letters<'w>(
    spec: &Spec,
    mut word: &'w [u8],
    words: &mut std::slice::Iter<&'w [u8]>,
    given: &mut [usize],
    out: &mut [u8],
) -> Result<Asks, Stop> {
    let short = spec.letters();
    while let Some((letter, behind)) = word.split_first() {
        if *letter == HELP_LETTER {
            return Ok(Asks::Help);
        }
        let Some(index) = short.iter().position(|short| short.as_ref() == Some(letter)) else {
            let none = if spec.fields.is_empty() { ": the program takes no arguments" } else { "" };
            return bad(format!("unknown option `-{}`{none}", show(&[*letter])));
        };
        let field = &spec.fields[index];
        if field.kind == KsFieldKind::Bool && behind.first() != Some(&b'=') {
            store(field, &mut given[index], b"true", out)?;
            word = behind;
            continue;
        }
        let text = match behind.strip_prefix(b"=").unwrap_or(behind) {
            [] if behind.is_empty() => match words.next() {
                Some(next) if !next.starts_with(b"--") => *next,
                Some(_) | None => return bad(format!("`-{}` needs a value", show(&[*letter]))),
            },
            text => text,
        };
        store(field, &mut given[index], text, out)?;
        break;
    }
    Ok(Asks::Nothing)
}

fn bad<T>(message: String) -> Result<T, Stop> {
    Err(Stop::Bad(message))
}

fn show(bytes: &[u8]) -> String {
    escape::short(&String::from_utf8_lossy(bytes))
}

/// The help of a message about an argument that the program does not take: the form of those that it takes.
fn takes(spec: &Spec) -> &'static str {
    if spec.fields.is_empty() { "the program takes no arguments" } else { "options begin with `-`" }
}

/// Writes the words of a command, each into one element; the rest of the elements is empty.
fn command(field: &Field, words: &[&[u8]], out: &mut [u8]) -> Result<(), Stop> {
    let count = field.count.unwrap_or(0);
    if words.len() > count {
        return bad(format!("the command has {} words, and at most {count} fit", words.len()));
    }
    if !words.is_empty()
        && let Some(place) = out.get_mut(field.offset..field.offset + field.total())
    {
        place.fill(0);
    }
    for (at, word) in words.iter().enumerate() {
        // The first empty element ends the command.
        if word.is_empty() {
            return bad(format!("word {} of the command is empty", at + 1));
        }
        let start = field.offset + at * field.size;
        let Some(place) = out.get_mut(start..start + field.size) else {
            return bad("the command lies outside of its struct".to_owned());
        };
        let word_of = |why| Stop::Bad(format!("bad word `{}` of the command: {why}", show(word)));
        value::parse(field, word, place).map_err(word_of)?;
    }
    Ok(())
}

/// Writes what one word gives: the value, or the next elements of an array, between commas.
fn store(field: &Field, given: &mut usize, text: &[u8], out: &mut [u8]) -> Result<(), Stop> {
    let Some(count) = field.count else {
        *given += 1;
        return put(field, field.offset, text, out);
    };
    if *given == 0
        && let Some(place) = out.get_mut(field.offset..field.offset + field.total())
    {
        // The first one replaces the default as a whole.
        place.fill(0);
    }
    let are_numbers = || text.split(|byte| *byte == b',').all(value::is_number);
    let address = match field.address().filter(|_| !are_numbers()) {
        Some(address) => Some(value::address(address, text).or_else(|why| bad_value(field, text, why))?),
        None => None,
    };
    let elements: Vec<&[u8]> = match &address {
        Some(bytes) => bytes.iter().map(Vec::as_slice).collect(),
        None => text.split(|byte| *byte == b',').collect(),
    };
    for element in elements {
        if element.is_empty() {
            return bad_value(field, text, "an element is empty");
        }
        if *given == count {
            return bad(format!("`{}` takes at most {count} values", field.option()));
        }
        put(field, field.offset + *given * field.size, element, out)?;
        *given += 1;
    }
    Ok(())
}

fn put(field: &Field, start: usize, text: &[u8], out: &mut [u8]) -> Result<(), Stop> {
    let Some(place) = out.get_mut(start..start + field.size) else {
        return bad(format!("`{}` lies outside of its struct", field.option()));
    };
    value::parse(field, text, place).or_else(|reason| bad_value(field, text, &reason))
}

fn bad_value<T>(field: &Field, text: &[u8], reason: &str) -> Result<T, Stop> {
    bad(format!("bad value `{}` for `{}`: {reason}", show(text), field.option()))
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
    let options = || spec.fields.iter().filter(|field| !field.command);
    if let Some(index) = spec.fields.iter().position(|field| !field.command && field.name.as_bytes() == plain) {
        return Ok(index);
    }
    let names = options().map(|field| field.name);
    let near = near::best(&String::from_utf8_lossy(&plain), names);
    match near.and_then(|near| spec.fields.iter().find(|field| field.name == near)) {
        Some(field) => bad(format!("unknown option `--{}`; did you mean `{}`?", show(name), field.option())),
        None if spec.fields.is_empty() => bad(format!("unknown option `--{}`: {}", show(name), takes(spec))),
        None => bad(format!("unknown option `--{}`", show(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, kind: KsFieldKind, offset: usize, size: usize) -> Field<'static> {
        let signed = kind == KsFieldKind::Signed;
        Field {
            name,
            doc: "",
            kind,
            signed,
            required: false,
            command: false,
            offset,
            size,
            count: None,
            variants: Vec::new(),
        }
    }

    fn spec(fields: Vec<Field<'static>>) -> Spec<'static> {
        let size = fields.iter().map(|f| f.offset + f.total()).max().unwrap_or(0);
        Spec { doc: "", defaults: vec![0; size], fields, own: Vec::new() }
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
    fn short_options() {
        let fields = vec![
            field("pid", KsFieldKind::Signed, 0, 2),
            field("ports", KsFieldKind::Unsigned, 2, 1),
            field("x_p", KsFieldKind::Bool, 4, 1),
            field("hush", KsFieldKind::Bool, 5, 1),
            field("p", KsFieldKind::Bool, 6, 1),
        ];
        let mut spec = spec(fields);
        spec.fields[1].count = Some(2);
        assert_eq!(spec.letters(), [Some(b'p'), Some(b'P'), Some(b'x'), Some(b'H'), None]);
        for words in [&["-p", "7"][..], &["-p7"], &["-p=7"], &["-p=1", "--pid=7"]] {
            assert_eq!(run(&spec, words), Ok(vec![7, 0, 0, 0, 0, 0, 0]), "{words:?}");
        }
        for words in
            [&["-Hxp-2", "-P1,2"][..], &["-H", "-x", "-p", "-2", "-P", "1", "-P2"], &["-xH=true", "-p=-2", "-P=1,2"]]
        {
            assert_eq!(run(&spec, words), Ok(vec![0xfe, 0xff, 1, 2, 1, 1, 0]), "{words:?}");
        }
        let error = |words: &[&str]| run(&spec, words).expect_err("a mistake");
        assert_eq!(error(&["-xz"]), "unknown option `-z`");
        assert_eq!(error(&["-x\u{1b}"]), "unknown option `-\\u{1b}`");
        assert_eq!(error(&["-p"]), "`-p` needs a value");
        assert_eq!(error(&["-xp", "--x-p"]), "`-p` needs a value");
        assert_eq!(error(&["-p="]), "bad value `` for `--pid`: a number is wanted");
        assert!(
            error(&["-xh"]).contains("  -P, --ports=N ...\n  -x, --x-p\n  -H, --hush\n      --p\n"),
            "{}",
            error(&["-h"])
        );
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
        assert_eq!(error(&["300"]), "unexpected argument `300`: options begin with `-`");
        for word in ["--", "-", "-7", "-="] {
            assert_eq!(error(&[word]), format!("unexpected argument `{word}`: options begin with `-`"));
        }
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
        assert_eq!(run(&spec, &four), Err("`--port` takes at most 3 values".to_owned()));
        assert_eq!(run(&spec, &["--port=1,2", "--port=3"]), Ok(vec![1, 2, 3]));
        assert_eq!(run(&spec, &["--port=1,2,3,4"]), Err("`--port` takes at most 3 values".to_owned()));
        for empty in ["--port=", "--port=1,", "--port=,1", "--port=1,,2"] {
            let refused = run(&spec, &[empty]).expect_err(empty);
            assert!(refused.ends_with("for `--port`: an element is empty"), "{refused}");
        }
    }

    #[test]
    fn words_of_a_command() {
        let fields = vec![field("pid", KsFieldKind::Unsigned, 0, 1), field("command", KsFieldKind::Str, 1, 4)];
        let mut spec = spec(fields);
        spec.fields[1].count = Some(2);
        spec.fields[1].command = true;
        spec.defaults = vec![0; 9];
        assert_eq!(run(&spec, &["--pid=7", "--", "ls", "-l"]), Ok(b"\x07ls\0\0-l\0\0".to_vec()));
        assert_eq!(run(&spec, &["--", "a,b", "--"]), Ok(b"\0a,b\0--\0\0".to_vec()));
        assert_eq!(run(&spec, &["--"]), Ok(vec![0; 9]));
        let refused = |words: &[&str]| run(&spec, words).expect_err("a mistake");
        assert_eq!(refused(&["--", "a", "b", "c"]), "the command has 3 words, and at most 2 fit");
        assert_eq!(refused(&["--", "a", ""]), "word 2 of the command is empty");
        let long = "bad word `long` of the command: at most 3 bytes fit, this has 4";
        assert_eq!(refused(&["--", "long"]), long);
        assert_eq!(refused(&["--command=ls"]), "unknown option `--command`");
        assert!(refused(&["--help"]).starts_with("Usage: prog [OPTIONS] [-- COMMAND [ARGS]]\n"));
        spec.fields[1].required = true;
        assert_eq!(run(&spec, &[]), Err("missing `-- COMMAND [ARGS]`".to_owned()));
        assert_eq!(run(&spec, &["--"]), Err("missing `-- COMMAND [ARGS]`".to_owned()));
    }

    #[test]
    fn hardware_addresses() {
        let mut spec = spec(vec![field("from", KsFieldKind::Unsigned, 0, 1)]);
        spec.fields[0].count = Some(6);
        spec.defaults = vec![9; 6];
        assert_eq!(run(&spec, &["--from=02:00:0a:Bc:d:ff"]), Ok(vec![2, 0, 10, 0xbc, 0xd, 0xff]));
        assert_eq!(run(&spec, &["--from=1,2,3,4,5,0xff"]), Ok(vec![1, 2, 3, 4, 5, 0xff]));
        for text in ["1:2:3:4:5", "1:2:3:4:5:6:7", "1:2:3:4:5:", "1:2:3:4:5:100", "1:2:3:4:5:g", ":::::"] {
            let refused = run(&spec, &[&format!("--from={text}")]).expect_err(text);
            assert!(refused.ends_with("an address 02:00:5e:10:00:ff is wanted"), "{refused}");
        }
        let twice = run(&spec, &["--from=1:2:3:4:5:6", "--from=1:2:3:4:5:6"]);
        assert_eq!(twice, Err("`--from` takes at most 6 values".to_owned()));
    }

    #[test]
    fn ip6_addresses() {
        let mut spec = spec(vec![field("from", KsFieldKind::Unsigned, 0, 1)]);
        spec.fields[0].count = Some(16);
        spec.defaults = vec![9; 16];
        let bytes = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(run(&spec, &["--from=2001:db8::1"]), Ok(bytes.to_vec()));
        assert_eq!(run(&spec, &["--from=1,2"]), Ok([&[1, 2][..], &[0; 14]].concat()));
        for text in ["2001:db8", "1.2.3.4", "::g", "no", "::1,::2"] {
            let refused = run(&spec, &[&format!("--from={text}")]).expect_err(text);
            assert!(refused.ends_with("an address 2001:db8::1 is wanted"), "{refused}");
        }
        spec.defaults = bytes.to_vec();
        let help = run(&spec, &["--help"]).expect_err("the text");
        assert!(help.contains("--from=ADDRESS  (default: 2001:db8:0:0:0:0:0:1)"), "{help}");
    }

    #[test]
    fn a_program_without_options_knows_the_own_ones() {
        let spec = spec(Vec::new());
        assert_eq!(run(&spec, &[]), Ok(Vec::new()));
        assert_eq!(run(&spec, &["--reset-pins"]), Ok(Vec::new()));
        assert!(run(&spec, &["--help"]).expect_err("the text").contains("Usage"));
        let refused = |word: &str| run(&spec, &[word]).expect_err(word);
        assert_eq!(refused("--x"), "unknown option `--x`: the program takes no arguments");
        assert_eq!(refused("-x"), "unknown option `-x`: the program takes no arguments");
        assert_eq!(refused("x"), "unexpected argument `x`: the program takes no arguments");
    }

    #[test]
    fn help_is_not_an_error() {
        let spec = spec(vec![field("a", KsFieldKind::Unsigned, 0, 4)]);
        assert!(run(&spec, &["--help"]).expect_err("the text").contains("--a=N"));
    }
}
