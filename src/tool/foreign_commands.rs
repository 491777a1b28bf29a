//! Commands of other compilers, among them that of KernelScript 0.1: what to write instead.

use super::status;
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

fn refuse(word: &str, instead: &str) -> ExitCode {
    eprintln!("error: ksc has no command `{word}`: {instead}");
    ExitCode::from(status::USAGE)
}
