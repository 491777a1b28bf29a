//! The entries of a map as rows: read, added up over the CPUs, in order.

use super::columns::Column;
use super::form::{Form, Typed};
use crate::object::maps::iter;
use crate::object::maps::map::Map;
use std::cmp::Ordering;

/// A key and its value, that of all CPUs together.
pub struct Row {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    /// The values of all CPUs of a per-CPU map, as the kernel stores them.
    stored: Option<Vec<u8>>,
}

impl Row {
    /// The key, and the value as the kernel stores it.
    pub fn into_entry(self) -> (Vec<u8>, Vec<u8>) {
        (self.key, self.stored.unwrap_or(self.value))
    }
}

/// What rows go by. Rows that are equal by it go by the least key.
pub enum By<'a> {
    /// The largest number in this column of the value.
    Largest(&'a Column<'a>),
    Key,
}

impl<'a> By<'a> {
    /// The order that a name stands for: of the value's column of the name, of the key for the empty one, without a name of the value's
    /// first integer.
    pub fn named(name: Option<&str>, values: &'a [Column<'a>]) -> By<'a> {
        let column = match name {
            None => values.iter().find(|column| column.is_integer()),
            Some(name) => values.iter().find(|column| !name.is_empty() && column.name == name),
        };
        column.map_or(By::Key, By::Largest)
    }
}

/// All entries of a map.
pub fn read(map: &'static Map, value: &Typed) -> Vec<Row> {
    let entries = iter::entries(map).into_iter();
    let Some(percpu) = &map.percpu else {
        return entries.map(|(key, value)| Row { key, value, stored: None }).collect();
    };
    let added_up = |stored: &[u8]| {
        let mut total = vec![0; map.value_size];
        let ranges = (0..percpu.cpus as u32).filter_map(|cpu| percpu.of_cpu(cpu));
        ranges.for_each(|range| add(value, &mut total, &stored[range]));
        total
    };
    let row = |(key, stored): (Vec<u8>, Vec<u8>)| Row { key, value: added_up(&stored), stored: Some(stored) };
    entries.map(row).collect()
}

/// Adds the integers of a CPU's value to those of a total. Other parts are those of the first CPU that has any.
fn add(typed: &Typed, total: &mut [u8], part: &[u8]) {
    match &typed.form {
        Form::Number { .. } => {
            let mut carry = 0;
            let last = total.len().saturating_sub(1);
            for place in 0..total.len() {
                let place = if cfg!(target_endian = "big") { last - place } else { place };
                let sum = u16::from(total[place]) + u16::from(part[place]) + carry;
                total[place] = sum as u8;
                carry = sum >> 8;
            }
        }
        Form::Struct(fields) => {
            for field in fields {
                let range = field.offset..field.offset + field.typed.size;
                match field.bits {
                    None => add(&field.typed, &mut total[range.clone()], &part[range]),
                    Some(_) => keep(&mut total[range.clone()], &part[range]),
                }
            }
        }
        Form::Array(element) => {
            let size = element.size.max(1);
            let pairs = total.chunks_exact_mut(size).zip(part.chunks_exact(size));
            pairs.for_each(|(total, part)| add(element, total, part));
        }
        Form::Bool
        | Form::Char
        | Form::Text
        | Form::Be
        | Form::F64
        | Form::Enum { .. }
        | Form::Pointer
        | Form::Address
        | Form::Stack { .. } => keep(total, part),
    }
}

fn keep(total: &mut [u8], part: &[u8]) {
    if total.iter().all(|byte| *byte == 0) {
        total.copy_from_slice(part);
    }
}

/// Puts the rows in order, and drops those behind the first `top`.
pub fn order(rows: &mut Vec<Row>, by: &By, keys: &[Column], top: u64) {
    rows.sort_by(|left, right| {
        let values = match by {
            By::Largest(column) => column.order(&right.value, &left.value),
            By::Key => Ordering::Equal,
        };
        values.then_with(|| by_key(keys, left, right))
    });
    rows.truncate(usize::try_from(top).unwrap_or(usize::MAX));
}

fn by_key(keys: &[Column], left: &Row, right: &Row) -> Ordering {
    let orders = keys.iter().map(|column| column.order(&left.key, &right.key));
    orders.fold(Ordering::Equal, Ordering::then)
}

#[cfg(test)]
mod tests {
    use super::{Typed, add};
    use crate::library::tables::form::Form;

    #[test]
    fn sums_wrap_and_texts_are_the_first() {
        let number = Typed { form: Form::Number { signed: false }, size: 4 };
        let mut total = 0x0102_03ffu32.to_ne_bytes();
        add(&number, &mut total, &0xff00_0001u32.to_ne_bytes());
        assert_eq!(u32::from_ne_bytes(total), 0x0002_0400);
        let text = Typed { form: Form::Text, size: 3 };
        let mut total = [0; 3];
        [b"\0\0\0", b"ab\0", b"cd\0"].iter().for_each(|part| add(&text, &mut total, *part));
        assert_eq!(&total, b"ab\0");
    }
}
