//! What `--help` prints. `ksc doc` has this file too.

use super::field::{Address, Field, Spec};
use super::{KsFieldKind, decimal, escape};

/// The options that every executable has, each with its row.
pub const OUTPUT: (&str, &str) =
    ("--output=FORM", "Print tables as text, as json: an object a line, or folded: for flame graphs");
pub const JSON: (&str, &str) = ("--json", "As --output=json");
pub const REPLACE: (&str, &str) = ("--replace", "Take the place of the process that runs this program");
pub const PIN_LINKS: (&str, &str) = ("--pin-links", "Pin links, so that --replace can take them over");
pub const RESET_PINS: (&str, &str) = ("--reset-pins", "Remove what the program has pinned, and start anew");
pub const PRINT_TRACE: (&str, &str) = ("--print-trace", "Copy here what BPF code prints to the trace pipe");
pub const METRICS: (&str, &str) =
    ("--metrics=[ADDR:]PORT", "Serve maps and variables to Prometheus, at 127.0.0.1 or another address");
pub const HELP: (&str, &str) = ("--help", "Print this help");
/// Its row names its short form too.
pub const HELP_ROW: (&str, &str) = ("-h, --help", HELP.1);
/// What stands before a form without a letter, so that the long forms of all rows begin in one column.
const NO_LETTER: &str = "    ";

/// The whole text: how the program is called, with the options that have to be given, its description, and a row for each option.
pub fn usage(spec: &Spec, program: &str) -> String {
    let mut text = format!("Usage: {}\n", synopsis(spec, program));
    if !spec.doc.is_empty() {
        text += &format!("\n{}\n", spec.doc);
    }
    let fields = rows(spec);
    let width = fields.iter().chain(&spec.own).map(|(form, _)| column(form).len()).max().unwrap_or(0).min(34);
    for (title, rows) in [("Options", &fields), ("Options of every program", &spec.own)] {
        if !rows.is_empty() {
            text += &format!("\n{title}:\n");
        }
        rows.iter().for_each(|(form, note)| row(&mut text, width, &column(form), note));
    }
    text
}

/// How the program is called.
pub fn synopsis(spec: &Spec, program: &str) -> String {
    let required = spec.fields.iter().filter(|field| field.required && !field.command).map(form);
    let words: Vec<String> = std::iter::once(program.to_owned()).chain(required).collect();
    let command = match spec.fields.iter().find(|field| field.command) {
        Some(field) if field.required => format!(" {}", form(field)),
        Some(field) => format!(" [{}]", form(field)),
        None => String::new(),
    };
    format!("{} [OPTIONS]{command}", words.join(" "))
}

/// The options of `main`, each with its row.
pub fn rows(spec: &Spec) -> Vec<(String, String)> {
    let forms = std::iter::zip(&spec.fields, spec.letters()).map(|(field, letter)| match letter {
        Some(letter) => (field, format!("-{}, {}", char::from(letter), form(field))),
        None => (field, form(field)),
    });
    forms.map(|(field, form)| (form, note(spec, field))).collect()
}

/// A form as its row has it.
fn column(form: &str) -> String {
    if form.starts_with("--") { format!("{NO_LETTER}{form}") } else { form.to_owned() }
}

fn row(text: &mut String, width: usize, form: &str, note: &str) {
    let mut lines = note.lines();
    let first = lines.next().unwrap_or("");
    // A form that is too long for the column has its own line.
    let gap = if form.len() > width { format!("\n{:1$}", "", width + 4) } else { " ".repeat(width + 2 - form.len()) };
    *text += format!("  {form}{gap}{first}").trim_end();
    text.push('\n');
    for line in lines {
        *text += &format!("{:1$}{line}\n", "", width + 4);
    }
}

/// `--name=TEXT`, and `...` for an option that may be repeated.
pub fn form(field: &Field) -> String {
    if field.command {
        return "-- COMMAND [ARGS]".to_owned();
    }
    let value = match field.kind {
        _ if field.address().is_some() => return format!("{}=ADDRESS", field.option()),
        KsFieldKind::Unsigned | KsFieldKind::Signed | KsFieldKind::F64 => "=N",
        // A flag that is given says no more than that, if it has to be.
        KsFieldKind::Bool if field.required => "=true|false",
        KsFieldKind::Bool => "",
        KsFieldKind::Char => "=CHAR",
        KsFieldKind::Str => "=TEXT",
        KsFieldKind::Be if field.size == 4 => "=ADDRESS",
        KsFieldKind::Be => "=N",
        KsFieldKind::Enum => "=NAME",
    };
    let more = if field.count.is_some() { " ..." } else { "" };
    format!("{}{value}{more}", field.option())
}

