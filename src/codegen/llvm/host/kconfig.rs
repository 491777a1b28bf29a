//! Values of `@kconfig` variables for kernels whose configuration lacks them, in the form of such a configuration.

use crate::codegen::abi::KsKconfig;
use crate::ir::{Global, GlobalKind, Module};
use crate::types::{Ty, TyKind, Types};

/// The type, as the runtime reads values for it.
pub fn option(types: &Types, ty: Ty) -> KsKconfig {
    let kind = types.kind(ty);
    let is_signed = || types.as_int(ty).is_some_and(|(_, signed)| signed);
    if kind == TyKind::Bool {
        KsKconfig::Bool
    } else if kind == TyKind::Char {
        KsKconfig::Char
    } else if let TyKind::Enum(_) = kind {
        KsKconfig::Tristate
    } else if let TyKind::Str(_) = kind {
        KsKconfig::Text
    } else if is_signed() {
        KsKconfig::Signed
    } else {
        KsKconfig::Unsigned
    }
}

/// Whether the program has any.
pub fn any(module: &Module) -> bool {
    module.globals.iter().any(|global| matches!(global.kind, GlobalKind::Kconfig | GlobalKind::WeakKconfig))
}

/// Lines `CONFIG_NAME=value`; none if there are none.
pub fn defaults(types: &Types, module: &Module) -> Option<String> {
    let weak = module.globals.iter().filter(|global| global.kind == GlobalKind::WeakKconfig);
    let lines: String = weak.map(|global| format!("{}={}\n", global.name, value(types, global))).collect();
    (!lines.is_empty()).then_some(lines)
}

/// As libbpf reads it back (bpf_object__process_kconfig_line): letters for what may be built in or a module, quotes around a
/// string, else a number.
fn value(types: &Types, global: &Global) -> String {
    if let TyKind::Str(_) = types.kind(global.ty) {
        let text: Vec<u8> = global.init.iter().copied().take_while(|&byte| byte != 0).collect();
        return format!("\"{}\"", String::from_utf8_lossy(&text));
    }
    let number = number(types, global);
    match (types.kind(global.ty), number) {
        (TyKind::Bool | TyKind::Enum(_), 0) => "n".to_owned(),
        (TyKind::Enum(_), 2) => "m".to_owned(),
        (TyKind::Bool | TyKind::Enum(_), _) => "y".to_owned(),
        (_, number) if global.ty == Ty::CHAR && [b'y', b'n', b'm'].contains(&(number as u8)) => {
            char::from(number as u8).to_string()
        }
        (_, number) => number.to_string(),
    }
}

fn number(types: &Types, global: &Global) -> i128 {
    let bits = types.machine().endian.number(&global.init);
    match types.as_int(global.ty) {
        Some((width @ 1..64, true)) => i128::from((bits << (64 - width)) as i64 >> (64 - width)),
        Some((_, true)) => i128::from(bits as i64),
        Some((_, false)) | None => i128::from(bits),
    }
}
