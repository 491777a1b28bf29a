//! Data: globals, maps, the licence.

use super::debug::{MapLayout, MapValues};
use super::module::ModuleGen;
use super::symbols::{self, LICENSE, LICENSE_SECTION};
use crate::ir::{Global, GlobalKind, MapDecl, Section};
use crate::tables::{KeyRule, ValueRule};
use crate::types::{Ty, TyKind};
use inkwell::module::Linkage;
use inkwell::values::{BasicValueEnum, GlobalValue};

/// Where libbpf finds maps.
pub const MAPS_SECTION: &str = ".maps";

/// The data of the BPF object: maps as libbpf reads them from BTF, the globals' sections, the licence.
pub fn bpf(g: &mut ModuleGen) {
    symbols::check(g);
    license(g);
    for map in g.ir.maps.iter().filter(|map| !map.bound) {
        self::map(g, map);
    }
    // Pinned variables lie in order of their names: programs that share them agree on that.
    let mut globals: Vec<&Global> = g.ir.globals.iter().collect();
    globals.sort_by_key(|global| (global.kind == GlobalKind::Pinned).then_some(&global.name));
    for global in globals {
        if let Some(section) = global.section {
            shared_global(g, global, section);
        }
    }
}

/// Globals of the process alone; those that BPF code shares are in memory that the runtime maps.
pub fn host(g: &mut ModuleGen) {
    for global in g.ir.globals.iter().filter(|global| global.section.is_none()) {
        let value = define(g, global, &format!("ks.var.{}", global.name));
        value.set_linkage(Linkage::Internal);
        if global.kind == GlobalKind::Counters {
            // The runtime maps a file there. No page of any processor is larger.
            value.set_alignment(1 << 16);
        }
        g.debug.global(g.cx, value, &global.name, global.ty, global.span, true);
    }
}

fn license(g: &mut ModuleGen) {
    let text = g.ir.license.clone();
    let contents = g.context.const_string(text.as_bytes(), true);
    let value = g.module.add_global(contents.get_type(), None, LICENSE);
    value.set_initializer(&contents);
    value.set_section(Some(LICENSE_SECTION));
    value.set_alignment(1);
    let start = crate::source::Span::new(g.ir.file, 0, 0);
    let ty = g.cx.types.intern(TyKind::Str(text.len() as u32 + 1));
    g.debug.global(g.cx, value, LICENSE, ty, start, false);
}

/// The value of an option of the kernel: libbpf finds the name in BTF and puts the value in.
fn kconfig(g: &mut ModuleGen, global: &Global, section: Section) {
    let value = g.module.add_global(g.memory_type(global.ty), None, &global.name);
    value.set_section(Some(g.ir.elf_section(section)));
    value.set_constant(true);
    if global.kind == GlobalKind::WeakKconfig {
        value.set_linkage(Linkage::ExternalWeak);
    }
    value.set_alignment(super::memory::natural_align(&g.cx.types, global.ty) as u32);
    g.data.insert(global.name.clone(), value.as_pointer_value());
    g.debug.global(g.cx, value, &global.name, global.ty, global.span, false);
}

fn shared_global(g: &mut ModuleGen, global: &Global, section: Section) {
    if section == Section::Kconfig {
        return kconfig(g, global, section);
    }
    let value = define(g, global, &global.name);
    value.set_section(Some(g.ir.elf_section(section)));
    if global.kind == GlobalKind::Local {
        // Nothing outside of the object's code knows it, type information included.
        return value.set_linkage(Linkage::Internal);
    }
    if section == Section::Rodata {
        // The loader writes it before it is frozen: LLVM must not use the initial contents, and the program never
        // changes it.
        value.set_constant(true);
        value.set_externally_initialized(true);
        g.debug.constant(g.cx, value, &global.name, global.ty, global.span);
    } else {
        g.debug.global(g.cx, value, &global.name, global.ty, global.span, false);
    }
}

