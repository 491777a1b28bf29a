//! How a program gets into the kernel: `@optional`, `@fallback(other)`, `@sleepable`, `@sec("section")`.

use super::{Declare, Entry, programs};
use crate::ast::{Attribute, Expr, ExprKind, FnDecl, Ident, Item, ItemKind};
use crate::diag::codes::contexts::{BadFallback, NeverSleeps};
use crate::diag::codes::names::{AttributeArguments, MisplacedAttribute, UnknownName, UnknownSection};
use crate::sema::env::Entity;
use crate::sema::similar;
use crate::sema::tree::{FuncId, ProgramRole, Role};
use crate::sema::types::describe;
use crate::session::Session;
use crate::tables::{Loading, PROGRAMS, Params, ProgramForm, in_section, sleepers};

pub(super) const OPTIONAL: &str = "optional";
const FALLBACK: &str = "fallback";
const SLEEPABLE: &str = "sleepable";
pub(super) const SECTION: &str = "sec";

/// Whether an attribute says how a program gets into the kernel.
pub(super) fn is_word(name: &str) -> bool {
    [OPTIONAL, FALLBACK, SLEEPABLE].contains(&name)
}

/// Notes in the role what such attributes say; they belong to programs.
pub(super) fn apply(cx: &mut Session, role: &mut Role, item: &Item) {
    for attribute in item.attributes.iter().filter(|attribute| is_word(&attribute.name.name)) {
        let name = attribute.name.name.as_str();
        let Role::Program(role) = &mut *role else {
            let item = "a function that is no program".to_owned();
            let error = cx.error(attribute.span, MisplacedAttribute { name: name.to_owned(), item });
            error.help("it belongs beside the attribute of a program");
            continue;
        };
        // The program that is loaded in place of this one is known once all functions are.
        role.loading.optional |= name == OPTIONAL;
        if name == SLEEPABLE {
            role.loading.sleepable = true;
            if role.form().is_some_and(|form| form.sleepable.is_none()) {
                let kind = role.spec.name.to_owned();
                cx.error(attribute.span, NeverSleeps { kind }).help(sleepers());
            }
        }
    }
    if let Role::Program(role) = role {
        role.loading.sleepable |= role.form().is_some_and(ProgramForm::always_sleeps);
    }
}

/// The program that `@sec("xdp")` asks for. None if it was reported.
pub(super) fn of_section(cx: &mut Session, attribute: &Attribute) -> Option<ProgramRole> {
    // That there is none was reported.
    let args = attribute.args.as_deref().unwrap_or_default();
    let first = args.first()?;
    let ([_], None, ExprKind::Str(bytes)) = (args, &first.name, &first.value.kind) else {
        let wants = "one name of a section".to_owned();
        cx.error(attribute.span, AttributeArguments { name: SECTION.to_owned(), wants });
        return None;
    };
    let section = String::from_utf8_lossy(bytes).into_owned();
    let Some((spec, form, target, sleepable)) = in_section(&section) else {
        let known = PROGRAMS.iter().flat_map(|spec| spec.forms.iter()).flat_map(ProgramForm::sections);
        let near = similar::best(&section, known.filter(|name| !name.is_empty()));
        let error = cx.error(first.value.span, UnknownSection { name: section });
        if let Some(near) = near {
            error.help(format!("did you mean `\"{near}\"`?"));
        }
        return None;
    };
    let is_member = spec.params == Params::Member {};
    if form.attach.hook.is_some() || is_member || target == Some("") {
        let wants = match target {
            _ if is_member => format!("no section of members of an `impl`, which has `@{}`", spec.name),
            None => format!("another attribute: `@{}(\"{}\")` says where it is", spec.name, form.mode),
            Some(_) => format!("a section that names what it is for: `@sec(\"{section}name\")`"),
        };
        cx.error(first.value.span, AttributeArguments { name: SECTION.to_owned(), wants });
        return None;
    }
    let mut role = ProgramRole::new(spec);
    role.mode = Some(form.mode);
    if let Some(text) = target {
        let text = Expr { kind: ExprKind::Str(text.as_bytes().to_vec()), span: first.value.span };
        role.target = Some(programs::target(cx, &role, &text)?);
    }
    role.loading = Loading { sleepable, section: Some(section), ..Loading::default() };
    Some(role)
}

