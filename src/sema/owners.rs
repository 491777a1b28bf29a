//! `kptr<T>`, `list<T>` and `rbtree<T, less>`: types of fields that own objects of the kernel, or of the program.

use super::env::{Declared, Entity};
use super::imports;
use super::scope::{Found, Scope};
use super::types::{Position, resolve_bare};
use crate::ast::{self, Ident, TypeKind};
use crate::btf::Wanted;
use crate::diag::codes::shared::OwnerType;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{EXCHANGE, KFUNCS, OBJECT_METHODS, ObjectMethod, helper, kfunc};
use crate::types::{Origin, Space, Ty, TyKind};

/// The origin of the fields of a type of this name.
pub fn origin(name: &str) -> Option<Origin> {
    match name {
        "kptr" => Some(Origin::Kptr),
        "list" => Some(Origin::List),
        "rbtree" => Some(Origin::Tree),
        _ => None,
    }
}

/// The methods of a list or of a tree, each with the kernel function that it calls.
pub fn methods(origin: Origin) -> impl Iterator<Item = (&'static ObjectMethod, &'static str)> {
    let of = move |method: &ObjectMethod| if origin == Origin::Tree { method.tree } else { method.list };
    OBJECT_METHODS.iter().filter_map(move |method| Some((method, of(method)?)))
}

/// `kptr<T>` and the others, with what is in the angle brackets.
pub fn owner(
    cx: &mut Session,
    scope: &mut dyn Scope,
    span: Span,
    (name, origin): (&Ident, Origin),
    args: &[ast::Type],
) -> Ty {
    let form = if origin == Origin::Tree {
        "`rbtree<T, less>`: a struct, and the `@helper` that orders two of them"
    } else if origin == Origin::List {
        "`list<T>`: a struct of the program"
    } else {
        "`kptr<T>`: a struct of the program or of the kernel"
    };
    let (of, less) = match (args, origin) {
        ([of, less], Origin::Tree) => (of, Some(less)),
        ([of], Origin::Kptr | Origin::List) => (of, None),
        (_, _) => return wrong(cx, span, &name.name, "it is written with what it owns", form),
    };
    let to = resolve_bare(cx, scope, of, Position::Value);
    if to == Ty::ERROR {
        return Ty::ERROR;
    }
    let TyKind::Struct(id) = cx.types.kind(to) else {
        let why = format!("`{}` is no struct", cx.types.name(to));
        return wrong(cx, of.span, &name.name, &why, form);
    };
    let is_own = cx.types.struct_def(id).origin == Origin::User;
    let is_kernels = cx.types.is_relocated(to) && origin == Origin::Kptr;
    let text = cx.types.name(to);
    let since = match () {
        () if is_own => {
            kfunc("bpf_obj_new_impl").and_then(|known| known.since).max(LOCAL.filter(|_| !origin.has_links()))
        }
        () if is_kernels => match KFUNCS.iter().find(|known| known.destroys == Some(text.as_str())) {
            Some(known) => known.since.max(helper(EXCHANGE).and_then(|helper| helper.since)),
            None => {
                let known: Vec<&str> = KFUNCS.iter().filter_map(|known| known.destroys).collect();
                let why = format!("no kernel knows how to release a `{text}` that a map holds");
                return wrong(cx, of.span, &name.name, &why, &format!("it knows this of `{}`", known.join("`, `")));
            }
        },
        () => {
            let why = format!("`{text}` is not made by `new`");
            return wrong(cx, of.span, &name.name, &why, form);
        }
    };
    let since = methods(origin).find_map(|(_, name)| kfunc(name)?.since).filter(|_| origin.has_links()).max(since);
    if let Some(version) = cx.options.lacks(since)
        && cx.needs_kernel(span, format!("`{}<{text}>`", name.name), version).is_some()
    {
        return Ty::ERROR;
    }
    // The kernel looks for the type of a pointer among its own first (`btf_parse_kptr` of kernel/bpf/btf.c).
    let hides = |cx: &mut Session| cx.kernel_types.btf().is_ok_and(|btf| btf.find(&text, Wanted::Type).is_some());
    if is_own && origin == Origin::Kptr && hides(cx) {
        let why = format!("the kernel has a type `{text}` too, and would take the object for one");
        return wrong(cx, of.span, &name.name, &why, "give the struct another name");
    }
    if origin.has_links() && !is_linked(cx, scope, (to, of.span), (&name.name, origin)) {
        return Ty::ERROR;
    }
    let space = if is_own { Space::Heap } else { Space::BtfTrusted };
    let object = cx.types.ptr(to, space, true);
    let Some(less) = less else {
        return cx.types.owning(format!("{}<{text}>", name.name), origin, object);
    };
    let Some(func) = order(cx, scope, less) else { return Ty::ERROR };
    let tree = cx.types.owning(format!("rbtree<{text}, {}>", cx.sources.text(less.span)), origin, object);
    if let TyKind::Struct(id) = cx.types.kind(tree) {
        scope.note_order(id, func);
    }
    tree
}