/// The doc comment, the names of an enum, and the default.
fn note(spec: &Spec, field: &Field) -> String {
    let mut note = field.doc.trim().to_owned();
    let mut add = |text: String| {
        if !note.is_empty() {
            note.push(' ');
        }
        note += &text;
    };
    if field.kind == KsFieldKind::Enum {
        add(format!("[{}]", field.variants.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("|")));
    }
    if field.required {
        add("(required)".to_owned());
    } else if let Some(default) = default(spec, field) {
        add(format!("(default: {default})"));
    }
    note
}

/// None where it goes without saying: flags, empty texts, arrays of zeros.
fn default(spec: &Spec, field: &Field) -> Option<String> {
    let bytes = spec.defaults.get(field.offset..field.offset + field.total())?;
    if field.count.is_some() && bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    if let Some(address) = field.address() {
        let group = |bytes: &[u8]| match bytes {
            [high, low] => format!("{:x}", u16::from(*high) << 8 | u16::from(*low)),
            bytes => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let size = if address == Address::Ip6 { 2 } else { 1 };
        return Some(bytes.chunks(size).map(group).collect::<Vec<_>>().join(":"));
    }
    let elements: Option<Vec<String>> = bytes.chunks(field.size.max(1)).map(|bytes| element(field, bytes)).collect();
    elements.map(|elements| elements.join(", "))
}

fn element(field: &Field, bytes: &[u8]) -> Option<String> {
    match field.kind {
        KsFieldKind::Unsigned | KsFieldKind::Signed => Some(number(bytes, field.signed).to_string()),
        KsFieldKind::Bool => (bytes[0] != 0).then(|| "true".to_owned()),
        KsFieldKind::Char => (bytes[0] != 0).then(|| escape::value(&(bytes[0] as char).to_string())),
        KsFieldKind::Str => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            (end > 0).then(|| escape::value(&String::from_utf8_lossy(&bytes[..end])))
        }
        KsFieldKind::Be if bytes.len() == 4 => Some(bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(".")),
        KsFieldKind::Be => Some(bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte)).to_string()),
        KsFieldKind::F64 => Some(decimal::shortest(f64::from_bits(number(bytes, false) as u64))),
        KsFieldKind::Enum => {
            let value = number(bytes, field.signed);
            let named = field.variants().find(|(_, variant)| *variant == value);
            Some(named.map_or(value.to_string(), |(name, _)| name.to_owned()))
        }
    }
}

/// An integer of the host, extended by its sign.
fn number(bytes: &[u8], signed: bool) -> i128 {
    let bits = bytes.iter().rev().fold(0i128, |value, byte| value << 8 | i128::from(*byte));
    mask(bits, bytes.len(), signed)
}

impl Field<'_> {
    /// The variants of an enum, with their values as the enum's type has them.
    pub(super) fn variants(&self) -> impl Iterator<Item = (&str, i128)> {
        self.variants.iter().map(|(name, value)| (*name, mask(i128::from(*value), self.size, self.signed)))
    }
}

fn mask(value: i128, size: usize, signed: bool) -> i128 {
    let unused = 128 - 8 * size as u32;
    if signed { value << unused >> unused } else { ((value as u128) << unused >> unused) as i128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_an_option() {
        let field = |name, doc, kind, offset, size| Field {
            name,
            doc,
            kind,
            signed: kind == KsFieldKind::Signed,
            required: kind == KsFieldKind::Str,
            offset,
            size,
            command: false,
            count: None,
            variants: vec![("OFF", 0), ("ON", -1)],
        };
        let fields = vec![
            field("interface", "Interface to watch", KsFieldKind::Str, 0, 4),
            field("max_len", "Longest packet,\nin bytes", KsFieldKind::Unsigned, 4, 2),
            field("low", "", KsFieldKind::Signed, 6, 1),
            field("from", "", KsFieldKind::Be, 7, 4),
            field("mode", "Mode", KsFieldKind::Enum, 11, 1),
            field("loud", "Say more", KsFieldKind::Bool, 12, 1),
        ];
        let defaults = vec![0, 0, 0, 0, 0xdc, 5, 0xff, 127, 0, 0, 1, 0xff, 0];
        let spec = Spec {
            doc: "Counts packets.",
            defaults,
            fields,
            own: vec![(HELP_ROW.0.to_owned(), HELP_ROW.1.to_owned())],
        };
        let wanted = "\
Usage: prog --interface=TEXT [OPTIONS]

Counts packets.

Options:
  -i, --interface=TEXT  Interface to watch (required)
  -m, --max-len=N       Longest packet,
                        in bytes (default: 1500)
  -l, --low=N           (default: -1)
  -f, --from=ADDRESS    (default: 127.0.0.1)
  -M, --mode=NAME       Mode [OFF|ON] (default: ON)
  -L, --loud            Say more

Options of every program:
  -h, --help            Print this help
";
        assert_eq!(usage(&spec, "prog"), wanted);
    }
}
