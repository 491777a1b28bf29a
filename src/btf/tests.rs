//! A hand-made file, and what happens where it is cut off or changed.

use super::{Btf, KernelEnumerator, KernelTypes, Kind, Malformed, NotImported, OpenError, TypeId, Wanted};
use crate::target::Endian;
use crate::types::{TyKind, Types};

/// Writes BTF as Documentation/bpf/btf.rst says.
struct Writer {
    types: Vec<u8>,
    strings: Vec<u8>,
}

impl Writer {
    fn new() -> Writer {
        Writer { types: Vec::new(), strings: vec![0] }
    }

    fn name(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let at = self.strings.len() as u32;
        self.strings.extend(name.as_bytes());
        self.strings.push(0);
        at
    }

    /// A record, and the words that follow it.
    fn ty(&mut self, name: &str, kind: u32, (count, flag): (u32, bool), size_or_type: u32, rest: &[u32]) {
        let info = u32::from(flag) << 31 | kind << 24 | count;
        let name = self.name(name);
        for word in [name, info, size_or_type].iter().chain(rest) {
            self.types.extend(word.to_le_bytes());
        }
    }

    fn file(&self) -> Vec<u8> {
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        let mut file = vec![0x9f, 0xeb, 1, 0];
        for word in [24, 0, types, types, strings] {
            file.extend(u32::to_le_bytes(word));
        }
        file.extend(&self.types);
        file.extend(&self.strings);
        file
    }
}

/// ```c
/// typedef unsigned short __be16;                                                  // 1: short, 2
/// struct inner { union { int left; __be16 right; }; };                            // 3: int, 4: union, 5
/// struct outer { const struct inner *next; int low: 3, high: 5; char text[16]; }; // 6: const, 7, 8: char, 9: array, 10
/// int outer(struct outer *o);                                                     // 11: pointer, 12, 13
/// enum colour { RED = 1, BLUE = -2 };                                             // 14
/// ```
fn sample() -> Vec<u8> {
    let mut w = Writer::new();
    w.ty("unsigned short", 1, (0, false), 2, &[16]);
    w.ty("__be16", 8, (0, false), 1, &[]);
    w.ty("int", 1, (0, false), 4, &[1 << 24 | 32]);
    let (left, right) = (w.name("left"), w.name("right"));
    w.ty("", 5, (2, false), 4, &[left, 3, 0, right, 2, 0]);
    w.ty("inner", 4, (1, false), 4, &[0, 4, 0]);
    w.ty("", 10, (0, false), 5, &[]);
    w.ty("", 2, (0, false), 6, &[]);
    w.ty("char", 1, (0, false), 1, &[1 << 24 | 8]);
    w.ty("", 3, (0, false), 0, &[8, 3, 16]);
    let [next, low, high, text] = ["next", "low", "high", "text"].map(|name| w.name(name));
    let members = [next, 7, 0, low, 3, 3 << 24 | 64, high, 3, 5 << 24 | 67, text, 9, 96];
    w.ty("outer", 4, (4, true), 32, &members);
    w.ty("", 2, (0, false), 10, &[]);
    let o = w.name("o");
    w.ty("", 13, (1, false), 3, &[o, 11]);
    w.ty("outer", 12, (1, false), 12, &[]);
    let (red, blue) = (w.name("RED"), w.name("BLUE"));
    w.ty("colour", 6, (2, true), 4, &[red, 1, blue, -2_i32 as u32]);
    w.file()
}

/// Asks everything that the compiler asks, and makes types of what it gets.
fn ask_all(btf: Btf) {
    let _ = ask(&btf);
    let (mut kernel, mut types) = (KernelTypes::of(btf), Types::new());
    for name in ["outer", "inner", "colour", "__be16"] {
        let Some(Ok(ty)) = kernel.named(&mut types, name) else { continue };
        let TyKind::Struct(id) = types.kind(ty) else { continue };
        for field in ["next", "low", "high", "text", "left", "right", "none"] {
            let _ = kernel.field(&mut types, id, field);
        }
        let _ = (kernel.field_inside(id, "right"), kernel.field_names(id), kernel.begins_with(&types, ty, ty));
    }
    let _ = (kernel.enumerator(&mut types, "RED"), kernel.enumerator(&mut types, "BLUE"));
    let _ = (
        kernel.prototype(&mut types, Wanted::Typedef, "__be16").is_some(),
        kernel.names_of_types().len(),
        kernel.typedefs_with("__"),
    );
}

