//! BTF as an object file holds it (Documentation/bpf/btf.rst of Linux): types as text, sections, the members of
//! structs. Reading ends for any bytes: offsets are checked, and chains of types have a limit.

use crate::target::Endian;

/// How deep types are followed.
const MAX_DEPTH: u32 = 16;

const INT: u32 = 1;
const PTR: u32 = 2;
const ARRAY: u32 = 3;
const STRUCT: u32 = 4;
const UNION: u32 = 5;
const ENUM: u32 = 6;
const FWD: u32 = 7;
const TYPEDEF: u32 = 8;
const VOLATILE: u32 = 9;
const CONST: u32 = 10;
const RESTRICT: u32 = 11;
const FUNC_PROTO: u32 = 13;
const VAR: u32 = 14;
const DATASEC: u32 = 15;
const FLOAT: u32 = 16;
const DECL_TAG: u32 = 17;
const TYPE_TAG: u32 = 18;
const ENUM64: u32 = 19;

/// The BTF of an object, with an index of its types.
pub struct Btf<'a> {
    words: Vec<u32>,
    /// Where each type begins, in words; type 0 is `void`.
    types: Vec<usize>,
    strings: &'a [u8],
}

/// A member of a struct: its name and type.
pub struct Member<'a> {
    pub name: &'a str,
    pub ty: u32,
}

/// A variable of a section.
pub struct Variable<'a> {
    pub name: &'a str,
    pub ty: u32,
}

impl<'a> Btf<'a> {
    /// None if the bytes are no BTF.
    pub fn read(bytes: &'a [u8], endian: Endian) -> Option<Btf<'a>> {
        let word = |at: usize| endian.word(bytes, at);
        if endian.number(bytes.get(..2)?) != 0xeb9f {
            return None;
        }
        let header = word(4)? as usize;
        let part = |offset: usize, length: usize| {
            let start = header.checked_add(word(offset)? as usize)?;
            Some((start, start.checked_add(word(length)? as usize)?))
        };
        let ((start, end), (strings, strings_end)) = (part(8, 12)?, part(16, 20)?);
        let strings = bytes.get(strings..strings_end)?;
        let words: Vec<u32> = (start..bytes.len().min(end)).step_by(4).map_while(word).collect();
        let mut btf = Btf { words, types: vec![0], strings };
        let mut at = 0;
        while at + 3 <= btf.words.len() {
            btf.types.push(at);
            at += 3 + trailing(btf.words[at + 1])?;
        }
        Some(btf)
    }

    /// How many types there are, `void` included.
    pub fn type_count(&self) -> usize {
        self.types.len()
    }

    /// Name offset, info, and size or type of a type; none for `void` and numbers that are no type.
    fn head(&self, id: u32) -> Option<(usize, [u32; 3])> {
        let at = *self.types.get(id as usize).filter(|_| id != 0)?;
        Some((at, self.words.get(at..at + 3)?.try_into().ok()?))
    }

    fn kind(&self, id: u32) -> Option<u32> {
        self.head(id).map(|(_, head)| kind(head[1]))
    }

    fn string(&self, offset: u32) -> &'a str {
        let bytes = self.strings.get(offset as usize..).unwrap_or(&[]);
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        std::str::from_utf8(&bytes[..end]).unwrap_or("?")
    }

    /// The records of `size` words that follow a type.
    fn records(&self, id: u32, size: usize) -> Vec<&[u32]> {
        let Some((at, head)) = self.head(id) else { return Vec::new() };
        let count = (head[1] & 0xffff) as usize;
        self.words.get(at + 3..at + 3 + count * size).map_or(Vec::new(), |words| words.chunks(size).collect())
    }

    /// The sections that hold variables, by name.
    pub fn sections(&self) -> Vec<(&'a str, Vec<Variable<'a>>)> {
        let ids = (1..self.types.len() as u32).filter(|&id| self.kind(id) == Some(DATASEC));
        ids.filter_map(|id| Some((self.string(self.head(id)?.1[0]), self.variables(id)))).collect()
    }

