//! Signatures of functions, and the locals of their parameters and named results (their names are checked with the
//! body's).

use super::arguments::RESULT;
use super::prototypes::Signature;
use super::{Declare, global_functions, late, records};
use crate::ast::{FnDecl, Ident, Param, StmtKind};
use crate::diag::codes::contexts::MissingBody;
use crate::sema::env::FuncDecl;
use crate::sema::scope::Scope;
use crate::sema::tree::{Block, CONTEXT, Func, FuncId, Local, LocalId, Role};
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{Held, Params};
use crate::types::{FnSig, Space, Ty};

/// The hidden last parameter of a function whose result may be null: where the result goes.
const MADE: &str = "the result";

impl<'a> Declare<'a> {
    /// A function without its signature.
    pub(super) fn push_function(&mut self, symbol: String, decl: &'a FnDecl, at: Span, role: Role) -> FuncId {
        let id = FuncId(self.env.program.funcs.len() as u32);
        let span = decl.body.as_ref().map_or(at, |body| body.span);
        self.env.program.funcs.push(Func {
            name: decl.name.name.clone(),
            symbol,
            name_span: decl.name.span,
            span: at,
            role,
            params: Vec::new(),
            result: Ty::VOID,
            named_result: None,
            context: None,
            throws: false,
            cancels: false,
            panics: false,
            global: false,
            locals: Vec::new(),
            body: Block { stmts: Vec::new(), value: None, span },
        });
        let sig = FnSig { params: Vec::new(), result: Ty::VOID };
        self.env.funcs.push(FuncDecl { module: self.module, decl, sig });
        id
    }

    pub(super) fn function_signature(&mut self, cx: &mut Session, id: FuncId, decl: &'a FnDecl) {
        let params = decl.params.iter().map(|param| self.place_type(cx, &param.ty, Position::Param)).collect();
        let mut params: Vec<Ty> = params;
        let mut result = match &decl.result {
            Some(result) => self.place_type(cx, &result.ty, Position::Result),
            None => Ty::VOID,
        };
        if decl.result.as_ref().is_some_and(|result| result.optional.is_some()) {
            params.push(if result == Ty::ERROR { Ty::ERROR } else { cx.types.ptr(result, Space::Any, false) });
            result = Ty::BOOL;
        }
        self.env.funcs[id.0 as usize].sig = FnSig { params, result };
    }

    /// The function as a whole, once all signatures are known.
    pub(super) fn function(&mut self, cx: &mut Session, id: FuncId, span: Span, decl: &'a FnDecl) {
        let mut sig = self.env.funcs[id.0 as usize].sig.clone();
        let own = self.context_param(cx, id, decl, &sig);
        let others = own.map(|_| FnDecl { params: decl.params[1..].to_vec(), ..decl.clone() });
        let decl = others.as_ref().unwrap_or(decl);
        if own.is_some() {
            sig.params.remove(0);
        }
        let returned = self.returned(cx, id, decl);
        let Signature { mut sig, arguments, result_at, spec } = match &returned {
            None => self.prototype_signature(cx, id, decl, sig),
            Some((with_returned, ty)) => {
                let params = sig.params.iter().copied().chain([*ty]).collect();
                self.prototype_signature(cx, id, with_returned, FnSig { params, ..sig })
            }
        };
        let returned = returned.and_then(|_| sig.params.pop());
        if let Role::Program(role) = &mut self.env.program.funcs[id.0 as usize].role {
            if matches!(role.spec.params, Params::Registers { holds: Held::Notes, .. }) {
                role.placement.number = arguments.as_ref().map_or(0, Vec::len) as i64;
            }
            role.arguments = arguments;
            role.result_at = result_at;
            role.returned = returned;
            role.spec = spec.unwrap_or(role.spec);
            role.loading.takes = late::takes(cx, role, decl, &sig);
        }
        let sig = self.kernel_context_signature(cx, id, decl, sig);
        self.env.funcs[id.0 as usize].sig = sig.clone();
        let mut result = sig.result;
        let mut locals: Vec<Local> = Vec::new();
        for (param, &ty) in std::iter::zip(&decl.params, &sig.params) {
            locals.push(Local { name: param.name.name.clone(), ty, span: param.name.span });
        }
        let made =
            decl.result.as_ref().filter(|result| result.optional.is_some()).zip(sig.params.get(decl.params.len()));
        if let Some((written, &ty)) = made {
            locals.push(Local { name: MADE.to_owned(), ty, span: written.ty.span });
        }
        let params = locals.len() as u32;
        let named = decl.result.as_ref().filter(|_| made.is_none()).and_then(|result| result.name.as_ref());
        if let Some(name) = named {
            locals.push(Local { name: name.name.clone(), ty: result, span: name.span });
        }
        let has_context = matches!(
            &self.env.program.funcs[id.0 as usize].role,
            Role::Program(role) if role.arguments.is_some() && !role.spec.is_member()
        );
        let context = has_context.then_some(LocalId(locals.len() as u32));
        if has_context {
            let of = cx.types.any_context();
            let ty = cx.types.ptr(of, Space::Ctx, false);
            let name = own.map_or(CONTEXT, |name| &name.name).to_owned();
            locals.push(Local { name, ty, span: own.map_or(decl.name.span, |name| name.span) });
        }
        if decl.body.is_none() {
            let error = cx.error(span, MissingBody { name: decl.name.name.clone() });
            error.help("a function of the kernel is declared with `extern`");
        }
        if !self.check_role(cx, id, decl, &sig) {
            // Its `return`s are as wrong as it is; that is reported once.
            result = Ty::ERROR;
        }
        let func = &mut self.env.program.funcs[id.0 as usize];
        func.params = (0..params).map(LocalId).collect();
        func.named_result = named.map(|_| LocalId(params));
        func.context = context;
        func.result = result;
        func.locals = locals;
    }

