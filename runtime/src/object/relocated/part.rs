//! A part of the kernel's types: those of some names, with all that their values consist of. Pointers point to `void`.

use super::types::{Types, name};
use super::wanted::{Wanted, essential, kind};
use libbpf_sys as bpf;

/// The types that are written, in the order of their new numbers from 1 on, and their new numbers.
struct Part<'a> {
    types: Types<'a>,
    order: Vec<u32>,
    numbers: Pairs,
    names: Pairs,
    records: Vec<u8>,
    strings: Vec<u8>,
}

/// Numbers by numbers: a sorted list, since there are a thousand at most, and each kind of tree is code of its own in every executable.
#[derive(Default)]
struct Pairs(Vec<(u32, u32)>);

impl Pairs {
    /// What goes with a key, and whether that is new.
    fn get_or_insert(&mut self, key: u32, new: u32) -> (u32, bool) {
        match self.0.binary_search_by_key(&key, |pair| pair.0) {
            Ok(at) => (self.0[at].1, false),
            Err(at) => {
                self.0.insert(at, (key, new));
                (new, true)
            }
        }
    }
}

/// As a file of its own. None if one of the names is missing in it, and where it is no type information that this knows.
pub fn of(file: &[u8], wanted: &[Wanted]) -> Option<Vec<u8>> {
    let kinds = wanted.iter().fold(0_u32, |all, one| all | 1 << one.kind);
    let (mut roots, mut is_found) = (Vec::new(), vec![false; wanted.len()]);
    let types = Types::of(file, |id, found, strings| {
        let kind = kind(found.kind);
        if kinds >> kind & 1 == 0 {
            return;
        }
        let name = name(strings, found.name_at());
        // Most names begin otherwise.
        let is_it = |one: &Wanted| one.kind == kind && name.starts_with(&one.name) && essential(name) == one.name;
        if let Some(at) = wanted.iter().position(is_it) {
            is_found[at] = true;
            roots.push(id);
        }
    })?;
    // libbpf looks for the others in modules.
    if is_found.contains(&false) {
        return None;
    }
    let mut part = Part {
        types,
        order: Vec::new(),
        numbers: Pairs::default(),
        names: Pairs::default(),
        records: Vec::new(),
        strings: vec![0],
    };
    for root in roots {
        part.number(root);
    }
    let mut next = 0;
    while let Some(&id) = part.order.get(next) {
        part.write(id)?;
        next += 1;
    }
    Some(part.file())
}

impl Part<'_> {
    /// The new number of a type, which is written if it was not yet.
    fn number(&mut self, id: u32) -> u32 {
        if id == 0 {
            return 0;
        }
        let next = self.order.len() as u32 + 1;
        let (number, is_new) = self.numbers.get_or_insert(id, next);
        if is_new {
            self.order.push(id);
        }
        number
    }

    /// The new place of a name.
    fn name(&mut self, at: u32) -> u32 {
        if at == 0 {
            return 0;
        }
        let (place, is_new) = self.names.get_or_insert(at, self.strings.len() as u32);
        if is_new {
            self.strings.extend_from_slice(self.types.name(at));
            self.strings.push(0);
        }
        place
    }

    fn write(&mut self, id: u32) -> Option<()> {
        let found = self.types.get(id)?;
        let mut words: Vec<u32> = (0..found.record.len() / 4).map(|at| found.word(at)).collect();
        words[0] = self.name(words[0]);
        match found.kind {
            bpf::BTF_KIND_PTR => words[2] = 0,
            bpf::BTF_KIND_TYPEDEF
            | bpf::BTF_KIND_VOLATILE
            | bpf::BTF_KIND_CONST
            | bpf::BTF_KIND_RESTRICT
            | bpf::BTF_KIND_TYPE_TAG => words[2] = self.number(words[2]),
            bpf::BTF_KIND_ARRAY => {
                for word in &mut words[3..5] {
                    *word = self.number(*word);
                }
            }
            bpf::BTF_KIND_STRUCT | bpf::BTF_KIND_UNION => {
                for at in (0..found.parts).map(|part| found.part_at(part)) {
                    words[at] = self.name(words[at]);
                    words[at + 1] = self.number(words[at + 1]);
                }
            }
            bpf::BTF_KIND_ENUM | bpf::BTF_KIND_ENUM64 => {
                for at in (0..found.parts).map(|part| found.part_at(part)) {
                    words[at] = self.name(words[at]);
                }
            }
            // What a typedef of a function's type means for values is nothing.
            bpf::BTF_KIND_FUNC_PROTO => {
                words = vec![0, bpf::BTF_KIND_FUNC_PROTO << 24, 0];
            }
            bpf::BTF_KIND_INT | bpf::BTF_KIND_FLOAT | bpf::BTF_KIND_FWD => {}
            _ => return None,
        }
        self.records.extend(words.into_iter().flat_map(u32::to_ne_bytes));
        Some(())
    }

    /// A header, the records, the names.
    fn file(self) -> Vec<u8> {
        let (records, strings) = (self.records.len() as u32, self.strings.len() as u32);
        let mut file = Vec::with_capacity(self.records.len() + self.strings.len() + HEADER as usize);
        file.extend((bpf::BTF_MAGIC as u16).to_ne_bytes());
        file.extend([bpf::BTF_VERSION as u8, 0]);
        file.extend([HEADER, 0, records, records, strings].into_iter().flat_map(u32::to_ne_bytes));
        file.extend(self.records);
        file.extend(self.strings);
        file
    }
}

