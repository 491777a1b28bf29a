//! Names as values.

use super::exprs::plain_name;
use super::value::{Value, error_expr, int_expr};
use super::variables::{LocalKind, Name, Variables};
use super::{Site, State};
use crate::ast::{self, Ident, Path};
use crate::diag::codes::names::{NotAValue, UnknownName};
use crate::sema::consts::Variant;
use crate::sema::env::{Entity, Variants};
use crate::sema::tree::{CONTEXT, Callee, Const, Expr, ExprKind, LocalId, Role, Storage};
use crate::sema::{advice, consts, kernel_types};
use crate::source::Span;
use crate::tables::{self, BUILTINS};
use crate::types::{Ty, TyKind};

impl State<'_, '_> {
    /// Checks a path as a value: a local, a constant, a global variable, a variant or a function.
    pub fn name(&mut self, path: &Path, expected: Option<Ty>) -> Value {
        match path.segments.as_slice() {
            [name] => match self.vars.local_name(&name.name).cloned() {
                Some(Name::Local(local)) => self.read_local(local, name.span).into(),
                Some(Name::Const { value, ty, .. }) => self.constant_value(value, ty, path.span),
                Some(Name::Broken { .. }) => error_expr(path.span).into(),
                None => self.file_name(name, expected),
            },
            _ => self.qualified(path).into(),
        }
    }

    /// A use of a variable's value.
    pub fn read_local(&mut self, local: LocalId, span: Span) -> Expr {
        if self.vars[local].kind == LocalKind::InnerMap {
            self.vars[local].read = true;
            let name = self.vars[local].name.clone();
            self.error(span, NotAValue { name: name.clone(), what: "a map".into() })
                .help(format!("`{name}[key]` is an entry of it"));
            return error_expr(span);
        }
        if self.vars[local].holds_program {
            self.vars[local].read = true;
            let name = self.vars[local].name.clone();
            self.error(span, NotAValue { name: name.clone(), what: "a program".into() })
                .help(format!("a program is loaded by `load({name})`"));
            return error_expr(span);
        }
        if self.vars[local].packet_offset.is_some() {
            self.vars[local].read = true;
            self.refuse_position(span);
            return error_expr(span);
        }
        if self.kept_at != Some(span) && self.refuse_dynptr(local, span) {
            return error_expr(span);
        }
        let info = &mut self.vars[local];
        info.read = true;
        info.written = None;
        if let Some((map, _)) = info.each_cpu {
            self.percpu_value(map, span);
        }
        self.use_entry(local, span);
        self.vars.local_expr(local, span)
    }

    fn file_name(&mut self, name: &Ident, expected: Option<Ty>) -> Value {
        let Some(declared) = self.env.lookup(self.module, &name.name) else {
            if is_builtin(name) {
                let takes =
                    tables::builtin(&name.name).filter(|builtin| builtin.node.is_none() && builtin.params.is_empty());
                let form = takes.map_or("(…)", |_| "()");
                return self.not_a_value(name, "a builtin function", &format!("call it: `{}{form}`", name.name)).into();
            }
            let meant = expected.and_then(|ty| self.variant_ending_in(ty, &name.name));
            if meant.is_none()
                && let Some(known) = self.kernel_enumerator(name, expected)
            {
                return known;
            }
            let help =
                meant.map(|variant| format!("did you mean `{variant}`?")).or_else(|| self.context_elsewhere(name));
            self.report_unknown(name, help);
            return error_expr(name.span).into();
        };
        self.declared_value(&declared.entity, name, expected)
    }

