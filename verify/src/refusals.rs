//! The table of what verifiers say when they refuse a program: `ir-specs/refusals.toml`, which describes the columns.

/// What a refusal is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Category {
    Null,
    PacketBounds,
    Uninitialised,
    ContextAccess,
    ReferenceLeak,
    UseAfterRelease,
    Lock,
    HelperNotAllowed,
    ArgumentType,
    ReturnValue,
    Loop,
    Complexity,
    Stack,
    ReadOnly,
    Sleepable,
    Kfunc,
    Other,
}

impl Category {
    /// As the table and the JSON of `ksc verify` write it.
    pub fn name(self) -> &'static str {
        match self {
            Category::Null => "null",
            Category::PacketBounds => "packet-bounds",
            Category::Uninitialised => "uninitialised",
            Category::ContextAccess => "context-access",
            Category::ReferenceLeak => "reference-leak",
            Category::UseAfterRelease => "use-after-release",
            Category::Lock => "lock",
            Category::HelperNotAllowed => "helper-not-allowed",
            Category::ArgumentType => "argument-type",
            Category::ReturnValue => "return-value",
            Category::Loop => "loop",
            Category::Complexity => "complexity",
            Category::Stack => "stack",
            Category::ReadOnly => "read-only",
            Category::Sleepable => "sleepable",
            Category::Kfunc => "kfunc",
            Category::Other => "other",
        }
    }
}

/// Which place explains a refusal besides that of the refused instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Second {
    /// Where the value was made.
    Made,
    /// The call after which the value is not valid any more.
    Lost,
    /// The instruction that the message names.
    Insn,
    /// The last call of some functions.
    Call,
    /// The line that the path visits most often.
    Hot,
    None,
}

/// A part of a pattern.
#[derive(Debug)]
pub enum Piece {
    Text(&'static str),
    /// Any text, at least one character; with an ending only a text that ends so.
    Hole {
        name: &'static str,
        ending: &'static str,
    },
}

/// A program that is refused, and how it is right.
#[derive(Debug)]
pub struct Programs {
    /// `c` or `ks`.
    pub kind: &'static str,
    pub wrong: &'static str,
    pub right: &'static str,
}

/// A row: one cause of refusals.
#[derive(Debug)]
pub struct Refusal {
    pub code: &'static str,
    pub name: &'static str,
    pub category: Category,
    pub patterns: &'static [&'static [Piece]],
    /// The first kernel that says so.
    pub since: &'static str,
    pub calls: &'static [&'static str],
    pub held: &'static [&'static str],
    /// Of a call whose message names no register: what the argument is that is refused.
    pub about: &'static [&'static str],
    pub sentence: &'static str,
    pub label: &'static str,
    pub second: Second,
    pub second_calls: &'static [&'static str],
    pub second_label: &'static str,
    pub help: &'static str,
    /// What `ksc explain` says.
    pub doc: &'static str,
    pub programs: Option<Programs>,
    /// The message alone tells the cause.
    pub short: bool,
    /// The kernel lacks something; the program need not be wrong.
    pub cannot: bool,
}

include!(concat!(env!("OUT_DIR"), "/refusals.rs"));

/// The code of a message that the table does not have.
pub const UNKNOWN: &str = "V0000";

/// All rows, in the order in which they are tried.
pub fn all() -> &'static [Refusal] {
    TABLE
}

/// The row of a code, whatever its case; none if there is none.
pub fn of(code: &str) -> Option<&'static Refusal> {
    TABLE.iter().find(|refusal| refusal.code.eq_ignore_ascii_case(code))
}

/// The rows with a cause that the message alone tells, for executables, which have no room for all: a line each, with tabs between code,
/// sentence, help and patterns. In the patterns a hole is `{name}`, or `{name:*ending}`, and the same names are in the sentence.
pub fn short_table() -> String {
    let line = |refusal: &Refusal| {
        let patterns = refusal.patterns.iter().map(|pattern| pattern.iter().map(Piece::written).collect());
        let fields = [refusal.code, refusal.sentence, refusal.help].map(str::to_owned);
        fields.into_iter().chain(patterns).collect::<Vec<String>>().join("\t") + "\n"
    };
    TABLE.iter().filter(|refusal| refusal.short).map(line).collect()
}

impl Piece {
    fn written(&self) -> String {
        match self {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Hole { name, ending: "" } => format!("{{{name}}}"),
            Piece::Hole { name, ending } => format!("{{{name}:*{ending}}}"),
        }
    }
}

