//! The page in HTML: one file that loads nothing, runs no script, and follows the reader's choice of light or dark.

use super::markdown::to_html;
use super::model::{Page, Part, Row};
use std::collections::BTreeMap;
use std::fmt::Write;

const STYLE: &str = include_str!("style.css");

/// The places of names in the page.
struct Places(BTreeMap<String, String>);

/// The whole document.
pub fn page(page: &Page) -> String {
    let writer = Writer { page, places: places(page) };
    let mut out = String::new();
    let name = escaped(&page.name);
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n"
    )
    .ok();
    let sections = writer.sections();
    write!(out, "<header>\n<h1>{name}</h1>\n<p class=\"facts\">").ok();
    let kernel = page.first_kernel.as_ref().map(|kernel| format!("Linux {} or later", escaped(kernel)));
    let facts = [
        Some(format!("<code>{}</code>", escaped(&page.file))),
        kernel,
        Some(format!("License {}", escaped(&page.license))),
    ];
    out += &facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    out += "</p>\n</header>\n<nav aria-label=\"Contents\">\n<ul>\n";
    for section in sections.iter().filter(|section| !section.body.is_empty()) {
        writeln!(out, "<li><a href=\"#{}\">{}</a></li>", section.id, section.title).ok();
    }
    out += "</ul>\n</nav>\n<main id=\"content\">\n";
    out += &writer.doc(&page.doc);
    if !page.modules.is_empty() {
        let names: Vec<String> = page.modules.iter().map(|name| format!("<code>{}</code>", escaped(name))).collect();
        writeln!(out, "<p>With {}.</p>", names.join(", ")).ok();
    }
    for section in sections.iter().filter(|section| !section.body.is_empty()) {
        let (id, title, body) = (section.id, section.title, &section.body);
        writeln!(out, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{body}</section>").ok();
    }
    out + "</main>\n</body>\n</html>\n"
}

struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

struct Writer<'a> {
    page: &'a Page,
    places: Places,
}

fn places(page: &Page) -> Places {
    let mut places = BTreeMap::new();
    let mut add = |form: &str, names: Vec<&String>| {
        for name in names {
            places.entry(name.clone()).or_insert_with(|| format!("{form}-{name}"));
        }
    };
    add("program", page.programs.iter().map(|program| &program.name).collect());
    add("map", page.maps.iter().map(|map| &map.name).collect());
    add("function", page.functions.iter().map(|function| &function.name).collect());
    add("variable", page.variables.iter().map(|variable| &variable.name).collect());
    add("type", page.types.iter().map(|ty| &ty.name).collect());
    add("constant", page.constants.iter().map(|constant| &constant.name).collect());
    Places(places)
}