    /// A declaration as a value; `name` is as written, with its module.
    pub fn declared_value(&mut self, entity: &Entity, name: &Ident, expected: Option<Ty>) -> Value {
        let (span, env) = (name.span, self.env);
        match entity {
            Entity::Global(id) if self.refuse_module_lock(env.program.global(*id).ty, name) => error_expr(span).into(),
            Entity::Global(id) if self.refuse_kept_variable(*id, span) => error_expr(span).into(),
            Entity::Global(id) if env.program.global(*id).storage == Storage::Sysctl => {
                Expr::operation(Callee::Sysctl(*id), Vec::new(), env.program.global(*id).ty, span).into()
            }
            Entity::Global(id) => Expr { kind: ExprKind::Global(*id), ty: env.program.global(*id).ty, span }.into(),
            Entity::Const { value, ty } => self.constant_value(value.clone(), *ty, span),
            Entity::Variants(list) => self.variant(name, list, expected).into(),
            Entity::Func(id) => {
                if let Some(function) = self.function_value(*id, span) {
                    return function.into();
                }
                let program = matches!(env.program.func(*id).role, Role::Program(_));
                let help = if program { "a program is loaded by `load(name)`" } else { "call it: `name(…)`" };
                self.not_a_value(name, "a function", &help.replace("name", &name.name)).into()
            }
            Entity::C(_) => self.not_a_value(name, "a function of C", &format!("call it: `{}(…)`", name.name)).into(),
            Entity::Kfunc(_) => {
                self.not_a_value(name, "a function of the kernel", &format!("call it: `{}(…)`", name.name)).into()
            }
            Entity::Config(_) => {
                self.not_a_value(name, "a config", &format!("name a field: `{}.field`", name.name)).into()
            }
            Entity::Map(_) => self.not_a_value(name, "a map", &format!("name an entry: `{}[key]`", name.name)).into(),
            Entity::Impl(_) => {
                self.not_a_value(name, "an `impl`", &format!("register it: `register({})`", name.name)).into()
            }
            Entity::Type(ty) => {
                let variants = self.enum_id(*ty).map(|id| &self.cx.types.enum_def(id).variants);
                let variant = variants.and_then(|all| all.first()).map(|v| v.name.clone());
                let help = variant.map(|v| format!("its variants are written `{}::{v}`", name.name));
                self.not_a_value(name, "a type", &help.unwrap_or("name a value of it".into())).into()
            }
            Entity::Import(_) => self.module_value(name).into(),
            Entity::Broken => error_expr(span).into(),
        }
    }

    /// Reports a name that nothing declares, and returns an error node.
    pub fn unknown_name(&mut self, name: &Ident) -> Expr {
        self.report_unknown(name, None);
        error_expr(name.span)
    }

    /// Once in a function.
    /// Reports a name that a block declared which has ended; false if none did.
    fn report_ended(&mut self, name: &Ident) -> bool {
        let Some(&(declared, kind)) = self.vars.ended(&name.name) else { return false };
        let (ends, help) = match kind {
            LocalKind::Entry | LocalKind::Tested | LocalKind::InnerMap => (
                "is known in the body of this condition alone",
                format!("use it there, or declare it before: `var {} = … else {{ return … }}`", name.name),
            ),
            LocalKind::LoopVariable => (
                "is known in the body of this loop alone",
                "what is needed after the loop goes into a variable that is declared before it".to_owned(),
            ),
            LocalKind::Caught => (
                "is known in this `catch` alone",
                "what is needed after it goes into a variable that is declared before the `try`".to_owned(),
            ),
            LocalKind::Var | LocalKind::Param | LocalKind::NamedResult | LocalKind::Hidden => {
                ("ends with the block in which it is declared", "declare it before that block".to_owned())
            }
        };
        self.error(name.span, UnknownName { name: name.name.clone() })
            .note(declared, format!("this `{}` {ends}", name.name))
            .help(help);
        true
    }

    fn report_unknown(&mut self, name: &Ident, otherwise: Option<String>) {
        if !self.report_ended(name) {
            self.with_scope(|cx, scope| advice::names::unknown_name(cx, scope, name, otherwise));
        }
        self.vars.declare_broken(name);
    }

    /// Whether neither the program nor the tables of names declare it; it may be a builtin function.
    fn is_unknown(&self, name: &Ident) -> bool {
        self.is_unknown_name(&name.name)
    }

    /// Whether neither the body nor the module declares the name.
    pub fn is_unknown_name(&self, name: &str) -> bool {
        self.vars.local_name(name).is_none() && self.env.lookup(self.module, name).is_none()
    }

    /// Reports a pattern that is an unknown name; in other languages it would take all other values.
    pub fn unknown_pattern(&mut self, pattern: &ast::Expr) -> bool {
        let unknown = plain_name(pattern).filter(|name| self.is_unknown(name) && !is_builtin(name));
        let Some(name) = unknown.filter(|name| kernel_types::enumerator(self.cx, name).is_none()) else { return false };
        let help = "the arm for all other values is `default: …`".to_owned();
        self.with_scope(|cx, scope| advice::names::unknown_name(cx, scope, name, Some(help)));
        true
    }

