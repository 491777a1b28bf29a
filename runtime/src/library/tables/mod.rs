//! Maps and values as a whole: `print(m)` draws the table of a map, `print(x)` writes a struct or an array in a line.
//!
//! `form.rs` is what the compiler says of types. `cell.rs` and `json.rs` write values, `columns.rs` names their parts, `rows.rs` reads and
//! orders the entries of a map, `table.rs` draws them, and `histograms/` has the maps that are histograms. `stacks.rs` has the lines of stacks,
//! whose frames `namer.rs` leads to.

mod cell;
mod columns;
mod form;
pub mod histograms;
mod json;
mod namer;
mod rows;
mod stacks;
mod table;

use crate::abi::{KsTable, KsType};
use crate::kernel::output::{self, Form as OutputForm};
use crate::kernel::program::text;
use crate::object::maps::iter::{self, KsIter};
use crate::object::maps::map::{Map, map};
pub use columns::Column;
use form::Form;
pub use form::Typed;
pub use namer::{Frame, Frames, Namer};
use rows::{By, Row};
use stacks::Stack;
use std::ffi::{c_char, c_void};

/// See abi.rs.
///
/// # Safety
/// The descriptor is valid, and of the map; `by` is null or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_print_map(index: u32, table: *const KsTable, top: u64, by: *const c_char) {
    // SAFETY: as the caller promises.
    let table = unsafe { Table::new(&*table) };
    let by = (!by.is_null()).then(|| text(by));
    output::write(table.shown(map(index), top, by).as_bytes());
}

/// See abi.rs.
///
/// # Safety
/// As of `ks_print_map`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_iter_ordered(
    index: u32,
    table: *const KsTable,
    top: u64,
    by: *const c_char,
) -> *mut KsIter {
    // SAFETY: as the caller promises.
    let table = unsafe { Table::new(&*table) };
    let by = (!by.is_null()).then(|| text(by));
    let (map, keys, values) = (map(index), Column::all("", &table.key), Column::all("", &table.value));
    let mut rows = rows::read(map, &table.value);
    rows::order(&mut rows, &By::named(by, &values), &keys, top);
    iter::walk(map, rows.into_iter().map(Row::into_entry).collect())
}

/// See abi.rs.
///
/// # Safety
/// The descriptors are valid; the values are readable for the sizes of their types. `around` may be null, with its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_print_value(
    name: *const c_char,
    ty: *const KsType,
    value: *const c_void,
    named: u32,
    around_ty: *const KsType,
    around: *const c_void,
) {
    // SAFETY: as the caller promises.
    let described = |ty: *const KsType, value: *const c_void| unsafe {
        let typed = Typed::new(ty);
        let bytes = std::slice::from_raw_parts(value.cast::<u8>(), typed.size);
        (typed, bytes)
    };
    let (typed, bytes) = described(ty, value);
    let process = if around.is_null() {
        None
    } else {
        let (typed, bytes) = described(around_ty, around);
        stacks::process_in(&typed, bytes)
    };
    let (name, named) = (text(name), named == 1);
    stacks::begin(&typed);
    let mut out = String::new();
    let stacks = Stack::all(&typed, bytes, process);
    match output::form() {
        OutputForm::Json | OutputForm::Folded if named && name.is_empty() => {}
        OutputForm::Json => object(&mut out, name, |out| json::put(out, &typed, bytes, None, process)),
        OutputForm::Folded if !stacks.is_empty() => folded(&mut out, Vec::new(), &stacks, 1),
        OutputForm::Lines | OutputForm::Folded => {
            if named && !name.is_empty() {
                out.push_str(name);
                out.push_str(": ");
            }
            if matches!(typed.form, Form::Stack { .. }) {
                out.push_str(if named { "\n" } else { "" });
            } else {
                cell::put(&mut out, &typed, bytes, None);
                out.push('\n');
            }
            stacks::lines(&mut out, &stacks);
        }
    }
    output::write(out.as_bytes());
}

/// A map that is printed.
struct Table {
    name: &'static str,
    key: Typed,
    value: Typed,
}

impl Table {
    /// # Safety
    /// The descriptor is valid.
    unsafe fn new(table: &KsTable) -> Table {
        // SAFETY: as the caller promises.
        unsafe { Table { name: text(table.name), key: Typed::new(table.key), value: Typed::new(table.value) } }
    }

    /// The lines of the table, in the form that is asked for.
    fn shown(&self, map: &'static Map, top: u64, by: Option<&str>) -> String {
        let keys = Column::all("key", &self.key);
        let values = Column::all(self.name, &self.value);
        let mut rows = rows::read(map, &self.value);
        // An array has an entry for each index from the start.
        rows.retain(|row| !map.is_array() || row.value.iter().any(|byte| *byte != 0));
        let (by, is_empty) = (By::named(by, &values), rows.is_empty());
        rows::order(&mut rows, &by, &keys, top);
        [&self.key, &self.value].into_iter().for_each(stacks::begin);
        match output::form() {
            OutputForm::Json => self.json(&rows),
            OutputForm::Folded => self.folded(&keys, &values, &rows, &by),
            OutputForm::Lines if is_empty => format!("{} is empty\n", self.name),
            OutputForm::Lines => table::draw(&keys, &values, &rows, |out, row| stacks::lines(out, &self.stacks(row))),
        }
    }

    /// The stacks of a row, those of the key first. What names a process in the key does so for the value too.
    fn stacks(&self, row: &Row) -> Vec<Stack> {
        let mut stacks = Stack::all(&self.key, &row.key, None);
        stacks.extend(Stack::all(&self.value, &row.value, stacks::process_in(&self.key, &row.key)));
        stacks
    }

    /// For each row the parts of its key, then the frames of its stacks, and a number: what the rows go by, else the first one.
    fn folded(&self, keys: &[Column], values: &[Column], rows: &[Row], by: &By) -> String {
        let first = values.iter().find(|column| column.is_integer());
        let counted = if let By::Largest(column) = by { Some(*column) } else { first };
        let mut out = String::new();
        for row in rows {
            let keys = keys.iter().filter(|column| !column.is_stack()).map(|column| column.text(&row.key));
            let count = counted.and_then(|column| column.number(&row.value)).unwrap_or(1);
            folded(&mut out, keys.collect(), &self.stacks(row), count);
        }
        out
    }

    /// `{"name": [{"key": K, "value": V}, …]}`
    fn json(&self, rows: &[Row]) -> String {
        let mut out = String::new();
        object(&mut out, self.name, |out| {
            out.push('[');
            for (index, row) in rows.iter().enumerate() {
                out.push_str(if index == 0 { "{\"key\": " } else { ", {\"key\": " });
                let process = stacks::process_in(&self.key, &row.key);
                json::put(out, &self.key, &row.key, None, None);
                out.push_str(", \"value\": ");
                json::put(out, &self.value, &row.value, None, process);
                out.push('}');
            }
            out.push(']');
        });
        out
    }
}

/// `a;b;c 17`, as the tools for flame graphs take it.
fn folded(out: &mut String, mut parts: Vec<String>, stacks: &[Stack], count: i128) {
    parts.extend(stacks::folded(stacks));
    if parts.is_empty() {
        parts.push("[no stack]".to_owned());
    }
    let parts: Vec<String> = parts.iter().map(|part| part.replace(';', ":")).collect();
    out.push_str(&format!("{} {count}\n", parts.join(";")));
}

/// An object of JSON with one member.
fn object(out: &mut String, name: &str, put: impl FnOnce(&mut String)) {
    out.push('{');
    json::quote(out, name.as_bytes());
    out.push_str(": ");
    put(out);
    out.push_str("}\n");
}
