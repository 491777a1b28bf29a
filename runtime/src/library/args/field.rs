//! The options of `main`, as data. `ksc doc` has this file too, for pages that say what `--help` says.

use super::KsFieldKind;

/// `-h` is the short form of `--help`.
pub const HELP_LETTER: u8 = b'h';

/// The descriptor, seen through safe types.
pub struct Spec<'a> {
    pub doc: &'a str,
    pub defaults: Vec<u8>,
    pub fields: Vec<Field<'a>>,
    /// The options that are not of `main`, as `--help` lists them.
    pub own: Vec<(String, String)>,
}

/// One option, as its descriptor has it.
pub struct Field<'a> {
    pub name: &'a str,
    pub doc: &'a str,
    pub kind: KsFieldKind,
    pub signed: bool,
    pub required: bool,
    /// It takes the words behind `--`, each an element; no option has its name.
    pub command: bool,
    pub offset: usize,
    pub size: usize,
    /// The length of an array field.
    pub count: Option<usize>,
    pub variants: Vec<(&'a str, i64)>,
}

/// A way to write bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Address {
    Hardware,
    Ip6,
}

impl Spec<'_> {
    /// The letter of each option's short form: the first of its name that no earlier option has, in lower case or else in upper case.
    /// None where all are taken. `-h` is help.
    pub fn letters(&self) -> Vec<Option<u8>> {
        let mut taken = vec![HELP_LETTER];
        let mut letter = |field: &Field| {
            let letters = field.name.bytes().filter(u8::is_ascii_alphabetic);
            let mut forms = letters.flat_map(|letter| [letter.to_ascii_lowercase(), letter.to_ascii_uppercase()]);
            let free = forms.find(|form| !field.command && !taken.contains(form));
            taken.extend(free);
            free
        };
        self.fields.iter().map(&mut letter).collect()
    }
}

impl Field<'_> {
    /// As people type it.
    pub fn option(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// What its bytes may be written as: 6 are a hardware address, 16 an IPv6 address.
    pub fn address(&self) -> Option<Address> {
        match (self.kind, self.size, self.count) {
            (KsFieldKind::Unsigned, 1, Some(6)) => Some(Address::Hardware),
            (KsFieldKind::Unsigned, 1, Some(16)) => Some(Address::Ip6),
            _ => None,
        }
    }

    /// The size of the whole field, in bytes.
    pub fn total(&self) -> usize {
        self.size * self.count.unwrap_or(1)
    }
}
