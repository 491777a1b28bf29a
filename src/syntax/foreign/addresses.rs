//! Addresses of networks that are written without quotes.

use super::Hint;
use crate::source::Span;
use crate::syntax::build::Builder;
use crate::syntax::errors::Failure;
use std::net::Ipv4Addr;

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