impl Writer<'_> {
    fn sections(&self) -> Vec<Section> {
        let section = |id, title, body| Section { id, title, body };
        vec![
            section("options", "Options", self.usage()),
            section("programs", "Programs", self.programs()),
            section("maps", "Maps", self.maps()),
            section("events", "Events", self.events()),
            section("variables", "Variables and settings", self.variables()),
            section("functions", "Functions", self.functions()),
            section("types", "Types", self.types()),
            section("constants", "Constants and aliases", self.constants()),
            section("kernel", "Kernel", self.kernel()),
        ]
    }

    fn doc(&self, text: &str) -> String {
        if text.trim().is_empty() {
            return String::new();
        }
        let html = to_html(text, &|name| self.places.0.get(name.trim_end_matches("()")).cloned());
        format!("<div class=\"doc\">\n{html}</div>\n")
    }

    /// Source whose names lead to their places.
    fn code(&self, text: &str) -> String {
        let mut out = String::from("<code>");
        let mut rest = text;
        while !rest.is_empty() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(length);
            out += &self.link(word);
            let length = behind.find(is_word).unwrap_or(behind.len());
            let (signs, behind) = behind.split_at(length);
            out += &escaped(signs);
            rest = behind;
        }
        out + "</code>"
    }

    fn link(&self, name: &str) -> String {
        match self.places.0.get(name) {
            Some(place) => format!("<a href=\"#{}\">{}</a>", escaped(place), escaped(name)),
            None => escaped(name),
        }
    }

    fn links(&self, names: &[String]) -> String {
        let links: Vec<String> = names.iter().map(|name| format!("<code>{}</code>", self.link(name))).collect();
        if links.is_empty() { "none".to_owned() } else { links.join(", ") }
    }

    /// The heading, the facts and the comment of one declaration.
    fn entry(&self, form: &str, (name, line): (&str, u32), rows: &[(&str, String)], doc: &str) -> String {
        let mut out = format!("<article id=\"{form}-{0}\">\n<h3>{0}</h3>\n", escaped(name));
        out += &self.doc(doc);
        out += "<dl>\n";
        for (title, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
            writeln!(out, "<div><dt>{title}</dt><dd>{value}</dd></div>").ok();
        }
        writeln!(out, "<div><dt>Declared</dt><dd>{}:{line}</dd></div>\n</dl>\n</article>", escaped(&self.page.file))
            .ok();
        out
    }

    fn usage(&self) -> String {
        let Some(usage) = &self.page.usage else { return String::new() };
        let mut out = format!("<pre><code>{}</code></pre>\n{}", escaped(&usage.synopsis), self.doc(&usage.doc));
        let row = |row: &Row| {
            let note = escaped(&row.note).replace('\n', "<br>\n");
            format!("<tr><th scope=\"row\"><code>{}</code></th><td>{note}</td></tr>\n", escaped(&row.option))
        };
        for (title, rows) in [("Options", &usage.options), ("Options of every program", &usage.own)] {
            if !rows.is_empty() {
                let rows: String = rows.iter().map(row).collect();
                write!(out, "<table>\n<caption>{title}</caption>\n<thead><tr><th scope=\"col\">Option</th><th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n").ok();
            }
        }
        out
    }

    fn programs(&self) -> String {
        let entry = |program: &super::model::Program| {
            let target = program.target.as_ref().map_or("named by <code>attach</code>".to_owned(), |target| {
                format!("<code>{}</code>", escaped(target))
            });
            let rows = [
                ("Attribute", self.code(&program.attribute)),
                ("Type", format!("{}, section <code>{}</code>", escaped(&program.kind), escaped(&program.section))),
                ("Attach point", target),
                ("Signature", self.code(&program.signature)),
                ("Maps", self.links(&program.maps)),
                ("Calls", if program.calls.is_empty() { String::new() } else { self.links(&program.calls) }),
            ];
            self.entry("program", (&program.name, program.line), &rows, &program.doc)
        };
        self.page.programs.iter().map(entry).collect()
    }

    fn maps(&self) -> String {
        let entry = |map: &super::model::Map| {
            let rows = [
                ("Form", self.code(&map.form())),
                ("Pinned", map.pin.as_ref().map_or(String::new(), |pin| format!("<code>{}</code>", escaped(pin)))),
                ("Used by BPF code", self.links(&map.bpf)),
                ("Used by user space", self.links(&map.user)),
            ];
            self.entry("map", (&map.name, map.line), &rows, &map.doc)
        };
        self.page.maps.iter().map(entry).collect()
    }

    fn events(&self) -> String {
        let row = |event: &super::model::Event| {
            format!(
                "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                self.link(&event.map),
                self.code(&event.record),
                self.links(&event.sent_by),
                self.links(&event.taken_by)
            )
        };
        let rows: String = self.page.events.iter().map(row).collect();
        table(&["Map", "Record", "Sent by", "Taken by"], &rows)
    }

    fn variables(&self) -> String {
        let entry = |variable: &super::model::Variable| {
            let rows = [
                ("Declaration", self.code(&variable.declaration)),
                ("Value", variable.value.as_ref().map_or(String::new(), |value| self.code(value))),
                ("Pinned", variable.pin.as_ref().map_or(String::new(), |pin| format!("<code>{}</code>", escaped(pin)))),
                ("Used by BPF code", self.links(&variable.bpf)),
                ("Used by user space", self.links(&variable.user)),
            ];
            self.entry("variable", (&variable.name, variable.line), &rows, &variable.doc)
        };
        self.page.variables.iter().map(entry).collect()
    }

    fn functions(&self) -> String {
        let entry = |function: &super::model::Function| {
            let rows = [
                (
                    "Attribute",
                    if function.attribute.is_empty() { String::new() } else { self.code(&function.attribute) },
                ),
                ("Signature", self.code(&function.signature)),
                ("Runs in", escaped(&function.runs.join(", "))),
                ("Calls", if function.calls.is_empty() { String::new() } else { self.links(&function.calls) }),
            ];
            self.entry("function", (&function.name, function.line), &rows, &function.doc)
        };
        self.page.functions.iter().map(entry).collect()
    }

    fn types(&self) -> String {
        let entry = |ty: &super::model::Type| {
            let is_struct = ty.form != "enum";
            let row = |part: &Part| {
                let of = part.ty.as_ref().map_or(String::new(), |of| format!("<td>{}</td>", self.code(of)));
                format!(
                    "<tr><th scope=\"row\"><code>{}</code></th>{of}<td>{}</td><td>{}</td></tr>\n",
                    escaped(&part.name),
                    escaped(&part.at),
                    self.doc(&part.doc)
                )
            };
            let rows: String = ty.parts.iter().map(row).collect();
            let heads: &[&str] =
                if is_struct { &["Field", "Type", "Offset", "Meaning"] } else { &["Variant", "Value", "Meaning"] };
            let facts = [("Form", format!("{} of {} bytes", escaped(&ty.form), ty.size))];
            let entry = self.entry("type", (&ty.name, ty.line), &facts, &ty.doc);
            entry.replace("</article>\n", &format!("{}</article>\n", table(heads, &rows)))
        };
        self.page.types.iter().map(entry).collect()
    }

    fn constants(&self) -> String {
        let entry = |constant: &super::model::Constant| {
            let rows = [("Declaration", self.code(&constant.declaration))];
            self.entry("constant", (&constant.name, constant.line), &rows, &constant.doc)
        };
        self.page.constants.iter().map(entry).collect()
    }

    fn kernel(&self) -> String {
        let Some(kernel) = &self.page.first_kernel else { return String::new() };
        let row = |need: &super::model::Need| {
            format!(
                "<tr><th scope=\"row\">{} <code>{}</code></th><td>{}</td></tr>\n",
                escaped(&need.what),
                escaped(&need.name),
                escaped(&need.since)
            )
        };
        let rows: String = self.page.needs.iter().map(row).collect();
        format!(
            "<p>The BPF object loads on Linux {} and later.</p>\n{}",
            escaped(kernel),
            table(&["Feature", "Since Linux"], &rows)
        )
    }
}

fn table(heads: &[&str], rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    format!("<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// Text between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
