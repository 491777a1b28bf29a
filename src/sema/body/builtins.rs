//! Calls of builtins.

use super::calls::counted;
use super::helper_calls::is_callable;
use super::{Checker, Site, packets};
use crate::ast::{self, Ident};
use crate::diag::codes::names::UnknownName;
use crate::diag::codes::refused::Uncallable;
use crate::diag::foreign;
use crate::sema::consts::{self, Constant};
use crate::sema::declare::externs;
use crate::sema::predefined::table_type;
use crate::sema::tree::{Callee, Expr, ExprKind, Role};
use crate::sema::{advice, imports};
use crate::source::Span;
use crate::tables::{self, BUILTINS, BuiltinNode, BuiltinSpec, HELPERS, MAP_METHODS};
use crate::types::Ty;

/// None for a call that was reported.
type Check = fn(&mut Checker<'_, '_>, &[ast::Arg], Span) -> Option<Expr>;

/// The rule for calls that are nodes of the typed tree.
fn rule(node: BuiltinNode) -> Check {
    match node {
        BuiltinNode::Print => |checker, args, span| checker.print(args, true, span),
        BuiltinNode::PrintRaw => |checker, args, span| checker.print(args, false, span),
        BuiltinNode::Show => |checker, args, span| checker.show(args, span),
        BuiltinNode::Load => |checker, args, span| checker.load(args, span),
        BuiltinNode::Attach => |checker, args, span| checker.attach(args, span),
        BuiltinNode::Detach => |checker, args, span| checker.detach(args, span),
        BuiltinNode::Pin => |checker, args, span| checker.pin(args, span),
        BuiltinNode::Unpin => |checker, args, span| checker.unpin(args, span),
        BuiltinNode::Register => |checker, args, span| checker.register(args, span),
        BuiltinNode::Unregister => |checker, args, span| checker.unregister(args, span),
        BuiltinNode::Upgrade => |checker, args, span| checker.upgrade(args, span),
        BuiltinNode::Run => |checker, args, span| checker.run(args, span),
        BuiltinNode::Arg => |checker, args, span| checker.function_argument(args, span),
        BuiltinNode::Test => |checker, args, span| checker.test(args, span),
        BuiltinNode::Read => |checker, args, span| checker.read(args, span),
        BuiltinNode::Exec => |checker, args, span| checker.exec(args, span),
        BuiltinNode::Exists => |checker, args, span| checker.exists(args, span),
        BuiltinNode::Panic => |checker, args, span| checker.panic(args, span),
        BuiltinNode::Assert => |checker, args, span| checker.assert(args, span),
        BuiltinNode::Daemon => |checker, args, span| checker.daemon(args, span),
        BuiltinNode::Name => |checker, args, span| checker.enum_name(args, span),
        BuiltinNode::Format => |checker, args, span| checker.format(args, span),
        BuiltinNode::Sort => |checker, args, span| checker.sort(args, span),
    }
}

/// In the table: maps, as many as one likes.
const MAPS: &str = "maps";

impl Checker<'_, '_> {
    /// Checks a call of a name that is a builtin.
    pub fn builtin(&mut self, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if let Some(builtin) = tables::builtin(&name.name) {
            return match builtin.node {
                Some(node) => rule(node)(self, args, span),
                None => self.call_builtin(builtin, args, span),
            };
        }
        if let Some(method) = MAP_METHODS.iter().find(|method| method.function && method.name == name.name) {
            return self.map_function(method, name, args, span);
        }
        if let Some(helper) = tables::helper(&name.name) {
            return self.call_helper(helper, args, span);
        }
        if let Some(call) = self.kernel_function(name, args, span) {
            return call;
        }
        self.check_open_args(args);
        let instead = foreign::name(&name.name).or_else(|| advice::names::unprefixed(&name.name));
        // A near name of what is not supported leads from one error to the next.
        let builtins = BUILTINS.iter().filter(|builtin| builtin.supported).map(|builtin| builtin.name);
        let callable = builtins.chain(HELPERS.iter().filter(|helper| is_callable(helper)).map(|helper| helper.name));
        let helpers = || callable.clone().filter(|name| name.starts_with("bpf_"));
        let misspelt = || self.cx.diags.near(&name.name, helpers).is_some();
        let of_kernel = || {
            let number = name.name.strip_prefix("bpf_").map(|rest| format!("BPF_FUNC_{rest}"));
            number.is_some_and(|number| tables::constant(&number).is_some())
        };
        if instead.is_none() && of_kernel() && !misspelt() {
            let why = "is a helper that no record describes".to_owned();
            self.error(span, Uncallable { name: name.name.clone(), why });
            return None;
        }
        let (env, module) = (self.env, self.module);
        let funcs = || std::iter::zip(&env.program.funcs, &env.funcs);
        let own = || {
            funcs()
                .filter(|(func, decl)| decl.module == module && !matches!(func.role, Role::Main(_)))
                .map(|(func, _)| func.name.clone())
        };
        let traced = foreign::of_tracing(&name.name).filter(|_| self.cx.diags.near(&name.name, own).is_none());
        let instead = instead.or(traced);
        let builtins = callable.chain(["sizeof", "offsetof"]);
        let elsewhere = self.env.imports.spelled_out(name);
        let known = !elsewhere.is_empty() || instead.is_some();
        let names = || own().chain(builtins.map(str::to_owned));
        let declaration = if known { None } else { externs::proposal(self.cx, &name.name) };
        let known = known || declaration.is_some();
        let near = if known { None } else { self.cx.diags.near(&name.name, names) };
        let in_module = self.targets.all(|on| on.is_module) && tables::header_of_function(&name.name).is_some();
        let error = self.error(name.span, UnknownName { name: name.name.clone() });
        if in_module {
            error.help(format!("a macro of the kernel is declared: `extern {}(…) -> …`", name.name));
        } else if !elsewhere.is_empty() {
            imports::propose(error, name.span, &elsewhere);
        } else if let Some(instead) = instead {
            instead.propose(error, name.span);
        } else if let Some(declaration) = declaration {
            error.help(format!("the kernel has such a function; the program declares it: `{declaration}`"));
        } else if let Some(near) = near {
            error.near(name.span, near);
        }
        self.vars.declare_broken(name);
        None
    }

