//! Commands of other compilers, among them that of KernelScript 0.1: what to write instead.

use super::status;
use crate::cli::{Cli, Command};
use crate::diag::{escape, similar};
use clap::{CommandFactory, Subcommand};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// `compile FILE -o FOLDER`: KernelScript 0.1 wrote C sources into a folder.
pub fn compile(words: &[OsString]) -> ExitCode {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let source = words.iter().find(|word| word.ends_with(".ks")).map_or("FILE.ks", String::as_str);
    let output = words.windows(2).find(|pair| ["-o", "--output"].contains(&pair[0].as_str())).map(|pair| &pair[1]);
    let output = output.map_or(String::new(), |output| {
        let stem = Path::new(source).file_stem().unwrap_or_default();
        format!(" -o {}", Path::new(output).join(stem).display())
    });
    refuse("compile", &format!("`ksc {source}{output}` writes the executable and the BPF object"))
}

/// A first word that is neither an option, a file nor a command of ksc.
pub fn unknown(words: &[OsString]) -> Option<ExitCode> {
    let word = words.first()?.to_str()?;
    let is_command =
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    if !is_command {
        return None;
    }
    // The parser of all options is not made for a word that is known.
    if Command::has_subcommand(word) {
        return None;
    }
    let parser = Cli::command();
    let mut known = parser.get_subcommands().flat_map(|command| command.get_name_and_visible_aliases());
    if known.any(|name| name == word) || word == "help" || Path::new(word).exists() {
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
