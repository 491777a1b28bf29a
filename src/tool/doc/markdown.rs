//! Doc comments as HTML and as lines of a manual page. Raw HTML is text here, and links lead to pages or places of the page alone.

use super::man::escaped;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The HTML of a doc comment; `linked` yields the place of a name in the page, to which `name` between backquotes leads.
pub fn to_html(text: &str, linked: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut out, mut events, mut in_link) = (String::new(), Vec::new(), false);
    for event in parser(text) {
        match event {
            Event::Html(raw) | Event::InlineHtml(raw) => events.push(Event::Text(raw)),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                in_link = true;
                let dest_url = if is_safe(&dest_url) { dest_url } else { CowStr::from("#") };
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::End(TagEnd::Link) => {
                in_link = false;
                events.push(Event::End(TagEnd::Link));
            }
            // The page loads nothing: of an image the text stays.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::HtmlBlock) => events.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => events.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Heading { level, .. }) => {
                let level = below(level);
                events.push(Event::Start(Tag::Heading { level, id: None, classes: Vec::new(), attrs: Vec::new() }));
            }
            Event::End(TagEnd::Heading(level)) => events.push(Event::End(TagEnd::Heading(below(level)))),
            Event::Code(code) => match linked(&code).filter(|_| !in_link) {
                Some(place) => {
                    let mut text = String::new();
                    html::push_html(&mut text, std::iter::once(Event::Code(code)));
                    events.push(Event::InlineHtml(format!("<a href=\"#{place}\">{text}</a>").into()));
                }
                None => events.push(Event::Code(code)),
            },
            kept @ (Event::Start(_)
            | Event::End(_)
            | Event::Text(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)) => events.push(kept),
        }
    }
    html::push_html(&mut out, events.into_iter());
    out
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// Headings of a comment stand below those of the page.
fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H4,
        HeadingLevel::H2 => HeadingLevel::H5,
        HeadingLevel::H3 | HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

fn is_safe(target: &str) -> bool {
    let scheme = target.split(['/', '?', '#']).next().unwrap_or_default();
    ["https:", "http:", "mailto:"].iter().any(|known| target.to_ascii_lowercase().starts_with(known))
        || !scheme.contains(':') && !target.starts_with("//") && !target.starts_with("\\")
}

/// Lines of roff for a doc comment.
pub fn to_man(text: &str) -> String {
    let (mut out, mut in_code, mut item) = (String::new(), false, false);
    for event in parser(text) {
        match event {
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock | Tag::Table(_)) => {
                if !item {
                    line(&mut out, ".PP");
                }
                item = false;
            }
            Event::Start(Tag::Item) => {
                line(&mut out, ".IP \\(bu 2");
                item = true;
            }
            Event::Start(Tag::CodeBlock(_)) => {
                line(&mut out, ".PP\n.RS 4\n.nf");
                in_code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                line(&mut out, ".fi\n.RE");
                in_code = false;
            }
            Event::Start(Tag::Strong) => out.push_str("\\fB"),
            Event::Start(Tag::Emphasis) => out.push_str("\\fI"),
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => out.push_str("\\fR"),
            Event::Code(code) => {
                let code = format!("\\fB{}\\fR", escaped(&code));
                out.push_str(&code);
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                for (at, part) in text.split('\n').enumerate() {
                    if at > 0 && (in_code || !part.is_empty()) {
                        out.push('\n');
                    }
                    let starts = out.is_empty() || out.ends_with('\n');
                    // A blank line of code is a line.
                    out.push_str(if starts && part.is_empty() && in_code { "\\&" } else { "" });
                    out.push_str(&if starts { guarded(part) } else { escaped(part) });
                }
            }
            Event::SoftBreak => out.push('\n'),
            Event::HardBreak => line(&mut out, ".br"),
            Event::Rule => line(&mut out, ".PP"),
            Event::End(TagEnd::TableCell) => out.push_str("  "),
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => line(&mut out, ".br"),
            Event::Start(_) | Event::End(_) => {}
            Event::FootnoteReference(_) | Event::TaskListMarker(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// A request stands on a line of its own.
fn line(out: &mut String, request: &str) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(request);
    out.push('\n');
}

/// A line of text that begins with a blank, a point or an apostrophe is no request.
fn guarded(text: &str) -> String {
    let escaped = escaped(text);
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}
