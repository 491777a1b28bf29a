//! Target machines, optimisation, and LLVM's own diagnostics. They are collected: LLVM never prints and never ends the
//! process.

use super::module::ModuleGen;
use super::{
    Artifact, cleared, joined_choices, joined_stores, large, limits, refusals, stack, stored_constants, verifier,
};
use crate::diag::Code;
use crate::diag::codes::environment::NoLlvmTarget;
use crate::diag::codes::ir::IllFormedIr;
use crate::diag::codes::limits::Refused;
use crate::session::{Options, Session};
use crate::source::Span;
use crate::tables::workarounds;
use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{
    CodeModel, FileType, InitializationConfig, RelocMode, Target as LlvmTarget, TargetMachine, TargetMachineOptions,
    TargetTriple,
};
use llvm_sys::LLVMDiagnosticSeverity;
use llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDiagInfoDescription, LLVMGetDiagInfoSeverity,
};
use llvm_sys::error_handling::LLVMInstallFatalErrorHandler;
use llvm_sys::prelude::LLVMDiagnosticInfoRef;
use llvm_sys::support::LLVMParseCommandLineOptions;
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::sync::Once;

fn level(options: &Options) -> OptimizationLevel {
    match options.opt_level {
        0 => OptimizationLevel::None,
        1 => OptimizationLevel::Less,
        3 => OptimizationLevel::Aggressive,
        _ => OptimizationLevel::Default,
    }
}

pub fn bpf_machine(options: &Options) -> TargetMachine {
    static READY: Once = Once::new();
    READY.call_once(|| {
        LlvmTarget::initialize_bpf(&InitializationConfig::default());
        // SAFETY: has no preconditions. Needed for inline assembly.
        unsafe { llvm_sys::target::LLVMInitializeBPFAsmParser() };
        set_options(options);
        end_on_fatal_errors();
    });
    let triple = TargetTriple::create("bpfel");
    let settings = TargetMachineOptions::new()
        .set_cpu(options.mcpu.name())
        .set_level(level(options))
        .set_reloc_mode(RelocMode::PIC);
    let machine = LlvmTarget::from_triple(&triple)
        .ok()
        .and_then(|target| target.create_target_machine_from_options(&triple, settings));
    match machine {
        Some(machine) => machine,
        None => crate::bug!("this LLVM was built without its BPF target"),
    }
}

/// Options that LLVM takes only as a command line, once in a process, for the code of all targets.
const OPTIONS: &[&CStr] = &[
    c"ksc",
    // The remarks hold each function's frame size, which LLVM reports nowhere else.
    c"-pass-remarks-analysis=prologepilog",
    // LLVM unrolls outer loops with all that it has inlined into them. The size of a BPF program counts more than the branches
    // that this saves.
    c"-unroll-threshold=60",
    // The same of functions that have several calls.
    c"-inline-threshold=120",
    // After some tests, each of which may return, LLVM takes a call for cold, and does not inline a function that has no other
    // call. The code behind the tests is what packet programs are for.
    c"-cold-callsite-rel-freq=0",
];

fn set_options(options: &Options) {
    static READY: Once = Once::new();
    READY.call_once(|| {
        let licm = options.works_around(workarounds::HOISTED_OFFSETS).then_some(c"-disable-machine-licm");
        let arguments: Vec<_> = OPTIONS.iter().copied().chain(licm).map(CStr::as_ptr).collect();
        // SAFETY: as many C strings as are said, which live as long as the program.
        unsafe { LLVMParseCommandLineOptions(arguments.len() as i32, arguments.as_ptr(), c"".as_ptr()) };
    });
}

/// Some limits LLVM meets only where it writes instructions, and aborts the process: a branch over more than 32,767 of them.
fn end_on_fatal_errors() {
    // SAFETY: the handler takes a C string and does not return.
    unsafe { LLVMInstallFatalErrorHandler(Some(refused)) };
}

extern "C" fn refused(reason: *const c_char) {
    // SAFETY: LLVM passes a C string that lives as long as the call.
    let why = unsafe { CStr::from_ptr(reason) }.to_string_lossy().into_owned();
    let code = Refused { what: "code".to_owned(), why };
    eprintln!("error[{}]: {}", Refused::INFO.code, code.message());
    eprintln!(
        " = help: a function of this size is too large: make loops of what repeats, or functions that are not inlined"
    );
    std::process::exit(1)
}

/// The machine that the compiler runs on.
pub fn host_machine(cx: &mut Session) -> Option<TargetMachine> {
    static READY: Once = Once::new();
    READY.call_once(|| {
        LlvmTarget::initialize_x86(&InitializationConfig::default());
        set_options(&cx.options);
    });
    let triple = TargetMachine::get_default_triple();
    let settings = TargetMachineOptions::new()
        .set_cpu("x86-64")
        .set_level(level(&cx.options))
        .set_reloc_mode(RelocMode::PIC)
        .set_code_model(CodeModel::Default);
    let machine = LlvmTarget::from_triple(&triple)
        .ok()
        .and_then(|target| target.create_target_machine_from_options(&triple, settings));
    if machine.is_none() {
        cx.environment(NoLlvmTarget { triple: triple.as_str().to_string_lossy().into_owned() });
    }
    machine
}

