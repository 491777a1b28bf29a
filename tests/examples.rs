//! What `ksc explain` shows: each wrong program reports its code and no other, each right one reports nothing.

use clap::Parser;
use ksc::cli::{Cli, Command};
use ksc::diag::codes;
use ksc::diag::examples::{self, Example, Program};
use ksc::pipeline;
use ksc::session::Session;
use ksc::tool::check;
use std::path::Path;

/// As that of the compiler itself.
const STACK: usize = 256 << 20;
const THREADS: usize = 4;

/// The codes that a program reports, in order, each once.
fn reported(program: &Program, files: &[(&str, String)]) -> Vec<&'static str> {
    let name = if program.text.starts_with("module ") { "example.ksir" } else { "example.ks" };
    let words = ["ksc", "check"].into_iter().chain(program.options.iter().copied()).chain([name]);
    let Ok(Cli { command: Some(Command::Check(args)), .. }) = Cli::try_parse_from(words) else {
        panic!("{:?} are no options of `ksc check`", program.options);
    };
    let mut cx = Session::new(args.common.options(Path::new(name)));
    for (name, text) in files {
        cx.sources.edit(Path::new(name), text.clone());
    }
    let file = cx.sources.add(name, Path::new(name), program.text.clone());
    // What is wrong is reported.
    let _ = pipeline::read_file(&mut cx, file).and_then(|input| check::input(&mut cx, input));
    let mut codes: Vec<&str> = cx.diags.take().iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn complaints(code: &str) -> Vec<String> {
    match examples::of(code) {
        None => vec![format!("{code} has no example in src/diag/examples/")],
        Some(Example::Without(reason)) if reason.split(' ').count() < 4 => vec![format!("{code}: no reason: {reason}")],
        Some(Example::Without(_)) => Vec::new(),
        Some(Example::Programs { wrong, right, files }) => {
            let (wrong, right) = (reported(&wrong, &files), reported(&right, &files));
            let mut complaints = Vec::new();
            if wrong != [code] {
                complaints.push(format!("{code}: the wrong program reports {wrong:?}"));
            }
            if !right.is_empty() {
                complaints.push(format!("{code}: the right program reports {right:?}"));
            }
            complaints
        }
    }
}

#[test]
fn each_code_has_a_wrong_and_a_right_program() {
    let all: Vec<&str> = codes::all().map(|info| info.code).collect();
    let all = all.as_slice();
    let mut found: Vec<String> = std::thread::scope(|scope| {
        let part = |at: usize| move || all.iter().skip(at).step_by(THREADS).flat_map(|code| complaints(code)).collect();
        let spawn = |at| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, part(at));
        let threads: Vec<_> = (0..THREADS).map(|at| spawn(at).expect("a thread starts")).collect();
        threads.into_iter().flat_map(|thread| -> Vec<String> { thread.join().expect("no example panics") }).collect()
    });
    found.sort();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn each_example_is_of_a_code_and_there_is_one_of_each() {
    let mut seen: Vec<&str> = Vec::new();
    for code in examples::codes() {
        assert!(codes::all().any(|info| info.code == code), "there is no code {code}");
        assert!(!seen.contains(&code), "{code} has two examples");
        seen.push(code);
    }
}
