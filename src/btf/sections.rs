//! The sections of an object and the variables in them (`BTF_KIND_DATASEC`, `BTF_KIND_VAR`).

use super::{Btf, Malformed, TypeId, types};

/// A variable of a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variable<'a> {
    pub name: &'a str,
    pub ty: TypeId,
    /// Visible outside of its file.
    pub global: bool,
}

impl Btf {
    /// The variables of a section; none where the object has no such section.
    pub fn variables(&self, section: &str) -> Result<Vec<Variable<'_>>, Malformed> {
        for (_, at) in self.positions() {
            if types::is_section(self.type_word(at + 4)?) && self.string(self.type_word(at)?)? == section {
                let count = self.type_word(at + 4)? as usize & 0xffff;
                return (0..count).map(|index| self.variable(TypeId(self.type_word(at + 12 + 12 * index)?))).collect();
            }
        }
        Ok(Vec::new())
    }

    fn variable(&self, id: TypeId) -> Result<Variable<'_>, Malformed> {
        let at = self.position(id)?;
        if !types::is_variable(self.type_word(at + 4)?) {
            // A function, in `.ksyms`.
            return Ok(Variable { name: "", ty: TypeId::VOID, global: false });
        }
        let (name, ty) = (self.string(self.type_word(at)?)?, TypeId(self.type_word(at + 8)?));
        Ok(Variable { name, ty, global: self.type_word(at + 12)? == 1 })
    }
}
