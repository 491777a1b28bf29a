//! `attach`: targets and options.

use super::exprs::strip;
use super::value::error_expr;
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::contexts::NamedArgument;
use crate::diag::codes::lifecycle::{
    BadAttachTarget, NoTarget, NotAttached, OptionOfForm, TargetAfterOption, TargetMap,
};
use crate::sema::similar;
use crate::sema::tree::{Callee, Expr, FuncId, ProgramRole, Role};
use crate::source::Span;
use crate::tables::{
    self, ATTACH_OPTIONS, AttachOption, PROGRAMS, Params, ProgramForm, SEPARATOR, TARGETS, TargetSpec,
};
use crate::types::{Ty, TyKind};

/// The field of a link that says how many functions it is at, and the builtin that does.
const COUNT: &str = "count";
const COUNTED: &str = "attached_functions";

/// Fields of the options of a perf event.
const EVENT: &str = "event";
const CPU: &str = "cpu";

impl Checker<'_, '_> {
    /// `attach(handle)`, `attach(handle, target)`, `attach(handle, target, flags)`, each with options after that.
    pub fn attach(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let named = args.iter().position(|arg| arg.name.is_some()).unwrap_or(args.len());
        let (args, options) = args.split_at(named);
        self.takes("attach", 1..=3, args, span)?;
        let handle = self.handle("attach", &args[0].value, false);
        let program = self.vars.loaded(&handle);
        let role = program.and_then(|program| self.program_role(program));
        if let Some(role) = role.filter(|role| role.target_spec().is_none()) {
            let kind = role.spec.name.to_owned();
            self.error(span, NotAttached { kind }).help("`run(handle, &value)` runs it");
            return None;
        }
        let of_type = self.target_of_type(handle.ty);
        let own = role.and_then(|role| counted_by(role, span)).filter(|_| args.len() == 1);
        let target = match args.get(1) {
            Some(arg) => Some(self.attach_target(&arg.value, program, of_type)),
            None => own.map(|options| self.typed(&options, None)),
        };
        let flags = args.get(2).map(|arg| self.coerced(&arg.value, Ty::U32));
        if let (None, Some(program)) = (&target, program) {
            self.needs_target(program, span);
        }
        let (has_target, has_flags) = (target.is_some(), flags.is_some());
        let given = options.iter().filter_map(|arg| self.attach_option(arg, program));
        let (options, values): (Vec<_>, Vec<Expr>) = given.unzip();
        let args = [handle].into_iter().chain(target).chain(flags).chain(values).collect();
        let callee = Callee::Attach { has_target, has_flags, options, result_used: true };
        Some(Expr::operation(callee, args, Ty::LINK, span))
    }

    /// `pid: 1`. None if it was reported.
    fn attach_option(&mut self, arg: &ast::Arg, program: Option<FuncId>) -> Option<(&'static AttachOption, Expr)> {
        let Some(name) = &arg.name else {
            self.error(arg.value.span, TargetAfterOption {}).help("`attach(handle, target, flags, option: value)`");
            self.value(&arg.value, None);
            return None;
        };
        let Some(option) = ATTACH_OPTIONS.iter().find(|option| option.name == name.name) else {
            let near = similar::best(&name.name, ATTACH_OPTIONS.iter().map(|option| option.name));
            let error = self.error(name.span, NamedArgument { name: name.name.clone(), of: "attach".to_owned() });
            match near {
                Some(near) => error.near(name.span, near),
                None => error.help("target and flags are given alone, in this order"),
            };
            self.value(&arg.value, None);
            return None;
        };
        let role = program.and_then(|program| self.program_role(program));
        let form = role.and_then(|role| role.form()).and_then(|form| form.attach.form());
        if let (Some(role), Some(form)) = (role, form)
            && !form.options.contains(&option.name)
        {
            let kind = role.spec.name.to_owned();
            self.error(name.span, OptionOfForm { option: option.name.to_owned(), kind });
        }
        let ty = self.table_type(option.ty);
        Some((option, self.coerced(&arg.value, ty)))
    }

