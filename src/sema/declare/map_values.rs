//! The values of maps, by the rules of the kind.

use super::Declare;
use crate::ast::{self, TypeKind};
use crate::diag::codes::maps::{InnerMap, MapValue};
use crate::sema::env::{Declared, Entity};
use crate::sema::imports;
use crate::sema::predefined::table_type;
use crate::sema::scope::Found;
use crate::sema::tree::MapId;
use crate::session::Session;
use crate::tables::{MAP_FLAGS, MAX_PERCPU_VALUE, MapKindSpec, ValueRule};
use crate::types::{Origin, Ty, TyKind, Types};

/// `PERF_MAX_STACK_DEPTH` of include/uapi/linux/perf_event.h.
const STACK_DEPTH: u64 = 127;
/// Bytes of a cgroup's path, with its NUL.
const LONGEST_PATH: u32 = 256;
/// Entries of a hash are allocated by kmalloc (KMALLOC_MAX_SIZE); some bytes of it are the entry's head and key.
pub(super) const MAX_VALUE: u64 = (4 << 20) - 1024;

impl Declare<'_> {
    pub(super) fn map_value(&mut self, cx: &mut Session, id: MapId, flags: u32, written: &ast::Type) -> Ty {
        let kind = self.env.program.map(id).kind;
        if kind.value == ValueRule::Map {
            return self.inner_map(cx, id, written);
        }
        let ty = self.map_type(cx, written);
        if ty == Ty::ERROR {
            return ty;
        }
        let size = cx.types.size_of(ty);
        let frame = self.frame(cx, flags);
        let why = match () {
            _ if size == 0 => "it has no size",
            _ if kind.percpu && size > MAX_PERCPU_VALUE => "a per-CPU value has at most 32768 bytes",
            _ if size > MAX_VALUE => "a value has at most 4 MiB",
            _ if let Some(why) = misplaced_kept(cx, kind, ty) => &why.clone(),
            _ if holds(&cx.types, ty, |kind| matches!(kind, TyKind::Fn(_))) => {
                "a function pointer means nothing to the other side"
            }
            _ if kind.value == ValueRule::Frames => {
                if matches!(cx.types.kind(ty), TyKind::Array(element, 1..=STACK_DEPTH) if element == frame) {
                    return ty;
                }
                &format!("it is an array of 1 to {STACK_DEPTH} `{}`, the frames of a stack", cx.types.name(frame))
            }
            _ => match misfit(cx, kind, ty) {
                Some(why) => why,
                None => return ty,
            },
        };
        let name = cx.types.name(ty);
        cx.error(written.span, MapValue { kind: kind.word().to_owned(), ty: name }).help(why);
        Ty::ERROR
    }

    /// The value of a kind where it is not written.
    pub(super) fn hidden_value(&self, cx: &mut Session, kind: &MapKindSpec, flags: u32) -> Ty {
        if kind.value == ValueRule::Program {
            return Ty::HANDLE;
        }
        if kind.value == ValueRule::Cgroup {
            return cx.types.string(LONGEST_PATH);
        }
        if kind.value != ValueRule::Frames {
            return Ty::U32;
        }
        let frame = self.frame(cx, flags);
        cx.types.array(frame, STACK_DEPTH)
    }

    /// The elements of the stacks of a map with these flags.
    fn frame(&self, cx: &mut Session, flags: u32) -> Ty {
        let named = MAP_FLAGS.iter().filter(|flag| flags & 1 << flag.bit != 0).find_map(|flag| flag.frame);
        named.map_or(Ty::U64, |name| table_type(&mut cx.types, &self.env.predefined, name))
    }

    /// `hash_of_maps<K, inner>`: the name of a declared map, the template of those that the map will hold.
    fn inner_map(&mut self, cx: &mut Session, id: MapId, written: &ast::Type) -> Ty {
        let kind = self.env.program.map(id).kind;
        let path = if let TypeKind::Named(path) = &written.kind { Some(path) } else { None };
        let name = path.map(|path| cx.sources.text(path.span).to_owned());
        let template = match path.and_then(|path| imports::find_path(cx, self, path)) {
            Some(Found::Broken) => return Ty::ERROR,
            Some(Found::Declared(Declared { entity: Entity::Map(template), .. })) => Some(template),
            Some(Found::Declared(_) | Found::Variable(_) | Found::Nothing) | None => None,
        };
        let why = match template {
            None => "it names a declared map, the template: `var inner : array<u32, u64>(16)`",
            Some(template) if self.env.program.map(template).kind.buckets.is_some() => "it cannot hold histograms",
            Some(template) if template == id => "it cannot hold itself",
            Some(template) if self.env.program.map(template).kind.value == ValueRule::Map => {
                "a map of maps cannot hold maps of maps"
            }
            Some(template) => {
                self.env.program.maps[id.0 as usize].inner = Some(template);
                return Ty::U32;
            }
        };
        let what = name.unwrap_or_else(|| "this".to_owned());
        cx.error(written.span, InnerMap { what, kind: kind.word().to_owned() }).help(why);
        Ty::ERROR
    }
}

