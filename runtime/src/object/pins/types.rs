//! Types of a BTF as text in the language's notation: to compare them between objects, and to show them.

use crate::object::records::{behind, kind, length, of, size};
use libbpf_sys as bpf;
use std::ffi::CStr;

/// How deep structs are compared; deeper ones are compared by name.
const MAX_DEPTH: u32 = 24;

/// Type information, of the open object or of a map in the kernel.
#[derive(Clone, Copy)]
pub struct Btf(*const bpf::btf);

/// A variable of a section.
#[derive(Clone, PartialEq, Debug)]
pub struct Variable {
    pub name: String,
    pub ty: String,
    pub offset: usize,
    pub size: usize,
}

impl Btf {
    /// # Safety
    /// `btf` is valid for as long as the result is used.
    pub unsafe fn new(btf: *const bpf::btf) -> Option<Btf> {
        (!btf.is_null()).then_some(Btf(btf))
    }

    fn ty(self, id: u32) -> Option<&'static bpf::btf_type> {
        // SAFETY: libbpf checks the id; the type lives as long as the BTF, which outlives the walk over it.
        unsafe { bpf::btf__type_by_id(self.0, id).as_ref() }
    }

    fn name(self, offset: u32) -> String {
        // SAFETY: libbpf checks the offset; names are NUL-terminated.
        unsafe {
            let name = bpf::btf__name_by_offset(self.0, offset);
            if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
        }
    }

    /// The variables of the section of this name, in the order in which they lie; empty if there is none.
    pub fn section(self, name: &CStr) -> Vec<Variable> {
        // SAFETY: a BTF and a NUL-terminated name.
        let id = unsafe { bpf::btf__find_by_name_kind(self.0, name.as_ptr(), bpf::BTF_KIND_DATASEC) };
        u32::try_from(id).map_or(Vec::new(), |id| self.variables(id))
    }

    /// The same by the type's number.
    pub fn variables(self, section: u32) -> Vec<Variable> {
        let Some(ty) = self.ty(section).filter(|ty| kind(ty) == bpf::BTF_KIND_DATASEC) else { return Vec::new() };
        // SAFETY: so many entries follow a section.
        let entries: &[bpf::btf_var_secinfo] = unsafe { behind(ty, length(ty)) };
        let mut variables: Vec<Variable> = entries
            .iter()
            .filter_map(|entry| {
                let variable = self.ty(entry.type_)?;
                Some(Variable {
                    name: self.name(variable.name_off),
                    ty: self.text(of(variable)),
                    offset: entry.offset as usize,
                    size: entry.size as usize,
                })
            })
            .collect();
        variables.sort_by_key(|variable| variable.offset);
        variables
    }

    /// A type as the language writes it, structs with their fields.
    pub fn text(self, id: u32) -> String {
        self.nested(id, 0)
    }

    fn nested(self, id: u32, depth: u32) -> String {
        let Some(ty) = self.ty(id).filter(|_| id != 0) else { return "void".to_owned() };
        let name = self.name(ty.name_off);
        match kind(ty) {
            bpf::BTF_KIND_INT => integer(ty, &name),
            bpf::BTF_KIND_TYPEDEF if ["be16", "be32", "be64"].contains(&name.as_str()) => name,
            bpf::BTF_KIND_TYPEDEF
            | bpf::BTF_KIND_VOLATILE
            | bpf::BTF_KIND_CONST
            | bpf::BTF_KIND_RESTRICT
            | bpf::BTF_KIND_TYPE_TAG => self.nested(of(ty), depth),
            bpf::BTF_KIND_PTR => format!("*{}", self.nested(of(ty), MAX_DEPTH)),
            bpf::BTF_KIND_ARRAY => self.array(ty, depth),
            bpf::BTF_KIND_STRUCT | bpf::BTF_KIND_UNION => {
                let word = if kind(ty) == bpf::BTF_KIND_UNION { "union " } else { "" };
                let fields = if depth < MAX_DEPTH { self.fields(ty, depth) } else { String::new() };
                format!("{word}{name}{fields}")
            }
            bpf::BTF_KIND_ENUM | bpf::BTF_KIND_ENUM64 => format!("enum {name}: u{}", size(ty) * 8),
            bpf::BTF_KIND_FLOAT => format!("f{}", size(ty) * 8),
            bpf::BTF_KIND_FUNC_PROTO => "fn".to_owned(),
            _ => name,
        }
    }

    fn array(self, ty: &'static bpf::btf_type, depth: u32) -> String {
        let (mut lengths, mut inner) = (String::new(), ty);
        loop {
            // SAFETY: one record follows an array.
            let array = unsafe { &behind::<bpf::btf_array>(inner, 1)[0] };
            match self.ty(array.type_).filter(|of| kind(of) == bpf::BTF_KIND_ARRAY) {
                Some(next) => {
                    lengths += &format!("[{}]", array.nelems);
                    inner = next;
                }
                None => {
                    let element = self.nested(array.type_, depth);
                    // The language's strings are arrays of characters here.
                    return if element == "char" {
                        format!("str({}){lengths}", array.nelems)
                    } else {
                        format!("{element}{lengths}[{}]", array.nelems)
                    };
                }
            }
        }
    }

    fn fields(self, ty: &'static bpf::btf_type, depth: u32) -> String {
        // SAFETY: so many members follow a struct.
        let members: &[bpf::btf_member] = unsafe { behind(ty, length(ty)) };
        let mut end = 0;
        let mut texts = Vec::new();
        for member in members {
            let flagged = ty.info >> 31 == 1;
            let (bits, offset) =
                if flagged { (member.offset >> 24, member.offset & 0x00ff_ffff) } else { (0, member.offset) };
            let (natural, size) = self.after(end, member.type_);
            let place = if bits > 0 {
                format!(" in {bits} bits")
            } else if kind(ty) == bpf::BTF_KIND_UNION || u64::from(offset) == natural * 8 {
                String::new()
            } else {
                format!(" at {}", offset / 8)
            };
            end = if bits > 0 { u64::from(offset + bits).div_ceil(8) } else { u64::from(offset / 8) + size };
            texts.push(format!("{}: {}{place}", self.name(member.name_off), self.nested(member.type_, depth + 1)));
        }
        format!(" {{ {} }}", texts.join(", "))
    }

    /// Where C puts a member of this type behind what ends at `end`, and its size, in bytes.
    fn after(self, end: u64, id: u32) -> (u64, u64) {
        // SAFETY: libbpf checks the id.
        let (align, size) = unsafe { (bpf::btf__align_of(self.0, id), bpf::btf__resolve_size(self.0, id)) };
        let align = u64::try_from(align).unwrap_or(1).max(1);
        (end.next_multiple_of(align), u64::try_from(size).unwrap_or(0))
    }
}

/// By size and sign: C's names depend on the platform.
fn integer(ty: &'static bpf::btf_type, name: &str) -> String {
    // SAFETY: one number follows an integer.
    let encoding = unsafe { behind::<u32>(ty, 1)[0] } >> 24;
    if encoding & bpf::BTF_INT_BOOL != 0 {
        "bool".to_owned()
    } else if name == "char" {
        "char".to_owned()
    } else {
        format!("{}{}", if encoding & bpf::BTF_INT_SIGNED != 0 { "i" } else { "u" }, size(ty) * 8)
    }
}