/// The first kernel in whose maps a pointer owns an object of the program (commit "bpf: Allow local kptrs to be exchanged via
/// bpf_kptr_xchg" of Linux).
const LOCAL: Option<(u32, u32)> = Some((6, 4));

/// Whether the struct has the link of such a list or tree, and no other.
fn is_linked(cx: &mut Session, scope: &mut dyn Scope, (to, span): (Ty, Span), (name, origin): (&str, Origin)) -> bool {
    if !scope.complete(cx, to, span) {
        return false;
    }
    let in_tree = origin == Origin::Tree;
    let (wanted, other) =
        if in_tree { (Origin::TreeLink, Origin::ListLink) } else { (Origin::ListLink, Origin::TreeLink) };
    let text = cx.types.name(to);
    if !cx.types.fields_of(to, |of| of == other).is_empty() {
        let why = format!("`{text}` is in a list and in a tree");
        wrong(cx, span, name, &why, "an object is in one of them: make a struct for each");
        return false;
    }
    if cx.types.fields_of(to, |of| of == wanted).is_empty() {
        wrong(cx, span, name, "it names a struct by another name", &format!("write the struct's own name, `{text}`"));
        return false;
    }
    if cx.types.has_origin(to, Origin::owns) || cx.types.has_lock(to) {
        let why = format!("`{text}` has a lock, or owns objects itself");
        wrong(cx, span, name, &why, "keep in it what is needed to find them: a key of a map");
        return false;
    }
    true
}

/// The function that a tree names.
fn order(cx: &mut Session, scope: &mut dyn Scope, written: &ast::Type) -> Option<super::tree::FuncId> {
    let found = match &written.kind {
        TypeKind::Named(path) => match path.segments.as_slice() {
            [name] => scope.find(cx, &name.name),
            _ => imports::find_path(cx, scope, path).unwrap_or(Found::Nothing),
        },
        TypeKind::Applied { .. }
        | TypeKind::Array { .. }
        | TypeKind::Pointer { .. }
        | TypeKind::Fn { .. }
        | TypeKind::Unread => Found::Nothing,
    };
    match found {
        Found::Declared(Declared { entity: Entity::Func(func), .. }) => Some(func),
        Found::Broken => None,
        Found::Declared(_) | Found::Variable(_) | Found::Nothing => {
            let why = format!("`{}` is no function", cx.sources.text(written.span));
            wrong(
                cx,
                written.span,
                "rbtree",
                &why,
                "`@helper fn less(a: *T, b: *T) -> bool` is true where `a` is before `b`",
            );
            None
        }
    }
}

fn wrong(cx: &mut Session, span: Span, name: &str, why: &str, help: &str) -> Ty {
    cx.error(span, OwnerType { name: name.to_owned(), why: why.to_owned() }).help(help.to_owned());
    Ty::ERROR
}