fn define<'c>(g: &mut ModuleGen<'_, 'c>, global: &Global, symbol: &str) -> GlobalValue<'c> {
    let value = g.module.add_global(g.memory_type(global.ty), None, symbol);
    value.set_initializer(&contents(g, global.ty, &global.init));
    let natural = super::memory::natural_align(&g.cx.types, global.ty);
    value.set_alignment(super::module::slot_align(global.init.len() as u64, natural) as u32);
    g.data.insert(global.name.clone(), value.as_pointer_value());
    value
}

/// Bytes as a constant of the type's memory form.
pub fn contents<'c>(g: &ModuleGen<'_, 'c>, ty: Ty, bytes: &[u8]) -> BasicValueEnum<'c> {
    let memory = g.memory_type(ty);
    if bytes.iter().all(|&b| b == 0) {
        return memory.const_zero();
    }
    if g.cx.types.is_aggregate(ty) {
        return g.context.const_string(bytes, false).into();
    }
    let number = g.cx.types.machine().endian.number(bytes);
    if memory.is_float_type() {
        return memory.into_float_type().const_float(f64::from_bits(number)).into();
    }
    memory.into_int_type().const_int(number, false).into()
}

/// A BTF-defined map: libbpf reads everything from the type of the variable.
fn map(g: &mut ModuleGen, map: &MapDecl) {
    let own = layout(map);
    let inner = map.inner.as_ref().and_then(|inner| g.ir.map(inner)).map(layout);
    let pointer = g.build.ptr_type();
    let mut members = vec![pointer.into(); own.numbers.len() + own.types.len()];
    if !map.programs.is_empty() {
        members.push(pointer.array_type(map.programs.len() as u32).into());
    }
    let ty = g.context.struct_type(&members, false);
    let value = g.module.add_global(ty, None, &map.name);
    value.set_initializer(&ty.const_zero());
    value.set_section(Some(MAPS_SECTION));
    value.set_alignment(8);
    let values = match &inner {
        Some(inner) => MapValues::Maps(inner),
        None if !map.programs.is_empty() => MapValues::Programs,
        None => MapValues::Plain,
    };
    g.debug.map(g.cx, value, &map.name, map.span, &own, &values);
    g.data.insert(map.name.clone(), value.as_pointer_value());
}

/// What the loader puts into maps of programs: libbpf reads it from relocations of the member `values`.
pub fn slots(g: &mut ModuleGen) {
    for map in g.ir.maps.iter().filter(|map| !map.programs.is_empty()) {
        let Some(value) = g.module.get_global(&map.name) else { crate::bug!("there is no map @{}", map.name) };
        let pointer = g.build.ptr_type();
        let programs: Vec<_> = map
            .programs
            .iter()
            .map(|name| {
                let Some(program) = g.funcs.get(name) else { crate::bug!("there is no function @{name}") };
                program.as_global_value().as_pointer_value()
            })
            .collect();
        let layout = layout(map);
        let mut members = vec![pointer.const_zero().into(); layout.numbers.len() + layout.types.len()];
        members.push(pointer.const_array(&programs).into());
        value.set_initializer(&g.context.const_struct(&members, false));
    }
}

/// The members of a map's definition: numbers and types.
fn layout(map: &MapDecl) -> MapLayout {
    let mut numbers = vec![("type", map.kind.map_type), ("max_entries", map.max_entries)];
    if map.flags != 0 {
        numbers.push(("map_flags", map.flags));
    }
    if let Some(node) = map.node {
        numbers.push(("numa_node", node));
    }
    let mut types = Vec::new();
    match map.kind.key {
        // The kernel wants a plain number here, also where the key is an enum.
        KeyRule::Index | KeyRule::Hidden => types.push(("key", Ty::U32)),
        KeyRule::Object => types.push(("key", Ty::I32)),
        KeyRule::Any | KeyRule::Prefix => types.push(("key", map.key)),
        KeyRule::None => {}
    }
    match map.kind.value {
        ValueRule::Any
        | ValueRule::Frames
        | ValueRule::Device
        | ValueRule::Cpu
        | ValueRule::Socket
        | ValueRule::Counts => {
            types.push(("value", map.value));
        }
        ValueRule::Map | ValueRule::Program | ValueRule::Cgroup | ValueRule::Event => types.push(("value", Ty::U32)),
        ValueRule::Record | ValueRule::None => {}
    }
    MapLayout { numbers, types }
}