fn ask(btf: &Btf) -> Result<(), Malformed> {
    for id in (0..40).map(TypeId) {
        let Ok((plain, ty)) = btf.plain(id) else { continue };
        for name in ["left", "high", "none"] {
            let _ = btf.member(plain, name);
        }
        btf.members(plain);
        let (_, _) = (btf.params(&ty), btf.enumerators(&ty));
    }
    for wanted in [Wanted::Type, Wanted::Typedef, Wanted::Function] {
        btf.find("outer", wanted);
        btf.names(wanted).count();
    }
    Ok(())
}

#[test]
fn finds_types_by_name_and_kind() -> Result<(), Malformed> {
    let btf = Btf::new(sample()).map_err(|_| Malformed)?;
    assert_eq!(btf.find("outer", Wanted::Type), Some(TypeId(10)));
    assert_eq!(btf.find("outer", Wanted::Function), Some(TypeId(13)));
    assert_eq!(btf.find("__be16", Wanted::Typedef), Some(TypeId(2)));
    // `left` is a name, but of no type; `ter` is the end of one.
    assert_eq!([btf.find("left", Wanted::Type), btf.find("ter", Wanted::Type), btf.find("", Wanted::Type)], [None; 3]);
    let (id, ty) = btf.plain(TypeId(6))?;
    assert_eq!((id, ty.name, ty.kind), (TypeId(5), "inner", Kind::Struct { size: 4 }));
    Ok(())
}

#[test]
fn lays_out_members() -> Result<(), Malformed> {
    let btf = Btf::new(sample()).map_err(|_| Malformed)?;
    let right = btf.member(TypeId(5), "right")?.ok_or(Malformed)?;
    assert_eq!((right.ty, right.bit_offset, right.bit_width), (TypeId(2), 0, None));
    let high = btf.member(TypeId(10), "high")?.ok_or(Malformed)?;
    assert_eq!((high.ty, high.bit_offset, high.bit_width), (TypeId(3), 67, Some(5)));
    assert_eq!(btf.member(TypeId(10), "left")?, None);
    let names: Vec<&str> = btf.members(TypeId(5)).iter().map(|member| member.name).collect();
    assert_eq!(names, ["left", "right"]);
    Ok(())
}

#[test]
fn reads_prototypes_and_enums() -> Result<(), Malformed> {
    let btf = Btf::new(sample()).map_err(|_| Malformed)?;
    let params = btf.params(&btf.ty(TypeId(12))?)?;
    assert_eq!(params.iter().map(|param| (param.name, param.ty)).collect::<Vec<_>>(), [("o", TypeId(11))]);
    let values: Vec<i128> = btf.enumerators(&btf.ty(TypeId(14))?)?.iter().map(|e| e.value).collect();
    assert_eq!(values, [1, -2]);
    Ok(())
}

#[test]
fn refuses_types_that_no_kernel_has() -> Result<(), Malformed> {
    let mut w = Writer::new();
    w.ty("int", 1, (0, false), 4, &[1 << 24 | 32]);
    w.ty("huge", 4, (0, false), u32::MAX, &[]);
    let (many, split) = (w.name("many"), w.name("split"));
    w.ty("", 3, (0, false), 0, &[1, 1, u32::MAX]);
    w.ty("arrays", 4, (1, false), 64, &[many, 3, 0]);
    w.ty("bits", 4, (1, true), 64, &[split, 1, 20 << 24 | 20]);
    let (mut kernel, mut types) = (KernelTypes::of(Btf::new(w.file()).map_err(|_| Malformed)?), Types::new());
    assert!(matches!(kernel.named(&mut types, "huge"), Some(Err(NotImported::Malformed))));
    for (of, name) in [("arrays", "many"), ("bits", "split")] {
        let Some(Ok(ty)) = kernel.named(&mut types, of) else { return Err(Malformed) };
        let TyKind::Struct(id) = types.kind(ty) else { return Err(Malformed) };
        assert!(kernel.field(&mut types, id, name).is_err(), "{name}");
    }
    Ok(())
}

