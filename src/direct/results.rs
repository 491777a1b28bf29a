//! What a program of the command line prints when it ends: its maps, and the global variables that BPF code reaches.

use super::{has_text, map, struct_named};
use crate::ast::{self, Item, ItemKind, Type, timed};
use crate::session::Session;
use crate::source::scan::{Scanner, TokenKind};
use crate::tables::MapAccess;
use crate::target::Target;
use std::collections::HashSet;
use std::fmt::Write;

/// Statements that print them, in order of the text.
pub(super) fn text(cx: &Session, tree: &ast::File) -> String {
    let shared = names_of_programs(cx, tree);
    let mut out = String::new();
    for item in &tree.items {
        if let Some((name, kind, types)) = map(item) {
            if kind.on[Target::Host].contains(&MapAccess::Walk) {
                out += &entries(cx, tree, name, types);
            }
        } else if let Some(name) = global(item).filter(|name| shared.contains(*name)) {
            writeln!(out, "    print(\"{name}\", {name})").ok();
        }
    }
    out
}

/// A global variable that both sides may use.
fn global(item: &Item) -> Option<&str> {
    let ItemKind::Var(decl) = &item.kind else { return None };
    let is_plain = item.attributes.is_empty() && decl.storage.is_none();
    is_plain.then_some(decl.name.name.as_str())
}

/// A line for each entry.
fn entries(cx: &Session, tree: &ast::File, name: &str, types: &[Type]) -> String {
    let part = |ty: Option<&Type>, value: &str| ty.map_or(String::new(), |ty| words(cx, tree, ty, value));
    let (key, value) = (part(types.first(), "ks_key"), part(types.get(1), "ks_value"));
    format!("    for (ks_key, ks_value in {name}) print(\"{name}\"{key}{value})\n")
}

/// A value as arguments of `print`: the parts of it that have a text.
fn words(cx: &Session, tree: &ast::File, ty: &Type, value: &str) -> String {
    let Some(record) = struct_named(tree, cx.sources.text(ty.span)) else {
        return if has_text(tree, ty) { format!(", {value}") } else { String::new() };
    };
    let fields = record.fields.iter().filter(|field| has_text(tree, &field.ty));
    fields.map(|field| format!(", {value}.{}", field.name.name)).collect()
}

/// The words of all functions that BPF code may be: those that user space alone has are the timed ones.
fn names_of_programs<'a>(cx: &'a Session, tree: &ast::File) -> HashSet<&'a str> {
    let mut names = HashSet::new();
    let is_timed = |item: &Item| item.attributes.iter().any(timed::is_timed_by);
    for item in
        tree.items.iter().filter(|item| matches!(item.kind, ItemKind::Fn(_) | ItemKind::Impl(_)) && !is_timed(item))
    {
        let text = cx.sources.text(item.span);
        let words = Scanner::new(text).filter(|token| token.kind == TokenKind::Word);
        names.extend(words.map(|token| &text[token.lo..token.hi]));
    }
    names
}