    fn variables(&self, section: u32) -> Vec<Variable<'a>> {
        let variables = self.records(section, 3).into_iter().filter_map(|entry| {
            let (_, head) = self.head(entry[0])?;
            (kind(head[1]) == VAR).then(|| Variable { name: self.string(head[0]), ty: head[2] })
        });
        variables.collect()
    }

    /// The members of a struct; empty for other types.
    pub fn members(&self, id: u32) -> Vec<Member<'a>> {
        if !matches!(self.kind(id), Some(STRUCT | UNION)) {
            return Vec::new();
        }
        self.records(id, 3).into_iter().map(|m| Member { name: self.string(m[0]), ty: m[1] }).collect()
    }

    /// What a pointer points to.
    pub fn pointee(&self, id: u32) -> Option<u32> {
        self.head(id).filter(|(_, head)| kind(head[1]) == PTR).map(|(_, head)| head[2])
    }

    /// The length of an array: libbpf's form of numbers in types.
    pub fn array_length(&self, id: u32) -> Option<u32> {
        let (at, _) = self.head(id).filter(|(_, head)| kind(head[1]) == ARRAY)?;
        self.words.get(at + 5).copied()
    }

    /// In bytes, if that is known.
    pub fn size(&self, id: u32) -> Option<u64> {
        self.size_at(id, 0)
    }

    fn size_at(&self, id: u32, depth: u32) -> Option<u64> {
        let (at, head) = self.head(id).filter(|_| depth < MAX_DEPTH)?;
        match kind(head[1]) {
            INT | STRUCT | UNION | ENUM | FLOAT | ENUM64 => Some(head[2].into()),
            PTR => Some(8),
            ARRAY => {
                let element = self.size_at(*self.words.get(at + 3)?, depth + 1)?;
                element.checked_mul((*self.words.get(at + 5)?).into())
            }
            _ => self.size_at(head[2], depth + 1),
        }
    }

    /// As a declaration names the type: the names of this language for integers, structs by name.
    pub fn text(&self, id: u32) -> String {
        self.text_at(id, 0)
    }

    fn text_at(&self, id: u32, depth: u32) -> String {
        let Some((at, head)) = self.head(id) else { return "void".to_owned() };
        let name = self.string(head[0]);
        if depth >= MAX_DEPTH {
            return name.to_owned();
        }
        let inner = |id: u32| self.text_at(id, depth + 1);
        match kind(head[1]) {
            INT => integer(name, head[2], self.words.get(at + 3).map_or(0, |word| word >> 24)),
            VOLATILE | CONST | RESTRICT | TYPE_TAG => inner(head[2]),
            PTR if self.kind(head[2]) == Some(FUNC_PROTO) => "fn".to_owned(),
            PTR => format!("*{}", inner(head[2])),
            ARRAY => self.array(id, depth),
            STRUCT | UNION | ENUM | ENUM64 | FWD if name.is_empty() => self.unnamed(id, kind(head[1]), depth),
            FLOAT => format!("f{}", head[2] * 8),
            FUNC_PROTO => "fn".to_owned(),
            _ => name.to_owned(),
        }
    }

    fn array(&self, id: u32, depth: u32) -> String {
        let (mut lengths, mut at) = (String::new(), id);
        for _ in 0..MAX_DEPTH {
            let Some((start, _)) = self.head(at) else { break };
            let (element, length) = (self.words.get(start + 3), self.words.get(start + 5));
            let (Some(&element), Some(&length)) = (element, length) else { break };
            if self.kind(element) == Some(ARRAY) {
                lengths += &format!("[{length}]");
                at = element;
                continue;
            }
            let text = self.text_at(element, depth + 1);
            return if text == "char" {
                format!("str({length}){lengths}")
            } else {
                format!("{text}{lengths}[{length}]")
            };
        }
        "?".to_owned()
    }

    fn unnamed(&self, id: u32, kind: u32, depth: u32) -> String {
        if kind == ENUM || kind == ENUM64 {
            return "enum".to_owned();
        }
        let fields: Vec<String> =
            self.members(id).iter().map(|m| format!("{}: {}", m.name, self.text_at(m.ty, depth + 1))).collect();
        format!("{} {{ {} }}", if kind == UNION { "union" } else { "struct" }, fields.join(", "))
    }
}

fn kind(info: u32) -> u32 {
    info >> 24 & 0x1f
}

/// How many words follow a type; none for a kind that is not known, after which nothing can be found.
fn trailing(info: u32) -> Option<usize> {
    let count = (info & 0xffff) as usize;
    match kind(info) {
        INT | VAR | DECL_TAG => Some(1),
        ARRAY => Some(3),
        STRUCT | UNION | DATASEC | ENUM64 => Some(count * 3),
        ENUM | FUNC_PROTO => Some(count * 2),
        PTR | FWD | TYPEDEF | VOLATILE | CONST | RESTRICT | FLOAT | TYPE_TAG | 12 => Some(0),
        _ => None,
    }
}

/// C's names depend on the platform, the size and the sign do not.
fn integer(name: &str, size: u32, encoding: u32) -> String {
    const SIGNED: u32 = 1;
    const BOOL: u32 = 4;
    if encoding & BOOL != 0 {
        "bool".to_owned()
    } else if name == "char" {
        name.to_owned()
    } else {
        format!("{}{}", if encoding & SIGNED != 0 { "i" } else { "u" }, u64::from(size) * 8)
    }
}
