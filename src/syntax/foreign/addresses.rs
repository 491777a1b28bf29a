//! Addresses of networks that are written without quotes.

use super::Hint;
use crate::source::Span;
use crate::syntax::builder::Builder;
use crate::syntax::errors::Failure;
use std::net::{Ipv4Addr, Ipv6Addr};

/// `10.0.0.1`, which is the numbers `10.0` and `0.1` with a point between them, and `10.0.0.0/8`. The fault is the second number.
pub fn dotted(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    if failure.token(-1) != "." {
        return None;
    }
    let span = Span { lo: failure.token_span(builder, -2).lo, ..failure.span(builder) };
    let text = builder.text(span);
    let address: Ipv4Addr = text.parse().ok()?;
    let form = format!("ip4(\"{text}\")");
    let bits = failure.token(2).parse::<u32>().ok().filter(|bits| failure.token(1) == "/" && *bits <= 32);
    let Some(bits) = bits else { return Some(Hint::edit(format!("an address is written `{form}`"), span, form)) };
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    let network = Ipv4Addr::from(u32::from(address) & mask);
    Some(Hint::text(format!("whether `a` lies in that network: `(a & {mask:#010x}) == ip4(\"{network}\")`")))
}

/// `2001:db8::1` and `02:00:00:00:00:01`. The fault is somewhere in them: they are numbers, names, and colons.
pub fn with_colons(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let at = failure.span(builder).lo as usize;
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':';
    let (before, after) = (&builder.source[..at], &builder.source[at..]);
    let start = before.trim_end_matches(is_part).len();
    let end = at + after.len() - after.trim_start_matches(is_part).len();
    let span = Span { lo: start as u32, hi: end as u32, ..failure.span(builder) };
    let text = builder.text(span);
    let bytes = text.split(':').filter(|byte| byte.len() == 2).count();
    let call = if bytes == 6 && text.len() == 17 {
        "mac"
    } else if text.contains(|c: char| c.is_ascii_digit()) && text.parse::<Ipv6Addr>().is_ok() {
        "ip6"
    } else {
        return None;
    };
    let form = format!("{call}(\"{text}\")");
    Some(Hint::edit(format!("an address is written `{form}`"), span, form))
}
