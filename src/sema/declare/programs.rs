//! BPF programs: the words of their attribute, and their signature.

use super::Declare;
use crate::ast::{Arg, Attribute, Expr, ExprKind, FnDecl};
use crate::diag::Diagnostic;
use crate::diag::codes::contexts::{BadTarget, NearlyMode, ProgramParameter, ProgramResult, UnknownMode};
use crate::diag::codes::names::AttributeArguments;
use crate::sema::enums;
use crate::sema::predefined::table_type;
use crate::sema::similar;
use crate::sema::tree::ProgramRole;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{self, Order, PROGRAMS, ProgramForm, ProgramSpec, SEPARATOR, TargetSpec, TargetText};
use crate::types::{FnSig, Space, Ty, TyKind};

/// Mode and target that the attribute gives.
pub(super) fn role(cx: &mut Session, spec: &'static ProgramSpec, attribute: &Attribute) -> ProgramRole {
    role_of_form(cx, ProgramRole::new(spec), attribute)
}

/// Like `role`, for a role whose mode the attribute's name may have given.
pub(super) fn role_of_form(cx: &mut Session, mut role: ProgramRole, attribute: &Attribute) -> ProgramRole {
    let spec = role.spec;
    let is_order = |arg: &Expr| spec.ordered && word(arg).is_some_and(|word| Order::of(word, None).is_some());
    let unnamed = || attribute.args.iter().flatten().filter(|arg| arg.name.is_none()).map(|arg| &arg.value);
    for arg in unnamed().filter(|arg| is_order(arg)) {
        order(cx, &mut role, arg.span, word(arg).and_then(|word| Order::of(word, None)));
    }
    let args = || unnamed().filter(|arg| !is_order(arg));
    let strings = args().filter_map(text);
    let has_mode = role.mode.is_some() || strings.clone().any(|text| spec.form(&text).is_some());
    if let (Some(first), Some(arg)) = (strings.clone().next(), args().next())
        && !(has_mode || spec.target_alone)
    {
        unknown_mode(cx, spec, arg, &first);
        return role;
    }
    for arg in attribute.args.iter().flatten().filter(|arg| arg.name.is_some()) {
        option(cx, &mut role, arg);
    }
    let mut refused = false;
    for arg in args() {
        let Some(text) = text(arg).filter(|_| string(arg).is_some() || takes_lists(&role)) else {
            refused |= arg.texts().is_some();
            wrong_arguments(cx, spec, arg);
            continue;
        };
        let mode = spec.form(&text).filter(|form| !form.mode.is_empty());
        match mode {
            Some(form) if role.mode.is_none() => role.mode = Some(form.mode),
            None if role.target.is_none() => {
                role.target = target(cx, &role, arg);
                refused = role.target.is_none();
            }
            Some(_) | None => wrong_arguments(cx, spec, arg),
        }
    }
    if role.target.is_none() && !refused && role.form().is_some_and(ProgramForm::needs_target) {
        let wants = role.named().map(|target| target.words).unwrap_or_default().to_owned();
        cx.error(attribute.span, AttributeArguments { name: spec.name.to_owned(), wants });
    }
    if role.form().is_none() {
        let wrong = AttributeArguments { name: spec.name.to_owned(), wants: wanted(spec) };
        cx.error(attribute.span, wrong).help(format!("write `@{}({})`", spec.name, modes(spec).join("|")));
    }
    role
}

/// A program that may be left out is for kernels that have its form.
pub(super) fn check_kernel(cx: &mut Session, role: &ProgramRole, attribute: &Attribute) {
    let since = role.form().and_then(|form| form.since).filter(|_| !role.loading.may_fail());
    if let Some(version) = cx.options.lacks(since) {
        let mode = role.mode.map_or(String::new(), |mode| format!("(\"{mode}\")"));
        cx.needs_kernel(attribute.span, format!("`@{}{mode}`", role.spec.name), version);
    }
}

