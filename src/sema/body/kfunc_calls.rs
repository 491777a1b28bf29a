//! Calls of the kernel's functions.

use super::calls::counted;
use super::helper_calls::no_memory;
use super::signatures::{Param, Signature};
use super::value::{all_known, error_expr, number, strip_cast};
use super::{Checker, Site};
use crate::ast;
use crate::diag::codes::contexts::NoKfunc;
use crate::diag::codes::types::{ExistsWhat, KfuncArgument};
use crate::sema::declare::externs;
use crate::sema::tree::{Callee, Const, Expr, ExprKind, KernelFact, KfuncArg, KfuncId, KfuncParam};
use crate::source::Span;
use crate::types::{Space, Ty};

/// The first kernel that lets a program ask for the address of a kernel function.
const ADDRESSES: Option<(u32, u32)> = Some((6, 4));

impl Checker<'_, '_> {
    /// Checks a call of a kernel function by its declaration, on the side of the caller.
    pub fn call_kfunc(&mut self, id: KfuncId, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let kfunc = self.env.program.kfunc(id);
        let in_bpf = self.targets.all(|on| on.verified);
        if let Some(sig) = &kfunc.plain
            && (self.targets.all(|on| on.is_module) || kfunc.module_only && !in_bpf)
        {
            return self.call_kernel(&kfunc.name, sig, args, (span, Some(kfunc.span)));
        }
        if kfunc.module_only && kfunc.plain.is_some() {
            let why = "it is not for BPF programs".to_owned();
            self.error(span, NoKfunc { name: kfunc.name.clone(), why })
                .note(kfunc.span, "declared here")
                .help("a `@kfunc` of the program's own kernel module can call it");
        }
        if kfunc.broken {
            self.report_unknown_kfunc(id, span);
            self.check_open_args(args);
            return None;
        }
        let params = kfunc.params.iter().map(kfunc_param).collect();
        let signature = Signature::new(&kfunc.name, span, params);
        let mut signature = Signature { declared: Some(kfunc.span), open: true, ..signature };
        let checked = self.arguments(&mut signature, args)?;
        for (at, param) in kfunc.params.iter().enumerate() {
            if let KfuncArg::Memory { size: Some(size) } = param.arg {
                self.check_kfunc_size(&kfunc.name, &checked[at], &checked[size]);
            }
        }
        let checked = all_known(checked)?;
        let result = match kfunc.result_size {
            Some(size) => self.memory_result(Some(&checked[size])),
            None => kfunc.result,
        };
        Some(Expr::operation(Callee::Kfunc(id), checked, result, span))
    }

    /// A number that the kernel knows when it loads the program.
    pub(super) fn constant_argument(&mut self, callee: &str, arg: &ast::Expr, ty: Ty) -> Expr {
        let value = self.coerced(arg, ty);
        if value.ty != Ty::ERROR && number(strip_cast(&value)).is_none() {
            return self.refuse_argument(callee, &value, "the kernel wants a constant here");
        }
        value
    }

    /// Memory of the program that a function of the kernel gets.
    pub(super) fn kernel_memory(&mut self, callee: &str, arg: &ast::Expr, ty: Ty) -> Expr {
        let value = self.value(arg, Some(ty));
        if value.is_error() {
            return value.expr;
        }
        let space = self.pointer(value.ty()).map(|pointer| pointer.space);
        if let Some(why) = space.and_then(no_memory) {
            return self.refuse_argument(callee, &value.expr, why);
        }
        self.coerce(value, ty)
    }

    /// A string that the verifier reads: a literal.
    pub(super) fn constant_text(&mut self, callee: &str, arg: &ast::Expr) -> Expr {
        let value = self.value(arg, None).expr;
        if value.ty == Ty::ERROR {
            return value;
        }
        if !matches!(value.kind, ExprKind::Const(Const::Str(_))) {
            return self.refuse_argument(callee, &value, "the kernel wants a string literal here");
        }
        let (ty, span) = (self.cx.types.ptr(Ty::CHAR, Space::Any, false), value.span);
        Expr { kind: ExprKind::AddressOf(Box::new(value)), ty, span }
    }
}

impl Site<'_, '_> {
    /// Reports each use of a function that the program declares and the kernel lacks.
    fn report_unknown_kfunc(&mut self, id: KfuncId, span: Span) {
        let kfunc = self.env.program.kfunc(id);
        if kfunc.unknown {
            let (name, declared) = (kfunc.name.clone(), kfunc.span);
            externs::report_unknown(self.cx, span, (&name, declared));
        }
    }

    /// `exists(f)`
    pub fn kfunc_exists(&mut self, id: KfuncId, span: Span) -> Option<Expr> {
        let kfunc = self.env.program.kfunc(id);
        if kfunc.broken {
            self.report_unknown_kfunc(id, span);
            return None;
        }
        if !kfunc.weak {
            let name = kfunc.name.clone();
            self.error(span, ExistsWhat {}).note(kfunc.span, "declared here").help(format!(
                "without this function the program is not loaded; `extern? {name}(…)` says that the kernel may lack it"
            ));
            return None;
        }
        // Before, the kernel loads no program that has the address of a function of its own (`check_pseudo_btf_id`).
        if let Some(version) = self.cx.options.lacks(ADDRESSES) {
            let what = format!("`exists({})`", kfunc.name);
            if self.cx.needs_kernel(span, what, version).is_some() {
                return None;
            }
        }
        Some(Expr { kind: ExprKind::Kernel(KernelFact::KfuncExists(id)), ty: Ty::BOOL, span })
    }

    fn refuse_argument(&mut self, callee: &str, value: &Expr, why: &str) -> Expr {
        self.error(value.span, KfuncArgument { name: callee.to_owned(), why: why.to_owned() });
        error_expr(value.span)
    }

    /// A constant size must not be larger than the variable whose address is given.
    fn check_kfunc_size(&mut self, callee: &str, memory: &Expr, size: &Expr) {
        let Some(bytes) = number(strip_cast(size)) else { return };
        let Some(room) = self.room(memory).map(i128::from) else { return };
        if bytes > room {
            let text = self.text(memory.span).to_owned();
            let why = format!("`{text}` points to {}, and the size is {bytes}", counted(room as usize, "byte"));
            self.refuse_argument(callee, size, &why);
        }
    }
}

fn kfunc_param(param: &KfuncParam) -> Param {
    match param.arg {
        KfuncArg::Number | KfuncArg::Object => Param::Of(param.ty),
        KfuncArg::Constant => Param::Constant(param.ty),
        KfuncArg::Context => Param::Context { nullable: false, socket: false },
        KfuncArg::Dynptr => Param::Dynptr,
        KfuncArg::Memory { .. } => Param::KernelMemory(param.ty),
        KfuncArg::Text => Param::Literal,
        KfuncArg::Address => Param::AddressOrLiteral,
        KfuncArg::Hidden => Param::Hidden(param.ty),
    }
}
