//! The executable with the tests of a file.

use super::coverage;
use crate::codegen::llvm::Artifact;
use crate::diag::codes::environment::OutputNotWritten;
use crate::ir::Module;
use crate::link;
use crate::pipeline::{self, Input};
use crate::sema::tree::{Const, ExprKind, Program, Stmt, StmtKind, Visitor};
use crate::session::{ProbeForms, Session};
use crate::target::Target;
use regex_lite::Regex;
use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The tests of a file, and what runs them.
pub struct Suite {
    /// As the user named it.
    pub file: String,
    /// As the executable names it.
    pub recorded: String,
    pub executable: PathBuf,
    /// The folder of bpffs with the pins of all projects, and the name of this one's.
    pub pins: (PathBuf, String),
    /// The names of constants that are thrown, by the file, as the executable names it, and the line of the `throw`.
    pub thrown: HashMap<(String, u32), String>,
    /// In order of the text.
    pub tests: Vec<TestCase>,
    /// What the executable counts, if it is for coverage.
    pub sources: Vec<coverage::Source>,
}

/// A test.
pub struct TestCase {
    pub name: String,
    /// By which the executable knows it.
    pub number: usize,
    pub line: u32,
}

/// Makes the executable at a path. None if the file has no tests that the filter matches, or after an error, which was reported. For coverage
/// a file without tests is a suite too, without an executable.
pub fn suite(cx: &mut Session, file: &Path, executable: PathBuf, filter: Option<&Regex>) -> Option<Suite> {
    let Input::Source(tree) = pipeline::read(cx, file)? else { return None };
    let root = tree.file;
    let program = pipeline::check(cx, tree)?;
    let all = program.tests.iter().map(|&test| program.func(test)).enumerate();
    let tests: Vec<TestCase> = all
        .filter(|(_, func)| filter.is_none_or(|filter| filter.is_match(&func.name)))
        .map(|(number, func)| TestCase {
            name: func.name.clone(),
            number,
            line: cx.sources.line_col(func.name_span).line,
        })
        .collect();
    if tests.is_empty() && !cx.options.coverage {
        return None;
    }
    cx.options.probe.get_or_insert(ProbeForms::Both);
    cx.options.streams = true;
    let module = pipeline::khir_of(cx, &program, root);
    let recorded = cx.recorded_name(root);
    let pins = (PathBuf::from(&cx.options.pin_root), cx.options.project.replace('.', "_"));
    let (thrown, sources) = (thrown(cx, &program), coverage::sources(cx));
    let suite = Suite { file: file.display().to_string(), recorded, thrown, executable, pins, tests, sources };
    if !suite.tests.is_empty() {
        executable_of(cx, module, &suite.executable)?;
    }
    Some(suite)
}

/// Compiles the tests of a file, and links them.
fn executable_of(cx: &mut Session, module: Module, executable: &Path) -> Option<()> {
    let module = pipeline::front(cx, module)?;
    let carried = if pipeline::has(&module, Target::Bpf) {
        let bpf = pipeline::bpf(cx, &module)?;
        pipeline::carried(cx, &module, &bpf)
    } else {
        Vec::new()
    };
    let object = pipeline::host(cx, &module, &carried, Artifact::Object)?;
    let bytes = link::executable::link(cx, &object)?;
    let mut options = std::fs::OpenOptions::new();
    let written = options.write(true).create_new(true).mode(0o700).open(executable);
    if let Err(error) = written.and_then(|mut file| file.write_all(&bytes)) {
        cx.environment(OutputNotWritten { path: executable.display().to_string(), why: error.to_string() });
        return None;
    }
    Some(())
}

/// The names of the constants that a program throws.
fn thrown(cx: &Session, program: &Program) -> HashMap<(String, u32), String> {
    let mut throws = Throws { cx, names: HashMap::new() };
    program.funcs.iter().for_each(|func| throws.block(&func.body));
    throws.names
}

struct Throws<'c> {
    cx: &'c Session,
    names: HashMap<(String, u32), String>,
}

impl Visitor<'_> for Throws<'_> {
    fn stmt(&mut self, stmt: &Stmt) {
        if let StmtKind::Throw(code) = &stmt.kind
            && let ExprKind::Const(Const::Int(_)) = code.kind
            && let name = self.cx.sources.text(code.span)
            && name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        {
            let place = (self.cx.recorded_name(stmt.span.file), self.cx.sources.line_col(stmt.span).line);
            self.names.insert(place, name.to_owned());
        }
        self.parts_of_stmt(stmt);
    }
}