/// `priority: -150`
fn option(cx: &mut Session, role: &mut ProgramRole, arg: &Arg) {
    let Some(name) = &arg.name else { return };
    let spec = role.spec;
    if spec.ordered && Order::WORDS.contains(&(name.name.as_str(), true)) {
        let beside = text(&arg.value).filter(|text| is_name(text));
        return order(cx, role, arg.value.span, beside.and_then(|beside| Order::of(&name.name, Some(beside))));
    }
    let field = spec.option_fields.iter().find(|(option, _)| *option == name.name).map(|(_, field)| *field);
    if field.is_none() && spec.option != Some(name.name.as_str()) {
        let known = spec.option.into_iter().chain(spec.option_fields.iter().map(|(option, _)| *option));
        let known: Vec<String> = known.map(|option| format!("`{option}: number`")).collect();
        let and = if known.is_empty() { String::new() } else { format!(", and {}", known.join(" or ")) };
        let wants = format!("{}{and}", wanted(spec));
        cx.error(name.span, AttributeArguments { name: spec.name.to_owned(), wants });
        return;
    }
    match (literal(&arg.value).and_then(|number| i32::try_from(number).ok()), field) {
        (Some(number), Some(field)) if number > 0 && role.options.is_empty() => {
            role.options.push((field, number.into()));
        }
        (_, Some(_)) => {
            let known: Vec<String> = spec.option_fields.iter().map(|(option, _)| format!("`{option}`")).collect();
            let wants = format!("as one of {} a number from 1 on", known.join(" and "));
            cx.error(arg.value.span, AttributeArguments { name: spec.name.to_owned(), wants });
        }
        (Some(number), None) => role.placement.number = number.into(),
        (None, None) => {
            let wants = format!("as `{}` a number of 32 bits", name.name);
            cx.error(arg.value.span, AttributeArguments { name: spec.name.to_owned(), wants });
        }
    }
}

