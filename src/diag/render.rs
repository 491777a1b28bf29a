//! Diagnostics for people, in the look of rustc.

use super::{Diagnostic, Severity, escape};
use crate::source::{FileId, SourceMap, Span};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use std::ops::Range;

/// Lines of source that are kept around what is marked.
const CONTEXT_LINES: u32 = 2;

/// All of them, each followed by an empty line.
pub fn human(sources: &SourceMap, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text += &renderer.render(&report(sources, diagnostic));
        text += "\n\n";
    }
    text
}

fn report<'a>(sources: &'a SourceMap, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(escape::value(&diagnostic.message)).id(diagnostic.code);
    let mut group = title.elements(files(diagnostic).into_iter().map(|file| marked(sources, diagnostic, file)));
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(escape::lines(note)));
    }
    // A fix is shown below the help that speaks of it.
    let (of_fix, helps) = match (&diagnostic.fix, diagnostic.helps.split_first()) {
        (Some(_), Some((first, rest))) => (&**first, rest),
        (Some(_), None) => ("write", &[][..]),
        (None, _) => ("", &diagnostic.helps[..]),
    };
    for help in helps {
        group = group.element(Level::HELP.message(escape::lines(help)));
    }
    let mut groups = vec![group];
    if let Some(fix) = &diagnostic.fix {
        let window = Window::around(sources, fix.span.file, &[fix.span]);
        let patch = Patch::new(window.range(fix.span), escape::source(&fix.replacement));
        groups.push(Level::HELP.secondary_title(escape::lines(of_fix)).element(window.snippet().patch(patch)));
    }
    groups
}

/// The files that a diagnostic marks something in, its own first.
fn files(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files: Vec<FileId> = Vec::new();
    let spans = diagnostic.span.into_iter().chain(diagnostic.labels.iter().map(|label| label.span));
    for span in spans {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    files
}

/// The source of one file with all that is marked in it.
fn marked<'a>(sources: &'a SourceMap, diagnostic: &'a Diagnostic, file: FileId) -> Snippet<'a, Annotation<'a>> {
    let primary = diagnostic.span.filter(|span| span.file == file);
    let labels = || diagnostic.labels.iter().filter(|label| label.span.file == file);
    let spans: Vec<Span> = primary.into_iter().chain(labels().map(|label| label.span)).collect();
    let window = Window::around(sources, file, &spans);
    let primary = primary.map(|span| {
        let annotation = AnnotationKind::Primary.span(window.range(span));
        annotation.label(diagnostic.label.as_deref().map(escape::lines))
    });
    let labels =
        labels().map(|label| AnnotationKind::Context.span(window.range(label.span)).label(escape::lines(&label.text)));
    window.snippet().annotations(primary.into_iter().chain(labels))
}

/// The lines of a file that a message needs.
struct Window<'a> {
    name: &'a str,
    text: &'a str,
    first_line: u32,
    start: usize,
}

impl<'a> Window<'a> {
    fn around(sources: &'a SourceMap, file: FileId, spans: &[Span]) -> Window<'a> {
        let source = sources.file(file);
        let first = spans.iter().map(|span| source.line_col(span.lo).line).min().unwrap_or(1);
        let last = spans.iter().map(|span| source.line_col(span.hi).line).max().unwrap_or(1);
        let first = first.saturating_sub(CONTEXT_LINES).max(1);
        let last = (last + CONTEXT_LINES).min(source.line_count() as u32);
        let start = source.line_range(first).start;
        let text = &source.text[start..source.line_range(last).end];
        Window { name: &source.name, text, first_line: first, start }
    }

    fn range(&self, span: Span) -> Range<usize> {
        // A character may have another length where it is shown.
        let at = |offset: u32| {
            let within = (offset as usize).saturating_sub(self.start).min(self.text.len());
            escape::source(&self.text[..within]).len()
        };
        at(span.lo)..at(span.hi)
    }

    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(escape::source(self.text)).path(escape::value(self.name)).line_start(self.first_line as usize)
    }
}
