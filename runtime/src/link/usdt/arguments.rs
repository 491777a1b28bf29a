//! Where the arguments of a probe are, as the compiler wrote it into the note: operands of the assembler of x86-64 behind their size,
//! `-4@%eax 8@-24(%rbp) 2@$7 4@counter(%rip) 1@(%rax,%rbx,8)`. A negative size is of a signed number.

use super::notes::Site;
use super::places::{Argument, Form, MOST};
use crate::kernel::escape;
use libc::user_regs_struct as Registers;
use std::mem::offset_of;

/// The arguments that a program takes. Arguments behind these may be unreadable.
pub fn read(site: &Site, taken: usize) -> Result<[Argument; MOST], String> {
    let written = written(&site.arguments);
    if taken > written.len() {
        let has = match written.len() {
            0 => "no arguments".to_owned(),
            1 => "one argument".to_owned(),
            count => format!("{count} arguments"),
        };
        return Err(format!("it has {has}, and the program takes {taken}"));
    }
    let mut arguments = [Argument::default(); MOST];
    for (place, (index, text)) in arguments.iter_mut().zip((1..).zip(written)).take(taken) {
        let unreadable = || format!("argument {index} is at `{}`, where programs cannot read it", escape::value(&text));
        *place = argument(&text, site).ok_or_else(unreadable)?;
    }
    Ok(arguments)
}

/// Each argument; blanks inside parentheses do not separate.
fn written(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut current = String::new();
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !c.is_whitespace() {
            current.push(c);
        } else if depth == 0 && !current.is_empty() {
            all.push(std::mem::take(&mut current));
        }
    }
    all.extend((!current.is_empty()).then_some(current));
    all
}

fn argument(text: &str, site: &Site) -> Option<Argument> {
    // Without a size it is that of a register. Those of floats end in `f`.
    let (size, operand) = text.split_once('@').unwrap_or(("8", text));
    let size: i8 = size.parse().ok()?;
    if ![1, 2, 4, 8].contains(&size.abs()) {
        return None;
    }
    let argument = Argument { size: size.unsigned_abs(), is_signed: u8::from(size < 0), ..Argument::default() };
    if let Some(constant) = operand.strip_prefix('$') {
        return Some(Argument { offset: number(constant)? as u64, form: Form::Constant as u8, ..argument });
    }
    if operand.starts_with('%') {
        let (base, shift) = register(operand)?;
        return Some(Argument { base, shift, form: Form::Register as u8, ..argument });
    }
    memory(operand, site, argument)
}

/// Reads the operand `displacement(base,index,scale)`, in which parts may be missing; none if it is no such operand.
fn memory(operand: &str, site: &Site, argument: Argument) -> Option<Argument> {
    let (displacement, inside) = match operand.strip_suffix(')') {
        Some(operand) => operand.split_once('(')?,
        None => (operand, ""),
    };
    let mut parts = inside.split(',').map(str::trim);
    let (base, index, scale) = (parts.next()?, parts.next(), parts.next());
    let is_relative = matches!(base, "" | "%rip");
    let form = Form::Memory as u8;
    if let Some((symbol, addend)) = symbol(displacement) {
        // The breakpoint is where the registers say that the process is.
        let distance = site.distances.iter().find(|(name, _)| *name == symbol).map(|(_, distance)| *distance)?;
        let offset = distance.wrapping_add(addend as u64);
        let base = register("%rip")?.0;
        return (is_relative && index.is_none()).then_some(Argument { offset, base, form, ..argument });
    }
    let offset = if displacement.is_empty() { 0 } else { number(displacement)? as u64 };
    let (base, 0) = register(base).filter(|_| !is_relative)? else { return None };
    let Some(index) = index else { return Some(Argument { offset, base, form, ..argument }) };
    let (index, 0) = register(index)? else { return None };
    let scale = match scale.unwrap_or("1") {
        "1" | "" => 0,
        "2" => 1,
        "4" => 2,
        "8" => 3,
        _ => return None,
    };
    Some(Argument { offset, base, index, scale, form: Form::Indexed as u8, ..argument })
}

/// `name`, `name+8` or `8+name`.
fn symbol(text: &str) -> Option<(&str, i64)> {
    let is_name = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if let Some((first, second)) = text.split_once('+') {
        return if is_name(first) { Some((first, number(second)?)) } else { Some((second, number(first)?)) }
            .filter(|(name, _)| is_name(name));
    }
    if let Some((first, second)) = text.split_once('-').filter(|(first, _)| is_name(first)) {
        return Some((first, number(second)?.wrapping_neg()));
    }
    is_name(text).then_some((text, 0))
}

