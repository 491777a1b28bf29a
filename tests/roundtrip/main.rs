//! parse → print → parse is the identity, on every program of the repository and on generated trees; and no text, however
//! broken, makes the parser panic, hang or overflow its stack.

mod format;
mod generate;
mod random;
mod shape;

use generate::Generator;
use ksc::ast::{self, File, Item, ItemKind};
use ksc::diag::Diagnostic;
use ksc::session::{Options, Session};
use ksc::source::FileId;
use random::Random;
use std::path::{Path, PathBuf};

/// Debug builds of the parser use much more stack than the 2 MiB of a test thread.
fn with_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(test).expect("a thread can be made");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn parse(text: &str) -> (File, Session) {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("test.ks", Path::new("test.ks"), text.to_owned());
    let tree = ksc::syntax::parse(&mut cx, file);
    (tree, cx)
}

fn messages(cx: &Session) -> Vec<String> {
    let place = |d: &Diagnostic| {
        d.span.map_or((0, 0), |span| {
            let place = cx.sources.line_col(span);
            (place.line, place.column)
        })
    };
    cx.diags.iter().map(|d| format!("{:?} {} {}", place(d), d.code, d.message)).collect()
}

/// Something in the declaration could not be read.
fn has_hole(file: FileId, item: &Item) -> bool {
    ast::print::file(&File { file, items: vec![item.clone()] }).contains('`')
}

/// What is read from the printed tree is the tree; printing it once more gives the same text. Of what could not be read there
/// are only names.
fn assert_round_trip(tree: &File, origin: &str) {
    let mut tree = tree.clone();
    tree.items.retain(|item| !matches!(item.kind, ItemKind::Unread(_)) && !has_hole(tree.file, item));
    let text = ast::print::file(&tree);
    let (again, cx) = parse(&text);
    assert!(!cx.diags.has_errors(), "{origin}: the printed text does not parse: {:?}\n{text}", messages(&cx));
    assert_eq!(text, ast::print::file(&again), "{origin}: printed twice");
    assert!(ast::strip::file(&tree) == ast::strip::file(&again), "{origin}: another tree was read from\n{text}");
}

/// All `.ks` files below the directories that hold programs.
fn programs() -> Vec<PathBuf> {
    fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "ks" || extension == "kh") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for dir in ["examples", "lit-tests"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut found);
    }
    found.sort();
    found
}

#[test]
fn programs_of_the_repository() {
    with_stack(|| {
        let programs = programs();
        assert!(!programs.is_empty());
        for path in programs {
            // What is not UTF-8 on purpose is not for here.
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let (tree, _) = parse(&text);
            assert_round_trip(&tree, &path.display().to_string());
        }
    });
}

#[test]
fn generated_trees() {
    with_stack(|| {
        for seed in 0..300 {
            let mut generator = Generator::new(seed);
            let items = (0..10).map(|_| generator.item()).collect();
            assert_round_trip(&File { file: FileId(0), items }, &format!("seed {seed}"));
        }
    });
}

/// Reads a text that may be wrong, and says all there is to say about it.
fn survive(text: &str) {
    let (tree, mut cx) = parse(text);
    assert_round_trip(&tree, text);
    let diags = cx.diags.take();
    ksc::diag::verify::check(&cx.sources, &diags);
    for diag in &diags {
        ksc::diag::render::human(&cx.sources, diag, true);
        ksc::diag::json::line(&cx.sources, diag);
        let words = std::iter::once(&diag.message).chain(&diag.helps);
        for text in words {
            assert!(
                !text.contains("_stmt") && !text.contains("_expr"),
                "{diag:?}\n{}",
                cx.sources.file(FileId(0)).text
            );
        }
    }
}

#[test]
fn broken_texts() {
    with_stack(|| {
        let mut random = Random::new(7);
        let mut texts: Vec<String> = programs().iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
        texts.retain(|text| text.len() < 4000);
        for seed in 0..20 {
            let mut generator = Generator::new(1000 + seed);
            let items = (0..5).map(|_| generator.item()).collect();
            texts.push(ast::print::file(&File { file: FileId(0), items }));
        }
        for _ in 0..1500 {
            let text = &texts[random.below(texts.len())];
            survive(&broken(text, &mut random));
        }
    });
}

/// What is put into texts: all that the grammar gives a meaning to.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "\n",
    ";",
    ",",
    ":",
    "::",
    ".",
    "..",
    "->",
    "=",
    "==",
    "=>",
    "?",
    "!",
    "-",
    "--",
    "++",
    "*",
    "&",
    "&&",
    "|",
    "\"",
    "'",
    "\\",
    "//",
    "/*",
    "*/",
    "///",
    "@",
    "#",
    "é",
    "“",
    "\r\n",
    "\t",
    "\0",
    "0x",
    "1_",
    "'ab'",
    "\"\\q\"",
    "if",
    "else",
    "match",
    "for",
    "in",
    "while",
    "loop",
    "try",
    "catch",
    "fn",
    "var",
    "const",
    "struct",
    "return",
    "as",
    "new",
    "sizeof(",
    "lock (x) {",
    "default",
    "_",
    "null",
    "user",
    "str",
    "99999999999999999999",
];

