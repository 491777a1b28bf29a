//! Diagnostics for people, in the look of rustc.

use super::shown_lines::{Window, groups};
use super::{Diagnostic, Severity, escape};
use crate::source::{SourceMap, Span};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};

/// Bytes of a fix that is shown; a tool applies longer ones too.
const MAX_FIX: usize = 2000;

/// One diagnostic, followed by an empty line.
pub fn human(sources: &SourceMap, diagnostic: &Diagnostic, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let places = places(diagnostic);
    let windows: Vec<(Vec<Span>, Window<'_>)> = groups(sources, &places)
        .into_iter()
        .map(|group| {
            let window = Window::around(sources, group[0].file, &group);
            (group, window)
        })
        .collect();
    let fix = diagnostic.fix.as_ref().filter(|fix| fix.replacement.len() <= MAX_FIX);
    let fixed = fix.map(|fix| Window::around(sources, fix.span.file, &[fix.span]));
    let report = report(diagnostic, &windows, fixed.as_ref());
    renderer.decor_style(DecorStyle::Ascii).render(&report) + "\n\n"
}

fn report<'a>(
    diagnostic: &'a Diagnostic,
    windows: &'a [(Vec<Span>, Window<'a>)],
    fixed: Option<&'a Window<'a>>,
) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(escape::value(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    for (spans, window) in windows {
        if let Some(origin) = window.origin() {
            group = group.element(origin);
        }
        group = group.element(marked(diagnostic, spans, window));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(escape::lines(note)));
    }
    // A fix is shown below the help that speaks of it.
    let (of_fix, helps) = match (fixed, diagnostic.helps.split_first()) {
        (Some(_), Some((first, rest))) => (&**first, rest),
        (Some(_), None) => ("write", &[][..]),
        (None, _) => ("", &diagnostic.helps[..]),
    };
    for help in helps {
        group = group.element(Level::HELP.message(escape::lines(help)));
    }
    let mut groups = vec![group];
    if let (Some(fix), Some(window)) = (&diagnostic.fix, fixed) {
        let patch = Patch::new(window.range(fix.span), escape::source(&fix.replacement));
        groups.push(Level::HELP.secondary_title(escape::lines(of_fix)).element(window.snippet().patch(patch)));
    }
    groups
}

/// The marks of a diagnostic, its own place first.
fn places(diagnostic: &Diagnostic) -> Vec<Span> {
    diagnostic.span.into_iter().chain(diagnostic.labels.iter().map(|label| label.span)).collect()
}

/// The source around some places with all that is marked there.
fn marked<'a>(diagnostic: &'a Diagnostic, spans: &'a [Span], window: &'a Window<'a>) -> Snippet<'a, Annotation<'a>> {
    let here = |span: &Span| spans.contains(span);
    let primary = diagnostic.span.filter(here).map(|span| {
        let annotation = AnnotationKind::Primary.span(window.range(span));
        annotation.label(diagnostic.label.as_deref().map(escape::lines))
    });
    let labels = diagnostic.labels.iter().filter(|label| here(&label.span) && window.shows(label.span));
    let labels =
        labels.map(|label| AnnotationKind::Context.span(window.range(label.span)).label(escape::lines(&label.text)));
    window.snippet().annotations(primary.into_iter().chain(labels))
}
