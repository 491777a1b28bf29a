//! Calls of the program's functions, and calls that look like methods.

use super::exprs::strip;
use super::field_methods::Receiver;
use super::fields::in_type;
use super::percpu::EntryKey;
use super::signatures::{Param, Signature};
use super::variables::Name;
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::contexts::{NamedArgument, NoSuchMethod, NotCallable};
use crate::diag::codes::tests::TestCalled;
use crate::sema::env::Entity;
use crate::sema::similar;
use crate::sema::tree::{Callee, Expr, FuncId, Role};
use crate::sema::types::describe;
use crate::source::Span;
use crate::tables::{self, BUILTINS, BuiltinSpec, MethodOwner, ValueMethod, ValueMethodSpec};
use crate::types::Ty;

impl Checker<'_, '_> {
    /// Checks a call: of a function, a method, a builtin, a helper, a kernel function or a function pointer.
    pub fn call(&mut self, callee: &ast::Expr, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let callee = strip(callee);
        if let Some((import, base, name, arrow)) = self.in_module(callee) {
            return self.call_member(import, callee, (base, name, arrow), args, span);
        }
        if let Ast::Field { base, name, .. } = &callee.kind {
            return self.method(base, name, args, callee.span, span);
        }
        if let Ast::Name(path) = &callee.kind
            && let [name] = path.segments.as_slice()
        {
            return self.call_name(name, args, span);
        }
        let function = self.typed(callee, None);
        self.call_value(function, args, span)
    }

    fn call_name(&mut self, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if self.names_function_pointer(name) {
            let path = ast::Path { segments: vec![name.clone()], span: name.span };
            let function = self.name(&path, None);
            return self.call_value(function.expr, args, span);
        }
        let what = match self.vars.local_name(&name.name) {
            Some(Name::Local(_)) => "a variable",
            Some(Name::Const { .. }) => "a constant",
            Some(Name::Broken { .. }) => {
                self.check_args(args);
                return None;
            }
            None if let Some(func) = self.sibling(&name.name) => return self.call_func(func, name, args, span),
            None => match self.file_entity(&name.name) {
                Some(Entity::Func(func)) => {
                    let func = *func;
                    return self.call_func(func, name, args, span);
                }
                // An `extern` may name a helper.
                Some(Entity::Kfunc(_)) if tables::helper(&name.name).is_some() => {
                    return self.builtin(name, args, span);
                }
                Some(Entity::Kfunc(kfunc)) => {
                    let kfunc = *kfunc;
                    return self.call_kfunc(kfunc, args, span);
                }
                Some(Entity::C(function)) => {
                    let function = *function;
                    return self.call_c(function, args, span);
                }
                Some(Entity::Broken) => {
                    self.check_args(args);
                    return None;
                }
                // `bpf_fib_lookup` is a struct and a helper.
                Some(Entity::Type(_)) if tables::helper(&name.name).is_some() => {
                    return self.builtin(name, args, span);
                }
                Some(Entity::Type(ty)) => {
                    let ty = *ty;
                    return self.refuse_type_call(ty, name, args, span);
                }
                Some(entity) => describe(entity),
                None => return self.builtin(name, args, span),
            },
        };
        // `var pid = pid()` is no function, so `pid()` is the builtin beside it.
        if tables::builtin(&name.name).is_some() {
            return self.builtin(name, args, span);
        }
        self.check_args(args);
        let what = format!("`{}`, {what},", name.name);
        self.error(name.span, NotCallable { what });
        None
    }

    /// `u32(x)`, `S(1, 2)`
    fn refuse_type_call(&mut self, ty: Ty, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.check_args(args);
        let what = format!("`{}`, a type,", name.name);
        let is_struct = self.struct_id(ty).is_some();
        let cast = match args {
            [arg] if !is_struct => Some(format!("{} as {}", self.cast_text(arg.value.span), name.name)),
            _ => None,
        };
        let cast = cast.map(|cast| if self.binds_tighter_around(span) { format!("({cast})") } else { cast });
        let error = self.error(name.span, NotCallable { what });
        if let Some(cast) = cast {
            error.help(format!("to convert, write `{cast}`")).fix(span, cast);
        } else if is_struct {
            error.help(format!("a value of it is written `{} {{ field: value }}`", name.name));
        }
        None
    }

