//! Structs of functions that the kernel takes implementations of (`struct bpf_struct_ops` of include/linux/bpf.h), and their members.

use super::import::prototype_at;
use super::{KernelTypes, Kind, NotImported, Prototype, Wanted};
use crate::types::{Ty, Types};

/// Before the name of such a struct, the name of the kernel's map value for it.
const VALUE: &str = "bpf_struct_ops_";
/// The member of that value with the struct.
const DATA: &str = "data";
/// Ends the name of a parameter that may be null (`prepare_arg_info` of kernel/bpf/bpf_struct_ops.c).
const NULLABLE: &str = "__nullable";
/// Ends the name of a parameter whose reference belongs to the program.
const OWNED: &str = "__ref";

/// A member of such a struct.
pub enum OpsMember {
    Function(Prototype),
    Value(Ty),
}

impl KernelTypes {
    /// Whether programs may implement a struct of this name.
    pub fn is_struct_ops(&mut self, name: &str) -> bool {
        self.has(Wanted::Type, name) && self.has_value(name)
    }

    /// Whether there is the value for it, in which the struct is behind what all such values have.
    fn has_value(&mut self, name: &str) -> bool {
        let layout = self.layout(&format!("{VALUE}{name}")).unwrap_or_default();
        layout.iter().any(|(member, _)| member == DATA)
    }

    /// The structs that programs may implement.
    pub fn struct_ops(&mut self) -> Vec<String> {
        let mut names = self.types_with(VALUE);
        names.retain(|name| self.is_struct_ops(name));
        names
    }

    /// The names of the members of a struct.
    pub fn member_names(&mut self, of: &str) -> Vec<String> {
        let layout = self.layout(of).unwrap_or_default();
        layout.into_iter().map(|(name, _)| name).collect()
    }

    /// A member of a struct by its name; none if the struct has none, or the types cannot be read.
    pub fn ops_member(&mut self, types: &mut Types, of: &str, name: &str) -> Option<Result<OpsMember, NotImported>> {
        let id = self.find(of, Wanted::Type)?;
        let btf = self.types()?;
        let member = match btf.member(id, name) {
            Ok(member) => member?,
            Err(malformed) => return Some(Err(malformed.into())),
        };
        let ty = member.ty;
        let is_function = || {
            let (_, outer) = btf.plain(ty).ok()?;
            let Kind::Pointer(to) = outer.kind else { return None };
            let (_, inner) = btf.plain(to).ok()?;
            matches!(inner.kind, Kind::Prototype(_)).then_some(())
        };
        if is_function().is_none() {
            return self.import(types, ty).map(|ty| ty.map(OpsMember::Value));
        }
        let (params, result) = match prototype_at(btf, ty) {
            Ok(found) => found,
            Err(malformed) => return Some(Err(malformed.into())),
        };
        let typed = params.into_iter().map(|(name, id)| Some((name, self.import(types, id)?)));
        let mut params: Vec<(String, Result<Ty, NotImported>)> = typed.collect::<Option<_>>()?;
        let result = self.import(types, result)?;
        let mut nullable = vec![false; params.len()];
        // The kernel's own function for an absent member has the names.
        if let Some(Ok(stub)) = self.prototype(types, Wanted::Function, &format!("{of}__{name}")) {
            for (at, (name, _)) in stub.params.into_iter().enumerate().take(params.len()) {
                nullable[at] = name.ends_with(NULLABLE);
                params[at].0 = name.trim_end_matches(NULLABLE).trim_end_matches(OWNED).to_owned();
            }
        }
        Some(Ok(OpsMember::Function(Prototype { params, result, nullable })))
    }
}