/// LLVM's messages.
#[derive(Default)]
struct Collected {
    /// Messages that make what it emits unusable.
    errors: RefCell<Vec<String>>,
    /// Facts about what it emits: frame sizes among them.
    remarks: RefCell<Vec<String>>,
}

impl Collected {
    /// Collects what `context` reports while `run` runs.
    fn during<T>(&self, context: &Context, run: impl FnOnce() -> T) -> T {
        let data: *const Collected = self;
        // SAFETY: the handler uses `self` only until it is taken away again, below.
        unsafe { LLVMContextSetDiagnosticHandler(context.raw(), Some(collect), data as *mut c_void) };
        let result = run();
        // SAFETY: a context without a handler is what it was before.
        unsafe { LLVMContextSetDiagnosticHandler(context.raw(), None, std::ptr::null_mut()) };
        result
    }
}

extern "C" fn collect(info: LLVMDiagnosticInfoRef, data: *mut c_void) {
    // SAFETY: LLVM calls this with a live diagnostic and with the pointer that `during` gave, while that lives; the
    // description is a C string that is ours to free.
    unsafe {
        let collected = &*(data as *const Collected);
        let list = match LLVMGetDiagInfoSeverity(info) {
            LLVMDiagnosticSeverity::LLVMDSError => &collected.errors,
            LLVMDiagnosticSeverity::LLVMDSRemark => &collected.remarks,
            LLVMDiagnosticSeverity::LLVMDSWarning | LLVMDiagnosticSeverity::LLVMDSNote => return,
        };
        let text = LLVMGetDiagInfoDescription(info);
        list.borrow_mut().push(CStr::from_ptr(text).to_string_lossy().into_owned());
        LLVMDisposeMessage(text);
    }
}

/// Verifies, optimises, and makes the artifact. None: something was reported.
pub fn finish(mut g: ModuleGen, machine: &TargetMachine, want: Artifact) -> Option<Vec<u8>> {
    if g.failed {
        return None;
    }
    g.debug.finish();
    if let Err(error) = g.module.verify() {
        if g.cx.reads_ir {
            let start = Span::new(g.ir.file, 0, 0);
            g.cx.error(start, IllFormedIr { why: error.to_string() });
            return None;
        }
        crate::bug!("LLVM finds the module not well formed:\n{}\n{}", error.to_string(), g.module.to_string());
    }
    if !g.facts.verified {
        large::leave(&g);
    }
    let collected = Collected::default();
    let mut passes = format!("default<O{}>", g.cx.options.opt_level.min(3));
    if g.facts.verified && g.cx.options.opt_level == 1 && g.cx.options.works_around(workarounds::THREADED_JUMPS) {
        // As from level 2 on.
        passes += ",function(jump-threading,simplifycfg,early-cse,simplifycfg)";
    }
    let bytes = collected.during(g.context, || {
        if let Err(error) = g.module.run_passes(&passes, machine, PassBuilderOptions::create()) {
            crate::bug!("LLVM cannot run {passes}: {}", error.to_string());
        }
        if g.facts.verified {
            if !limits::check(&mut g) {
                return None;
            }
            joined_choices::join(&g);
            cleared::split_all(&g);
            joined_stores::join(&g);
            stored_constants::store_all(&g);
            verifier::run(&mut g);
            // A value that does not reach its use becomes an undefined register.
            if cfg!(debug_assertions)
                && let Err(error) = g.module.verify()
            {
                crate::bug!("a rewrite left the module not well formed:\n{}", error.to_string());
            }
        }
        let kind = match want {
            Artifact::LlvmIr => return Some(g.module.to_string().into_bytes()),
            Artifact::Asm => FileType::Assembly,
            Artifact::Object => FileType::Object,
        };
        match machine.write_to_memory_buffer(&g.module, kind) {
            Ok(buffer) => Some(buffer.as_slice().to_vec()),
            Err(error) => crate::bug!("LLVM cannot emit this module: {}", error.to_string()),
        }
    });
    let bytes = bytes?;
    let messages = collected.errors.into_inner();
    if messages.is_empty() {
        let frames = stack::frames(&collected.remarks.into_inner());
        if g.facts.verified && !stack::check(&mut g, &frames) {
            return None;
        }
        // Only text has a terminating NUL in LLVM's buffers.
        return Some(if want == Artifact::Asm { bytes.into_iter().filter(|&b| b != 0).collect() } else { bytes });
    }
    refusals::report(g.cx, g.ir, g.facts, &messages);
    None
}