    /// A text, a number or a map. The runtime finds out what it means where the program is not known.
    fn attach_target(
        &mut self,
        expr: &ast::Expr,
        program: Option<FuncId>,
        of_type: Option<&'static TargetSpec>,
    ) -> Expr {
        let role = program.and_then(|program| self.program_role(program));
        let own = role.and_then(|role| role.target.clone());
        let kind = role.map_or(of_type, ProgramRole::target_spec);
        if let Some(map) = self.map_target(expr, kind, own.as_deref()) {
            return map;
        }
        if let Ast::Array(elements) = &strip(expr).kind {
            return self.list_target(elements, kind, expr.span);
        }
        let target = self.value(expr, None);
        if self.cx.types.is_handle(target.ty()) && kind.is_none_or(|kind| kind.handle) {
            return target.expr;
        }
        let by_text = kind.is_none_or(|kind| kind.text.is_some() && !kind.map && kind.options.is_none());
        let is_options = self.is_options(target.ty(), kind);
        if target.is_error() || is_options || by_text && self.is_str(target.ty()) {
            return target.expr;
        }
        // A program that is not known here takes any kind of target.
        let number = kind.map_or(Some(Ty::U32), TargetSpec::number_type);
        if let Some(number) = number.filter(|_| self.is_int(target.ty())) {
            return self.coerce(target, number);
        }
        let ty = self.ty_name(target.ty());
        self.no_target(expr.span, ty, kind)
    }

    /// `["a", "b"]`: one text, with a line for each element.
    fn list_target(&mut self, elements: &[ast::Expr], kind: Option<&'static TargetSpec>, span: Span) -> Expr {
        let Some((first, rest)) = elements.split_first() else {
            return self.no_target(span, "list of nothing".to_owned(), kind);
        };
        if kind.is_some_and(|kind| !kind.several) {
            return self.no_target(span, "list".to_owned(), kind);
        }
        let literal = |kind: Ast, span: Span| ast::Expr { kind, span };
        let all = ast::Expr { kind: Ast::Array(elements.to_vec()), span };
        if let Some(texts) = all.texts() {
            return self.typed(&literal(Ast::Str(texts.join(SEPARATOR).into_bytes()), span), None);
        }
        let joined = rest.iter().fold(first.clone(), |list, element| {
            let sum = |left: ast::Expr, right: ast::Expr| {
                let (left, right) = (Box::new(left), Box::new(right));
                literal(Ast::Binary { op: ast::BinaryOp::Add, op_span: element.span, left, right }, span)
            };
            let separator = literal(Ast::Str(SEPARATOR.as_bytes().to_vec()), element.span);
            sum(sum(list, separator), element.clone())
        });
        let target = self.value(&joined, None);
        if target.is_error() || self.is_str(target.ty()) {
            return target.expr;
        }
        let ty = format!("list of {}", self.ty_name(target.ty()));
        self.no_target(span, ty, kind)
    }
}

/// The options of the event that the attribute of a program names: `perf_options { event: cpu_clock, freq: 99, cpu: -1 }`, which is on each
/// processor. None if it names none.
fn counted_by(role: &ProgramRole, span: Span) -> Option<ast::Expr> {
    let options = role.target_spec()?.options?;
    let event = role.attached_to()?;
    let path = |name: &str| ast::Path { segments: vec![Ident { name: name.to_owned(), span }], span };
    let number = |value: i64| {
        let literal =
            ast::IntLit { value: value.unsigned_abs(), negative: value < 0, text: value.unsigned_abs().to_string() };
        ast::Expr { kind: Ast::Int(literal), span }
    };
    let field = |name: &str, value| ast::FieldInit { name: Ident { name: name.to_owned(), span }, value };
    let mut fields = vec![field(EVENT, ast::Expr { kind: Ast::Name(path(event)), span }), field(CPU, number(-1))];
    fields.extend(role.options.iter().map(|(name, value)| field(name, number(*value))));
    Some(ast::Expr { kind: Ast::Struct { name: path(options), fields, rest: None }, span })
}

impl State<'_, '_> {
    /// `&m`. None if it is something else.
    fn map_target(&mut self, expr: &ast::Expr, kind: Option<&'static TargetSpec>, own: Option<&str>) -> Option<Expr> {
        let Ast::Unary { op: ast::UnaryOp::AddressOf, operand } = &strip(expr).kind else { return None };
        let map = self.map_named(operand)?;
        let wanted = kind.is_none_or(|kind| {
            kind.map && (kind.only_maps.is_empty() || own.is_some_and(|own| kind.only_maps.contains(&own)))
        });
        if !wanted {
            return Some(self.no_target(expr.span, "map".to_owned(), kind));
        }
        if kind.and_then(|kind| kind.needs).is_some_and(|needs| !self.can(map, needs, expr.span)) {
            return Some(error_expr(expr.span));
        }
        Some(self.map_address(map, expr.span))
    }
}

