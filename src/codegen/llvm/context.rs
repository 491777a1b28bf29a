//! Target machines, optimisation, and LLVM's own diagnostics. They are collected: LLVM never prints and never ends the
//! process (`fatal.rs`).

use super::module::ModuleGen;
use super::{
    Artifact, cleared, fatal, joined_choices, joined_stores, large, late_maps, limits, refusals, stack,
    stored_constants, verifier, zeros,
};
use crate::diag::codes::environment::NoLlvmTarget;
use crate::diag::codes::ir::IllFormedIr;
use crate::session::{Options, Session};
use crate::source::Span;
use crate::tables::workarounds;
use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{
    CodeModel, FileType, RelocMode, Target as LlvmTarget, TargetMachine, TargetMachineOptions, TargetTriple,
};
use llvm_sys::LLVMDiagnosticSeverity;
use llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDiagInfoDescription, LLVMGetDiagInfoSeverity,
};
use llvm_sys::prelude::LLVMDiagnosticInfoRef;
use llvm_sys::support::LLVMParseCommandLineOptions;
use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::sync::Once;

fn level(options: &Options) -> OptimizationLevel {
    match options.opt_level {
        0 => OptimizationLevel::None,
        1 => OptimizationLevel::Less,
        3 => OptimizationLevel::Aggressive,
        _ => OptimizationLevel::Default,
    }
}

/// The BPF machine for the options' instruction set; prepares LLVM at the first call.
pub fn bpf_machine(options: &Options) -> TargetMachine {
    static READY: Once = Once::new();
    READY.call_once(|| {
        // SAFETY: no other thread makes a machine for executables meanwhile. The parser is for inline assembly.
        unsafe {
            use llvm_sys::target::*;
            LLVMInitializeBPFTargetInfo();
            LLVMInitializeBPFTarget();
            LLVMInitializeBPFTargetMC();
            LLVMInitializeBPFAsmPrinter();
            LLVMInitializeBPFAsmParser();
        }
        set_options(options);
    });
    let triple = TargetTriple::create(options.machine.bpf_triple());
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
    // The remarks hold each function's frame size, and its number of instructions, which LLVM reports nowhere else: those of the passes
    // `prologepilog` and `asm-printer`. LLVM matches the name of each pass that could remark something with this, and alternatives in it
    // are a twentieth of what LLVM does for a small program.
    c"-pass-remarks-analysis=pr",
    // CodeGenPrepare starts again at the first block after many of its changes, which takes time with the cube of the number of
    // blocks, unless a function has more than this number.
    c"-cgpp-huge-func=500",
    // LLVM unrolls outer loops with all that it has inlined into them. The size of a BPF program counts more than the branches
    // that this saves.
    c"-unroll-threshold=60",
    // For the same reason functions that have several calls are inlined only if they are small.
    c"-inline-threshold=120",
    // After some tests that may return, LLVM takes a call for cold, and does not inline a function that has no other call. The code behind
    // such tests is the main path of packet programs.
    c"-cold-callsite-rel-freq=0",
    // BPF has no vectors, and the code of executables for user space gains nothing by them. A release leaves out this pass, which has a
    // megabyte (ci/lib/left_out.toml).
    c"-vectorize-slp=false",
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

/// The machine that the compiler runs on.
pub fn host_machine(cx: &mut Session) -> Option<TargetMachine> {
    static READY: Once = Once::new();
    READY.call_once(|| {
        // The only back end for executables that is linked (ir-specs/gen/llvm_link.rs). Functions of inkwell would also name the parser of
        // assembly and the disassembler, which have 4 MB.
        // SAFETY: no other thread makes a machine for BPF meanwhile.
        unsafe {
            use llvm_sys::target::*;
            LLVMInitializeX86TargetInfo();
            LLVMInitializeX86Target();
            LLVMInitializeX86TargetMC();
            LLVMInitializeX86AsmPrinter();
        }
        set_options(&cx.options);
    });
    let triple = TargetMachine::get_default_triple();
    let settings = TargetMachineOptions::new()
        .set_cpu(cx.options.machine.native.as_ref().map_or("generic", |native| native.cpu))
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
    /// Facts about what it emits: sizes of frames and functions among them, function by function.
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
    let made = collected.during(g.context, || emitted(&mut g, machine, want));
    let remarks = collected.remarks.into_inner();
    let bytes = match made {
        Ok(bytes) => bytes?,
        Err(words) => {
            refusals::report_fatal(&mut g, &words, &remarks);
            std::mem::forget(g);
            return None;
        }
    };
    let messages = collected.errors.into_inner();
    if messages.is_empty() {
        let frames = stack::frames(&remarks);
        if g.facts.verified && !stack::check(&mut g, &frames) {
            return None;
        }
        // Only text has a terminating NUL in LLVM's buffers.
        return Some(if want == Artifact::Asm { bytes.into_iter().filter(|&b| b != 0).collect() } else { bytes });
    }
    refusals::report(g.cx, g.ir, g.facts, &messages);
    None
}

/// Optimises, and makes the artifact. None: something was reported. Err has LLVM's words for a fatal error, after which the module may
/// only be read.
fn emitted(g: &mut ModuleGen, machine: &TargetMachine, want: Artifact) -> Result<Option<Vec<u8>>, String> {
    let mut passes = format!("default<O{}>", g.cx.options.opt_level.min(3));
    if g.facts.verified && g.cx.options.opt_level == 1 && g.cx.options.works_around(workarounds::THREADED_JUMPS) {
        // As from level 2 on.
        passes += ",function(jump-threading,simplifycfg,early-cse,simplifycfg)";
    }
    if let Err(error) = fatal::caught(|| g.module.run_passes(&passes, machine, PassBuilderOptions::create()))? {
        crate::bug!("LLVM cannot run {passes}: {}", error.to_string());
    }
    if g.facts.verified {
        if !limits::check(g) {
            return Ok(None);
        }
        joined_choices::join(g);
        zeros::drop_all(g);
        cleared::split_all(g);
        joined_stores::join(g);
        stored_constants::store_all(g);
        verifier::run(g);
        // A value that does not reach its use becomes an undefined register.
        if cfg!(debug_assertions)
            && let Err(error) = g.module.verify()
        {
            crate::bug!("a rewrite left the module not well formed:\n{}", error.to_string());
        }
    }
    let kind = match want {
        Artifact::LlvmIr => return Ok(Some(g.module.to_string().into_bytes())),
        Artifact::Asm => FileType::Assembly,
        Artifact::Object => FileType::Object,
    };
    if g.facts.verified && kind == FileType::Object && !g.cx.options.keep_dwarf {
        late_maps::hide(g);
    }
    match fatal::caught(|| machine.write_to_memory_buffer(&g.module, kind))? {
        Ok(buffer) => Ok(Some(buffer.as_slice().to_vec())),
        Err(error) => crate::bug!("LLVM cannot emit this module: {}", error.to_string()),
    }
}
