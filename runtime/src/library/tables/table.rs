//! A table as lines: a header, then a row for each entry. Numbers end, and texts begin, at the same place.

use super::columns::Column;
use super::rows::Row;

/// Between columns.
const GAP: &str = "  ";

/// The lines of a table, each with its end. `below` appends what stands below a row.
pub fn draw(keys: &[Column], values: &[Column], rows: &[Row], below: impl Fn(&mut String, &Row)) -> String {
    let in_row = |column: &&Column| !column.is_stack();
    let columns: Vec<&Column> = keys.iter().chain(values).filter(in_row).collect();
    let cells = |row: &Row| -> Vec<String> {
        let keys = keys.iter().filter(in_row).map(|column| column.text(&row.key));
        keys.chain(values.iter().filter(in_row).map(|column| column.text(&row.value))).collect()
    };
    let header: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(rows.iter().map(cells)).collect();
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut out = String::new();
    let rows = std::iter::once(None).chain(rows.iter().map(Some));
    for (line, row) in lines.iter().zip(rows) {
        let start = out.len();
        for (at, cell) in line.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { GAP });
            let blanks = " ".repeat(widths[at] - cell.chars().count());
            let (before, after) = if columns[at].is_numeric() { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            [before, cell, after].iter().for_each(|part| out.push_str(part));
        }
        out.truncate(start + out[start..].trim_end().len());
        out.push('\n');
        if let Some(row) = row {
            below(&mut out, row);
        }
    }
    out
}
