//! Maps: types of keys and values, and sizes, by the rules of the kind's table. `passes/rules` checks which side may
//! access entries.

use super::Declare;
use super::histograms::refuse_pin;
use super::map_values::holds;
use super::storage::check_pinned;
use crate::ast::{self, Expr, Item, TypeKind, VarDecl};
use crate::diag::codes::events::RecordSize;
use crate::diag::codes::maps::{IndexReach, MapInitialiser, MapKey, MapTypes, SecondArena};
use crate::diag::codes::shared::CannotPin;
use crate::sema::consts;
use crate::sema::scope::Scope;
use crate::sema::tree::{MapId, SizeSource};
use crate::sema::types::{Position, resolve};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{Buckets, KeyRule, MAX_STACK, MapKindSpec, SizeRule, ValueRule};
use crate::types::{Ty, TyKind};

/// BPF code makes a key on its stack.
const MAX_KEY: u64 = MAX_STACK;
/// `LPM_DATA_SIZE_MAX` of kernel/bpf/lpm_trie.c.
const MAX_PREFIX: u64 = 256;

impl Declare<'_> {
    pub(super) fn map(&mut self, cx: &mut Session, id: MapId, item: &Item, decl: &VarDecl) {
        let kind = self.env.program.map(id).kind;
        if let Some(init) = &decl.init {
            let name = &decl.name.name;
            cx.error(init.span, MapInitialiser { name: name.clone() })
                .help(format!("it starts empty, an array zeroed; user space fills it: `{name}[key] = value`"));
        }
        let Some(written) = &decl.ty else { return };
        if kind.is_arena() {
            self.check_arena(cx, id, decl);
        }
        // Else the maps of programs that may be left out are known later.
        if let Some(version) = cx.options.lacks(kind.since).filter(|_| !self.env.program.may_leave_out()) {
            cx.needs_kernel(written.span, format!("a map of kind `{}`", kind.word()), version);
        }
        let (args, numbers): (&[ast::Type], &[Expr]) = match &written.kind {
            TypeKind::Applied { args, sizes, .. } => (args, sizes),
            TypeKind::Named(_)
            | TypeKind::Array { .. }
            | TypeKind::Pointer { .. }
            | TypeKind::Fn { .. }
            | TypeKind::Unread => (&[], &[]),
        };
        let (sizes, steps) = self.buckets(cx, kind, numbers, written.span);
        self.env.program.maps[id.0 as usize].steps = steps;
        let size = sizes.first();
        if let [_, more, ..] = sizes {
            cx.error(more.span, MapTypes { kind: kind.word().to_owned() })
                .help(format!("it is written `var name : {}`", form(kind)));
        }
        if kind.buckets.is_some() {
            refuse_pin(cx, decl);
        }
        let (has_key, has_value) = (kind.key.is_written(), writes_value(kind));
        let (flags, node) = self.map_flags(cx, kind, item);
        let mut index = None;
        let types = if args.is_empty() && (kind.optional_types || !(has_key || has_value)) {
            let value =
                if kind.buckets.is_some() { Self::counts(cx, steps) } else { self.hidden_value(cx, kind, flags) };
            Some((self.hidden_key(kind), value))
        } else if args.len() == usize::from(has_key) + usize::from(has_value) {
            let key = if has_key { self.map_key(cx, kind, &args[0]) } else { self.hidden_key(kind) };
            if kind.key == KeyRule::Index && key != Ty::ERROR && cx.types.size_of(key) != cx.types.size_of(Ty::U32) {
                index = Some(key);
            }
            let value = match args.last().filter(|_| has_value) {
                Some(value) => self.map_value(cx, id, flags, value),
                None if kind.buckets.is_some() => Self::counts(cx, steps),
                None => self.hidden_value(cx, kind, flags),
            };
            Some((key, value))
        } else {
            cx.error(written.span, MapTypes { kind: kind.word().to_owned() })
                .help(format!("it is written `var name : {}`", form(kind)));
            None
        };
        let (entries, sized_by) = self.entries(cx, kind, index, size);
        if let (SizeRule::Pages, Some((_, value))) = (kind.size, types) {
            check_record(cx, kind, value, entries, written);
        }
        let map = &mut self.env.program.maps[id.0 as usize];
        (map.max_entries, map.flags, map.node) = (entries, flags, node);
        (map.index, map.sized_by) = (index, sized_by);
        if let Some((key, value)) = types {
            map.key = if index.is_some() { Ty::U32 } else { key };
            map.value = value;
            check_pinned(cx, decl, value);
        }
    }

    /// The number of entries, and what user space takes it from.
    fn entries(
        &mut self,
        cx: &mut Session,
        kind: &'static MapKindSpec,
        index: Option<Ty>,
        size: Option<&Expr>,
    ) -> (u32, Option<SizeSource>) {
        let reach = index.map_or(u32::MAX, |index| reach(cx, index));
        let Some(size) = size else {
            let without = if kind.size == SizeRule::Cpus { 0 } else { kind.default_entries.min(reach) };
            return (without, None);
        };
        let (value, sized_by) = match self.size_source(cx, size) {
            Some(Some((default, source))) => (Some(default), Some(source)),
            Some(None) => (None, None),
            None => (consts::integer(cx, self, size), None),
        };
        let entries = self.map_size(cx, kind, (value, size.span), sized_by.is_some());
        (within_reach(cx, (entries, size.span), index, reach), sized_by)
    }

    /// Pointers do not say which arena they lead into, and no other process has it at the same address.
    fn check_arena(&self, cx: &mut Session, id: MapId, decl: &VarDecl) {
        let name = decl.name.name.clone();
        let mut others = self.env.program.maps[..id.0 as usize].iter();
        if let Some(first) = others.find(|map| map.kind.is_arena()) {
            cx.error(decl.name.span, SecondArena { name: name.clone() })
                .note(first.span, "the first one")
                .help("a program has one arena: give that the pages of both");
        }
        if decl.pin {
            let why = "the next process would have the arena at another address than its pointers say".to_owned();
            cx.error(decl.name.span, CannotPin { name, why });
        }
    }

    fn hidden_key(&self, kind: &MapKindSpec) -> Ty {
        match kind.key {
            KeyRule::None => Ty::VOID,
            KeyRule::Object => Ty::I32,
            KeyRule::Any | KeyRule::Index | KeyRule::Prefix | KeyRule::Hidden => Ty::U32,
        }
    }

    pub(super) fn map_type(&mut self, cx: &mut Session, written: &ast::Type) -> Ty {
        let ty = resolve(cx, self, written, Position::Value);
        if self.complete(cx, ty, written.span) { ty } else { Ty::ERROR }
    }

    fn map_key(&mut self, cx: &mut Session, kind: &'static MapKindSpec, written: &ast::Type) -> Ty {
        let ty = self.map_type(cx, written);
        if ty == Ty::ERROR {
            return ty;
        }
        let index = kind.key == KeyRule::Index;
        let size = cx.types.size_of(ty);
        let why = match () {
            _ if index && cx.types.as_int(ty).is_none() => "its key is an index, an integer or an enum",
            _ if kind.key == KeyRule::Prefix && !is_prefix(cx, ty) => {
                "its key is a struct whose first field is `prefixlen: u32`, then 1 to 256 bytes to match"
            }
            _ if size == 0 => "it has no size",
            _ if let Some(spec) = cx.types.specials(ty).first() => {
                &format!("{} belongs in the value of a map", spec.what)
            }
            _ if cx.types.has_kept(ty) => "what owns objects belongs in the value of a map",
            _ if size > MAX_KEY => "a key has at most 512 bytes",
            _ if holds(&cx.types, ty, |kind| {
                matches!(kind, TyKind::Ptr { space, .. } if !space.is_probed()) || matches!(kind, TyKind::Fn(_))
            }) =>
            {
                "two equal pointers need not mean the same; where they do, the key is a `u64`, and an entry `m[p as u64]`"
            }
            _ if holds(&cx.types, ty, |kind| kind == TyKind::F64) => {
                "keys are compared by their bytes, `f64` by its value"
            }
            _ => return ty,
        };
        let name = cx.types.name(ty);
        let error = cx.error(written.span, MapKey { kind: kind.word().to_owned(), ty: name });
        error.help(why);
        if index {
            error.fix(written.span, "u32");
        }
        if kind.key == KeyRule::Prefix {
            error.help("for IPv4 addresses: `struct Prefix { prefixlen: u32, addr: be32 }`");
        }
        Ty::ERROR
    }
}

