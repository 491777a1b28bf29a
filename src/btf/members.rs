//! The members of one struct or union.

use super::{Btf, Kind, Malformed, Type, TypeId};

/// A member, which may lie in a struct or union without a name inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member<'a> {
    pub name: &'a str,
    pub ty: TypeId,
    /// From the start of the struct that was asked.
    pub bit_offset: u64,
    /// The width of a bit-field; none for other members.
    pub bit_width: Option<u8>,
}

/// Structs without a name inside each other; more is a cycle.
const MAX_DEPTH: usize = 16;
/// Members of a struct, with those of structs without a name inside.
const MAX_MEMBERS: usize = 1 << 17;

/// How deep, and among how many members of each struct, a message looks for a name.
const MAX_SEARCH: usize = 4;
const MAX_MEMBERS_SEARCHED: usize = 256;

/// The depth and the number of members that may still be read of a struct.
#[derive(Clone, Copy)]
struct Left {
    depth: usize,
    members: usize,
}

const ALL: Left = Left { depth: MAX_DEPTH, members: MAX_MEMBERS };

impl Btf {
    /// The member of this name, also where it lies in a struct or union without a name.
    pub fn member<'a>(&'a self, of: TypeId, name: &str) -> Result<Option<Member<'a>>, Malformed> {
        let (mut found, mut left) = (None, ALL);
        self.each_member(of, 0, &mut left, &mut |member| {
            if member.name == name && found.is_none() {
                found = Some(member);
            }
        })?;
        Ok(found)
    }

    /// All members, up to a damaged part.
    pub fn members(&self, of: TypeId) -> Vec<Member<'_>> {
        let (mut members, mut left) = (Vec::new(), ALL);
        let _ = self.each_member(of, 0, &mut left, &mut |member| members.push(member));
        members
    }

    /// Where a struct has a member of this name in a struct inside it: `__sk_common.skc_dport`; the outermost.
    pub fn member_inside(&self, of: TypeId, name: &str) -> Option<String> {
        let mut level = vec![(of, String::new())];
        for _ in 0..MAX_SEARCH {
            let mut next = Vec::new();
            for (of, path) in level {
                let mut inner = Vec::new();
                let mut left = ALL;
                self.each_member(of, 0, &mut left, &mut |member| inner.push(member)).ok()?;
                if !path.is_empty() && inner.iter().any(|member| member.name == name) {
                    return Some(format!("{path}{name}"));
                }
                let structs = inner.iter().filter_map(|member| {
                    let (id, ty) = self.plain(member.ty).ok()?;
                    let is_struct = matches!(ty.kind, Kind::Struct { .. } | Kind::Union { .. });
                    is_struct.then(|| (id, format!("{path}{}.", member.name)))
                });
                next.extend(structs.take(MAX_MEMBERS_SEARCHED));
            }
            level = next;
        }
        None
    }

    /// Whether the first member of a struct, or the first one of that, is a struct of this number.
    pub fn begins_with(&self, whole: TypeId, first: TypeId) -> Result<bool, Malformed> {
        let (_, mut ty) = self.plain(whole)?;
        for _ in 0..MAX_DEPTH {
            if !matches!(ty.kind, Kind::Struct { .. }) || ty.count == 0 {
                return Ok(false);
            }
            let (id, inner) = self.plain(self.listed(&ty, 0)?.ty)?;
            if id == first {
                return Ok(true);
            }
            ty = inner;
        }
        Ok(false)
    }

    /// The members as the struct or union itself lists them; those without a name have an empty one.
    pub fn own_members(&self, of: TypeId) -> Result<Vec<Member<'_>>, Malformed> {
        let (_, ty) = self.plain(of)?;
        if !matches!(ty.kind, Kind::Struct { .. } | Kind::Union { .. }) {
            return Err(Malformed);
        }
        (0..ty.count).map(|index| self.listed(&ty, index)).collect()
    }

    fn each_member<'a>(
        &'a self,
        of: TypeId,
        base: u64,
        left: &mut Left,
        found: &mut dyn FnMut(Member<'a>),
    ) -> Result<(), Malformed> {
        let (_, ty) = self.plain(of)?;
        if !matches!(ty.kind, Kind::Struct { .. } | Kind::Union { .. }) {
            return Err(Malformed);
        }
        for index in 0..ty.count {
            left.members = left.members.checked_sub(1).ok_or(Malformed)?;
            let member = self.listed(&ty, index)?;
            let member = Member { bit_offset: base + member.bit_offset, ..member };
            if !member.name.is_empty() {
                found(member);
                continue;
            }
            // Bits that only keep others apart have no name either.
            let (inner, inner_ty) = self.plain(member.ty)?;
            if matches!(inner_ty.kind, Kind::Struct { .. } | Kind::Union { .. }) {
                left.depth = left.depth.checked_sub(1).ok_or(Malformed)?;
                self.each_member(inner, member.bit_offset, left, found)?;
                left.depth += 1;
            }
        }
        Ok(())
    }

    /// The member itself, at its place in the list.
    fn listed<'a>(&'a self, ty: &Type<'a>, index: usize) -> Result<Member<'a>, Malformed> {
        let at = ty.rest + 12 * index;
        let (name, of) = (self.string(self.type_word(at)?)?, TypeId(self.type_word(at + 4)?));
        let offset = self.type_word(at + 8)?;
        // With the flag, the upper byte is the width of a bit-field.
        let (bit_offset, width) = if ty.flag { (offset & 0xff_ffff, (offset >> 24) as u8) } else { (offset, 0) };
        let bit_width = (width != 0).then_some(width);
        Ok(Member { name, ty: of, bit_offset: bit_offset.into(), bit_width })
    }
}