    /// Checks what a function is declared to be. False if a program was reported.
    fn check_role(&mut self, cx: &mut Session, id: FuncId, decl: &FnDecl, sig: &FnSig) -> bool {
        let func = &self.env.program.funcs[id.0 as usize];
        match &func.role {
            Role::Program(role) if role.spec.params == (Params::Replaced {}) => global_functions::check(cx, decl, sig),
            Role::Program(role) => {
                if let Some(prefix) = role.spec.record_prefix() {
                    records::check(cx, (role.spec, prefix, role.target.clone()), role.loading.may_fail(), decl, sig);
                }
                if !self.check_program(cx, role, decl, sig) {
                    self.env.funcs[id.0 as usize].sig.result = Ty::ERROR;
                    return false;
                }
            }
            Role::Main(_) => {
                let args = self.check_main(cx, decl, sig);
                self.env.program.funcs[id.0 as usize].role = Role::Main(args);
            }
            Role::Kfunc(flags) => self.check_kfunc(cx, flags, decl, sig),
            Role::Helper if func.global => global_functions::check(cx, decl, sig),
            Role::Test => super::tests::check(cx, decl, sig),
            Role::Helper | Role::Private | Role::Plain => {}
        }
        true
    }

    /// The first parameter of a program, `ctx: *context`, beside values in the context or in place of the record.
    fn context_param<'d>(&self, cx: &Session, id: FuncId, decl: &'d FnDecl, sig: &FnSig) -> Option<&'d Ident> {
        let Role::Program(role) = &self.env.program.funcs[id.0 as usize].role else { return None };
        let beside =
            matches!(role.spec.params, Params::Prototype { .. } | Params::Registers { .. } | Params::Record { .. });
        let is_first = sig.params.first().is_some_and(|&ty| cx.types.is_any_context(ty));
        (beside && is_first).then(|| &decl.params[0].name)
    }

    /// For a program with `on return (ret: T)`: its declaration as if the function's result were the last parameter, and the type of the
    /// result.
    fn returned(&mut self, cx: &mut Session, id: FuncId, decl: &FnDecl) -> Option<(FnDecl, Ty)> {
        let Role::Program(role) = &self.env.program.funcs[id.0 as usize].role else { return None };
        role.spec.on_return?;
        let StmtKind::OnReturn { param: Some(param), .. } = &decl.body.as_ref()?.stmts.last()?.kind else {
            return None;
        };
        let ty = self.place_type(cx, &param.ty, Position::Param);
        if let Role::Program(role) = &mut self.env.program.funcs[id.0 as usize].role {
            role.returned = Some(ty);
        }
        let name = Ident { name: RESULT.to_owned(), span: param.name.span };
        let params = decl.params.iter().cloned().chain([Param { name, ..param.clone() }]).collect();
        Some((FnDecl { params, ..decl.clone() }, ty))
    }

    fn place_type(&mut self, cx: &mut Session, written: &crate::ast::Type, position: Position) -> Ty {
        let ty = resolve(cx, self, written, position);
        if self.complete(cx, ty, written.span) { ty } else { Ty::ERROR }
    }
}
