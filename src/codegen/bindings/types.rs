//! Types of BTF as forms of values.

use super::model::{Declared, Field, Form, Kind as DeclaredKind};
use crate::btf::{Btf, Kind, Malformed, Member, TypeId};
use crate::tables::SPECIAL_FIELDS;
use std::collections::BTreeMap;

/// Types inside each other; more is a cycle.
const MAX_DEPTH: usize = 32;
/// Elements of an array that become a tuple; a longer array is bytes.
const MAX_ELEMENTS: u32 = 1 << 16;
/// The typedefs of integers in network byte order, of the language and of linux/types.h, with their sizes.
const NETWORK_ORDER: [(&str, u32); 6] =
    [("be16", 2), ("be32", 4), ("be64", 8), ("__be16", 2), ("__be32", 4), ("__be64", 8)];
/// The name by which the kernel finds a lock in a value.
const LOCK: &str = "bpf_spin_lock";

/// Reads types, each once.
pub struct Reader<'b> {
    btf: &'b Btf,
    /// Each after those that it is made of.
    pub declared: Vec<Declared>,
    known: BTreeMap<TypeId, usize>,
    depth: usize,
}

impl<'b> Reader<'b> {
    /// Of nothing yet.
    pub fn new(btf: &'b Btf) -> Reader<'b> {
        Reader { btf, declared: Vec::new(), known: BTreeMap::new(), depth: 0 }
    }

    /// The BTF that is read.
    pub fn btf(&self) -> &'b Btf {
        self.btf
    }

    /// In bytes.
    pub fn size(&self, id: TypeId) -> Result<u64, Malformed> {
        self.size_within(id, MAX_DEPTH)
    }

    fn size_within(&self, id: TypeId, depth: usize) -> Result<u64, Malformed> {
        let (_, ty) = self.btf.plain(id)?;
        Ok(match ty.kind {
            Kind::Int { bits, .. } => u64::from(bits).div_ceil(8),
            Kind::Pointer(_) => 8,
            Kind::Array { of, count } => {
                let of = self.size_within(of, depth.checked_sub(1).ok_or(Malformed)?)?;
                of.checked_mul(count.into()).ok_or(Malformed)?
            }
            Kind::Struct { size } | Kind::Union { size } | Kind::Enum { size, .. } => size.into(),
            Kind::Float => {
                if ty.name == "float" {
                    4
                } else {
                    8
                }
            }
            Kind::Void | Kind::Forward | Kind::Function(_) | Kind::Prototype(_) | Kind::DeclarationTag(_) => 0,
            Kind::Typedef(_) | Kind::Qualified(_) | Kind::Tagged(_) | Kind::Other => 0,
        })
    }

    /// Whether a variable is declared `const`.
    pub fn is_constant(&self, id: TypeId) -> Result<bool, Malformed> {
        self.btf.is_constant(id)
    }

    /// Declares the struct that a variable points to: programs in C name the type of their records so.
    pub fn named_by_pointer(&mut self, id: TypeId) -> Result<(), Malformed> {
        if let Kind::Pointer(of) = self.btf.plain(id)?.1.kind
            && let Kind::Struct { .. } | Kind::Union { .. } = self.btf.plain(of)?.1.kind
        {
            self.form(of, "pointee")?;
        }
        Ok(())
    }

    /// The form of a type; `hint` names it where it has no name.
    pub fn form(&mut self, id: TypeId, hint: &str) -> Result<Form, Malformed> {
        self.depth += 1;
        let form = if self.depth > MAX_DEPTH { Err(Malformed) } else { self.form_of(id, hint) };
        self.depth -= 1;
        form
    }

