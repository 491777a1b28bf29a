//! Addresses of networks, written as text: `ip4("10.0.0.1")`.

use super::{Constant, value};
use crate::ast::{Arg, Expr, ExprKind};
use crate::diag::codes::types::{AddressAsText, BadAddress, MismatchedTypes};
use crate::sema::scope::{Found, Scope};
use crate::sema::tree::Const;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{Address, BUILTINS, BuiltinSpec};
use crate::types::{Ty, TyKind};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The builtin that a call names, if that makes an address and nothing of the program but a variable has its name.
pub(super) fn called(cx: &mut Session, scope: &mut dyn Scope, callee: &Expr) -> Option<&'static BuiltinSpec> {
    let ExprKind::Name(path) = &callee.kind else { return None };
    let [name] = path.segments.as_slice() else { return None };
    let builtin = BUILTINS.iter().find(|builtin| builtin.name == name.name && builtin.address.is_some())?;
    matches!(scope.find(cx, &name.name), Found::Nothing | Found::Variable(_)).then_some(builtin)
}

/// `ip4("10.0.0.1")`; None once an error was reported.
pub fn call(cx: &mut Session, scope: &mut dyn Scope, builtin: &BuiltinSpec, args: &[Arg]) -> Option<Constant> {
    let (form, [arg]) = (builtin.address?, args) else { return None };
    let constant = value(cx, scope, &arg.value, None)?;
    let Const::Str(bytes) = &constant.value else {
        let found = super::convert::found(cx, &constant);
        let wanted = "a constant string".to_owned();
        cx.error(arg.value.span, MismatchedTypes { wanted, found });
        return None;
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    if let Some(address) = parse(form, &text) {
        return Some(typed(cx, &address));
    }
    let what = what(form).to_owned();
    let help = network(form, &text).unwrap_or_else(|| {
        match form {
            Address::Ip4 => "it is four numbers up to 255: `ip4(\"10.0.0.1\")`",
            Address::Ip6 => "it is written as in `ip6(\"2001:db8::1\")`",
            Address::Mac => "it is six bytes in hexadecimal: `mac(\"02:00:00:00:00:01\")`",
        }
        .to_owned()
    });
    cx.error(arg.value.span, BadAddress { text, what }).help(help);
    None
}

/// The text to write for `10.0.0.0/8`, which is no address but a network; none for other texts.
fn network(form: Address, text: &str) -> Option<String> {
    let (address, bits) = text.split_once('/')?;
    let bytes = parse(form, address)?;
    let bits: u32 = bits.parse().ok()?;
    let Ok(bytes) = <[u8; 4]>::try_from(bytes) else {
        return Some("an address has no length: compare the bytes that count".to_owned());
    };
    let mask = u32::MAX.checked_shl(32u32.checked_sub(bits)?).unwrap_or(0);
    let first = Ipv4Addr::from(u32::from_be_bytes(bytes) & mask);
    Some(format!("whether `a` lies in that network: `(a & {mask:#010x}) == ip4(\"{first}\")`"))
}

/// Reports a text where the address is wanted that it says. Other text may go there: bytes are filled from strings.
pub fn refuse_text(cx: &mut Session, span: Span, text: &[u8], wanted: Ty) -> bool {
    let kind = cx.types.kind(wanted);
    let places = [
        (TyKind::Be { bits: 32 }, Address::Ip4),
        (TyKind::Array(Ty::U8, 16), Address::Ip6),
        (TyKind::Array(Ty::U8, 6), Address::Mac),
    ];
    let Some((_, form)) = places.into_iter().find(|(place, _)| *place == kind) else { return false };
    let text = String::from_utf8_lossy(text).into_owned();
    let network = network(form, &text);
    if network.is_none() && parse(form, &text).is_none() {
        return false;
    }
    let builtin = BUILTINS.iter().find(|builtin| builtin.address == Some(form));
    let name = builtin.map_or("", |builtin| builtin.name);
    let error = cx.error(span, AddressAsText { text: text.clone(), what: what(form).to_owned() });
    if let Some(network) = network {
        error.help(network);
    } else {
        let form = format!("{name}(\"{text}\")");
        error.help(format!("write `{form}`")).fix(span, form);
    }
    true
}

fn what(form: Address) -> &'static str {
    match form {
        Address::Ip4 => "IPv4 address",
        Address::Ip6 => "IPv6 address",
        Address::Mac => "Ethernet address",
    }
}

/// The bytes in the order of the wire.
fn parse(form: Address, text: &str) -> Option<Vec<u8>> {
    match form {
        Address::Ip4 => text.parse::<Ipv4Addr>().ok().map(|address| address.octets().to_vec()),
        Address::Ip6 => text.parse::<Ipv6Addr>().ok().map(|address| address.octets().to_vec()),
        Address::Mac => {
            let separator = if text.contains('-') { '-' } else { ':' };
            let byte = |part: &str| {
                let digits = (1..=2).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_hexdigit());
                u8::from_str_radix(part, 16).ok().filter(|_| digits)
            };
            let bytes = text.split(separator).map(byte).collect::<Option<Vec<u8>>>()?;
            (bytes.len() == 6).then_some(bytes)
        }
    }
}

/// Four bytes are a `be32`, others an array.
fn typed(cx: &mut Session, address: &[u8]) -> Constant {
    if let Ok(bytes) = <[u8; 4]>::try_from(address) {
        let ty = cx.types.intern(TyKind::Be { bits: 32 });
        return Constant::typed(Const::Int(u32::from_be_bytes(bytes).into()), ty);
    }
    let ty = cx.types.array(Ty::U8, address.len() as u64);
    Constant::typed(Const::Array(address.iter().map(|&byte| Const::Int(byte.into())).collect()), ty)
}