    /// Checks a call of a builtin against its record: sides, count and types of arguments.
    pub fn call_builtin(&mut self, builtin: &'static BuiltinSpec, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if !builtin.supported {
            return Some(self.unsupported(span, format!("`{}`", builtin.name)));
        }
        if let Some(helper) = builtin.helper.and_then(tables::helper) {
            return self.call_helper(helper, args, span);
        }
        if let [(_, MAPS), (timeout, _)] = builtin.params {
            return self.dispatch(args, timeout, span);
        }
        if builtin.address.is_some() && args.len() == 1 {
            let constant = self.with_scope(|cx, scope| consts::addresses::call(cx, scope, builtin, args));
            let Some(Constant { value, ty: Some(ty) }) = constant else { return None };
            return Some(Expr { kind: ExprKind::Const(value), ty, span });
        }
        if builtin.atomic.is_some() {
            return self.atomic(builtin, args, span);
        }
        if builtin.absent {
            self.check_args(args);
            return Some(self.untested(span));
        }
        let mut signature = self.builtin_signature(builtin, span);
        let mut checked = self.arguments(&mut signature, args)?;
        if let Some(otherwise) = builtin.otherwise.filter(|_| checked.len() < builtin.params.len()) {
            checked.extend(self.call_builtin(tables::builtin(otherwise)?, &[], span));
        }
        let result = self.table_type(builtin.result);
        if builtin.views.is_some() && checked.iter().any(|arg| arg.ty == Ty::ERROR) {
            return None;
        }
        match <[Expr; 1]>::try_from(checked) {
            Ok([view]) if view.ty == Ty::BYTES && builtin.length => Some(self.view_length(view, result, span)),
            Ok([packet]) if self.is_packet(packet.ty) => Some(packets::length(packet, span)),
            Ok(checked) => Some(Expr::operation(Callee::Builtin(builtin), checked.into(), result, span)),
            Err(checked) => Some(Expr::operation(Callee::Builtin(builtin), checked, result, span)),
        }
    }

    /// None if a builtin has another number of arguments than it takes, which is reported.
    pub fn takes(
        &mut self,
        name: &str,
        count: std::ops::RangeInclusive<usize>,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<()> {
        if count.contains(&args.len()) {
            return Some(());
        }
        self.check_args(args);
        let takes = if count.start() == count.end() {
            counted(*count.start(), "argument")
        } else {
            format!("{} to {} arguments", count.start(), count.end())
        };
        let forms =
            tables::builtin(name).filter(|builtin| builtin.node.is_none() || !builtin.params.is_empty()).map(form);
        let error = self.wrong_count(name, takes, args.len(), span);
        if let Some(form) = forms {
            error.remark(form);
        }
        None
    }
}

impl Site<'_, '_> {
    /// The type of a text in a table.
    pub fn table_type(&mut self, text: &str) -> Ty {
        table_type(&mut self.cx.types, &self.env.predefined, text)
    }
}

pub(super) fn form(builtin: &BuiltinSpec) -> String {
    let params: Vec<String> = builtin.params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let absent = if builtin.absent { "?" } else { "" };
    format!("it is `{}({}) -> {}{absent}`: {}", builtin.name, params.join(", "), builtin.result, builtin.summary)
}
