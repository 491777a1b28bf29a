//! The instructions as the kernel prints them: what they define and use.

/// A register, 0 to 10.
pub type Reg = u8;

/// What an instruction calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Callee {
    /// A helper or a function of the kernel, by its name.
    Named(String),
    /// A function of the program.
    Function,
}

/// What a store writes to memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Store {
    Register(Reg),
    /// A constant, or the result of an atomic operation.
    Other,
}

/// What an instruction does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// A copy from another register, of 64 bits or of the lower 32, or the extension of these.
    Move {
        to: Reg,
        from: Reg,
    },
    /// A constant, or the address of a map or a function.
    Constant {
        to: Reg,
    },
    /// `to` computed from itself, and perhaps from another register.
    Compute {
        to: Reg,
        from: Option<Reg>,
    },
    /// A load; `base` is none for those of the socket buffer by absolute offset.
    Load {
        to: Reg,
        base: Option<Reg>,
        offset: i32,
    },
    Store {
        base: Reg,
        offset: i32,
        value: Store,
    },
    /// An atomic operation, with the register that gets what was there before, if one does.
    Atomic {
        base: Reg,
        offset: i32,
        fetched: Option<Reg>,
    },
    Branch {
        left: Reg,
        right: Option<Reg>,
    },
    Jump,
    Call(Callee),
    Exit,
    /// A form that is not known.
    Other,
}

/// An instruction of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Insn {
    pub operation: Operation,
}

impl Insn {
    /// The instruction of a text such as `r1 = *(u32 *)(r10 -4)`. One that is not understood is `Other`.
    pub fn parse(text: &str) -> Insn {
        Insn { operation: operation(text.trim()).unwrap_or(Operation::Other) }
    }
}

impl Operation {
    /// The register that it gives a value; a call gives r0 one.
    pub fn defines(&self) -> Option<Reg> {
        match self {
            Operation::Move { to, .. }
            | Operation::Constant { to }
            | Operation::Compute { to, .. }
            | Operation::Load { to, .. } => Some(*to),
            Operation::Atomic { fetched, .. } => *fetched,
            Operation::Call(_) => Some(0),
            Operation::Store { .. }
            | Operation::Branch { .. }
            | Operation::Jump
            | Operation::Exit
            | Operation::Other => None,
        }
    }

    /// The name of the helper or the kernel's function that it calls.
    pub fn called(&self) -> Option<&str> {
        match self {
            Operation::Call(Callee::Named(name)) => Some(name),
            Operation::Call(Callee::Function)
            | Operation::Move { .. }
            | Operation::Constant { .. }
            | Operation::Compute { .. }
            | Operation::Load { .. }
            | Operation::Store { .. }
            | Operation::Atomic { .. }
            | Operation::Branch { .. }
            | Operation::Jump
            | Operation::Exit
            | Operation::Other => None,
        }
    }
}

fn operation(text: &str) -> Option<Operation> {
    if text == "exit" {
        return Some(Operation::Exit);
    }
    if let Some(callee) = text.strip_prefix("call ") {
        let name = callee.split('#').next().unwrap_or(callee);
        let callee = if name.starts_with("pc") { Callee::Function } else { Callee::Named(name.trim().to_owned()) };
        return Some(Operation::Call(callee));
    }
    if let Some(condition) = text.strip_prefix("if ") {
        let mut words = condition.split(' ');
        let left = register(words.next()?)?;
        let right = words.nth(1).and_then(register);
        return Some(Operation::Branch { left, right });
    }
    if text.starts_with("goto") || text.starts_with("may_goto") {
        return Some(Operation::Jump);
    }
    if let Some(place) = text.strip_prefix("lock ") {
        let (base, offset) = memory(place)?;
        return Some(Operation::Atomic { base: base?, offset, fetched: None });
    }
    if text.starts_with("*(") {
        let (place, value) = text.split_once(" = ")?;
        let (base, offset) = memory(place)?;
        let value = register(value.trim()).map_or(Store::Other, Store::Register);
        return Some(Operation::Store { base: base?, offset, value });
    }
    assignment(text)
}