    /// Checks a call of a function of the program by its id. Calls of programs and of other sides are reported.
    pub fn call_func(&mut self, func: FuncId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let declared = self.env.program.func(func);
        let decl = &self.env.funcs[func.0 as usize];
        if let Role::Program(role) = &declared.role
            && !role.spec.is_member()
        {
            return self.call_program(func, name, args, span);
        }
        if let Role::Test = declared.role {
            let declared_at = declared.name_span;
            self.check_args(args);
            self.error(span, TestCalled { name: name.name.clone() })
                .note(declared_at, "declared here")
                .help("what several tests do is a function without an attribute");
            return None;
        }
        if decl.decl.result.as_ref().is_some_and(|result| result.optional.is_some()) {
            self.check_args(args);
            self.error(span, NotCallable { what: format!("`{}`, whose result may be null,", name.name) })
                .help("the load calls it; what it does for a test as well is a function of its own");
            return None;
        }
        let params = decl.sig.params.iter().map(|&ty| Param::Of(ty)).collect();
        let form = self.signature(func);
        let (declared_at, wanted_by) = (Some(declared.name_span), Some(form.clone()));
        let signature = Signature::new(&name.name, span, params);
        let mut signature = Signature { declared: declared_at, form, wanted_by, ..signature };
        let args = self.arguments(&mut signature, args)?;
        self.may_throw();
        Some(Expr::operation(Callee::Func(func), args, declared.result, span))
    }

    /// Arguments of a call that was reported: their own mistakes are reported too.
    pub fn check_args(&mut self, args: &[ast::Arg]) {
        for arg in args {
            self.value(&arg.value, None);
        }
    }

    /// Arguments of a call of nothing that is known: they may be what only some functions take, such as maps.
    pub fn check_open_args(&mut self, args: &[ast::Arg]) {
        for arg in args {
            let value = strip(&arg.value);
            let named =
                if let Ast::Unary { op: ast::UnaryOp::AddressOf, operand } = &value.kind { operand } else { value };
            match self.entity_named(named) {
                Some(Entity::Map(_) | Entity::Func(_) | Entity::Type(_)) => {}
                Some(_) | None => drop(self.value(value, None)),
            }
        }
    }

    /// `base.name(args)`; `callee` is the part before the parentheses.
    fn method(&mut self, base: &ast::Expr, name: &Ident, args: &[ast::Arg], callee: Span, span: Span) -> Option<Expr> {
        if let Some(map) = self.map_named(base) {
            return self.map_method(map, name, args, span);
        }
        if let Some(method) = MethodOwner::Context.method(&name.name)
            && let Some(ctx) = self.context_named(base)
        {
            if method == ValueMethod::Bytes {
                return self.packet_view(ctx, name, args, span);
            }
            return Some(self.untested(span));
        }
        if let Some(entry) = self.map_entry(base)
            && let (_, ty) = self.entry_types(entry.0)
            && !self.has_function_field(ty, name)
            && self.env.program.steps(ty).is_none()
        {
            return self.entry_method((entry.0, EntryKey::Written(entry.1)), name, args, span);
        }
        if let Some((map, key)) = self.vars.each_cpu(base)
            && !self.has_function_field(self.entry_types(map).1, name)
        {
            return self.entry_method((map, EntryKey::Walked(key)), name, args, span);
        }
        let base = match self.kept_receiver(base, name) {
            Receiver::Field(place, method, map) => return self.field_method((place, method, map), name, args, span),
            Receiver::Other(base) => base,
        };
        if self.cx.types.is_kept(base.ty) {
            return self.object_method(base, name, args, span);
        }
        if base.ty == Ty::ERROR {
            self.check_args(args);
            return None;
        }
        if self.env.program.steps(base.ty).is_some() {
            return self.histogram_method(base, name, args, span);
        }
        if name.name == "write" && self.is_iterator(base.ty) {
            return self.seq_write(base, args, span);
        }
        if base.ty == Ty::BYTES && self.is_method_of_packets(name) {
            return self.packet_method_of_view(base, name, args, span);
        }
        if base.ty == Ty::BYTES {
            return self.view_method(base, name, args, span);
        }
        let base = match self.packet_receiver(base) {
            Ok(packet) => return self.packet_method(packet, name, args, span),
            Err(base) => base,
        };
        if self.has_function_field(base.ty, name) {
            let function = self.field_of(base, name, false, callee);
            return self.call_value(function, args, span);
        }
        if base.ty == Ty::F64
            && let Some(builtin) = tables::builtin(&name.name).filter(|builtin| builtin.method)
        {
            return self.builtin_method(builtin, base, args, span);
        }
        if self.is_str(base.ty) {
            self.no_string_method(&base, name, callee, span);
        } else {
            self.no_method(&base, name, callee, span);
        }
        None
    }

    /// The value has no method of this name.
    fn no_method(&mut self, base: &Expr, name: &Ident, callee: Span, span: Span) {
        let of = self.receiver(base);
        let length = matches!(name.name.as_str(), "len" | "length" | "size" | "count");
        if let Some(elements) = self.array_length(base.ty).filter(|_| length) {
            let error = self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
            in_type(error, span, elements);
            return;
        }
        let near = similar::best(&name.name, MethodOwner::Context.methods().map(ValueMethodSpec::word));
        let function = self.env.lookup(self.module, &name.name).is_none()
            && BUILTINS.iter().any(|builtin| builtin.name == name.name && !builtin.params.is_empty());
        let form = function.then(|| self.as_function(base, name, callee, span));
        let error = self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
        if let Some(form) = form {
            error.help(format!("write `{form}`")).fix(span, form);
        } else if let Some(near) = near {
            error.near(name.span, near);
        }
    }
}

