//! Values as YAML in blocks (yaml.org/spec/1.2.2), as manifests are written. Texts are quoted as JSON has them, which YAML reads alike.

use serde_json::Value;

/// A document.
pub fn document(value: &Value) -> String {
    let mut out = String::from("---\n");
    block(&mut out, value, 0);
    out
}

/// A value that has lines of its own, indented by so many blanks; a list's first line goes on behind its dash.
fn block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) => {
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 || !out.ends_with("- ") {
                    out.push_str(&" ".repeat(indent));
                }
                out.push_str(&key(name));
                out.push(':');
                below(out, value, indent);
            }
        }
        Value::Array(values) => {
            for value in values {
                out.push_str(&" ".repeat(indent));
                out.push_str("- ");
                match value {
                    Value::Object(fields) if !fields.is_empty() => block(out, value, indent + 2),
                    Value::Object(_)
                    | Value::Array(_)
                    | Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_) => {
                        out.push_str(&value.to_string());
                        out.push('\n');
                    }
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
            out.push('\n');
        }
    }
}

fn below(out: &mut String, value: &Value, indent: usize) {
    let whole = match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    if whole {
        out.push(' ');
        out.push_str(&value.to_string());
        out.push('\n');
    } else {
        out.push('\n');
        block(out, value, indent + 2);
    }
}

/// A key is written as it is if no reader can take it for something else.
fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "./-".contains(c));
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}