fn broken(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(3) {
        let at = random.below(chars.len() + 1);
        let until = (at + random.below(12)).min(chars.len());
        match random.below(5) {
            0 => chars.truncate(at),
            1 => drop(chars.drain(at..until)),
            2 => {
                let copy: Vec<char> = chars[at..until].to_vec();
                let to = random.below(chars.len() + 1);
                chars.splice(to..to, copy);
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
        }
    }
    chars.into_iter().collect()
}

/// With alternatives over one prefix each of these would take longer than the universe is old.
#[test]
fn deep_nesting_is_linear() {
    with_stack(|| {
        let nests = [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("f(", "1", ")"),
            ("a[", "1", "]"),
            ("!-~(", "1", ")"),
            ("S { f: ", "1", " }"),
            ("m.S { f: ", "1", " }"),
            ("{ var x = ", "1", " }"),
            ("{ x = ", "1", " }"),
            ("{ return ", "1", " }"),
            ("{ lock (x) { ", "1", " } }"),
            ("{ defer { ", "1", " } }"),
            ("{ if (c) lock (x) { ", "1", " } }"),
            ("{ if (a) x = ", "1", " }"),
            ("if (c) { ", "1", " } else { 2 }"),
            ("if (", "1", ") { 1 } else { 2 }"),
            ("if (var v = ", "1", ") { 1 } else { 2 }"),
            ("match (", "1", ") { default: 1 }"),
            ("match (x) { A: ", "1", " }"),
            ("match (x) { A | B: { ", "1", " } }"),
            ("{ while (", "1", ") { } }"),
            ("{ for (i in ", "1", ") { } }"),
            ("{ for i in 0..4 { ", "1", " } }"),
            ("{ try { ", "1", " } catch _ { } }"),
            ("{ try { } catch ", "1", " { } }"),
            ("sizeof([u8; ", "1", "])"),
            ("x as str(", "1", ")"),
            ("x as [u8; ", "1", "]"),
            ("new T[", "1", "]()"),
            ("c ? (", "1", ") : 2"),
            ("{ var x: h<u32, u32[", "1", "]>(4) }"),
        ];
        for (open, inner, close) in nests {
            let brackets = open.chars().filter(|c| matches!(c, '(' | '[' | '{')).count().max(1)
                - open.chars().filter(|c| matches!(c, ')' | ']' | '}')).count().min(1);
            let depth = 250 / brackets.max(1);
            for broken in ["", "$", "+ )", "var", "1 2", "a: b", "=> 1"] {
                let text = format!("fn f() {{ x = {}{inner} {broken}{} }}\n", open.repeat(depth), close.repeat(depth));
                survive_parse(&text);
                let half = open.repeat(depth / 2);
                survive_parse(&format!("fn f() {{ x = {half}{broken}{half}{inner}{}", close.repeat(depth)));
            }
        }
    });
}

/// As `survive`, for what is too deep to be worth printing.
fn survive_parse(text: &str) {
    let (_, mut cx) = parse(text);
    let diags = cx.diags.take();
    for diag in &diags {
        ksc::diag::render::human(&cx.sources, diag, false);
    }
}

#[test]
fn without_brackets_too() {
    with_stack(|| {
        let repeats = [
            ("", "- ", "1"),
            ("", "!", "1"),
            ("1", " + 1", ""),
            ("1", " | 1", ""),
            ("c", " ? 1 : c", " ? 1 : 2"),
            ("c", " ? c", ""),
            ("a", ".b", ""),
            ("a", "[0]", ""),
            ("a", "()", ""),
            ("a", " as u32", ""),
            ("a as ", "*", "u32"),
            ("a as ", "fn() -> ", "u32"),
            ("if c { 1 }", " else if c { 1 }", " else { 1 }"),
            ("", "if (c) ", "1"),
            ("", "match ", "x { default: 1 }"),
            ("", "new T", "()"),
            ("", "h<a, ", "b"),
            ("1\n", "f()\n", ""),
            ("1\n", "while (c) ", "f()"),
            ("1\n var y: ", "h<a, ", "b>"),
        ];
        for (before, part, after) in repeats {
            for count in [200, 8_000] {
                survive_parse(&format!("fn f() {{\n x = {before}{}{after}\n}}\n", part.repeat(count)));
            }
        }
        for bracket in ["(", "[", "{", "f(", "{ if (c) {"] {
            survive_parse(&format!("fn f() {{ x = {}", bracket.repeat(10_000)));
        }
    });
}