    /// An assignment to a name that nothing declares, or only the language as a function. None if it is none.
    pub fn assigned_unknown(&mut self, name: &Ident, value: Span) -> Option<Expr> {
        if !self.is_unknown(name) {
            return None;
        }
        let value = self.text(value).lines().next().unwrap_or_default();
        let help = format!("declare it: `var {} = {value}`", name.name);
        if is_builtin(name) {
            return Some(self.not_a_value(name, "a builtin function", &help));
        }
        self.report_unknown(name, Some(help));
        Some(error_expr(name.span))
    }

    /// `Enum::VARIANT`, `module.Enum::VARIANT`
    fn qualified(&mut self, path: &Path) -> Expr {
        match self.with_scope(|cx, scope| consts::variant_of(cx, scope, path)) {
            Some(Variant { of, place, .. }) if self.cx.kernel_types.has_variants(&self.cx.types, of) => {
                self.kernel_variant(of, place, path.span)
            }
            Some(Variant { of, value, .. }) => {
                let ty = self.cx.types.intern(TyKind::Enum(of));
                int_expr(value, ty, path.span)
            }
            None => error_expr(path.span),
        }
    }
}

impl Site<'_, '_> {
    /// A constant by name: open if it has no declared type and is a number.
    fn constant_value(&mut self, value: Const, ty: Option<Ty>, span: Span) -> Value {
        let ty = match (&value, ty) {
            (_, Some(ty)) => ty,
            (Const::Int(number), None) => return Value::untyped(*number, span),
            (Const::Bool(_), None) => Ty::BOOL,
            (Const::Float(_), None) => Ty::F64,
            (Const::Null, None) => Ty::NULL,
            (Const::Func(func), None) => {
                return self.function_value(*func, span).unwrap_or_else(|| error_expr(span)).into();
            }
            (Const::Str(bytes), None) => self.cx.types.string(bytes.len() as u32 + 1),
            (Const::Zero | Const::Struct(_) | Const::Array(_), None) => Ty::ERROR,
        };
        Expr { kind: ExprKind::Const(value), ty, span }.into()
    }

    /// `ctx` in a function: only programs have one.
    fn context_elsewhere(&self, name: &Ident) -> Option<String> {
        let is_function = matches!(self.env.program.func(self.func).role, Role::Helper | Role::Plain);
        (is_function && name.name == CONTEXT)
            .then(|| format!("a program has it by itself, a function does not: {}", self.context_help()))
    }

    /// The variant of the enum whose last words are these: `XDP_PASS` for `PASS`.
    fn variant_ending_in(&self, ty: Ty, words: &str) -> Option<String> {
        let variants = &self.cx.types.enum_def(self.enum_id(ty)?).variants;
        let ends = |name: &str| name.strip_suffix(words).is_some_and(|first| first.ends_with('_'));
        variants.iter().find(|variant| ends(&variant.name)).map(|variant| variant.name.clone())
    }

    fn not_a_value(&mut self, name: &Ident, what: &str, help: &str) -> Expr {
        self.error(name.span, NotAValue { name: name.name.clone(), what: what.into() }).help(help);
        error_expr(name.span)
    }

    /// A variant by its bare name: of several enums that have one the expected type decides.
    fn variant(&mut self, name: &Ident, list: &Variants, expected: Option<Ty>) -> Expr {
        match consts::choose_variant(self.cx, name, list, expected) {
            Some((of, _)) if self.cx.kernel_types.has_variants(&self.cx.types, of) => {
                let variants = &self.cx.types.enum_def(of).variants;
                let place = variants.iter().position(|variant| variant.name == name.name);
                self.kernel_variant(of, place.unwrap_or_default(), name.span)
            }
            Some((of, value)) => int_expr(value, self.cx.types.intern(TyKind::Enum(of)), name.span),
            None => error_expr(name.span),
        }
    }
}

impl Variables {
    /// A reference to a local, without noting a read.
    pub fn local_expr(&self, local: LocalId, span: Span) -> Expr {
        Expr { kind: ExprKind::Local(local), ty: self[local].ty, span }
    }
}

fn is_builtin(name: &Ident) -> bool {
    BUILTINS.iter().any(|builtin| builtin.name == name.name)
}