impl Checker<'_, '_> {
    /// `x.pow(y)`: a builtin with the receiver as its first argument.
    fn builtin_method(
        &mut self,
        builtin: &'static BuiltinSpec,
        base: Expr,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Expr> {
        let mut signature = self.builtin_signature(builtin, span);
        signature.params.remove(0);
        signature.before = 1;
        let mut checked = self.arguments(&mut signature, args)?;
        checked.insert(0, base);
        let result = self.table_type(builtin.result);
        Some(Expr::operation(Callee::Builtin(builtin), checked, result, span))
    }
}

impl State<'_, '_> {
    /// Whether a name is that of a variable or constant that can be called.
    fn names_function_pointer(&self, name: &Ident) -> bool {
        let ty = match self.vars.local_name(&name.name) {
            Some(Name::Local(local)) => Some(self.vars[*local].ty),
            Some(Name::Const { ty, .. }) => *ty,
            Some(Name::Broken { .. }) => None,
            None => match self.file_entity(&name.name) {
                Some(Entity::Const { ty, .. }) => *ty,
                Some(_) | None => None,
            },
        };
        ty.is_some_and(|ty| self.is_function(ty))
    }
}

impl Site<'_, '_> {
    /// Whether an operator is right beside an expression and would bind tighter than an `as` in it.
    fn binds_tighter_around(&self, span: Span) -> bool {
        let text = &self.cx.sources.file(span.file).text;
        let (before, after) = (text[..span.lo as usize].trim_end(), &text[span.hi as usize..]);
        before.ends_with(['-', '~', '!', '*', '&']) || after.starts_with(['.', '[', '(']) || after.starts_with("->")
    }

    /// The function of this name in the `impl` that the function is a member of.
    fn sibling(&self, name: &str) -> Option<FuncId> {
        let functions = &self.env.program.impl_of(self.func)?.functions;
        functions.iter().find(|member| member.name == name).map(|member| member.func)
    }

    /// As it is declared, for messages.
    pub fn signature(&self, func: FuncId) -> String {
        let declared = self.env.program.func(func);
        let decl = &self.env.funcs[func.0 as usize];
        let params: Vec<String> = decl
            .decl
            .params
            .iter()
            .zip(&decl.sig.params)
            .map(|(param, &ty)| format!("{}: {}", param.name.name, self.ty_name(ty)))
            .collect();
        let result = match declared.result {
            Ty::VOID => String::new(),
            ty => format!(" -> {}", self.ty_name(ty)),
        };
        format!("it is declared `fn {}({}){result}`", declared.name, params.join(", "))
    }

    /// Reports an argument with a name; arguments of `of` go by their order.
    pub fn refuse_name(&mut self, arg: &ast::Arg, of: &str) {
        if let Some(name) = &arg.name {
            self.error(name.span, NamedArgument { name: name.name.clone(), of: of.to_owned() })
                .help("give the value alone; arguments go by their order");
        }
    }

    /// A method of a string is called with the string as an argument.
    fn no_string_method(&mut self, base: &Expr, name: &Ident, callee: Span, span: Span) {
        let takes_string = BUILTINS.iter().filter(|builtin| builtin.params.first().is_some_and(|(_, ty)| *ty == "str"));
        let wanted = if matches!(name.name.as_str(), "length" | "size") { "len" } else { &name.name };
        let near = takes_string.map(|b| b.name).find(|b| *b == wanted);
        let form = near.map(|near| {
            let function = Ident { name: near.to_owned(), span: name.span };
            self.as_function(base, &function, callee, span)
        });
        let of = self.receiver(base);
        let error = self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
        if let Some(form) = form {
            error.help(format!("write `{form}`")).fix(span, form);
        }
    }

    /// `base.name(args)` as the call of a function.
    fn as_function(&self, base: &Expr, name: &Ident, callee: Span, span: Span) -> String {
        let args = self.text(Span { lo: callee.hi + 1, hi: span.hi - 1, ..span });
        let comma = if args.trim().is_empty() { "" } else { ", " };
        format!("{}({}{comma}{args})", name.name, self.text(base.span))
    }

    fn receiver(&self, base: &Expr) -> String {
        match self.context_spec(base.ty) {
            Some(_) => "a context".into(),
            None => format!("a value of type `{}`", self.ty_name(base.ty)),
        }
    }
}

/// `1 argument`, `2 arguments`
pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
