//! `streams`: what programs print goes to their streams, where the kernel has streams.
//!
//! Takes `ks.print` of BPF code in the object of an executable. Leaves a branch on whether the kernel has the function that writes to a
//! stream, which the verifier knows, to `bpf.stream_print`; and where there is none, or it takes no line, the same `ks.print`, for the
//! trace pipe. Objects for other loaders are left as they are, since some loaders refuse such functions. Runs late, so that no pass sees a
//! line twice.
//!
//! In the object of an executable the pass `streams` puts a call of the kernel's `bpf_stream_vprintk_impl` before each print to the
//! trace pipe, which is left for kernels that lack the function and for lines that the stream does not take. The runtime copies streams
//! to standard output (`runtime/src/session/streams.rs`). The object beside the executable is compiled without the pass.

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::KsPrint;
use crate::ir::{Builder, KfuncDecl, Module, OpId, Opcode, Symbol};
use crate::session::Session;
use crate::source::Span;
use crate::types::{FnSig, Space, Ty, Types};

const NAME: &str = "streams";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Print to streams where the kernel has them",
    after: &[("strings", "makes the places of the strings that lines have")],
    before: &[("to-cf", "takes the branches that this pass makes")],
    because: Because::Target,
    run: Run::Module(run),
};

/// kernel/bpf/stream.c, Linux 6.18.
const PRINTS: &str = "bpf_stream_vprintk_impl";

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    if !cx.options.streams {
        return Changed::No;
    }
    let mut first = None;
    for func in &mut module.funcs {
        let prints: Vec<OpId> = func.ids_of(Opcode::KsPrint).collect();
        for op in prints {
            let view = KsPrint::of(&func.ops[op]);
            let (args, format, newline) = (view.args().to_vec(), view.format().to_vec(), view.newline());
            first = first.or(Some(func.ops[op].loc.span));
            let mut b = Builder::before(func, op, NAME);
            let there = b.bpf_kfunc_exists(&Symbol::from(PRINTS), Ty::BOOL);
            let to_stream = |b: &mut Builder<'_>| {
                let status = b.bpf_stream_print(&args, &PRINTS.into(), &format, newline, Ty::I32);
                let zero = b.ks_const(0, Ty::I32);
                let printed = b.arith_cmp(status, zero, "ge", Ty::BOOL);
                b.ks_yield(&[printed]);
            };
            let nowhere = |b: &mut Builder<'_>| {
                let printed = b.ks_const(0, Ty::BOOL);
                b.ks_yield(&[printed]);
            };
            let tried = b.either(there, &[Ty::BOOL], to_stream, nowhere);
            let printed = b.result(tried);
            let to_pipe = |b: &mut Builder<'_>| {
                b.ks_print(&args, &format, newline);
                b.done();
            };
            b.either(printed, &[], |b| b.done(), to_pipe);
            func.erase(op);
        }
    }
    let Some(span) = first else { return Changed::No };
    if module.kfunc(PRINTS).is_none() {
        module.kfuncs.push(declaration(&mut cx.types, span));
    }
    Changed::Yes
}

/// `int bpf_stream_vprintk_impl(int stream_id, const char *fmt, const void *args, u32 len, void *aux)`
fn declaration(types: &mut Types, span: Span) -> KfuncDecl {
    let [text, memory] = [Ty::CHAR, Ty::VOID].map(|to| types.ptr(to, Space::Any, false));
    let sig = FnSig { params: vec![Ty::I32, text, memory, Ty::U32, memory], result: Ty::I32 };
    KfuncDecl { name: PRINTS.into(), sig, weak: true, reference: None, sized: Vec::new(), span }
}