/// How many entries an index of the type can name.
fn reach(cx: &Session, index: Ty) -> u32 {
    let (bits, signed) = cx.types.as_int(index).unwrap_or((32, false));
    1_u32.checked_shl(u32::from(bits) - u32::from(signed)).unwrap_or(u32::MAX)
}

/// An array has no entries that its index cannot name.
fn within_reach(cx: &mut Session, (entries, span): (u32, Span), index: Option<Ty>, reach: u32) -> u32 {
    if let Some(index) = index.filter(|_| entries > reach) {
        let (ty, reach) = (cx.types.name(index), reach.to_string());
        cx.warn(span, IndexReach { ty, reach: reach.clone() }).fix(span, reach);
    }
    entries.min(reach)
}

/// A record goes with a head of 8 bytes (`BPF_RINGBUF_HDR_SZ`), in whole units of 8.
fn check_record(cx: &mut Session, kind: &MapKindSpec, value: Ty, bytes: u32, written: &ast::Type) {
    let size = cx.types.size_of(value);
    let needed = (size + 8).next_multiple_of(8);
    if value != Ty::ERROR && bytes > 1 && needed > bytes.into() {
        let (kind, bytes) = (kind.word().to_owned(), bytes.to_string());
        cx.error(written.span, RecordSize { kind, size: size.to_string(), bytes })
            .help(format!("give it {} bytes or more", needed.next_power_of_two()));
    }
}