fn assignment(text: &str) -> Option<Operation> {
    let (target, rest) = text.split_once(' ')?;
    let to = register(target)?;
    let (operator, value) = rest.split_once(' ')?;
    let value = value.trim();
    // How a compiler extends a number to 64 bits.
    if matches!(operator, "<<=" | ">>=" | "s>>=") && value == "32" {
        return Some(Operation::Move { to, from: to });
    }
    if operator != "=" {
        return Some(Operation::Compute { to, from: register(value) });
    }
    if value.starts_with("*(") {
        let (base, offset) = memory(value)?;
        return Some(Operation::Load { to, base, offset });
    }
    if value.contains("atomic") || value.contains("load_acquire") {
        let (base, offset) = memory(&value[value.find("(u").map_or(0, |at| at + 1)..]).unwrap_or((None, 0));
        return Some(Operation::Atomic { base: base?, offset, fetched: Some(to) });
    }
    if let Some(from) = register(value) {
        return Some(Operation::Move { to, from });
    }
    if let Some(from) = value.strip_prefix("(s32)").and_then(register) {
        return Some(Operation::Move { to, from });
    }
    // `r1 = (s8)r2`, `r1 = be16 r1`, `r1 = -r1`, `r1 = addr_space_cast(r1, 0, 1)`: something is computed.
    let named = value.trim_start_matches('-').rsplit([' ', ')', '(']).find_map(|word| {
        let word = word.trim_end_matches(',');
        register(word)
    });
    Some(named.map_or(Operation::Constant { to }, |from| Operation::Compute { to, from: Some(from) }))
}

/// `r1`, `w1`.
fn register(text: &str) -> Option<Reg> {
    let number = text.strip_prefix(['r', 'w'])?;
    number.parse().ok().filter(|&number: &Reg| number <= 10)
}

/// The base and the offset of `*(u32 *)(r10 -4)`, or of `(u64 *)(r1 +0), …`.
fn memory(text: &str) -> Option<(Option<Reg>, i32)> {
    if text.contains(")skb[") {
        return Some((None, 0));
    }
    let inner = text.split_once("*)(")?.1;
    let inner = inner.split(')').next()?;
    let (base, offset) = inner.split_once(' ')?;
    Some((Some(register(base)?), offset.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Callee, Insn, Operation, Store};

    fn of(text: &str) -> Operation {
        Insn::parse(text).operation
    }

    #[test]
    fn every_form_of_instruction() {
        assert_eq!(of("r1 = r6"), Operation::Move { to: 1, from: 6 });
        assert_eq!(of("w0 = w2"), Operation::Move { to: 0, from: 2 });
        assert_eq!(of("r1 = 0xffff88815bb2f000"), Operation::Constant { to: 1 });
        assert_eq!(of("r2 += -4"), Operation::Compute { to: 2, from: None });
        assert_eq!(of("r2 s>>= r3"), Operation::Compute { to: 2, from: Some(3) });
        assert_eq!(of("r2 s>>= 32"), Operation::Move { to: 2, from: 2 });
        assert_eq!(of("r2 = (s8)r3"), Operation::Compute { to: 2, from: Some(3) });
        assert_eq!(of("r2 = be16 r2"), Operation::Compute { to: 2, from: Some(2) });
        assert_eq!(of("w1 = -w1"), Operation::Compute { to: 1, from: Some(1) });
        assert_eq!(of("r1 = *(u32 *)(r10 -4)"), Operation::Load { to: 1, base: Some(10), offset: -4 });
        assert_eq!(of("r0 = *(u8 *)skb[14]"), Operation::Load { to: 0, base: None, offset: 0 });
        let store = Operation::Store { base: 10, offset: -8, value: Store::Register(3) };
        assert_eq!(of("*(u64 *)(r10 -8) = r3"), store);
        assert_eq!(of("*(u64 *)(r1 +16) = 7"), Operation::Store { base: 1, offset: 16, value: Store::Other });
        assert_eq!(of("lock *(u64 *)(r1 +8) += r2"), Operation::Atomic { base: 1, offset: 8, fetched: None });
        let fetch = Operation::Atomic { base: 2, offset: 0, fetched: Some(1) };
        assert_eq!(of("r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)"), fetch);
        assert_eq!(of("if w1 != 0x7 goto pc+2"), Operation::Branch { left: 1, right: None });
        assert_eq!(of("if r1 s> r3 goto pc-2"), Operation::Branch { left: 1, right: Some(3) });
        assert_eq!(of("call bpf_map_lookup_elem#1"), Operation::Call(Callee::Named("bpf_map_lookup_elem".into())));
        assert_eq!(of("call pc+6"), Operation::Call(Callee::Function));
        assert_eq!(of("exit"), Operation::Exit);
        assert_eq!(of("what is this"), Operation::Other);
    }
}
