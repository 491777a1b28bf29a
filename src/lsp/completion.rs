//! Names that may stand at the cursor.

use super::analysis::Analysis;
use super::dispatch::Answer;
use super::documents::Document;
use super::server::Server;
use super::{gaps, shown, text};
use crate::session::Session;
use crate::tables::{ATTRIBUTES, PROGRAMS, WORDS};
use crate::tool::list::kinds;
use crate::types::TyKind;
use crate::uses::{Candidate, Meaning};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionList, CompletionParams, CompletionTextEdit, Documentation,
    InsertTextFormat, MarkupContent, MarkupKind, Range, TextEdit,
};

/// Items that are sent at once; the client asks again when more of the word is there.
const MAX_ITEMS: usize = 300;

/// Whole programs, with what is to be filled in, after their first words.
const SNIPPETS: &[(&str, &str, &str)] = &[
    (
        "xdp",
        "a program on packets of a device",
        "@xdp fn ${1:name}(ctx: *xdp_md) -> xdp_action {\n    $0\n    return XDP_PASS\n}",
    ),
    (
        "tc",
        "a program on packets of a queue",
        "@tc(\"${1|ingress,egress|}\") fn ${2:name}(ctx: *__sk_buff) -> tc_action {\n    $0\n    return TC_ACT_OK\n}",
    ),
    (
        "tracepoint",
        "a program at an event",
        "@tracepoint(\"${1:sched/sched_switch}\") fn ${2:name}(ctx: *trace_event_raw_${3:sched_switch}) {\n    $0\n}",
    ),
    (
        "probe",
        "a program at a function of the kernel",
        "@probe(\"${1:vfs_read}\") fn ${2:name}() -> i32 {\n    $0\n    return 0\n}",
    ),
    ("main", "the program of user space", "fn main() -> i32 {\n    $0\n    return 0\n}"),
    ("map", "a hash map", "var ${1:name}: hash<${2:u32}, ${3:u64}>(${4:1024})"),
    ("test", "a test", "@test fn ${1:name}() {\n    $0\n}"),
];

/// Answers `textDocument/completion`.
pub fn completion(server: &mut Server, params: CompletionParams) -> Answer<CompletionList> {
    let at = params.text_document_position;
    let document = server.document(at.text_document.uri.as_str())?;
    let offset = text::offset(&document.text, at.position, server.encoding);
    let word = text::word(&document.text, offset);
    let before = &document.text[..word.start];
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    let typed = &document.text[word.start..offset.max(word.start)];
    let mut items = if let Some((attribute, target)) = open_target(&document.text[..offset]) {
        return Ok(targets(server, attribute, target, at.position));
    } else if line.trim_start().starts_with("//") || in_string(line) {
        Vec::new()
    } else if before.ends_with('@') {
        attributes()
    } else {
        names(server, document, offset, line)
    };
    items.retain(|item| matches(item.filter_text.as_deref().unwrap_or(&item.label), typed));
    items.sort_by(|left, right| (&left.sort_text, &left.label).cmp(&(&right.sort_text, &right.label)));
    let is_incomplete = items.len() > MAX_ITEMS;
    items.truncate(MAX_ITEMS);
    Ok(CompletionList { is_incomplete, items })
}

/// Answers `completionItem/resolve`: everything is in the item already.
pub fn resolve(_: &mut Server, item: CompletionItem) -> Answer<CompletionItem> {
    Ok(item)
}

fn matches(label: &str, typed: &str) -> bool {
    let mut letters = label.chars().flat_map(char::to_lowercase);
    typed.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}

fn in_string(line: &str) -> bool {
    let mut quoted = false;
    let mut escaped = false;
    for character in line.chars() {
        quoted ^= character == '"' && !escaped;
        escaped = !escaped && quoted && character == '\\';
    }
    quoted
}

/// The attribute and the beginning of its text, where that is being written: `@tracepoint("sch`.
fn open_target(before: &str) -> Option<(&str, &str)> {
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    let (head, target) = line.rsplit_once('"')?;
    if in_string(head) {
        return None;
    }
    let name = head.trim_end().strip_suffix('(')?;
    let at = name.rfind('@')?;
    let name = name[at + 1..].trim();
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some((name, target))
}

/// The events, functions and hooks that the kernel has under a name.
fn targets(server: &Server, attribute: &str, target: &str, at: lsp_types::Position) -> CompletionList {
    let mut cx = Session::new(server.options.clone());
    let kind = kinds::all().into_iter().find(|kind| kind.name() == attribute);
    let names = kind.and_then(|kind| kind.names(&mut cx, &format!("{target}*")).ok()).unwrap_or_default();
    let units = target.chars().map(|c| c.len_utf16() as u32).sum::<u32>();
    let start = lsp_types::Position { character: at.character.saturating_sub(units), ..at };
    let is_incomplete = names.len() > MAX_ITEMS;
    let items = names.into_iter().take(MAX_ITEMS).map(|name| CompletionItem {
        label: name.clone(),
        kind: Some(CompletionItemKind::EVENT),
        // What is before a slash is no word to most editors.
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range: Range { start, end: at }, new_text: name })),
        ..CompletionItem::default()
    });
    CompletionList { is_incomplete, items: items.collect() }
}

