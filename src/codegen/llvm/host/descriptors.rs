//! Constants that describe the program to the runtime; `abi.rs` has their layout.

use crate::codegen::OBJECT_ALIGN;
use crate::codegen::abi::*;
use crate::codegen::llvm::Carried;
use crate::codegen::llvm::host::kconfig;
use crate::codegen::llvm::module::ModuleGen;
use crate::ir::{Global, MapDecl, ProgramDecl, Section, Symbol, TestDecl};
use crate::session::Tier;
use crate::tables::{OpTrait, Order, ValueRule};
use crate::types::Ty;
use inkwell::module::Linkage;
use inkwell::values::{BasicValueEnum, PointerValue, StructValue};

// Each descriptor built here field by field must have the layout of the contract.
const _: () = assert!(
    size_of::<KsProgram>() == 208
        && size_of::<KsObject>() == 24
        && size_of::<KsProg>() == 88
        && size_of::<KsStructOps>() == 8
        && size_of::<KsMap>() == 24
        && size_of::<KsMapSize>() == 32
        && size_of::<KsGlobal>() == 24
        && size_of::<KsTest>() == 48
        && size_of::<KsArgs>() == 40
        && size_of::<KsField>() == 56
        && size_of::<KsVariant>() == 16
);

impl<'c> ModuleGen<'_, 'c> {
    pub(in crate::codegen::llvm) fn u32(&self, value: u32) -> BasicValueEnum<'c> {
        self.build.int(32, value.into()).into()
    }

    pub(super) fn u64(&self, value: u64) -> BasicValueEnum<'c> {
        self.build.int(64, value).into()
    }

    /// A C string, or null for none.
    pub(super) fn text(&mut self, text: Option<&str>) -> BasicValueEnum<'c> {
        match text {
            Some(text) => self.c_string(text).into(),
            None => self.build.null().into(),
        }
    }

    /// A symbol of the runtime library.
    pub(super) fn external(&self, symbol: &str) -> BasicValueEnum<'c> {
        let known = self.module.get_global(symbol);
        let global = known.unwrap_or_else(|| self.module.add_global(self.context.i8_type(), None, symbol));
        global.as_pointer_value().into()
    }

    pub(super) fn record(&self, fields: &[BasicValueEnum<'c>]) -> StructValue<'c> {
        self.context.const_struct(fields, false)
    }

    /// A constant array, and its length; null and 0 where there is nothing.
    pub(super) fn list(&self, name: &str, records: &[StructValue<'c>]) -> [BasicValueEnum<'c>; 2] {
        let Some(first) = records.first() else {
            return [self.build.null().into(), self.u64(0)];
        };
        let array = first.get_type().const_array(records);
        let place = self.constant(name, array.into(), 8);
        [place.into(), self.u64(records.len() as u64)]
    }

    /// A constant array of numbers, and its length; null and 0 where there is nothing.
    fn numbers(&self, name: &str, numbers: &[u32]) -> [BasicValueEnum<'c>; 2] {
        if numbers.is_empty() {
            return [self.build.null().into(), self.u64(0)];
        }
        let values: Vec<_> = numbers.iter().map(|&number| self.build.int(32, number.into())).collect();
        let array = self.build.int_type(32).const_array(&values);
        [self.constant(name, array.into(), 4).into(), self.u64(numbers.len() as u64)]
    }

    pub(super) fn constant(&self, name: &str, value: BasicValueEnum<'c>, align: u64) -> PointerValue<'c> {
        let global = self.private_constant(name, &value, align);
        global.set_linkage(Linkage::Internal);
        global.as_pointer_value()
    }
}

/// The `KsProgram`.
pub fn program<'c>(g: &mut ModuleGen<'_, 'c>, objects: &[Carried]) -> PointerValue<'c> {
    let module = g.ir;
    let name = g.text(Some(&module.name));
    let is_signed = objects.iter().any(|one| one.is_signed);
    let objects: Vec<_> = objects.iter().map(|one| object(g, one)).collect();
    let progs: Vec<_> = module.programs.iter().map(|p| prog(g, p)).collect();
    let maps: Vec<_> = super::maps(module).map(|m| map(g, m)).collect();
    let sizes: Vec<_> = super::maps(module).enumerate().filter_map(|(at, map)| size(g, at, map)).collect();
    let globals: Vec<_> = super::shared_globals(module).map(|global| shared(g, global)).collect();
    let tables = module.funcs.iter().any(|func| func.has(OpTrait::PrintsWhole));
    let flags = [(g.cx.options.tests, KS_PROGRAM_TEST), (tables, KS_PROGRAM_TABLES)];
    let flags = flags.iter().filter(|(has, _)| *has).fold(0, |all, (_, flag)| all | flag);
    let mut fields = vec![g.u32(KS_ABI), g.u32(flags), name];
    fields.extend(g.list("ks.objects", &objects));
    fields.extend(g.list("ks.progs", &progs));
    fields.extend(g.list("ks.maps", &maps));
    fields.extend(g.list("ks.sizes", &sizes));
    fields.extend(g.list("ks.globals", &globals));
    let root = g.cx.options.pin_root.clone();
    fields.push(g.text(Some(&root)));
    fields.push(g.text(Some(module.project.as_deref().unwrap_or(&module.name))));
    fields.push(g.text(Some(&module.license)));
    fields.push(g.text(module.kernel_module.as_deref()));
    let defaults = kconfig::defaults(&g.cx.types, module);
    fields.push(g.text(defaults.as_deref()));
    let is_configured = kconfig::any(module);
    fields.push(if is_configured { g.external("ks_configuration") } else { g.build.null().into() });
    let names: Vec<_> = module.struct_ops.iter().map(|ops| g.text(Some(&ops.name))).collect();
    let ops: Vec<_> = names.into_iter().map(|name| g.record(&[name])).collect();
    fields.extend(g.list("ks.struct_ops", &ops));
    let tests: Vec<_> = module.tests.iter().map(|one| test(g, one)).collect();
    fields.extend(g.list("ks.tests", &tests));
    fields.push(if objects.is_empty() { g.build.null().into() } else { g.external("ks_session") });
    fields.push(super::metrics::metrics(g));
    let refusals = (!objects.is_empty()).then(ks_verify::refusals::short_table);
    fields.push(g.text(refusals.as_deref()));
    fields.push(if is_signed { g.external("ks_signed") } else { g.build.null().into() });
    g.constant("ks.program", g.record(&fields).into(), 8)
}

/// A `KsObject`.
fn object<'c>(g: &ModuleGen<'_, 'c>, carried: &Carried) -> StructValue<'c> {
    let Carried { tier, object, .. } = carried;
    let contents = g.context.const_string(object, false);
    let bytes = g.constant("ks.bpf.object", contents.into(), OBJECT_ALIGN as u64);
    let (major, minor) = tier.map_or((0, 0), Tier::numbers);
    g.record(&[g.u32(major), g.u32(minor), bytes.into(), g.u64(object.len() as u64)])
}

/// A `KsProg`.
fn prog<'c>(g: &mut ModuleGen<'_, 'c>, program: &ProgramDecl) -> StructValue<'c> {
    let ProgramDecl { name, spec, mode, target, placement, device, loading, spare, maps } = program;
    let Some(form) = spec.form(mode) else {
        crate::bug!("program type {} has no form `{mode}`", spec.name);
    };
    let named = target;
    let target = target.as_deref().filter(|_| spec.loaded_for.is_none());
    let (name, target) = (g.text(Some(name)), g.text(target));
    let Some(attach) = KsForm::named(form.attach.form) else {
        crate::bug!("the runtime has no attach form `{}`", form.attach.form);
    };
    let attach = if *device { KsForm::Device } else { attach };
    let order = placement.order.as_ref();
    let number = match order.map(|order| KsOrder::named(order.word())) {
        Some(Some(order)) => order as u64,
        Some(None) => crate::bug!("the runtime has not all orders"),
        None => placement.number as u64,
    };
    let beside = g.text(order.and_then(Order::beside));
    let optional = if loading.optional { KS_PROG_OPTIONAL } else { 0 };
    let may_fail = *spare || loading.optional;
    let kept = if form.attach.form().is_some_and(|form| form.kept) { KS_PROG_KEPT } else { 0 };
    let late = if form.loads_at_attach(named.as_deref()) { KS_PROG_LATE } else { 0 };
    let flags = optional | kept | late | if *spare { KS_PROG_SPARE } else { 0 };
    let other = loading.fallback.as_deref().and_then(|name| g.ir.programs.iter().position(|p| *p.name == *name));
    let other = other.map_or(0, |at| at as u32 + 1);
    let maps = super::maps(g.ir).enumerate().filter(|(_, map)| maps.contains(&map.name));
    let maps: Vec<u32> = maps.map(|(at, _)| at as u32).collect();
    let mut fields = vec![name, g.u32(attach as u32), g.u32(form.attach.point()), target];
    fields.extend([g.u64(number), beside, g.u32(flags), g.u32(other)]);
    fields.extend(g.numbers("ks.prog.maps", &maps));
    let is_attached = !matches!(attach, KsForm::Run | KsForm::StructOps);
    fields.push(if is_attached { g.external(&format!("ks_form_{}", attach.name())) } else { g.build.null().into() });
    let may_fail = may_fail || other != 0;
    let lookup = form.attach.form().and_then(|form| form.lookup);
    fields.push(match lookup.filter(|_| may_fail) {
        Some(lookup) => g.external(&format!("ks_lookup_{lookup}")),
        None => g.build.null().into(),
    });
    fields.push(g.text(loading.takes.as_deref()));
    g.record(&fields)
}

/// A `KsTest`.
fn test<'c>(g: &ModuleGen<'_, 'c>, test: &TestDecl) -> StructValue<'c> {
    let module = g.ir;
    let needed = |names: &mut dyn Iterator<Item = &Symbol>| -> Vec<u32> {
        let all = std::iter::zip(0.., names);
        all.filter(|(_, name)| test.needs.contains(name)).map(|(at, _)| at).collect()
    };
    let progs = needed(&mut module.programs.iter().map(|program| &program.name));
    let maps = needed(&mut super::maps(module).map(|map| &map.name));
    let ops = needed(&mut module.struct_ops.iter().map(|ops| &ops.name));
    let lists = [("ks.test.progs", progs), ("ks.test.maps", maps), ("ks.test.struct_ops", ops)];
    let fields: Vec<_> = lists.iter().flat_map(|(name, numbers)| g.numbers(name, numbers)).collect();
    g.record(&fields)
}

/// A `KsMap`.
fn map<'c>(g: &mut ModuleGen<'_, 'c>, map: &MapDecl) -> StructValue<'c> {
    let (key, value) = (g.cx.types.size_of(map.key), g.cx.types.size_of(map.value));
    // The kernel takes a descriptor for the path.
    let value = if map.kind.value == ValueRule::Cgroup { g.cx.types.size_of(Ty::U32) } else { value };
    let is_integer = g.cx.types.as_int(map.value).is_some();
    let (mut flags, width) = match (map.kind.percpu, is_integer) {
        (false, _) => (0, 0),
        (true, false) => (KS_MAP_PERCPU, 0),
        (true, true) => (KS_MAP_PERCPU | KS_MAP_SUM, value as u32),
    };
    if g.cx.types.has_lock(map.value) {
        flags |= KS_MAP_LOCK;
    }
    if map.pinned {
        flags |= KS_MAP_PIN;
    }
    if matches!(map.kind.value, ValueRule::Event | ValueRule::Record) {
        flags |= KS_MAP_EVENTS;
    }
    if map.is_idle(&g.ir.programs) {
        flags |= KS_MAP_IDLE;
    }
    let ops = g.ir.funcs.iter().flat_map(|func| func.walk().into_iter().map(|op| func.ops[op].map()));
    if ops.flatten().any(|used| *used == map.name) {
        flags |= KS_MAP_USED;
    }
    let name = g.text(Some(&map.name));
    g.record(&[name, g.u32(key as u32), g.u32(value as u32), g.u32(flags), g.u32(width)])
}

/// A `KsMapSize`, of a map whose size a config says.
fn size<'c>(g: &mut ModuleGen<'_, 'c>, at: usize, map: &MapDecl) -> Option<StructValue<'c>> {
    let source = map.sized_by.as_ref()?;
    let Some(global) = super::shared_globals(g.ir).position(|global| global.name == source.global) else {
        crate::bug!("the object has no @{}", source.global);
    };
    let (width, signed) =
        (g.cx.types.size_of(source.ty), g.cx.types.as_int(source.ty).is_some_and(|(_, signed)| signed));
    let numbers = [at as u32, global as u32, source.offset, width as u32, signed.into()];
    let mut fields: Vec<BasicValueEnum> = numbers.iter().map(|&number| g.u32(number)).collect();
    fields.push(g.text(Some(&source.text)));
    Some(g.record(&fields))
}

/// A `KsGlobal`.
fn shared<'c>(g: &mut ModuleGen<'_, 'c>, global: &Global) -> StructValue<'c> {
    let section = match global.section {
        Some(Section::Data) => KsSection::Data,
        Some(Section::Bss) => KsSection::Bss,
        Some(Section::Rodata) => KsSection::Rodata,
        Some(Section::Pinned) => KsSection::Pinned,
        Some(Section::Kconfig) => KsSection::Kconfig,
        None => KsSection::Any,
    };
    let option = if section == KsSection::Kconfig { kconfig::option(&g.cx.types, global.ty) as u32 } else { 0 };
    let name = g.text(Some(&global.name));
    g.record(&[name, g.u32(section as u32), g.u32(option), g.u64(global.init.len() as u64)])
}
