//! What a program of the command line prints when it ends: its maps, and the global variables that BPF code reaches.

use super::map;
use crate::ast::{self, Item, ItemKind, timed};
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
        if let Some((name, kind, _)) = map(item) {
            if kind.on[Target::Bpf].contains(&MapAccess::StackId) {
                // Else its stacks are printed where their numbers are.
                if !has_numbers(cx, tree, name) {
                    out += &frames(name);
                }
            } else if kind.buckets.is_some() || kind.on[Target::Host].contains(&MapAccess::Walk) {
                writeln!(out, "    print({name})").ok();
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

/// Whether the file has numbers of the map's stacks, `stack_id(map)`.
fn has_numbers(cx: &Session, tree: &ast::File, map: &str) -> bool {
    let text = &cx.sources.file(tree.file).text;
    let words: Vec<&str> = Scanner::new(text).map(|token| &text[token.lo..token.hi]).collect();
    words.windows(3).any(|words| words == ["stack_id", "(", map])
}

/// The addresses of each stack of a map, by name, below its id.
fn frames(name: &str) -> String {
    format!(
        "    for (ks_id, ks_frames in {name}) {{\n        \
         print(\"{name}[%d]\", ks_id)\n        \
         for (ks_address in ks_frames) {{\n            \
         if (ks_address == 0) break\n            \
         print(\"        %pS\", ks_address)\n        }}\n    }}\n"
    )
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
