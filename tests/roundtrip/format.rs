//! The formatter keeps the tree and the comments, and has nothing to do the second time: on every program of the
//! repository, on generated ones, and with comments strewn between their tokens.

use crate::generate::Generator;
use crate::random::Random;
use crate::{parse, programs, with_stack};
use ksc::ast::{self, File};
use ksc::session::{Options, Session};
use ksc::source::FileId;
use ksc::source::scan::{Scanner, TokenKind};
use ksc::tool::fmt;
use std::path::Path;

fn formatted(text: &str) -> Option<String> {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("test.ks", Path::new("test.ks"), text.to_owned());
    fmt::formatted(&mut cx, file)
}

/// Nothing is asked of a text with errors but that it is left alone: false.
fn assert_formats(text: &str, origin: &str) -> bool {
    let (tree, cx) = parse(text);
    let Some(result) = formatted(text) else {
        assert!(cx.diags.has_errors(), "{origin}: not formatted");
        return false;
    };
    let (again, cx) = parse(&result);
    assert!(!cx.diags.has_errors(), "{origin}: the formatted text does not parse\n{result}");
    assert!(ast::strip::file(&tree) == ast::strip::file(&again), "{origin}: another tree was read from\n{result}");
    assert_eq!(fmt::comments(text), fmt::comments(&result), "{origin}: comments");
    assert_eq!(formatted(&result).as_deref(), Some(&*result), "{origin}: formatted twice");
    assert!(!result.lines().any(|line| line.trim_end() != line), "{origin}: blanks at the end of a line\n{result}");
    true
}

fn texts() -> Vec<(String, String)> {
    let read = |path: &std::path::PathBuf| Some((std::fs::read_to_string(path).ok()?, path.display().to_string()));
    let mut texts: Vec<(String, String)> = programs().iter().filter_map(read).collect();
    for seed in 0..60 {
        let mut generator = Generator::new(seed);
        let items = (0..10).map(|_| generator.item()).collect();
        texts.push((ast::print::file(&File { file: FileId(0), items }), format!("seed {seed}")));
    }
    texts
}

#[test]
fn formatting_keeps_tree_and_comments() {
    with_stack(|| {
        for (text, origin) in texts() {
            assert_formats(&text, &origin);
        }
    });
}

/// Comments in any place, on the line and at its end. Where a comment to the line's end would end a statement too early
/// the text has errors, and is left alone.
fn strewn(text: &str, random: &mut Random) -> String {
    let mut result = String::new();
    let mut at = 0;
    for (number, token) in Scanner::new(text).enumerate() {
        result += &text[at..token.lo];
        if token.kind != TokenKind::Newline && random.below(12) == 0 {
            result += &format!(" /* {number} */ ");
        } else if token.kind == TokenKind::Newline && random.below(4) == 0 {
            result += &format!("// {number}");
        } else if token.kind == TokenKind::Newline && random.below(8) == 0 {
            result += &format!("\n\n\n  // {number}");
        }
        result += &text[token.lo..token.hi];
        at = token.hi;
    }
    result + &text[at..]
}

#[test]
fn comments_anywhere() {
    with_stack(|| {
        let texts = texts();
        // Each text has its own comments, whatever other texts there are.
        let strewn = |text: &str| strewn(text, &mut Random::new(text.len() as u64));
        let formatted = texts.iter().filter(|(text, origin)| assert_formats(&strewn(text), origin)).count();
        assert!(formatted * 2 > texts.len(), "only {formatted} of {} texts have no errors", texts.len());
    });
}
