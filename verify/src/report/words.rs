//! The sentences of the table, filled with what is known of the value.

use super::{Sight, Subject, names};
use crate::log::{Location, Text, Value};
use crate::refusals::Parts;
use crate::states::{Made, Origin};

/// What the names in braces stand for.
pub struct Words {
    value: String,
    knows: Option<String>,
    parts: Vec<(String, String)>,
}

impl Words {
    pub(super) fn of<T: Text>(
        sight: &Sight<'_, T>,
        subject: &Subject,
        origin: Option<&Origin>,
        parts: &Parts<'_>,
    ) -> Words {
        let address = subject.known.as_ref().and_then(|known| names::of_address(sight, known));
        let named = address.or_else(|| origin.and_then(|origin| names::of(sight, origin)));
        let slot = matches!(subject.location, Some(Location::Slot(_)));
        let value = named.unwrap_or_else(|| match origin.map(|origin| origin.made) {
            _ if slot => "a variable of the stack".to_owned(),
            Some(Made::Never | Made::Clobbered) => "the result of an expression".to_owned(),
            Some(Made::Here | Made::Argument) | None => "the value".to_owned(),
        });
        let knows = subject.known.as_ref().map(|(_, value)| described(value));
        let own = |name: &str, text: &str| offset_in_value(name, text, subject).unwrap_or_else(|| text.to_owned());
        let parts = parts.all().map(|(name, text)| (name.to_owned(), own(name, text))).collect();
        Words { value, knows, parts }
    }

    /// Of a refusal that no log shows.
    pub fn of_parts(parts: &[(&str, &str)]) -> Words {
        let parts = parts.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        Words { value: "the value".to_owned(), knows: None, parts }
    }

    /// What the verifier knew of the value, in words.
    pub fn knows(&self) -> Option<String> {
        self.knows.clone()
    }

    /// A sentence with the names in braces replaced; a part that ends in an unknown one is left out.
    pub fn fill(&self, sentence: &str) -> String {
        let mut out = String::new();
        let mut rest = sentence;
        while let Some((text, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            out += text;
            rest = after;
            let word = match name {
                "value" => Some(self.value.as_str()),
                "knows" => self.knows.as_deref(),
                // Empty braces are C's, in a help.
                "" => Some("{}"),
                name => self.parts.iter().find(|(part, _)| part == name).map(|(_, text)| text.as_str()),
            };
            match word {
                Some(word) => {
                    out += word;
                    if word == "1" && rest.starts_with(" bytes") {
                        out += " byte";
                        rest = &rest[" bytes".len()..];
                    }
                }
                None => {
                    // `null has no memory: {knows}` without what it knows.
                    let kept = out.trim_end_matches([' ', ':', ',']).len();
                    out.truncate(kept);
                    if kept == 0 || !text.ends_with(": ") {
                        out += if out.is_empty() { "" } else { " something" };
                    }
                }
            }
        }
        out += rest;
        out
    }
}

/// An offset into a packet as that from the pointer by which it is accessed: the kernel counts from the start of the packet, or from where the pointer's
/// variable part ends.
fn offset_in_value(name: &str, text: &str, subject: &Subject) -> Option<String> {
    let (_, value) = subject.known.as_ref().filter(|(_, value)| name == "off" && value.kind == "pkt")?;
    let from_pointer = text.parse::<i64>().ok()?.checked_sub(value.bound("off")?)?;
    Some(from_pointer.to_string())
}

/// A value in words: `any number from 0 to 255`, `an entry of map \`m\`, or null`.
pub fn described(value: &Value) -> String {
    if let Some(number) = value.number {
        return match value.kind.as_str() {
            "fp" => format!("the address of the stack's byte {number}"),
            _ => format!("the number {number}"),
        };
    }
    let (kind, null) = match value.kind.strip_suffix("_or_null").or_else(|| value.kind.strip_suffix("_or_null_")) {
        Some(kind) => (kind, ", or null"),
        None => (value.kind.as_str(), ""),
    };
    let what = match kind {
        "scalar" => return numbers(value),
        "ctx" => "the context".to_owned(),
        "pkt" => packet(value),
        "pkt_end" => "the end of the packet".to_owned(),
        "pkt_meta" => "a pointer to the metadata before the packet".to_owned(),
        "map_ptr" => "a map".to_owned(),
        "map_value" => entry(value),
        "mem" | "ringbuf_mem" | "alloc_mem" | "rdonly_mem" => match value.bound("sz").or(value.bound("mem_size")) {
            Some(size) => format!("memory of {size} bytes"),
            None => "memory".to_owned(),
        },
        "fp" => match value.bound("off") {
            Some(offset) => format!("an address on the stack, {offset} and a variable part"),
            None => "an address on the stack".to_owned(),
        },
        "sock" | "sock_common" | "tcp_sock" | "xdp_sock" => "a socket".to_owned(),
        other => match other.rsplit_once("ptr_") {
            Some((trust, of)) => format!("a pointer to the kernel's `{of}`{}", trusted(trust)),
            None => format!("`{other}`"),
        },
    };
    what + null
}

fn trusted(trust: &str) -> &'static str {
    match trust.trim_end_matches('_') {
        "untrusted" => ", which may be invalid",
        "rcu" => ", valid in this region of RCU",
        _ => "",
    }
}

fn numbers(value: &Value) -> String {
    let unsigned = (value.bound("umin").unwrap_or(0) as u64, value.bound("umax").map(|max| max as u64));
    let signed = (value.bound("smin"), value.bound("smax"));
    match (unsigned, signed) {
        ((low, Some(high)), _) => format!("a number from {low} to {high}"),
        (_, (Some(low), Some(high))) => format!("a number from {low} to {high}"),
        (_, (Some(low), None)) => format!("a number from {low} on"),
        (_, (None, Some(high))) => format!("a number up to {high}, which may be negative"),
        ((low, None), (None, None)) if low > 0 => format!("a number from {low} on"),
        _ => "any number".to_owned(),
    }
}

fn packet(value: &Value) -> String {
    let proved = value.bound("r").unwrap_or(0);
    let variable = if value.field("id").is_some_and(|id| id != "0") { " and a variable part" } else { "" };
    let offset = value.bound("off").unwrap_or(0);
    let at = match (offset, variable) {
        (0, "") => "the start of the packet".to_owned(),
        _ => format!("a pointer into the packet at {offset}{variable}"),
    };
    match proved {
        0 => format!("{at}, of which no byte is proved to be there"),
        proved => format!("{at}, of which {proved} bytes are proved to be there"),
    }
}

fn entry(value: &Value) -> String {
    let map = value.field("map").filter(|map| !map.is_empty());
    let map = map.map_or_else(|| "a map".to_owned(), |map| format!("`{map}`"));
    let size = value.field("vs").map(|size| format!(" of {size} bytes")).unwrap_or_default();
    let offset = value.bound("off").filter(|&offset| offset != 0).map(|offset| format!(", at {offset}"));
    let limit = value.bound("umax").map(|max| format!(", and up to {} more", max as u64)).unwrap_or_default();
    format!("an entry of {map}{size}{}{limit}", offset.unwrap_or_default())
}
