//! Type information (BTF) in memory, as Documentation/bpf/btf.rst has it: of an object, and of the kernel. The kernel's hundred thousand types
//! are read once, in order, and few are looked at again.

use libbpf_sys as bpf;

/// The types and their names.
pub struct Types<'a> {
    records: &'a [u8],
    strings: &'a [u8],
    /// Where each `STEP`th record begins, from the first one on, which has the number 1.
    places: Vec<u32>,
    count: u32,
}

/// A type.
#[derive(Clone, Copy)]
pub struct Type<'a> {
    pub kind: u32,
    /// How many parts follow, and how many bytes each has.
    pub parts: usize,
    pub part: usize,
    /// All of it: three words, and the parts.
    pub record: &'a [u8],
}

/// So many records may be passed over on the way to one.
const STEP: u32 = 32;
/// The words that each type begins with: name, kind and number of parts, size or another type.
const HEAD: usize = 12;

impl<'a> Types<'a> {
    /// None if the file is no type information of this machine's byte order, or has kinds that are not known.
    pub fn of(file: &'a [u8], mut each: impl FnMut(u32, Type<'a>, &'a [u8])) -> Option<Types<'a>> {
        let magic = file.get(..2)?;
        if magic != (bpf::BTF_MAGIC as u16).to_ne_bytes() {
            return None;
        }
        let header = |field: usize| word(file, 4 + field * 4).map(|value| value as usize);
        let data = file.get(header(0)?..)?;
        let records = section(data, header(1)?, header(2)?)?;
        let strings = section(data, header(3)?, header(4)?)?;
        let mut types = Types { records, strings, places: Vec::with_capacity(records.len() / 512), count: 0 };
        let mut at = 0;
        while at < records.len() {
            if types.count.is_multiple_of(STEP) {
                types.places.push(at as u32);
            }
            let found = read(records, at)?;
            types.count += 1;
            each(types.count, found, strings);
            at += found.record.len();
        }
        Some(types)
    }

    /// The type of a number; none for `void`, which is 0, and for numbers that are none.
    pub fn get(&self, id: u32) -> Option<Type<'a>> {
        let number = id.checked_sub(1).filter(|_| id <= self.count)?;
        let mut at = *self.places.get((number / STEP) as usize)? as usize;
        for _ in 0..number % STEP {
            at += read(self.records, at)?.record.len();
        }
        read(self.records, at)
    }

    /// The name at a place of the names.
    pub fn name(&self, at: u32) -> &'a [u8] {
        name(self.strings, at)
    }
}

impl<'a> Type<'a> {
    /// A word of the record; 0 behind its end.
    pub fn word(&self, number: usize) -> u32 {
        word(self.record, number * 4).unwrap_or(0)
    }

    /// Where its name is.
    pub fn name_at(&self) -> u32 {
        self.word(0)
    }

    /// The place of the first word of a part among the words.
    pub fn part_at(&self, number: usize) -> usize {
        (HEAD + number * self.part) / 4
    }
}

/// The name at a place, up to its NUL; nothing where there is none.
pub fn name(strings: &[u8], at: u32) -> &[u8] {
    let from = strings.get(at as usize..).unwrap_or_default();
    from.iter().position(|&byte| byte == 0).map_or(&[], |end| &from[..end])
}

/// A part of a file.
pub fn section(data: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    data.get(at..at.checked_add(length)?)
}

/// Four bytes of a file.
pub fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(section(data, at, 4)?.try_into().ok()?))
}

/// None for a kind that this does not know, whose length it does not know either.
fn read(records: &[u8], at: usize) -> Option<Type<'_>> {
    let info = word(records, at + 4)?;
    let (kind, length) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
    let (parts, part) = match kind {
        bpf::BTF_KIND_PTR
        | bpf::BTF_KIND_FWD
        | bpf::BTF_KIND_TYPEDEF
        | bpf::BTF_KIND_VOLATILE
        | bpf::BTF_KIND_CONST
        | bpf::BTF_KIND_RESTRICT
        | bpf::BTF_KIND_FUNC
        | bpf::BTF_KIND_FLOAT
        | bpf::BTF_KIND_TYPE_TAG => (0, 0),
        bpf::BTF_KIND_INT | bpf::BTF_KIND_VAR | bpf::BTF_KIND_DECL_TAG => (1, 4),
        bpf::BTF_KIND_ARRAY => (1, 12),
        bpf::BTF_KIND_ENUM | bpf::BTF_KIND_FUNC_PROTO => (length, 8),
        bpf::BTF_KIND_STRUCT | bpf::BTF_KIND_UNION | bpf::BTF_KIND_DATASEC | bpf::BTF_KIND_ENUM64 => (length, 12),
        _ => return None,
    };
    Some(Type { kind, parts, part, record: section(records, at, HEAD + parts * part)? })
}