/// Decimal, or hexadecimal behind `0x`.
fn number(text: &str) -> Option<i64> {
    let (digits, is_negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if is_negative { (magnitude as i64).wrapping_neg() } else { magnitude as i64 })
}

/// The offset in `struct pt_regs`, and how many bits are below the part: `%ah` is the second byte.
fn register(name: &str) -> Option<(u8, u8)> {
    const WIDE: [([&str; 4], usize); 8] = [
        (["rax", "eax", "ax", "al"], offset_of!(Registers, rax)),
        (["rbx", "ebx", "bx", "bl"], offset_of!(Registers, rbx)),
        (["rcx", "ecx", "cx", "cl"], offset_of!(Registers, rcx)),
        (["rdx", "edx", "dx", "dl"], offset_of!(Registers, rdx)),
        (["rsi", "esi", "si", "sil"], offset_of!(Registers, rsi)),
        (["rdi", "edi", "di", "dil"], offset_of!(Registers, rdi)),
        (["rbp", "ebp", "bp", "bpl"], offset_of!(Registers, rbp)),
        (["rsp", "esp", "sp", "spl"], offset_of!(Registers, rsp)),
    ];
    const NUMBERED: [(&str, usize); 9] = [
        ("r8", offset_of!(Registers, r8)),
        ("r9", offset_of!(Registers, r9)),
        ("r10", offset_of!(Registers, r10)),
        ("r11", offset_of!(Registers, r11)),
        ("r12", offset_of!(Registers, r12)),
        ("r13", offset_of!(Registers, r13)),
        ("r14", offset_of!(Registers, r14)),
        ("r15", offset_of!(Registers, r15)),
        ("rip", offset_of!(Registers, rip)),
    ];
    const SECOND_BYTES: [&str; 4] = ["ah", "bh", "ch", "dh"];
    let name = name.strip_prefix('%')?;
    let at = |offset: usize, shift: u8| Some((u8::try_from(offset).ok()?, shift));
    if let Some((_, offset)) = WIDE.iter().find(|(names, _)| names.contains(&name)) {
        return at(*offset, 0);
    }
    if let Some(index) = SECOND_BYTES.iter().position(|second| *second == name) {
        return at(WIDE[index].1, 8);
    }
    let plain = name.strip_suffix(['d', 'w', 'b']).filter(|plain| plain.starts_with('r')).unwrap_or(name);
    NUMBERED.iter().find(|(numbered, _)| *numbered == plain).and_then(|(_, offset)| at(*offset, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(arguments: &str) -> Site {
        Site { offset: 0, semaphore: 0, arguments: arguments.into(), distances: vec![("count".into(), 0x2000)] }
    }

    fn form(text: &str) -> Option<(u64, u8, u8, u8)> {
        let found = argument(text, &site(text))?;
        Some((found.offset, found.base, found.index, found.form))
    }

    #[test]
    fn operands() {
        let (ax, bx, bp, ip) = (80, 40, 32, 128);
        for (text, expected) in [
            ("-4@%eax", (0, ax, 0, 1)),
            ("1@%bl", (0, bx, 0, 1)),
            ("8@-24(%rbp)", (-24_i64 as u64, bp, 0, 2)),
            ("-4@$-9", (-9_i64 as u64, 0, 0, 0)),
            ("4@count(%rip)", (0x2000, ip, 0, 2)),
            ("4@count+4(%rip)", (0x2004, ip, 0, 2)),
            ("4@8+count", (0x2008, ip, 0, 2)),
            ("1@-96(%rbp,%rax,8)", (-96_i64 as u64, bp, ax, 3)),
            ("1@(%rbx,%rax)", (0, bx, ax, 3)),
        ] {
            assert_eq!(form(text), Some(expected), "{text}");
        }
        for text in
            ["4f@%xmm0", "8@%xmm1", "16@%rax", "4@other(%rip)", "4@(,%rax,4)", "4@%fs:8", "", "4@", "4@16(%rip)"]
        {
            assert_eq!(form(text), None, "{text}");
        }
    }

    #[test]
    fn those_that_are_not_taken_may_be_anywhere() {
        assert!(read(&site("8@%rax 8f@%xmm0"), 1).is_ok());
        assert!(read(&site("8@%rax 8f@%xmm0"), 2).is_err_and(|why| why.contains("argument 2")));
        assert!(read(&site("8@%rax"), 2).is_err_and(|why| why == "it has one argument, and the program takes 2"));
    }
}