impl Declare<'_> {
    /// Finds what programs fall back to. Before what depends on that: programs that may be left out may need later kernels.
    pub(super) fn fallbacks(&mut self, cx: &mut Session) {
        for index in 0..self.entries.len() {
            let Entry { item, entity, module, .. } = &self.entries[index];
            let (ItemKind::Fn(decl), Entity::Func(id), module) = (&item.kind, entity, *module) else { continue };
            let (item, id) = (*item, *id);
            self.module = module;
            self.fallback(cx, id, item, decl);
            let Role::Program(role) = &self.env.program.func(id).role else { continue };
            let named = item.attributes.iter().find(|attribute| !is_word(&attribute.name.name));
            if let Some(attribute) = named {
                programs::check_kernel(cx, role, attribute);
            }
        }
    }

    /// Finds the program that `@fallback(other)` names.
    fn fallback(&mut self, cx: &mut Session, id: FuncId, item: &Item, decl: &FnDecl) {
        let Role::Program(_) = &self.env.program.funcs[id.0 as usize].role else { return };
        let Some(attribute) = item.attributes.iter().find(|attribute| attribute.name.name == FALLBACK) else { return };
        let Some(name) = named(cx, attribute) else { return };
        let Some(&index) = self.own().by_name.get(name.name.as_str()) else {
            let entries = self.own().entries.iter().map(|&index| &self.entries[index]);
            let programs = entries.filter(|entry| self.is_program(&entry.entity)).map(|entry| entry.name.name.clone());
            let near = similar::best(&name.name, programs);
            let error = cx.error(name.span, UnknownName { name: name.name.clone() });
            if let Some(near) = near {
                error.near(name.span, near);
            }
            return;
        };
        let entity = self.entries[index].entity.clone();
        if let Entity::Broken = entity {
            return;
        }
        let what = if let Entity::Func(other) = entity {
            let is_program = self.is_program(&entity);
            if other == id {
                "itself".to_owned()
            } else if is_program && self.falls_back(other, id) {
                format!("`{}`, which falls back to `{}`", name.name, decl.name.name)
            } else if is_program {
                let symbol = self.env.program.func(other).symbol.clone();
                if let Role::Program(role) = &mut self.env.program.funcs[id.0 as usize].role {
                    role.loading.fallback = Some(symbol);
                }
                return;
            } else {
                "a function without a program's attribute".to_owned()
            }
        } else {
            describe(&entity).to_owned()
        };
        let declared = self.entries[index].name.span;
        cx.error(name.span, BadFallback { what }).note(declared, "declared here");
    }

    fn is_program(&self, entity: &Entity) -> bool {
        matches!(entity, Entity::Func(id) if matches!(self.env.program.func(*id).role, Role::Program(_)))
    }

    /// Whether a program is, or leads to, another one. Of a cycle, the last program that is looked at finds it.
    fn falls_back(&self, from: FuncId, to: FuncId) -> bool {
        let funcs = &self.env.program.funcs;
        let mut at = Some(from.0 as usize);
        while let Some(func) = at {
            if func == to.0 as usize {
                return true;
            }
            let Role::Program(role) = &funcs[func].role else { return false };
            let next = role.loading.fallback.as_ref();
            at = next.and_then(|symbol| funcs.iter().position(|func| func.symbol == *symbol));
        }
        false
    }
}

/// The one name between the parentheses.
fn named<'a>(cx: &mut Session, attribute: &'a Attribute) -> Option<&'a Ident> {
    let args = attribute.args.as_deref().unwrap_or_default();
    // That there is none was reported.
    let arg = args.first()?;
    if let ([arg], ExprKind::Name(path)) = (args, &arg.value.kind)
        && let ([name], None) = (path.segments.as_slice(), &arg.name)
    {
        return Some(name);
    }
    let wants = "one program: `@fallback(other)`".to_owned();
    cx.error(attribute.span, AttributeArguments { name: FALLBACK.to_owned(), wants });
    None
}