fn attributes() -> Vec<CompletionItem> {
    let programs = PROGRAMS.iter().map(|spec| (spec.name, "a program type"));
    let others = ATTRIBUTES.iter().map(|spec| (spec.name, "an attribute"));
    let mut items: Vec<CompletionItem> = programs
        .chain(others)
        .map(|(name, what)| CompletionItem {
            label: name.to_owned(),
            kind: Some(CompletionItemKind::KEYWORD),
            detail: Some(what.to_owned()),
            ..CompletionItem::default()
        })
        .collect();
    items.dedup_by(|left, right| left.label == right.label);
    items
}

fn names(server: &Server, document: &Document, at: usize, line: &str) -> Vec<CompletionItem> {
    let Some((mut analysis, gap)) = gaps::at(server, document, at) else {
        // Between declarations, where no name can stand.
        return if line.trim().is_empty() { beginnings() } else { Vec::new() };
    };
    let mut items: Vec<CompletionItem> = gap.candidates.iter().map(|candidate| item(&analysis, candidate)).collect();
    if gap.kernel_types {
        let word = text::word(&document.text, at);
        let typed = &document.text[word.start..at];
        // All of the kernel's are too many to look at.
        if typed.len() > 1 {
            let known = analysis.cx.kernel_types.names_of_types();
            let fitting = known.iter().filter(|name| name.starts_with(typed));
            items.extend(fitting.take(MAX_ITEMS).map(|name| CompletionItem {
                label: name.clone(),
                kind: Some(CompletionItemKind::STRUCT),
                detail: Some("of the kernel".to_owned()),
                sort_text: Some("8".to_owned()),
                ..CompletionItem::default()
            }));
        }
    } else if line.trim().is_empty() {
        items.extend(words(false));
    }
    items
}

/// The words of the language: those that begin declarations, or all others.
fn words(items: bool) -> impl Iterator<Item = CompletionItem> {
    WORDS.iter().filter(move |word| word.item == items).map(|word| CompletionItem {
        label: word.name.to_owned(),
        kind: Some(CompletionItemKind::KEYWORD),
        sort_text: Some("5".to_owned()),
        ..CompletionItem::default()
    })
}

/// The beginnings of declarations.
fn beginnings() -> Vec<CompletionItem> {
    let snippets = SNIPPETS.iter().map(|(name, what, text)| CompletionItem {
        label: (*name).to_owned(),
        kind: Some(CompletionItemKind::SNIPPET),
        detail: Some((*what).to_owned()),
        insert_text: Some((*text).to_owned()),
        insert_text_format: Some(InsertTextFormat::SNIPPET),
        sort_text: Some("4".to_owned()),
        ..CompletionItem::default()
    });
    snippets.chain(words(true)).collect()
}

fn item(analysis: &Analysis, candidate: &Candidate) -> CompletionItem {
    let shown = shown::meaning(analysis, &candidate.name, &candidate.meaning).unwrap_or_default();
    let (kind, order) = kind(analysis, &candidate.meaning);
    let documentation = (!shown.text.is_empty())
        .then(|| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: shown.text.clone() }));
    CompletionItem {
        label: candidate.name.clone(),
        kind: Some(kind),
        detail: shown.code.lines().next().map(str::to_owned),
        documentation,
        sort_text: Some(order.to_owned()),
        ..CompletionItem::default()
    }
}

/// The sign of a name, and its place in the list: names of the program come before those of the language.
fn kind(analysis: &Analysis, meaning: &Meaning) -> (CompletionItemKind, &'static str) {
    use super::analysis::Declaration;
    use crate::ast::ItemKind;
    match meaning {
        Meaning::Local { .. } => (CompletionItemKind::VARIABLE, "1"),
        Meaning::Field { .. } => (CompletionItemKind::FIELD, "1"),
        Meaning::MapMethod(..) | Meaning::Method(_) => (CompletionItemKind::METHOD, "2"),
        Meaning::Variant { .. } => (CompletionItemKind::ENUM_MEMBER, "6"),
        Meaning::Constant(_) => (CompletionItemKind::CONSTANT, "9"),
        Meaning::Builtin(_) => (CompletionItemKind::FUNCTION, "6"),
        Meaning::Helper(_) => (CompletionItemKind::FUNCTION, "7"),
        Meaning::Type(ty) if matches!(analysis.cx.types.kind(*ty), TyKind::Enum(_)) => (CompletionItemKind::ENUM, "6"),
        Meaning::Type(_) => (CompletionItemKind::STRUCT, "6"),
        Meaning::Declared(at) => match analysis.declaration(*at) {
            Some(Declaration::Function(..)) => (CompletionItemKind::FUNCTION, "3"),
            Some(Declaration::Item(item)) => match &item.kind {
                ItemKind::Struct(_) | ItemKind::Alias { .. } => (CompletionItemKind::STRUCT, "3"),
                ItemKind::Enum(_) => (CompletionItemKind::ENUM, "3"),
                ItemKind::Const(_) => (CompletionItemKind::CONSTANT, "3"),
                ItemKind::Import { .. } => (CompletionItemKind::MODULE, "3"),
                ItemKind::Extern(_) | ItemKind::Fn(_) => (CompletionItemKind::FUNCTION, "3"),
                ItemKind::Config(_)
                | ItemKind::Var(_)
                | ItemKind::Impl(_)
                | ItemKind::Include { .. }
                | ItemKind::License { .. }
                | ItemKind::MinKernel { .. }
                | ItemKind::Unread(_) => (CompletionItemKind::VARIABLE, "3"),
            },
            Some(Declaration::Field(..) | Declaration::Variant(..)) | None => (CompletionItemKind::VARIABLE, "3"),
        },
    }
}