/// The parts of a message, by the names that a pattern gives them.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Parts<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Parts<'a> {
    /// A part; none if the pattern has no such name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(part, _)| *part == name).map(|(_, text)| *text)
    }

    /// All parts, with their names.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        self.0.iter().copied()
    }

    /// Takes over what another line of the message says; what is known already stays.
    pub fn join(&mut self, more: &Parts<'a>) {
        for (name, text) in more.all() {
            if self.get(name).is_none() {
                self.0.push((name, text));
            }
        }
    }

    /// A part that is a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }
}

/// Characters of a message that are compared; the kernel's own are shorter.
const MAX_COMPARED: usize = 512;

impl Refusal {
    /// The messages, with dots for what differs.
    pub fn messages(&self) -> impl Iterator<Item = String> {
        self.patterns.iter().map(|pattern| {
            let parts = pattern.iter().map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Hole { ending, .. } => format!("…{ending}"),
            });
            parts.collect()
        })
    }

    /// The parts of a message that one of the row's patterns fits. The message may go on behind the pattern.
    pub fn fits<'a>(&self, message: &'a str) -> Option<Parts<'a>> {
        if message.len() > MAX_COMPARED {
            return None;
        }
        self.patterns.iter().find_map(|pattern| {
            let mut parts = Parts::default();
            fits(pattern, message, &mut parts).then_some(parts)
        })
    }
}

/// Holes take as little as they can, the last one of a pattern all that is left.
fn fits<'a>(pattern: &'static [Piece], message: &'a str, parts: &mut Parts<'a>) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return true };
    match first {
        Piece::Text(text) => match message.strip_prefix(text) {
            Some(after) => fits(rest, after, parts),
            None => false,
        },
        Piece::Hole { name, ending } => {
            let Some(Piece::Text(text)) = rest.first() else {
                let fits = !message.is_empty() && message.ends_with(ending);
                parts.0.push((*name, message));
                return fits;
            };
            let mut from = 0;
            while let Some(found) = message[from..].find(text) {
                let taken = &message[..from + found];
                // A register or a number has no blank in it.
                let number = matches!(*name, "reg" | "insn" | "argument");
                if !taken.is_empty() && taken.ends_with(ending) && !(number && taken.contains(' ')) {
                    let kept = parts.0.len();
                    parts.0.push((*name, taken));
                    if fits(rest, &message[from + found..], parts) {
                        return true;
                    }
                    parts.0.truncate(kept);
                }
                from += found + message[from + found..].chars().next().map_or(1, char::len_utf8);
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{all, of, short_table};
    use std::collections::HashSet;

    #[test]
    fn codes_go_by_category() {
        let mut areas: HashSet<(&str, &str)> = HashSet::new();
        for refusal in all() {
            assert!(refusal.code.len() == 5 && refusal.code.starts_with('V'), "{}", refusal.code);
            assert!(!refusal.patterns.is_empty() && !refusal.doc.is_empty(), "{}", refusal.code);
            areas.insert((&refusal.code[1..3], refusal.code));
        }
        let categories: HashSet<_> = all().iter().map(|refusal| refusal.category).collect();
        assert_eq!(categories.len(), 17, "a category has no refusal");
    }

    #[test]
    fn the_short_table_is_for_executables() {
        let table = short_table();
        assert!(table.len() < 24 << 10, "{} bytes", table.len());
        assert!(table.lines().all(|line| line.split('\t').count() >= 4), "{table}");
        assert!(table.contains("V0101\t{value} may be null here\t"), "{table}");
    }

    #[test]
    fn parts_of_messages() {
        let null = of("v0101").expect("in the table");
        let parts = null.fits("R0 invalid mem access 'map_value_or_null'").expect("fits");
        assert_eq!((parts.number("reg"), parts.get("type")), (Some(0), Some("map_value_or_null")));
        assert!(null.fits("R0 invalid mem access 'scalar'").is_none());
        let packet = of("V0201").expect("in the table");
        let parts = packet.fits("invalid access to packet, off=14 size=20, R3(id=0,off=14,r=14)").expect("fits");
        assert_eq!((parts.get("off"), parts.get("size"), parts.number("reg")), (Some("14"), Some("20"), Some(3)));
        let leak = of("V0501").expect("in the table");
        assert_eq!(
            leak.fits("Unreleased reference id=2 alloc_insn=19").and_then(|parts| parts.number("insn")),
            Some(19)
        );
        // Linux 7.3 speaks of a region also where the whole program is one.
        let first = |message: &str| all().iter().find(|row| row.fits(message).is_some()).map(|row| row.code);
        assert_eq!(first("sleepable helper bpf_copy_from_user#148 in non-sleepable prog"), Some("V1501"));
        assert_eq!(first("sleepable helper bpf_copy_from_user#148 in rcu_read_lock region"), Some("V1502"));
        assert!(all().iter().all(|refusal| refusal.fits("what nobody says").is_none()));
    }
}
