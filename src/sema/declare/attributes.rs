//! Attributes: which exist, where they belong, and the role that a function gets from them.

use super::{kfuncs, loading, programs};
use crate::ast::timed;
use crate::ast::{Attribute, ExprKind, FnDecl, ImplMember, ImplMemberKind, Item, ItemKind};
use crate::diag::codes::contexts::MainAttribute;
use crate::diag::codes::names::{
    AttributeArguments, ConflictingAttributes, DuplicateAttribute, MisplacedAttribute, UnknownAttribute,
};
use crate::diag::codes::support::NotSupportedYet;
use crate::sema::similar;
use crate::sema::tree::{ProgramRole, Role};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{
    ATTRIBUTES, AttributePlace, AttributeSpec, PROGRAMS, ProgramForm, ProgramSpec, Reference, by_section,
};

/// The meaning of an attribute.
enum Meaning {
    Program(&'static ProgramSpec),
    /// By its section, as libbpf has it, with `_` for `/` and `.`; whether it may sleep there.
    Section(&'static ProgramSpec, &'static ProgramForm, bool),
    Other(&'static AttributeSpec),
}

impl Meaning {
    /// The declarations that it belongs to.
    fn places(&self) -> &'static [AttributePlace] {
        match self {
            Meaning::Program(_) | Meaning::Section(..) => &[AttributePlace::Function],
            Meaning::Other(spec) => spec.on,
        }
    }
}

/// Words before `var`.
const STORAGE: &[&str] = &["local", "percpu", "pin"];
const HELPER: &str = "helper";
const KFUNC: &str = "kfunc";
const HEADER: &str = "header";
pub(super) const PRIVATE: &str = "private";
const TEST: &str = "test";
pub(super) const SLEEPABLE: &str = "sleepable";
pub(super) const FLAGS: &str = "flags";
const PACKED: &str = "packed";
pub(super) const MIGRATE: &str = "migrate";
pub(super) const KCONFIG: &str = "kconfig";
pub(super) const SYSCTL: &str = "sysctl";

fn meaning(name: &str) -> Option<Meaning> {
    if let Some(spec) = PROGRAMS.iter().find(|spec| spec.name == name && !spec.is_member()) {
        return Some(Meaning::Program(spec));
    }
    let other = ATTRIBUTES.iter().find(|spec| spec.name == name).map(Meaning::Other);
    other.or_else(|| by_section(name).map(|(spec, form, sleeps)| Meaning::Section(spec, form, sleeps)))
}

/// Checks the attributes of a declaration, one by one.
pub(super) fn check(cx: &mut Session, item: &Item) {
    for (index, attribute) in item.attributes.iter().enumerate() {
        let name = &attribute.name.name;
        if let Some(first) = item.attributes[..index].iter().find(|a| a.name.name == *name) {
            cx.error(attribute.span, DuplicateAttribute { name: name.clone() }).note(first.span, "first here");
            continue;
        }
        let Some(meaning) = meaning(name) else {
            unknown(cx, attribute, item);
            continue;
        };
        let places = meaning.places();
        if place(item).is_none_or(|place| !places.contains(&place)) {
            let item = describe(item).to_owned();
            let error = cx.error(attribute.span, MisplacedAttribute { name: name.clone(), item });
            if places.contains(&AttributePlace::Function) {
                error.help("it belongs before a function");
            } else if places.contains(&AttributePlace::Struct) {
                error.help("it belongs before a `struct`");
            } else if places.contains(&AttributePlace::Extern) {
                error.help("it belongs before an `extern`");
            }
            continue;
        }
        let Meaning::Other(spec) = meaning else { continue };
        match spec.wants {
            _ if spec.later => {
                let error = cx.error(attribute.span, NotSupportedYet { what: format!("the attribute `@{name}`") });
                if let Some(instead) = spec.instead {
                    error.help(instead);
                }
            }
            _ if let Some(instead) = spec.instead => {
                cx.error(attribute.name.span, UnknownAttribute { name: name.clone() }).help(instead);
            }
            None if attribute.args.is_some() && word_of(attribute).is_some_and(|word| spec.one_of.contains(&word)) => {}
            None if !spec.one_of.is_empty() && attribute.args.is_some() => {
                let words: Vec<String> = spec.one_of.iter().map(|word| format!("\"{word}\"")).collect();
                let wants = format!("{}, or no arguments", words.join(" or "));
                cx.error(attribute.span, AttributeArguments { name: name.clone(), wants });
            }
            None if attribute.args.is_some() && spec.may.is_none() => {
                let wants = "no arguments".to_owned();
                cx.error(attribute.span, AttributeArguments { name: name.clone(), wants })
                    .fix(attribute.span, format!("@{name}"));
            }
            Some(wants) if attribute.args.as_ref().is_none_or(Vec::is_empty) => {
                cx.error(attribute.span, AttributeArguments { name: name.clone(), wants: wants.to_owned() });
            }
            Some(_) | None => {}
        }
    }
}

/// The header of the kernel that `@header("linux/x.h")` names for the C of the module.
pub(super) fn header(cx: &mut Session, item: &Item) -> Option<String> {
    let attribute = item.attributes.iter().find(|attribute| attribute.name.name == HEADER)?;
    let is_part = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        !part.is_empty() && !part.starts_with('.') && plain
    };
    let path = word_of(attribute).filter(|path| path.ends_with(".h") && path.split('/').all(is_part));
    if path.is_none() && attribute.args.as_ref().is_some_and(|args| !args.is_empty()) {
        cx.error(attribute.span, AttributeArguments { name: HEADER.to_owned(), wants: wants(HEADER) });
    }
    path.map(str::to_owned)
}

