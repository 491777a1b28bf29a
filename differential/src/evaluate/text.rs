//! Strings: the bytes of their type, of which those before the first NUL are the text.

use super::Value;

pub fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    &bytes[..end]
}

/// A text as a string of so many bytes holds it: cut, and the rest zero.
pub fn stored(bytes: &[u8], size: u64) -> Value {
    let size = size as usize;
    let text = until_nul(bytes);
    let mut all = text[..text.len().min(size.saturating_sub(1))].to_vec();
    all.resize(size, 0);
    Value::Str(all)
}

pub fn joined(left: &[u8], right: &[u8], size: u64) -> Value {
    stored(&[until_nul(left), until_nul(right)].concat(), size)
}

/// What a builtin of strings yields; none of others.
pub fn builtin(name: &str, args: &[Value]) -> Option<Value> {
    match (name, args) {
        ("len", [Value::Str(text)]) => Some(Value::Int(until_nul(text).len() as i128)),
        ("starts_with", [Value::Str(text), Value::Str(start)]) => {
            Some(Value::Bool(until_nul(text).starts_with(until_nul(start))))
        }
        _ => None,
    }
}
