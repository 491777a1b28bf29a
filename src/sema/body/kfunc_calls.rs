//! Calls of the kernel's functions.

use super::Checker;
use super::calls::counted;
use super::exprs::strip;
use super::helper_calls::no_memory;
use super::value::{error_expr, number, strip_cast};
use crate::ast;
use crate::diag::codes::contexts::{ArgumentCount, NoKfunc};
use crate::diag::codes::types::{ExistsWhat, KfuncArgument};
use crate::sema::declare::externs;
use crate::sema::tree::{Callee, Const, Expr, ExprKind, KernelFact, KfuncArg, KfuncId, KfuncParam};
use crate::source::Span;
use crate::types::{Space, Ty};

/// The first kernel that lets a program ask for the address of a kernel function.
const ADDRESSES: Option<(u32, u32)> = Some((6, 4));

impl Checker<'_, '_> {
    /// Checks a call of a kernel function by its declaration, on the side of the caller.
    pub fn call_kfunc(&mut self, id: KfuncId, args: &[ast::Arg], span: Span) -> Expr {
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
            return error_expr(span);
        }
        let wanted = kfunc.params.iter().filter(|param| param.is_written()).count();
        if args.len() != wanted {
            self.check_open_args(args);
            let (takes, given) = (counted(wanted, "argument"), args.len().to_string());
            self.error(span, ArgumentCount { name: kfunc.name.clone(), takes, given })
                .note(kfunc.span, "declared here");
            return error_expr(span);
        }
        let mut written = args.iter();
        let mut checked: Vec<Expr> = Vec::new();
        for param in &kfunc.params {
            let arg = match written.by_ref().take(usize::from(param.is_written())).next() {
                Some(arg) => {
                    self.refuse_name(arg, &kfunc.name);
                    self.kfunc_argument(&kfunc.name, param, arg)
                }
                None => Expr { kind: ExprKind::Const(Const::Null), ty: param.ty, span },
            };
            checked.push(arg);
        }
        for (at, param) in kfunc.params.iter().enumerate() {
            if let KfuncArg::Memory { size: Some(size) } = param.arg {
                self.check_kfunc_size(&kfunc.name, &checked[at], &checked[size]);
            }
        }
        if checked.iter().any(|arg| arg.ty == Ty::ERROR) {
            return error_expr(span);
        }
        Expr::operation(Callee::Kfunc(id), checked, kfunc.result, span)
    }

    /// Reports each use of a function that the program declares and the kernel lacks.
    fn report_unknown_kfunc(&mut self, id: KfuncId, span: Span) {
        let kfunc = self.env.program.kfunc(id);
        if kfunc.unknown {
            let (name, declared) = (kfunc.name.clone(), kfunc.span);
            externs::report_unknown(self.cx, span, (&name, declared));
        }
    }

    /// `exists(f)`
    pub fn kfunc_exists(&mut self, id: KfuncId, span: Span) -> Expr {
        let kfunc = self.env.program.kfunc(id);
        if kfunc.broken {
            self.report_unknown_kfunc(id, span);
            return error_expr(span);
        }
        if !kfunc.weak {
            let name = kfunc.name.clone();
            self.error(span, ExistsWhat {}).note(kfunc.span, "declared here").help(format!(
                "without this function the program is not loaded; `extern? {name}(…)` says that the kernel may lack it"
            ));
            return error_expr(span);
        }
        // Before, the kernel loads no program that has the address of a function of its own (`check_pseudo_btf_id`).
        if let Some(version) = self.cx.options.lacks(ADDRESSES) {
            let what = format!("`exists({})`", kfunc.name);
            if self.cx.needs_kernel(span, what, version).is_some() {
                return error_expr(span);
            }
        }
        Expr { kind: ExprKind::Kernel(KernelFact::KfuncExists(id)), ty: Ty::BOOL, span }
    }

    fn kfunc_argument(&mut self, callee: &str, param: &KfuncParam, arg: &ast::Arg) -> Expr {
        match param.arg {
            KfuncArg::Number | KfuncArg::Object => self.coerced(&arg.value, param.ty),
            KfuncArg::Constant => {
                let value = self.coerced(&arg.value, param.ty);
                if value.ty != Ty::ERROR && number(strip_cast(&value)).is_none() {
                    return self.refuse_argument(callee, &value, "the kernel wants a constant here");
                }
                value
            }
            KfuncArg::Context => self.context_of_program(false, arg),
            KfuncArg::Memory { .. } => {
                let value = self.value(&arg.value, Some(param.ty));
                if value.is_error() {
                    return value.expr;
                }
                let space = self.pointer(value.ty()).map(|pointer| pointer.space);
                if let Some(why) = space.and_then(no_memory) {
                    return self.refuse_argument(callee, &value.expr, why);
                }
                self.coerce(value, param.ty)
            }
            KfuncArg::Text => self.constant_text(callee, arg),
            KfuncArg::Address if matches!(strip(&arg.value).kind, ast::ExprKind::Str(_)) => {
                self.constant_text(callee, arg)
            }
            KfuncArg::Address => self.any_address(arg),
            KfuncArg::Hidden => error_expr(arg.value.span),
        }
    }

    /// A string that the verifier reads: a literal.
    fn constant_text(&mut self, callee: &str, arg: &ast::Arg) -> Expr {
        let value = self.value(&arg.value, None).expr;
        if value.ty == Ty::ERROR {
            return value;
        }
        if !matches!(value.kind, ExprKind::Const(Const::Str(_))) {
            return self.refuse_argument(callee, &value, "the kernel wants a string literal here");
        }
        let (ty, span) = (self.cx.types.ptr(Ty::CHAR, Space::Any, false), value.span);
        Expr { kind: ExprKind::AddressOf(Box::new(value)), ty, span }
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
