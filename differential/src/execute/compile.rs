//! From text to objects, through the compiler's own pipeline.

use ksc::codegen::llvm::{self, Artifact};
use ksc::diag::Severity;
use ksc::ir::Module;
use ksc::pipeline;
use ksc::sema::tree::Program;
use ksc::session::{KernelVersion, MIN_KERNEL, Mcpu, Options, Session};
use ksc::source::FileId;
use ksc::target::{Machine, Target};
use std::path::Path;

/// What the compiler said, or the words of its panic.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// `E0549`, or `bug`.
    pub code: String,
    pub message: String,
    /// Where in the text.
    pub at: Option<usize>,
}

impl Refusal {
    fn of(cx: &Session) -> Refusal {
        let error = cx.diags.iter().find(|d| d.severity == Severity::Error);
        error.map_or(Refusal { code: "none".into(), message: "it failed without an error".into(), at: None }, |error| {
            Refusal {
                code: error.code.to_owned(),
                message: error.message.clone(),
                at: error.span.map(|span| span.lo as usize),
            }
        })
    }
}

/// Runs a part of the compiler; a panic in it is a refusal.
pub fn guarded<T>(run: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let message = text.unwrap_or_default().lines().take(3).collect::<Vec<_>>().join(" ");
            Err(Refusal { code: "bug".into(), message, at: None })
        }
    }
}

/// A program that the checker accepted, with the session that its types live in.
pub struct Checked {
    pub cx: Session,
    pub program: Program,
    file: FileId,
}

/// For this machine unless another one is named.
pub fn check(text: &str, machine: Option<&'static Machine>) -> Result<Checked, Refusal> {
    let machine = machine.unwrap_or(Machine::native());
    let options = Options { project: "differential".into(), machine, ..Options::default() };
    let mut cx = Session::new(options);
    let file = cx.sources.add("program.ks", Path::new("program.ks"), text.to_owned());
    let tree = ksc::syntax::parse(&mut cx, file);
    match pipeline::check(&mut cx, tree) {
        Some(program) => Ok(Checked { cx, program, file }),
        None => Err(Refusal::of(&cx)),
    }
}

/// A program after the passes that all targets share.
pub struct Front {
    cx: Session,
    module: Module,
}

impl Checked {
    /// `exports`: the functions of user space that are called from outside.
    pub fn front(mut self, exports: Vec<String>) -> Result<Front, Refusal> {
        self.cx.options.exports = exports;
        let name = self.cx.options.project.clone();
        let module = ksc::lower::lower(&mut self.cx, &self.program, self.file, &name);
        if let Err(why) = ksc::ir::verify::module(&module, &self.cx) {
            return Err(Refusal { code: "bug".into(), message: format!("ill-formed IR: {why}"), at: None });
        }
        match pipeline::front(&mut self.cx, module) {
            Some(module) => Ok(Front { cx: self.cx, module }),
            None => Err(Refusal::of(&self.cx)),
        }
    }
}

impl Front {
    /// The program with its BPF side.
    pub fn of(text: &str, machine: Option<&'static Machine>) -> Result<Front, Refusal> {
        check(text, machine)?.front(Vec::new())
    }

    /// The native object of the user-space side.
    pub fn host(&mut self, opt_level: u8) -> Result<Vec<u8>, Refusal> {
        self.cx.options.opt_level = opt_level;
        let bytes = pipeline::lowered(&mut self.cx, &self.module, Target::Host)
            .and_then(|module| llvm::host(&mut self.cx, &module, &[], Artifact::Object));
        bytes.ok_or_else(|| self.refusal())
    }

    /// For kernels from `oldest` on; by default from the first on that is promised, or for v4 that has it, and so iterators for loops.
    pub fn bpf(&mut self, mcpu: Mcpu, oldest: Option<KernelVersion>) -> Result<Vec<u8>, Refusal> {
        let since = mcpu.since().unwrap_or(MIN_KERNEL);
        self.cx.options.mcpu = mcpu;
        self.cx.options.min_kernel = oldest.map_or(since, |oldest| oldest.max(since));
        let compiled = pipeline::bpf(&mut self.cx, &self.module);
        compiled.map(|bpf| bpf.object).ok_or_else(|| self.refusal())
    }

    /// A program with `main` and maps.
    pub fn executable(&mut self, opt_level: u8) -> Result<Vec<u8>, Refusal> {
        self.cx.options.opt_level = opt_level;
        let carried = if pipeline::has(&self.module, Target::Bpf) {
            let side = pipeline::bpf(&mut self.cx, &self.module);
            side.map(|side| pipeline::carried(&mut self.cx, &self.module, &side))
        } else {
            Some(Vec::new())
        };
        let object = carried.and_then(|bpf| pipeline::host(&mut self.cx, &self.module, &bpf, Artifact::Object));
        let bytes = object.and_then(|object| ksc::link::executable::link(&mut self.cx, &object));
        bytes.ok_or_else(|| self.refusal())
    }

    fn refusal(&mut self) -> Refusal {
        let refusal = Refusal::of(&self.cx);
        // What is compiled next starts clean.
        self.cx.diags.take();
        refusal
    }
}