/// Whether a variable is the kernel module's.
pub(super) fn is_private(item: &Item) -> bool {
    item.attributes.iter().any(|attribute| attribute.name.name == PRIVATE)
}

/// The one text between the parentheses.
fn word_of(attribute: &Attribute) -> Option<&str> {
    let [arg] = attribute.args.as_deref()? else { return None };
    match (&arg.name, &arg.value.kind) {
        (None, ExprKind::Str(bytes)) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Whether a function is verified by itself: `@helper("global")`.
pub(super) fn is_global(item: &Item) -> bool {
    item.attributes.iter().any(|attribute| attribute.name.name == HELPER && word_of(attribute).is_some())
}

/// What an attribute wants, in words.
pub(super) fn wants(name: &str) -> String {
    let spec = ATTRIBUTES.iter().find(|spec| spec.name == name);
    spec.and_then(|spec| spec.wants).unwrap_or_default().to_owned()
}

/// The attributes of a member of an `impl`; whether it may sleep.
pub(super) fn of_member(cx: &mut Session, member: &ImplMember) -> bool {
    let is_function = matches!(member.kind, ImplMemberKind::Fn(_));
    let mut sleeps = false;
    for attribute in &member.attributes {
        let name = &attribute.name.name;
        if name == SLEEPABLE && is_function && attribute.args.is_none() && !sleeps {
            sleeps = true;
            continue;
        }
        let item = "a member of an `impl`".to_owned();
        let error = cx.error(attribute.span, MisplacedAttribute { name: name.clone(), item });
        if name != SLEEPABLE {
            error.help("its functions are programs, by the attribute of the `impl`");
        }
    }
    sleeps
}

/// Whether a struct has no padding.
pub(super) fn is_packed(item: &Item) -> bool {
    item.attributes.iter().any(|attribute| attribute.name.name == PACKED)
}

/// The effect on references that the attributes of an `extern` state; none if they state none.
pub(super) fn reference(item: &Item) -> Option<Reference> {
    let has = |wanted: Reference| item.attributes.iter().any(|attribute| attribute.name.name == wanted.word());
    match (has(Reference::Acquires), has(Reference::Releases)) {
        (true, true) => Some(Reference::Exchanges),
        (true, false) => Some(Reference::Acquires),
        (false, true) => Some(Reference::Releases),
        (false, false) => None,
    }
}

/// A variable that is no map has no flags.
pub(super) fn refuse_flags(cx: &mut Session, item: &Item) {
    if let Some(attribute) = item.attributes.iter().find(|attribute| attribute.name.name == FLAGS) {
        let item = "a variable that is no map".to_owned();
        cx.error(attribute.span, MisplacedAttribute { name: FLAGS.to_owned(), item });
    }
}

fn unknown(cx: &mut Session, attribute: &Attribute, item: &Item) {
    let name = &attribute.name.name;
    if let (ItemKind::Var(decl), None) = (&item.kind, &attribute.args)
        && STORAGE.contains(&name.as_str())
    {
        let between = Span { lo: attribute.span.hi, hi: decl.name.span.lo, ..attribute.span };
        let same_line = !cx.sources.text(between).contains('\n');
        let error = cx.error(attribute.name.span, UnknownAttribute { name: name.clone() });
        error.help(format!("it is a word before `var`: `{name} var`"));
        if same_line {
            error.fix(attribute.span, name.as_str());
        }
        return;
    }
    let compiled = ATTRIBUTES.iter().filter(|spec| !spec.later && spec.instead.is_none()).map(|spec| spec.name);
    let known = PROGRAMS.iter().map(|p| p.name).chain(compiled);
    let near = similar::best(name, known);
    let error = cx.error(attribute.name.span, UnknownAttribute { name: name.clone() });
    if let Some(near) = near {
        error.help(format!("did you mean `@{near}`?")).guess(attribute.name.span, near);
    }
}

/// The role of a function, of the program's own file or of another module; none if an attribute is not supported or makes
/// no sense, which was reported.
pub(super) fn role(cx: &mut Session, item: &Item, decl: &FnDecl, in_root: bool) -> Option<Role> {
    let mut role: Option<(Role, &Attribute)> = None;
    let mut broken = false;
    for attribute in &item.attributes {
        let here = match meaning(&attribute.name.name) {
            Some(Meaning::Other(spec)) if spec.name == HELPER => Role::Helper,
            Some(Meaning::Other(spec)) if loading::is_word(spec.name) || [HEADER, MIGRATE].contains(&spec.name) => {
                continue;
            }
            Some(Meaning::Other(_)) if timed::is_timed_by(attribute) => Role::Plain,
            Some(Meaning::Other(spec)) if spec.name == loading::SECTION => match loading::of_section(cx, attribute) {
                Some(role) => Role::Program(role),
                None => {
                    broken = true;
                    continue;
                }
            },
            Some(Meaning::Other(spec)) if spec.name == KFUNC => Role::Kfunc(kfuncs::flags(cx, attribute)),
            Some(Meaning::Other(spec)) if spec.name == PRIVATE => Role::Private,
            Some(Meaning::Other(spec)) if spec.name == TEST => Role::Test,
            Some(Meaning::Program(spec)) => Role::Program(programs::role(cx, spec, attribute)),
            Some(Meaning::Section(spec, form, sleeps)) => {
                let mut role = programs::role_of_form(cx, ProgramRole::of_form(spec, form), attribute);
                role.loading.sleepable = sleeps;
                Role::Program(role)
            }
            Some(Meaning::Other(_)) | None => {
                broken = true;
                continue;
            }
        };
        match &role {
            Some((_, first)) if first.name.name == attribute.name.name => broken = true,
            Some((_, first)) => {
                let (one, other) = (first.name.name.clone(), attribute.name.name.clone());
                cx.error(attribute.span, ConflictingAttributes { first: one, second: other })
                    .note(first.span, "the other one");
                broken = true;
            }
            None => role = Some((here, attribute)),
        }
    }
    let is_main = in_root && decl.name.name == "main";
    let given = role.as_ref().map(|(_, attribute)| *attribute);
    let mut role = role.map(|(role, _)| role).unwrap_or(if is_main { Role::Main(None) } else { Role::Plain });
    loading::apply(cx, &mut role, item);
    match given {
        _ if broken => None,
        Some(attribute) if is_main => {
            let name = attribute.name.name.clone();
            cx.error(attribute.span, MainAttribute { name }).help("give the function another name");
            None
        }
        Some(_) | None => Some(role),
    }
}

fn place(item: &Item) -> Option<AttributePlace> {
    let of_kind = [
        (matches!(item.kind, ItemKind::Fn(_)), AttributePlace::Function),
        (matches!(item.kind, ItemKind::Var(_)), AttributePlace::Variable),
        (matches!(item.kind, ItemKind::Impl(_)), AttributePlace::Impl),
        (matches!(item.kind, ItemKind::Struct(_)), AttributePlace::Struct),
        (matches!(item.kind, ItemKind::Extern(_)), AttributePlace::Extern),
    ];
    of_kind.into_iter().find_map(|(is_there, place)| is_there.then_some(place))
}

fn describe(item: &Item) -> &'static str {
    match &item.kind {
        ItemKind::Fn(_) => "a function",
        ItemKind::Struct(decl) if decl.is_union => "a union",
        ItemKind::Struct(_) => "a struct",
        ItemKind::Enum(_) => "an enum",
        ItemKind::Alias { .. } => "a type alias",
        ItemKind::Config(_) => "a config",
        ItemKind::Var(_) => "a variable",
        ItemKind::Const(_) => "a constant",
        ItemKind::Impl(_) => "an `impl`",
        ItemKind::Extern(_) => "an `extern`",
        ItemKind::Include { .. } => "an `include`",
        ItemKind::Import { .. } => "an `import`",
        ItemKind::License { .. } => "the license",
        ItemKind::MinKernel { .. } => "`min_kernel`",
        ItemKind::Unread(_) => "a declaration",
    }
}