/// Whether what owns objects is deeper inside a value than its own fields.
fn is_misplaced(types: &Types, ty: Ty) -> bool {
    let TyKind::Struct(id) = types.kind(ty) else { return types.has_origin(ty, Origin::owns) };
    let fields = &types.struct_def(id).fields;
    fields.iter().any(|field| types.owner(field.ty).is_none() && types.has_origin(field.ty, Origin::owns))
}

/// Why entries of the kind cannot have what only the kernel touches where the type has it.
pub(super) fn misplaced_kept(cx: &Session, kind: &MapKindSpec, ty: Ty) -> Option<String> {
    let why = match () {
        _ if cx.types.has_origin(ty, Origin::owns) && !kind.owns => "entries of this kind own no objects",
        _ if is_misplaced(&cx.types, ty) => "what owns objects is not a field of the value itself",
        _ if cx.types.lock_fields(ty).is_empty() && cx.types.has_origin(ty, Origin::has_links) => {
            "a list or a tree has a lock beside it: `lock: bpf_spin_lock`"
        }
        _ => return misplaced_special(cx, kind, ty),
    };
    Some(why.to_owned())
}

/// Why entries of the kind cannot have the special fields of the type.
fn misplaced_special(cx: &Session, kind: &MapKindSpec, ty: Ty) -> Option<String> {
    let (held, own) = (cx.types.specials(ty), cx.types.special_fields(ty));
    held.iter().enumerate().find_map(|(at, spec)| match () {
        _ if !spec.maps.contains(&kind.word()) => {
            Some(format!("entries with {} are of kind {}", spec.what, spec.maps.join(", ")))
        }
        _ if held[..at].contains(spec) => Some(format!("an entry has one `{}` at most", spec.name)),
        _ if !own.iter().any(|(_, field)| field == spec) => {
            Some(format!("`{}` is not a field of the value itself", spec.name))
        }
        _ => None,
    })
}

/// Why the kind does not take values of the type.
fn misfit(cx: &Session, kind: &MapKindSpec, ty: Ty) -> Option<&'static str> {
    let number = |bits: &[u8]| cx.types.as_int(ty).is_some_and(|(width, signed)| !signed && bits.contains(&width));
    let is_index = number(&[32]) || is_pair(cx, ty);
    if kind.value == ValueRule::Device && !is_index {
        Some("it is the index of an interface, `u32`, or `bpf_devmap_val`, or a struct of two 32-bit fields like it")
    } else if kind.value == ValueRule::Cpu && !is_index {
        Some(
            "it is the length of the CPU's queue, `u32`, or `bpf_cpumap_val`, or a struct of two 32-bit fields like it",
        )
    } else if kind.value == ValueRule::Socket && !number(&[32, 64]) {
        Some("it is a descriptor of a socket, `u32` or `u64`")
    } else {
        None
    }
}

fn is_pair(cx: &Session, ty: Ty) -> bool {
    let TyKind::Struct(_) = cx.types.kind(ty) else { return false };
    cx.types.size_of(ty) == 8 && !holds(&cx.types, ty, |kind| !matches!(kind, TyKind::Int { bits: 32, .. }))
}

/// Whether the type, or a part of it, is such a one.
pub(super) fn holds(types: &Types, ty: Ty, wanted: fn(TyKind) -> bool) -> bool {
    let kind = types.kind(ty);
    if let TyKind::Array(element, _) = kind {
        return holds(types, element, wanted);
    }
    if let TyKind::Struct(id) = kind {
        return types.struct_def(id).fields.iter().any(|field| holds(types, field.ty, wanted));
    }
    wanted(kind)
}
