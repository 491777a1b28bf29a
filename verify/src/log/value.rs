//! What the verifier knows of registers and slots, as the log has it: `R1=pkt(off=14,r=34)`, `R2_w=scalar(umax=7)`, `fp-8=mmmm????`.

use super::insn::Reg;

/// Something that has a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Location {
    Register(Reg),
    /// A slot of eight bytes of the frame's stack, by the offset of its lowest byte from the frame pointer: -8, -16.
    Slot(i32),
}

impl Location {
    /// The slot with the byte at this offset.
    pub fn slot(offset: i32) -> Location {
        Location::Slot(offset.div_euclid(8).saturating_mul(8))
    }
}

/// A value as the verifier knows it.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Value {
    /// `scalar`, `ctx`, `pkt`, `map_value_or_null`, `fp`; of a slot of the stack also its bytes.
    pub kind: String,
    /// Of a number that is known.
    pub number: Option<i64>,
    /// What is in the brackets: names and values.
    pub fields: Vec<(String, String)>,
}

/// The registers and slots of a state, in its order; what has no such form is left out.
pub fn assignments(state: &str) -> Vec<(Location, Value)> {
    pieces(state).into_iter().filter_map(assignment).collect()
}

/// The words of a state: brackets may hold blanks.
fn pieces(state: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, byte) in state.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b' ' if depth <= 0 => {
                found.push(&state[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&state[start..]);
    found.retain(|piece| !piece.is_empty());
    found
}

fn assignment(piece: &str) -> Option<(Location, Value)> {
    let (name, value) = piece.split_once('=')?;
    // `_w`, `_r`, `_rw`, `_rwD`: how it was used.
    let name = name.split('_').next().unwrap_or(name);
    let location = if let Some(number) = name.strip_prefix('R') {
        Location::Register(number.parse().ok().filter(|&number: &Reg| number <= 10)?)
    } else {
        Location::slot(name.strip_prefix("fp")?.parse().ok()?)
    };
    Some((location, Value::parse(value)))
}

impl Value {
    /// A value as the log writes it.
    pub fn parse(text: &str) -> Value {
        // A precise number: the mark before it says nothing of the value.
        let text = text.strip_prefix("inv").filter(|rest| is_known(rest)).unwrap_or(text);
        let plain = text.strip_prefix('P').filter(|rest| !rest.is_empty()).unwrap_or(text);
        if let Some(number) = number(plain) {
            return Value { kind: "scalar".into(), number: Some(number), fields: Vec::new() };
        }
        if let Some(offset) = plain.strip_prefix("fp")
            && let Some(number) = number(offset.trim_start_matches('+'))
        {
            return Value { kind: "fp".into(), number: Some(number), fields: Vec::new() };
        }
        let (kind, rest) = plain.split_once('(').map_or((plain, ""), |(kind, rest)| (kind, rest));
        // Until 6.1 a number is `inv`.
        let kind = if matches!(kind, "inv" | "invP" | "Pscalar") { "scalar" } else { kind };
        let fields = fields(rest.strip_suffix(')').unwrap_or(rest));
        let exact = fields.iter().find(|(name, _)| name == "imm" && kind == "scalar");
        let number = exact.and_then(|(_, value)| number(value));
        Value { kind: kind.to_owned(), number, fields }
    }

    /// A field of the brackets.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A field that is a number; with the longer name that it had until 6.6.
    pub fn bound(&self, name: &str) -> Option<i64> {
        let value = self.field(name).or_else(|| self.field(&format!("{name}_value")))?;
        number(value)
    }
}

fn is_known(rest: &str) -> bool {
    number(rest.strip_prefix('P').unwrap_or(rest)).is_some()
}

/// Decimal or hexadecimal; those above the signed range keep their bits.
fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(|bits| bits as i64),
        None => text.parse().ok().or_else(|| text.parse::<u64>().ok().map(|bits| bits as i64)),
    }
}

/// `smin=0,smax=umax=0xff,var_off=(0x0; 0xff)`: several names may share a value.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    let mut parts = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth <= 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    for part in parts {
        if let Some((names, value)) = part.rsplit_once('=') {
            found.extend(names.split('=').map(|name| (name.to_owned(), value.to_owned())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Location, Value, assignments};

    #[test]
    fn states_of_several_kernels() {
        let new =
            assignments("R1=ctx() R2_w=scalar(smin=0,smax=umax=0xffff,var_off=(0x0; 0xffff)) R10=fp0 fp-8=mmmm????");
        assert_eq!(new.len(), 4);
        assert_eq!(new[1].0, Location::Register(2));
        assert_eq!((new[1].1.bound("umax"), new[1].1.bound("smax")), (Some(0xffff), Some(0xffff)));
        assert_eq!(new[1].1.field("var_off"), Some("(0x0; 0xffff)"));
        assert_eq!((new[3].0, new[3].1.kind.as_str()), (Location::Slot(-8), "mmmm????"));
        let old =
            assignments("R1=ctx(id=0,off=0,imm=0) R2_w=inv(id=0,umax_value=7,var_off=(0x0; 0x7)) R3=invP5 R10=fp0");
        assert_eq!((old[1].1.kind.as_str(), old[1].1.bound("umax")), ("scalar", Some(7)));
        assert_eq!(old[2].1.number, Some(5));
        assert_eq!(Value::parse("P7").number, Some(7));
        assert_eq!(Value::parse("fp-16").number, Some(-16));
        assert_eq!(Value::parse("pkt(off=14,r=34)").bound("r"), Some(34));
        assert_eq!(Value::parse("map_value_or_null(id=2,map=m,ks=4,vs=8)").field("map"), Some("m"));
    }

    #[test]
    fn what_is_no_state() {
        assert!(assignments("what is (this").is_empty());
        assert!(assignments("R99=1 R=2 fp=3 =").is_empty());
        assert_eq!(Value::parse("").kind, "");
        assert_eq!(Value::parse("((((").field("x"), None);
    }
}