    fn form_of(&mut self, id: TypeId, hint: &str) -> Result<Form, Malformed> {
        let aliases = self.btf.aliases(id)?;
        let width = aliases.iter().find_map(|name| NETWORK_ORDER.iter().find(|(own, _)| own == name));
        if let Some(&(_, width)) = width {
            return Ok(Form::Be(width));
        }
        let (plain, ty) = self.btf.plain(id)?;
        Ok(match ty.kind {
            Kind::Int { bool: true, .. } => Form::Bool,
            Kind::Int { bits: bits @ (8 | 16 | 32 | 64), signed, .. } => Form::Int(bits / 8, signed),
            Kind::Pointer(_) => Form::Int(8, false),
            Kind::Float => Form::Float(if ty.name == "float" { 4 } else { 8 }),
            Kind::Array { of, count } => self.array(id, of, count, hint)?,
            Kind::Struct { .. } | Kind::Union { .. } | Kind::Enum { .. } => {
                let name = if ty.name.is_empty() { aliases.last().copied().unwrap_or(hint) } else { ty.name };
                Form::Declared(self.declare(plain, name)?)
            }
            Kind::Int { .. }
            | Kind::Void
            | Kind::Forward
            | Kind::Function(_)
            | Kind::Prototype(_)
            | Kind::DeclarationTag(_)
            | Kind::Typedef(_)
            | Kind::Qualified(_)
            | Kind::Tagged(_)
            | Kind::Other => Form::Bytes(self.size(id)?),
        })
    }

    fn array(&mut self, id: TypeId, of: TypeId, count: u32, hint: &str) -> Result<Form, Malformed> {
        let (_, element) = self.btf.plain(of)?;
        if let Kind::Int { bits: 8, signed, bool: false } = element.kind {
            if element.name == "char" {
                return Ok(if count == 0 { Form::Bytes(0) } else { Form::Text(count.into()) });
            }
            if !signed {
                return Ok(Form::Bytes(count.into()));
            }
        }
        if count > MAX_ELEMENTS {
            return Ok(Form::Bytes(self.size(id)?));
        }
        Ok(Form::Array(Box::new(self.form(of, hint)?), count.into()))
    }

    fn declare(&mut self, id: TypeId, name: &str) -> Result<usize, Malformed> {
        if let Some(&known) = self.known.get(&id) {
            return Ok(known);
        }
        let ty = self.btf.ty(id)?;
        let kind = if let Kind::Enum { signed, .. } = ty.kind {
            let variants = self.btf.enumerators(&ty)?;
            let variants = variants.into_iter().map(|one| (one.name.to_owned(), one.value)).collect();
            DeclaredKind::Enum { signed, variants }
        } else if let Kind::Union { .. } = ty.kind {
            DeclaredKind::Union(self.fields(id, 0, name)?)
        } else {
            let fields = self.fields(id, 0, name)?;
            DeclaredKind::Struct { fields, locked: self.has_lock(id)? }
        };
        self.declared.push(Declared { name: name.to_owned(), size: self.size(id)?, kind });
        let index = self.declared.len() - 1;
        self.known.insert(id, index);
        Ok(index)
    }

    fn has_lock(&self, id: TypeId) -> Result<bool, Malformed> {
        for member in self.btf.own_members(id)? {
            if self.btf.plain(member.ty)?.1.name == LOCK {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The fields of a struct at a bit of the whole one. Those of a struct without a name inside are its own; a union without one is a field.
    fn fields(&mut self, id: TypeId, base: u64, name: &str) -> Result<Vec<Field>, Malformed> {
        let (mut fields, mut unions) = (Vec::new(), 0);
        for member in self.btf.own_members(id)? {
            let (inner, ty) = self.btf.plain(member.ty)?;
            let bit = base.checked_add(member.bit_offset).ok_or(Malformed)?;
            let is_union = matches!(ty.kind, Kind::Union { .. });
            if member.name.is_empty() && matches!(ty.kind, Kind::Struct { .. }) {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Malformed);
                }
                fields.extend(self.fields(inner, bit, name)?);
                self.depth -= 1;
            } else if member.name.is_empty() && is_union {
                let own = if unions == 0 { "union".to_owned() } else { format!("union{unions}") };
                unions += 1;
                let form = self.form(member.ty, &format!("{name}_{own}"))?;
                fields.push(Field { name: own, offset: bit / 8, bits: None, form });
            } else if !member.name.is_empty() && !SPECIAL_FIELDS.iter().any(|special| special.name == ty.name) {
                fields.push(self.field(member, bit, name)?);
            }
        }
        Ok(fields)
    }

    fn field(&mut self, member: Member<'_>, bit: u64, of: &str) -> Result<Field, Malformed> {
        let form = self.form(member.ty, &format!("{of}_{}", member.name))?;
        let bits = member.bit_width.map(|width| (bit, u32::from(width)));
        Ok(Field { name: member.name.to_owned(), offset: bit / 8, bits, form })
    }
}
