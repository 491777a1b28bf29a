//! The columns of a table: one for a value without parts, else one for each part of a struct, of structs in it too.

use super::cell;
use super::form::{Bits, Form, Typed, terminated};
use std::cmp::Ordering;

/// A column of a key or of a value.
pub struct Column<'a> {
    /// The names of the fields that lead to it, with dots between them.
    pub name: String,
    pub typed: &'a Typed,
    pub offset: usize,
    pub bits: Option<Bits>,
}

impl<'a> Column<'a> {
    /// The columns of a type; one without fields has the given name.
    pub fn all(name: &str, typed: &'a Typed) -> Vec<Column<'a>> {
        let mut columns = Vec::new();
        let whole = Column { name: String::new(), typed, offset: 0, bits: None };
        whole.add_to(&mut columns);
        if let [only] = columns.as_mut_slice()
            && only.name.is_empty()
        {
            name.clone_into(&mut only.name);
        }
        columns
    }

    fn add_to(self, columns: &mut Vec<Column<'a>>) {
        let Form::Struct(fields) = &self.typed.form else {
            columns.push(self);
            return;
        };
        for field in fields {
            let name = match self.name.as_str() {
                "" => field.name.to_owned(),
                outer => format!("{outer}.{}", field.name),
            };
            Column { name, typed: &field.typed, offset: self.offset + field.offset, bits: field.bits }.add_to(columns);
        }
    }

    /// The bytes of its part of a key or value.
    fn of<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.offset..self.offset + self.typed.size]
    }

    /// The text of its part.
    pub fn text(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        cell::put(&mut text, self.typed, self.of(bytes), self.bits);
        text
    }

    /// The number of its part; none where that is none.
    pub fn number(&self, bytes: &[u8]) -> Option<i128> {
        self.typed.number(self.of(bytes), self.bits)
    }

    /// Whether tables go by it if they are not asked otherwise.
    pub fn is_integer(&self) -> bool {
        matches!(self.typed.form, Form::Number { .. })
    }

    /// Whether it has frames, which stand below their row.
    pub fn is_stack(&self) -> bool {
        matches!(self.typed.form, Form::Stack { .. })
    }

    /// Whether its texts are numbers, which end at the same place.
    pub fn is_numeric(&self) -> bool {
        match self.typed.form {
            Form::Number { .. } | Form::F64 => true,
            Form::Be => self.typed.size != 4,
            Form::Bool
            | Form::Char
            | Form::Text
            | Form::Enum { .. }
            | Form::Pointer
            | Form::Address
            | Form::Struct(_)
            | Form::Array(_)
            | Form::Stack { .. } => false,
        }
    }

    /// The order of two keys or values by this part: of numbers, of the bytes of texts, else of all bytes.
    pub fn order(&self, left: &[u8], right: &[u8]) -> Ordering {
        match (self.number(left), self.number(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            (_, _) if matches!(self.typed.form, Form::Text) => {
                terminated(self.of(left)).cmp(terminated(self.of(right)))
            }
            (_, _) => self.of(left).cmp(self.of(right)),
        }
    }
}