/// `first`, `before: "name"`; none if the name is none.
fn order(cx: &mut Session, role: &mut ProgramRole, span: Span, order: Option<Order>) {
    let is_second = role.placement.order.is_some();
    match order {
        Some(order) if !is_second => role.placement.order = Some(order),
        Some(_) | None => {
            let forms = Order::WORDS
                .map(|(word, named)| if named { format!("`{word}: \"program\"`") } else { format!("`{word}`") });
            let wants = format!("at most one of {}", forms.join(", "));
            cx.error(span, AttributeArguments { name: role.spec.name.to_owned(), wants });
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// A word alone.
fn word(value: &Expr) -> Option<&str> {
    let ExprKind::Name(path) = &value.kind else { return None };
    if let [name] = &path.segments[..] { Some(&name.name) } else { None }
}

/// A number, as it is written.
fn literal(value: &Expr) -> Option<i128> {
    let ExprKind::Int(literal) = &value.kind else { return None };
    let number = i128::from(literal.value);
    Some(if literal.negative { -number } else { number })
}

fn string(arg: &Expr) -> Option<&[u8]> {
    if let ExprKind::Str(bytes) = &arg.kind { Some(bytes) } else { None }
}

fn takes_lists(role: &ProgramRole) -> bool {
    role.named().is_some_and(|target| target.several)
}

/// The word of a mode, or a target.
fn text(arg: &Expr) -> Option<String> {
    arg.texts().map(|texts| texts.join(SEPARATOR))
}

fn modes(spec: &ProgramSpec) -> Vec<String> {
    spec.forms.iter().filter(|form| !form.mode.is_empty()).map(|form| format!("\"{}\"", form.mode)).collect()
}

/// The words of the attribute.
fn wanted(spec: &ProgramSpec) -> String {
    let modes = modes(spec).join(" or ");
    // A map, or a descriptor, is no constant.
    let words = |target: &'static TargetSpec| match target.options {
        Some(_) => "the name of an event, such as \"cpu_clock\"",
        None => target.words,
    };
    match spec.named().filter(|target| target.text.is_some()).map(words) {
        None if modes.is_empty() => "nothing".to_owned(),
        None => modes,
        Some(target) if modes.is_empty() => format!("{target}, or nothing"),
        Some(target) if spec.target_alone => format!("{modes}, and {target}; both may be left out"),
        Some(target) => format!("{modes}, and after that at most {target}"),
    }
}

fn wrong_arguments(cx: &mut Session, spec: &ProgramSpec, arg: &Expr) {
    let quoted = format!("\"{}\"", cx.sources.text(arg.span));
    let error = cx.error(arg.span, AttributeArguments { name: spec.name.to_owned(), wants: wanted(spec) });
    if modes(spec).contains(&quoted) {
        error.help(format!("write {quoted}")).fix(arg.span, quoted);
    } else if let Some(target) = spec.named().filter(|target| arg.texts().is_some() && !target.several) {
        let takes_several =
            |other: &&ProgramSpec| other.named().is_some_and(|of| of.several && of.words == target.words);
        let others: Vec<String> =
            PROGRAMS.iter().filter(takes_several).map(|other| format!("`@{}`", other.name)).collect();
        let list = if others.is_empty() { String::new() } else { format!("; {} take a list", others.join(" and ")) };
        error.help(format!(
            "the kernel attaches such a program to one: write a program for each, which call one function{list}"
        ));
    }
}

fn unknown_mode(cx: &mut Session, spec: &ProgramSpec, arg: &Expr, text: &str) {
    let modes = modes(spec);
    let near = similar::best(&format!("\"{text}\""), &modes);
    let error =
        cx.error(arg.span, UnknownMode { text: text.to_owned(), name: spec.name.to_owned(), wants: wanted(spec) });
    match (near, modes.first()) {
        (Some(near), _) => {
            error.help(format!("did you mean {near}?")).guess(arg.span, near);
        }
        (None, Some(first)) if spec.named().is_some_and(|target| target.refuses(text).is_none()) => {
            error.help(format!("to name what to attach to, write `@{}({first}, \"{text}\")`", spec.name));
        }
        (None, _) => {}
    }
}

/// The target that an argument is.
pub(super) fn target(cx: &mut Session, role: &ProgramRole, arg: &Expr) -> Option<String> {
    let (spec, text) = (role.spec, text(arg)?);
    let refusal = |text: &str| role.named().map_or(Some("it takes no target"), |target| target.refuses(text));
    let wrong = arg.texts().into_iter().flatten().find_map(|text| Some((refusal(&text)?, text)));
    let modes = modes(spec);
    if let Some((why, text)) = wrong {
        let name = spec.name.to_owned();
        let counters = role.named().is_some_and(|target| target.text == Some(TargetText::Counter));
        let near = if counters { similar::best(&text, tables::counters()) } else { None };
        let error = cx.error(arg.span, BadTarget { name, text, why: why.to_owned() });
        if let Some(near) = near {
            error.help(format!("did you mean `{near}`?")).guess(arg.span, format!("\"{near}\""));
        } else if counters {
            error.help("`ksc list perf_event:*` lists them");
        } else if !modes.is_empty() {
            error.help(format!("the modes are {}", modes.join(", ")));
        }
        return None;
    }
    let quoted = format!("\"{text}\"");
    if let Some(near) = similar::best(&quoted, &modes) {
        cx.warn(arg.span, NearlyMode { text: text.clone(), name: spec.name.to_owned() })
            .help(format!("did you mean {near}?"))
            .guess(arg.span, near);
    }
    Some(text)
}

impl Declare<'_> {
    /// The signature that the program type asks for; the first parameter may be left out. Says whether the result is it.
    pub(super) fn check_program(&self, cx: &mut Session, role: &ProgramRole, decl: &FnDecl, sig: &FnSig) -> bool {
        if role.spec.is_member() {
            return sig.result != Ty::ERROR;
        }
        let (spec, result) = (role.spec, role.result());
        let Some(context) = role.context() else {
            let form = format!("-> {result}");
            return self.check_result(cx, role, decl, sig, &form);
        };
        let form = format!("@{} fn {}(ctx: *{context}) -> {result}", spec.name, decl.name.name);
        if let (Some(param), Some((other, of))) = (decl.params.first(), self.meant(cx, spec, sig)) {
            let wrong = ProgramParameter { name: spec.name.to_owned(), context: context.to_owned() };
            cx.error(param.ty.span, wrong)
                .help(format!("`*{of}` is the context of `@{}`: write that attribute, or `{form}`", other.name));
            // An integer may be an action of either; its `return`s are of the type that was meant.
            return cx.types.as_int(sig.result).is_none() || sig.result == self.action(cx, other.result);
        }
        self.check_context(cx, spec.name, context, (decl, sig), &form);
        self.check_result(cx, role, decl, sig, &form)
    }

    /// Checks the parameters of a program that may have one parameter at most, the context.
    fn check_context(
        &self,
        cx: &mut Session,
        name: &str,
        of: &'static str,
        (decl, sig): (&FnDecl, &FnSig),
        form: &str,
    ) {
        let context = table_type(&mut cx.types, &self.env.predefined, &format!("*{of}"));
        for (index, (param, &ty)) in decl.params.iter().zip(&sig.params).enumerate() {
            if ty == Ty::ERROR {
                continue;
            }
            let of_context = ty == context;
            let wrong = ProgramParameter { name: name.to_owned(), context: of.to_owned() };
            if index == 0 && !of_context && self.shadowed(of).is_some() {
                let error = cx.error(param.ty.span, wrong);
                self.say_shadowed(error, of);
            } else if index > 0 {
                cx.error(param.span, wrong).help(format!("write `{form}`"));
                break;
            } else if !of_context {
                cx.error(param.ty.span, wrong).help(format!("write `{form}`")).fix(param.ty.span, format!("*{}", of));
            }
        }
    }

    fn check_result(&self, cx: &mut Session, role: &ProgramRole, decl: &FnDecl, sig: &FnSig, form: &str) -> bool {
        let (spec, of) = (role.spec, role.result());
        let wanted = self.action(cx, of);
        let name = spec.name;
        let is_bool = spec.or_bool && sig.result == Ty::BOOL;
        // A result of a program that decides nothing, or where the kernel takes one result alone, need not be written.
        let returns_one = role.form().and_then(|form| form.returns).is_some_and(|(least, most)| least == most);
        let is_nothing = (returns_one || spec.decides_nothing()) && sig.result == Ty::VOID;
        if sig.result == Ty::ERROR || is_bool || is_nothing || accepts_result(cx, wanted, sig.result) {
            return true;
        }
        let wrong = ProgramResult { name: name.to_owned(), result: of.to_owned() };
        match (&decl.result, &decl.body) {
            (Some(result), _) if self.shadowed(of).is_some() => {
                self.say_shadowed(cx.error(result.ty.span, wrong), of);
            }
            (Some(result), _) => {
                cx.error(result.ty.span, wrong).help(format!("write `{form}`")).fix(result.ty.span, of);
            }
            (None, Some(body)) => {
                let at = body.span.start();
                cx.error(decl.name.span, wrong).help(format!("write `{form}`")).fix(at, format!("-> {} ", of));
            }
            (None, None) => {}
        }
        false
    }

    /// Another program type, which both the first parameter and the result are of, and its context.
    fn meant(&self, cx: &mut Session, spec: &ProgramSpec, sig: &FnSig) -> Option<(&'static ProgramSpec, &'static str)> {
        let TyKind::Ptr { to, space: Space::Ctx, .. } = cx.types.kind(*sig.params.first()?) else { return None };
        let all = PROGRAMS.iter().filter_map(|other| Some((other, other.context()?)));
        let mut all = all.filter(|(other, of)| spec.context() != Some(*of) && other.result != spec.result);
        all.find(|&(other, of)| {
            let context = table_type(&mut cx.types, &self.env.predefined, of);
            let action = self.action(cx, other.result);
            context == to && accepts_result(cx, action, sig.result)
        })
    }

    fn action(&self, cx: &mut Session, result: &str) -> Ty {
        table_type(&mut cx.types, &self.env.predefined, result)
    }

    /// The declaration of the module that hides a predefined name of the program type.
    fn shadowed(&self, name: &str) -> Option<Span> {
        self.own().by_name.get(name).map(|&index| self.entries[index].name.span)
    }

    fn say_shadowed(&self, error: &mut Diagnostic, name: &str) {
        if let Some(span) = self.shadowed(name) {
            error.note(span, format!("this hides the predefined `{name}`"));
            error.help("leave the declaration out, or give it another name");
        }
    }
}

/// The declared type of the table, or any integer of 32 bits: the register is the same.
fn accepts_result(cx: &Session, wanted: Ty, found: Ty) -> bool {
    let same = found == wanted || enums::convert(&cx.types, found, wanted);
    same || matches!(cx.types.kind(found), TyKind::Int { bits: 32, .. })
}
