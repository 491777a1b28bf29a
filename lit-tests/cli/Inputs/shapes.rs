//! What shapes.c does, by the module of the object.

#[deny(warnings)]
mod shapes;

use shapes::{Bool, Plain, Text, either, flags, inner, kind, sign, value};

fn show(what: &str, bytes: &[u8]) {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!(" {byte:02x}")).collect();
    println!("{what}{}", bytes.concat());
}

/// Takes types of the module alone.
unsafe trait Marked {}
shapes::each_type!(shapes: Marked);
fn marked<T: Marked>(_: &T) {}

fn main() {
    let mut flags = flags { before: 1, after: 0xbeef, ..Default::default() };
    flags.set_low(5);
    flags.set_middle(-700);
    flags.set_yes(true);
    flags.set_wide(0x1234567890);
    flags.set_kind(kind::KIND_SOME);
    let mut either = either::default();
    either.set_inner(inner { b: 77, ..Default::default() });
    either.set_bits(0x15);
    let mut v = value {
        text: Text::from("hello"),
        mac: [1, 2, 3, 4, 5, 6],
        kind: kind::KIND_MORE,
        sign: sign::MINUS,
        ok: Bool::from(true),
        first: 7,
        flags,
        either,
        pointer: 0x5555,
        type_: -1,
        real: 1.5,
        ..Default::default()
    };
    v.matrix[1][2] = -2;
    v.big[..8].copy_from_slice(&0x1122334455667788_u64.to_ne_bytes());
    v.union.set_four(0x01020304);
    v.tight.word = 0xa1b2c3d4;
    v.tight.inner.b = 0x1234567890abcdef;
    v.tight.last = 9;
    v.inners[1] = inner { a: 3, b: 4, ..Default::default() };
    marked(&v);
    show("value", v.as_bytes());
    show("flags", v.flags.as_bytes());
    let flags = &v.flags;
    println!("{} {} {} {:x} {:x}", flags.low(), flags.middle(), flags.yes() as u8, flags.wide(), flags.kind().raw);
    println!("{:x} {} {} {}", v.either.word(), v.either.bits(), v.either.bytes()[8], v.either.inner().b);
    let again = value::from_bytes(v.as_bytes());
    assert_eq!(again, Some(v));
    assert_eq!(value::from_bytes(&v.as_bytes()[1..]), None);
    eprintln!("{v:?}");
    eprintln!("{} {}", shapes::maps::shapes::NAME, size_of::<shapes::maps::shapes::Key>());
    eprintln!("{} {}", shapes::programs::match_, shapes::variables::limits::SECTION);
    eprintln!("{} {}", shapes::sections::data::NAME, size_of::<shapes::sections::data::Value>());
    eprintln!("{} {:?}", shapes::OBJECT.as_ptr() as usize % 8, &shapes::OBJECT[1..4]);
}