impl Site<'_, '_> {
    /// What programs of the type of a handle attach to, if all of them attach to the same.
    fn target_of_type(&self, handle: Ty) -> Option<&'static TargetSpec> {
        let TyKind::Handle(Some(kind)) = self.cx.types.kind(handle) else { return None };
        let spec = PROGRAMS.iter().find(|spec| spec.name == kind)?;
        let mut targets = spec.forms.iter().map(ProgramForm::target);
        let first = targets.next()??;
        targets.all(|other| other.is_some_and(|other| std::ptr::eq(other, first))).then_some(first)
    }

    fn program_role(&self, func: FuncId) -> Option<&ProgramRole> {
        if let Role::Program(role) = &self.env.program.func(func).role { Some(role) } else { None }
    }

    /// The help for a variable with a handle that nobody reads: how to attach the program.
    pub fn use_of_handle(&self, name: &str, func: FuncId) -> String {
        let alone =
            format!("`load({})` alone loads the program without a name for it", self.env.program.func(func).name);
        let Some(role) = self.program_role(func) else { return alone };
        let own = role.attached_to().is_some();
        let then = match role.target_spec() {
            Some(target) if own || target.default => format!("attach it: `attach({name})`"),
            Some(target) if !target.example.is_empty() => format!("attach it: `attach({name}, {})`", target.example),
            Some(target) => format!("attach it: {}", target.help),
            None if role.spec.params == (Params::Own {}) => format!("run it: `run({name}, &value)`"),
            None => format!("use it: a map or `attach({name})` takes it"),
        };
        format!("{then}; {alone}")
    }

    fn needs_target(&mut self, func: FuncId, span: Span) {
        // Its attribute names one that was refused.
        if self.cx.written_main == Some(span.file) {
            return;
        }
        let declared = self.env.program.func(func);
        let Role::Program(role) = &declared.role else { return };
        let Some(target) = role.target_spec() else { return };
        let (name, kind, example) = (declared.name.clone(), role.spec.name, target.example);
        if role.target.as_deref().is_some_and(|own| target.only_maps.contains(&own)) {
            let own = role.target.clone().unwrap_or_default();
            self.error(span, TargetMap { name: own }).help("`attach(handle, &map)`");
            return;
        }
        if role.attached_to().is_some() || target.default {
            return;
        }
        if role.spec.loaded_for.is_some() {
            self.error(span, NoTarget { name }).help(format!("`attach(handle, {example})`"));
            return;
        }
        let first = role.spec.forms.iter().find(|form| !form.mode.is_empty() && !role.spec.target_alone);
        let mode = role.mode.or(first.map(|form| form.mode)).map_or(String::new(), |mode| format!("\"{mode}\", "));
        let named = target.text.is_some() && target.options.is_none();
        self.error(span, NoTarget { name })
            .note(declared.name_span, if named { "its attribute names no target" } else { "declared here" })
            .help(match example {
                "" => target.help.to_owned(),
                _ if named => format!("`attach(handle, {example})`, or `@{kind}({mode}{example})` on the program"),
                _ => format!("`attach(handle, {example})`"),
            });
    }

    /// `link.count`; the base again where the field is another one.
    pub fn attached_functions(&mut self, base: Expr, name: &Ident, span: Span) -> Result<Expr, Expr> {
        let counted = base.ty == Ty::LINK && name.name == COUNT;
        let Some(builtin) = tables::builtin(COUNTED).filter(|_| counted) else {
            return Err(base);
        };
        let ty = self.table_type(builtin.result);
        Ok(Expr::operation(Callee::Builtin(builtin), vec![base], ty, span))
    }

    /// Whether a target is a struct of options, of a program of this kind, or of any where the program is not known.
    fn is_options(&mut self, ty: Ty, kind: Option<&'static TargetSpec>) -> bool {
        let known = TARGETS.iter().filter(|target| kind.is_none_or(|kind| kind.name == target.name));
        known.filter_map(|target| target.options).any(|options| self.table_type(options) == ty)
    }

    fn no_target(&mut self, span: Span, ty: String, kind: Option<&'static TargetSpec>) -> Expr {
        let error = self.error(span, BadAttachTarget { ty });
        if let Some(kind) = kind {
            error.help(kind.help);
        }
        error_expr(span)
    }
}
