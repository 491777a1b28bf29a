//! Names and lines of Go as its own tools write them.

/// A name that is exported, as bpf2go makes it of a name of C: `by_source` is `BySource`.
pub fn identifier(name: &str) -> String {
    let (mut out, mut before) = (String::new(), None::<char>);
    for c in name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }) {
        // An underscore between capitals stays.
        if c == '_' && before.is_none_or(|before| before.is_ascii_lowercase() || before.is_ascii_digit()) {
            before = None;
            continue;
        }
        out.push(if before.is_none() { c.to_ascii_uppercase() } else { c });
        before = Some(c);
    }
    if out.starts_with(|first: char| first.is_ascii_uppercase()) { out } else { format!("X{out}") }
}

/// The name with a small letter at its beginning.
pub fn uncapitalised(name: &str) -> String {
    let mut rest = name.chars();
    rest.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + rest.as_str())
}

/// Lines of a struct, or of constants, in the columns of gofmt: lines without a comment between them are aligned.
#[derive(Default)]
pub struct Fields {
    text: String,
    rows: Vec<Vec<String>>,
}

impl Fields {
    /// A line of cells.
    pub fn add(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|&cell| cell.to_owned()).collect());
    }

    /// A comment before the next line.
    pub fn comment(&mut self, said: &str) {
        self.flush();
        self.text += &format!("\t// {said}\n");
    }

    /// All lines.
    pub fn text(mut self) -> String {
        self.flush();
        self.text
    }

    fn flush(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
        for row in &rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                line += &format!("{cell:0$} ", width(column));
            }
            self.text += &format!("\t{}\n", line.trim_end());
        }
    }
}
