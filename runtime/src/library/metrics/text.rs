//! Names and texts as Prometheus' exposition format has them.

/// A name of a label that is none of those taken: letters, digits and `_`. Names that begin with `__` are Prometheus' own.
pub fn label(name: &str, taken: &[String]) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: String = name.chars().map(|c| if is_word(c) { c } else { '_' }).collect();
    let plain = words.trim_start_matches('_');
    let mut label = match plain.chars().next() {
        None | Some('0'..='9') => format!("_{plain}"),
        Some(_) if words.starts_with('_') => format!("_{plain}"),
        Some(_) => words,
    };
    while taken.contains(&label) {
        label.push('_');
    }
    label
}

/// Appends `name="value"`, behind a comma if labels are there already.
pub fn pair(labels: &mut String, name: &str, value: &str) {
    if !labels.is_empty() {
        labels.push(',');
    }
    labels.push_str(name);
    labels.push_str("=\"");
    for c in value.chars() {
        match c {
            '\\' => labels.push_str("\\\\"),
            '"' => labels.push_str("\\\""),
            '\n' => labels.push_str("\\n"),
            c => labels.push(c),
        }
    }
    labels.push('"');
}

/// Appends a line of the value of a metric.
pub fn sample(out: &mut String, name: &str, labels: &str, value: i128) {
    let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    out.push_str(&format!("{name}{labels} {value}\n"));
}

/// Appends what stands above the values of a metric.
pub fn head(out: &mut String, name: &str, docs: &str, kind: &str) {
    if !docs.is_empty() {
        out.push_str(&format!("# HELP {name} {}\n", docs.replace('\\', "\\\\").replace('\n', "\\n")));
    }
    out.push_str(&format!("# TYPE {name} {kind}\n"));
}

#[cfg(test)]
mod tests {
    use super::{label, pair};

    #[test]
    fn names_of_labels() {
        let named = |name: &str| label(name, &["le".to_owned(), "a_b".to_owned()]);
        assert_eq!(named("src.port"), "src_port");
        assert_eq!(named("a.b"), "a_b_");
        assert_eq!(named("le"), "le_");
        assert_eq!(named("__x"), "_x");
        assert_eq!(named("3d"), "_3d");
    }

    #[test]
    fn values_of_labels() {
        let mut labels = String::new();
        pair(&mut labels, "a", "x\"\\\n");
        pair(&mut labels, "b", "ü");
        assert_eq!(labels, "a=\"x\\\"\\\\\\n\",b=\"ü\"");
    }
}