/// The bytes of a `struct btf_header`.
const HEADER: u32 = size_of::<bpf::btf_header>() as u32;

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    /// Where libbpf finds a member of a struct, in bits, and the size of the struct.
    fn place(file: &[u8], of: &str, member: &str) -> Option<(u32, i64)> {
        let (of, member) = (CString::new(of).ok()?, member.as_bytes());
        // SAFETY: libbpf copies and checks the file; members and names are its own, as long as it is open.
        unsafe {
            let btf = bpf::btf__new(file.as_ptr().cast(), file.len() as u32);
            assert!(!btf.is_null(), "libbpf takes the file");
            let id = bpf::btf__find_by_name_kind(btf, of.as_ptr(), bpf::BTF_KIND_STRUCT);
            let found = bpf::btf__type_by_id(btf, u32::try_from(id).ok()?).as_ref()?;
            let members = std::ptr::from_ref(found).add(1).cast::<bpf::btf_member>();
            let members = std::slice::from_raw_parts(members, (found.info & 0xffff) as usize);
            let named = |one: &&bpf::btf_member| {
                std::ffi::CStr::from_ptr(bpf::btf__name_by_offset(btf, one.name_off)).to_bytes() == member
            };
            let one = members.iter().find(named)?;
            let place = (one.offset, bpf::btf__resolve_size(btf, one.type_));
            bpf::btf__free(btf);
            Some(place)
        }
    }

    #[test]
    fn a_part_has_the_places_of_the_whole() {
        let Ok(kernel) = std::fs::read("/sys/kernel/btf/vmlinux") else { return };
        let wanted = |name: &str, kind| Wanted { kind, name: name.as_bytes().to_vec() };
        let names =
            [("task_struct", bpf::BTF_KIND_STRUCT), ("sock", bpf::BTF_KIND_STRUCT), ("pid_type", bpf::BTF_KIND_ENUM)];
        let mut all = Vec::from(names.map(|(name, kind)| wanted(name, kind)));
        let part = of(&kernel, &all).expect("the kernel has these types");
        assert!(part.len() < kernel.len() / 8);
        for (of, member) in
            [("task_struct", "pid"), ("task_struct", "se"), ("task_struct", "comm"), ("sock", "sk_protocol")]
        {
            assert_eq!(place(&part, of, member), place(&kernel, of, member), "{of}.{member}");
            assert!(place(&part, of, member).is_some());
        }
        all.push(wanted("of_no_kernel", bpf::BTF_KIND_STRUCT));
        assert!(of(&kernel, &all).is_none());
        assert!(of(&kernel[..kernel.len() / 2], &[]).is_none());
    }
}