fn writes_value(kind: &MapKindSpec) -> bool {
    !matches!(kind.value, ValueRule::Program | ValueRule::Cgroup | ValueRule::Counts | ValueRule::None)
}

/// `prefixlen: u32` and what it counts bits of.
fn is_prefix(cx: &Session, ty: Ty) -> bool {
    let TyKind::Struct(id) = cx.types.kind(ty) else { return false };
    let def = cx.types.struct_def(id);
    let first = def.fields.first().is_some_and(|f| f.name == "prefixlen" && f.ty == Ty::U32 && f.offset == 0);
    first && def.fields.len() > 1 && (5..=4 + MAX_PREFIX).contains(&def.size)
}

/// How a map of the kind is written.
pub(super) fn form(kind: &MapKindSpec) -> String {
    let key = match kind.key {
        KeyRule::Any => Some("K"),
        KeyRule::Index => Some("u32"),
        KeyRule::Prefix => Some("Prefix"),
        KeyRule::Hidden | KeyRule::None | KeyRule::Object => None,
    };
    let value = match kind.value {
        ValueRule::Any | ValueRule::Record | ValueRule::Event => Some("V"),
        ValueRule::Device | ValueRule::Cpu | ValueRule::Socket => Some("u32"),
        ValueRule::Frames => Some("u64[127]"),
        ValueRule::Map => Some("map"),
        ValueRule::Program | ValueRule::Cgroup | ValueRule::Counts | ValueRule::None => None,
    };
    let types: Vec<&str> = key.into_iter().chain(value).collect();
    let types = if types.is_empty() { String::new() } else { format!("<{}>", types.join(", ")) };
    let size = match kind.size {
        SizeRule::Entries if kind.buckets == Some(Buckets::Steps) => "(entries, low, high, step)",
        SizeRule::One if kind.buckets == Some(Buckets::Steps) => "(low, high, step)",
        SizeRule::Entries => "(entries)",
        SizeRule::Pages => "(bytes)",
        SizeRule::Frames => "(pages)",
        SizeRule::Cpus | SizeRule::One | SizeRule::None => "",
    };
    format!("{}{types}{size}", kind.word())
}
