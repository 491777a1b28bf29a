//! Formats of the kernel's prints (`bpf_bprintf_prepare` of kernel/trace and lib/vsprintf.c).

/// The text of a format and its arguments; None for a format that the kernel refuses. `text_at` yields the bytes at an address.
pub fn format(text: &[u8], args: &[u64], text_at: &mut dyn FnMut(u64) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let (mut rest, mut args) = (text, args.iter().copied());
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            line.push(byte);
            continue;
        }
        if let Some(behind) = rest.strip_prefix(b"%") {
            line.push(b'%');
            rest = behind;
            continue;
        }
        let (place, behind) = Place::read(rest)?;
        rest = behind;
        let (conversion, behind) = rest.split_first()?;
        rest = behind;
        let argument = args.next()?;
        let found = match conversion {
            b'd' | b'i' => place.signed(argument).to_string().into_bytes(),
            b'u' => place.unsigned(argument).to_string().into_bytes(),
            b'x' => std::format!("{:x}", place.unsigned(argument)).into_bytes(),
            b'X' => std::format!("{:X}", place.unsigned(argument)).into_bytes(),
            b'c' => vec![argument as u8],
            b's' => text_at(argument).unwrap_or_else(|| b"(fault)".to_vec()),
            b'p' => {
                let (found, behind) = pointer(rest, argument, text_at)?;
                rest = behind;
                found
            }
            _ => return None,
        };
        place.fill(found, &mut line);
    }
    Some(line)
}

/// What stands between `%` and the conversion.
struct Place {
    width: usize,
    is_left: bool,
    has_zeros: bool,
    /// Bytes of the argument.
    size: u32,
}

impl Place {
    fn read(text: &[u8]) -> Option<(Place, &[u8])> {
        let mut place = Place { width: 0, is_left: false, has_zeros: false, size: 4 };
        let mut rest = text;
        while let Some((&flag, behind)) = rest.split_first() {
            match flag {
                b'-' => place.is_left = true,
                b'0' => place.has_zeros = true,
                b'+' | b' ' | b'#' => {}
                _ => break,
            }
            rest = behind;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        place.width = rest[..digits].iter().fold(0, |width, digit| (width * 10 + usize::from(digit - b'0')).min(512));
        rest = &rest[digits..];
        for (word, size) in [(&b"ll"[..], 8), (b"l", 8), (b"hh", 1), (b"h", 2), (b"z", 8)] {
            if let Some(behind) = rest.strip_prefix(word) {
                place.size = size;
                return Some((place, behind));
            }
        }
        Some((place, rest))
    }

    fn unsigned(&self, argument: u64) -> u64 {
        let unused = 64 - 8 * self.size;
        argument << unused >> unused
    }

    fn signed(&self, argument: u64) -> i64 {
        let unused = 64 - 8 * self.size;
        (argument << unused) as i64 >> unused
    }

    fn fill(&self, found: Vec<u8>, line: &mut Vec<u8>) {
        let missing = self.width.saturating_sub(found.len());
        if self.is_left {
            line.extend(found);
            line.resize(line.len() + missing, b' ');
        } else if self.has_zeros && found.first() == Some(&b'-') {
            line.push(b'-');
            line.resize(line.len() + missing, b'0');
            line.extend(&found[1..]);
        } else {
            line.resize(line.len() + missing, if self.has_zeros { b'0' } else { b' ' });
            line.extend(found);
        }
    }
}

/// A pointer, or what it points to.
fn pointer<'t>(
    rest: &'t [u8],
    argument: u64,
    text_at: &mut dyn FnMut(u64) -> Option<Vec<u8>>,
) -> Option<(Vec<u8>, &'t [u8])> {
    for word in [&b"ks"[..], b"us"] {
        if let Some(behind) = rest.strip_prefix(word) {
            return Some((text_at(argument).unwrap_or_else(|| b"(fault)".to_vec()), behind));
        }
    }
    let known = [&b"x"[..], b"K", b"B", b"S", b"s"].into_iter().find_map(|word| rest.strip_prefix(word));
    let is_word = rest.first().is_some_and(u8::is_ascii_alphanumeric);
    match known {
        Some(behind) => Some((std::format!("{argument:016x}").into_bytes(), behind)),
        None if !is_word => Some((std::format!("{argument:016x}").into_bytes(), rest)),
        None => None,
    }
}