/// A module's struct has a member of a type of the kernel, and its names and types are numbered behind the kernel's.
#[test]
fn finds_types_of_modules() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = sample();
    let (types, strings) = (14, word_at(&kernel, 20));
    let mut w = Writer { types: Vec::new(), strings: vec![0; strings as usize] };
    let (of, event) = (w.name("of"), w.name("own"));
    w.ty("in_module", 4, (2, false), 40, &[of, 10, 0, event, types + 2, 256]);
    w.ty("", 2, (0, false), types + 1, &[]);
    let (idle, busy) = (w.name("DRIVER_IDLE"), w.name("DRIVER_BUSY"));
    w.ty("driver_state", 6, (2, false), 4, &[idle, 3, busy, 7]);
    w.strings.drain(..strings as usize);
    let folder = std::env::temp_dir().join(format!("ksc-modules-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    for (name, data) in [("vmlinux", kernel), ("driver", w.file()), ("readme", b"no BTF".to_vec())] {
        std::fs::write(folder.join(name), data)?;
    }
    let (mut all, mut made) = (KernelTypes::new(Some(folder.join("vmlinux"))), Types::new());
    let Some(Ok(outer)) = all.named(&mut made, "outer") else { return Err("no outer".into()) };
    let Some(Ok(inside)) = all.named(&mut made, "in_module") else { return Err("no in_module".into()) };
    let Some(Ok(KernelEnumerator::Variant(of, 1))) = all.enumerator(&mut made, "DRIVER_BUSY") else {
        return Err("no DRIVER_BUSY".into());
    };
    assert_eq!(made.enum_def(of).variants[1].value, 7);
    std::fs::remove_dir_all(&folder)?;
    let TyKind::Struct(id) = made.kind(inside) else { return Err("no struct".into()) };
    let field = all.field(&mut made, id, "of").map_err(|_| "damaged")?.ok_or("no field")?;
    assert_eq!(made.struct_def(id).fields[field].ty, outer);
    let own = all.field(&mut made, id, "own").map_err(|_| "damaged")?.ok_or("no field")?;
    assert!(matches!(made.kind(made.struct_def(id).fields[own].ty), TyKind::Ptr { to, .. } if to == inside));
    assert_eq!((made.struct_def(id).fields[own].offset, made.struct_def(id).size), (32, 40));
    Ok(())
}

fn word_at(data: &[u8], at: usize) -> u32 {
    data[at..at + 4].iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

#[test]
fn refuses_what_is_no_btf() {
    assert!(matches!(Btf::new(Vec::new()), Err(OpenError::NoBtf)));
    assert!(matches!(Btf::new(b"\x7fELF".to_vec()), Err(OpenError::Malformed)));
    let mut other = sample();
    other[0] = 0;
    assert!(matches!(Btf::new(other), Err(OpenError::NoBtf)));
}

/// The magic number and each word in the other order.
fn big_endian(mut file: Vec<u8>) -> Vec<u8> {
    let types = Endian::Little.word(&file, 12).unwrap_or_default() as usize;
    file[..2].reverse();
    file[4..24 + types].chunks_mut(4).for_each(<[u8]>::reverse);
    file
}

#[test]
fn reads_both_byte_orders() -> Result<(), Malformed> {
    let (little, big) = (Btf::new(sample()), Btf::new(big_endian(sample())));
    let (Ok(little), Ok(big)) = (little, big) else { return Err(Malformed) };
    assert_eq!(little.starts, big.starts);
    for id in (1..=14).map(TypeId) {
        let names = |btf: &Btf| Ok((btf.ty(id)?.name.to_owned(), btf.members(id).len()));
        assert_eq!(names(&little)?, names(&big)?, "type {}", id.0);
    }
    assert_eq!(big.find("outer", Wanted::Type), little.find("outer", Wanted::Type));
    Ok(())
}

/// Each prefix of the file, and the file with each word set to numbers that reach beyond it: nothing panics or hangs.
#[test]
fn survives_damage() {
    let file = sample();
    for length in 0..file.len() {
        let _ = Btf::new(file[..length].to_vec()).map(ask_all);
    }
    for at in (4..file.len() - 4).step_by(2) {
        for word in [0, 1, 5, 6, 10, 0xff, 0xffff, 0x0400_ffff, 0x8400_0004, 0x0a00_0000, u32::MAX] {
            let mut damaged = file.clone();
            damaged[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
            let _ = Btf::new(damaged).map(ask_all);
        }
    }
}

/// Five thousand files with one to four bytes changed: nothing panics or hangs.
#[test]
fn survives_changed_bytes() {
    let (file, mut state) = (sample(), 88_u64);
    let mut random = |most: usize| {
        // The generator of Numerical Recipes: the same files in each run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most
    };
    for _ in 0..5000 {
        let mut damaged = file.clone();
        for _ in 0..1 + random(4) {
            let at = random(damaged.len());
            damaged[at] = random(256) as u8;
        }
        let _ = Btf::new(damaged).map(ask_all);
    }
}
