//! Commands of other compilers, among them that of KernelScript 0.1: what to write instead.

use super::status;
use crate::cli::Cli;
use crate::diag::{escape, similar};
use clap::CommandFactory;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// `compile FILE -o FOLDER`, `build FILE`.
pub fn compile(word: &str, words: &[OsString]) -> ExitCode {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let source = words.iter().find(|word| word.ends_with(".ks")).map_or("FILE.ks", String::as_str);
    let output = words.windows(2).find(|pair| ["-o", "--output"].contains(&pair[0].as_str())).map(|pair| &pair[1]);
    let output = output.map_or(String::new(), |output| {
        // KernelScript 0.1 wrote C sources into a folder.
        let is_folder = word == "compile" || Path::new(output).is_dir();
        let stem = Path::new(source).file_stem().unwrap_or_default();
        let name = if is_folder { Path::new(output).join(stem) } else { output.into() };
        format!(" -o {}", name.display())
    });
    refuse(word, &format!("`ksc {source}{output}` writes the executable and the BPF object"))
}

/// `run FILE ARGUMENTS`
pub fn run(words: &[OsString]) -> ExitCode {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let at = words.iter().position(|word| word.ends_with(".ks"));
    let source = at.map_or("FILE.ks", |at| &words[at]);
    let arguments = at.map_or(&[][..], |at| &words[at + 1..]);
    let stem = source.strip_suffix(".ks").unwrap_or(source);
    let program = if stem.starts_with('/') || stem.starts_with("./") { stem.to_owned() } else { format!("./{stem}") };
    let given: String = arguments.iter().filter(|word| *word != "--").map(|word| format!(" {word}")).collect();
    refuse("run", &format!("`ksc {source} -o {stem} && sudo {program}{given}` compiles the program and starts it"))
}

/// A first word that is neither an option, a file nor a command of ksc.
pub fn unknown(words: &[OsString]) -> Option<ExitCode> {
    let word = words.first()?.to_str()?;
    let is_command =
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let parser = Cli::command();
    let known = || parser.get_subcommands().map(clap::Command::get_name).chain(["help"]);
    if !is_command || known().any(|name| name == word) || Path::new(word).exists() {
        return None;
    }
    let shown: Vec<&str> = parser.get_subcommands().filter(|c| !c.is_hide_set()).map(clap::Command::get_name).collect();
    Some(refuse(
        word,
        &match similar::best(word, &shown) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}; `ksc FILE.ks` compiles a program", shown.join(", ")),
        },
    ))
}

fn refuse(word: &str, instead: &str) -> ExitCode {
    eprintln!("{}", escape::value(&format!("error: ksc has no command `{word}`: {instead}")));
    ExitCode::from(status::USAGE)
}
