//! From the typed tree to the IR, dialect `ks` and its structured neighbours.
//!
//! - A variable is a place (`ks.var` where it is declared); what is never assigned nor has its address taken (loop
//!   indexes, bound pointers, pointer parameters) stays a value.
//! - An aggregate (struct, array, string) never is a value. It is lowered into a place that the caller gives
//!   (`aggregates.rs`): a fresh one, which nothing else sees, or the variable itself where nothing can see the difference.
//!   Padding is always zero, so that every struct is fit to be a map key.
//! - Every op has the span of its own construct.
//! - Code after an exit goes to a block that is not part of the function (`Lowering::reachable`).

mod aggregates;
mod boundaries;
mod calls;
mod consts;
mod counting;
mod defers;
mod elements;
mod entries;
mod equality;
mod events;
mod exprs;
mod func;
mod function_pointers;
mod given;
mod histograms;
mod host;
mod kernel;
mod kfuncs;
mod layouts;
mod maps;
mod matches;
mod members;
mod metrics;
mod numbers;
mod optionals;
mod own_context;
mod percpu;
mod places;
mod print;
mod python;
mod scan;
mod sessions;
mod show;
mod stmts;
mod strings;
mod sysctl;
mod temporaries;
mod test_runs;
mod throws;
mod views;

use crate::ir::{self, Module, Symbol};
use crate::sema::tree::{ArgsSpec, ConfigId, Const, Func, FuncId, GlobalId, ImplId, MapId, Program, Role, Storage};
use crate::session::Session;
use crate::source::{FileId, Span};
use crate::target::Target;
use crate::types::{Ty, TyKind, Types};
use boundaries::Boundaries;
use std::collections::HashSet;
use views::{Instances, Kind, takes_views};

/// The names of the program's declarations, as ops refer to them.
struct Names {
    funcs: Vec<Symbol>,
    globals: Vec<Symbol>,
    configs: Vec<Symbol>,
    maps: Vec<Symbol>,
    impls: Vec<Symbol>,
    /// The wrappers of functions that may throw, for calls by the kernel or the runtime.
    boundaries: Boundaries,
}

impl Names {
    fn of(program: &Program) -> Names {
        Names {
            boundaries: Boundaries::of(program),
            funcs: program.funcs.iter().map(|f| f.symbol.as_str().into()).collect(),
            globals: program.globals.iter().map(|g| g.symbol.as_str().into()).collect(),
            configs: program.configs.iter().map(|c| c.symbol.as_str().into()).collect(),
            maps: program.maps.iter().map(|m| m.symbol.as_str().into()).collect(),
            impls: program.impls.iter().map(|i| i.symbol.as_str().into()).collect(),
        }
    }

    fn func(&self, id: FuncId) -> &Symbol {
        &self.funcs[id.0 as usize]
    }

    /// What code there calls for the function: a wrapper, if there is one.
    fn handed(&self, id: FuncId, on: Target) -> &Symbol {
        self.boundaries.0.get(&(id, on)).unwrap_or_else(|| self.func(id))
    }

    fn global(&self, id: GlobalId) -> &Symbol {
        &self.globals[id.0 as usize]
    }

    fn config(&self, id: ConfigId) -> &Symbol {
        &self.configs[id.0 as usize]
    }

    fn map(&self, id: MapId) -> &Symbol {
        &self.maps[id.0 as usize]
    }

    fn implementation(&self, id: ImplId) -> &Symbol {
        &self.impls[id.0 as usize]
    }
}

/// The module of all targets. `name` is the project's.
pub fn lower(cx: &mut Session, program: &Program, file: FileId, name: &str) -> Module {
    let names = Names::of(program);
    let mut instances = Instances::default();
    let mut funcs = Vec::new();
    let mut kept = Vec::new();
    let called = members::called(program);
    let all = program.funcs.iter().enumerate().map(|(index, source)| (FuncId(index as u32), source));
    for (id, source) in all.filter(|(_, func)| !takes_views(func)) {
        if called.contains(&id) {
            funcs.push(members::entry(cx, program, &names, &mut instances, (id, source)));
            continue;
        }
        let signature = func::signature(cx, source, &source.symbol, &[]);
        funcs.push(func::lower(cx, program, &names, &mut instances, source, (signature, &[])));
        if let Some((func, map)) = sessions::on_return(cx, program, &names, &mut instances, source) {
            funcs.push(func);
            kept.push(map);
        }
    }
    let boundaries = boundaries::lower(cx, program, &names, &mut instances);
    while let Some((id, kinds, symbol)) = instances.take() {
        let source = program.func(id);
        let signature = func::signature(cx, source, &symbol, &kinds);
        funcs.push(func::lower(cx, program, &names, &mut instances, source, (signature, &kinds)));
    }
    funcs.extend(boundaries);
    count_others(cx, program, &names, &instances);
    let ops = |func: &ir::Function| func.walk().into_iter().map(|op| func.ops[op].clone()).collect::<Vec<_>>();
    let binds = funcs.iter().flat_map(ops).filter(|op| op.opcode == ir::Opcode::MapBind);
    let bound = binds.map(|op| ir::ops::MapBind::of(&op).map().clone()).collect();
    let metrics = metrics::decls(cx, program, &names, &funcs);
    Module {
        name: name.to_owned(),
        project: Some(&cx.options.project).filter(|project| *project != name).cloned(),
        file,
        target: None,
        after: None,
        license: program.license.clone(),
        kernel_module: None,
        headers: program.headers.clone(),
        funcs,
        globals: globals(cx, program, &names)
            .into_iter()
            .chain(counting::counters(cx, Span::new(file, 0, 0)))
            .collect(),
        struct_ops: struct_ops(&cx.types, program, &names),
        programs: Vec::new(),
        tests: program.tests.iter().map(|&test| test_decl(program.func(test))).collect(),
        maps: map_decls(program, &names, &bound)
            .into_iter()
            .chain(kept)
            .chain(entries::maps(&mut cx.types, program, &names))
            .collect(),
        kfuncs: kfunc_decls(program).into_iter().chain(kfuncs::own(&cx.types, program)).collect(),
        index: ir::Index::default(),
        options: program.funcs.iter().find_map(|f| match &f.role {
            Role::Main(Some(args)) => Some(options(&cx.types, args)),
            Role::Main(None)
            | Role::Program(_)
            | Role::Helper
            | Role::Kfunc(_)
            | Role::Private
            | Role::Plain
            | Role::Test => None,
        }),
        metrics,
    }
}

/// Enters the points of functions with views that nothing calls: the module has no code of them.
fn count_others(cx: &mut Session, program: &Program, names: &Names, instances: &Instances) {
    let all = program.funcs.iter().enumerate().filter(|(_, func)| takes_views(func));
    let uncalled = all.filter(|(index, _)| !instances.have(FuncId(*index as u32)));
    let is_on = cx.options.coverage;
    for (_, source) in uncalled.filter(|_| is_on) {
        let views = source.params.iter().filter(|&&param| source.local(param).ty == Ty::BYTES);
        let kinds: Vec<Kind> = views.map(|_| Kind::Buffer).collect();
        let signature = func::signature(cx, source, &source.symbol, &kinds);
        func::lower(cx, program, names, &mut Instances::default(), source, (signature, &kinds));
    }
}

/// A test, before `split` lists what it needs.
fn test_decl(test: &Func) -> ir::TestDecl {
    ir::TestDecl { func: test.symbol.as_str().into(), needs: Vec::new() }
}

/// Global variables, and configs as variables of their struct.
fn globals(cx: &mut Session, program: &Program, names: &Names) -> Vec<ir::Global> {
    let mut globals = Vec::new();
    let variables = std::iter::zip(&program.globals, &names.globals);
    for (global, name) in variables.filter(|(global, _)| ![Storage::Entry, Storage::Sysctl].contains(&global.storage)) {
        let init = consts::image(&cx.types, global.init.as_ref().unwrap_or(&Const::Zero), global.ty);
        globals.push(ir::Global {
            name: name.clone(),
            ty: global.ty,
            init,
            kind: match global.storage {
                Storage::Shared => ir::GlobalKind::Var,
                Storage::Pinned => ir::GlobalKind::Pinned,
                Storage::Local | Storage::Entry | Storage::Sysctl => ir::GlobalKind::Local,
                Storage::Percpu => ir::GlobalKind::Percpu,
                Storage::Private => ir::GlobalKind::Private,
                Storage::Kconfig if global.init.is_some() => ir::GlobalKind::WeakKconfig,
                Storage::Kconfig => ir::GlobalKind::Kconfig,
            },
            section: None,
            span: global.span,
        });
    }
    for (config, name) in std::iter::zip(&program.configs, &names.configs) {
        let ty = cx.types.intern(TyKind::Struct(config.ty));
        let init = consts::image(&cx.types, &Const::Struct(config.defaults.clone()), ty);
        globals.push(ir::Global {
            name: name.clone(),
            ty,
            init,
            kind: ir::GlobalKind::Config,
            section: None,
            span: config.span,
        });
    }
    globals
}

/// What the program implements for the kernel: the functions, then the constants.
fn struct_ops(types: &Types, program: &Program, names: &Names) -> Vec<ir::StructOps> {
    let all = std::iter::zip(&program.impls, &names.impls).map(|(implementation, name)| {
        let functions = implementation.functions.iter().map(|member| ir::OpsMember {
            name: member.name.clone(),
            value: ir::OpsValue::Program(names.func(member.func).clone()),
        });
        let values = implementation.values.iter().map(|member| ir::OpsMember {
            name: member.name.clone(),
            value: ir::OpsValue::Data { ty: member.ty, init: consts::image(types, &member.value, member.ty) },
        });
        let (of, span) = (implementation.of.clone(), implementation.span);
        ir::StructOps { name: name.clone(), of, members: functions.chain(values).collect(), span }
    });
    all.collect()
}

fn map_decls(program: &Program, names: &Names, bound: &HashSet<Symbol>) -> Vec<ir::MapDecl> {
    std::iter::zip(&program.maps, &names.maps)
        .filter(|(map, name)| !map.is_bound || bound.contains(*name))
        .map(|(map, name)| ir::MapDecl {
            inner: map.inner.map(|inner| names.map(inner).clone()),
            sized_by: map.sized_by.as_ref().filter(|_| !map.is_bound).map(|size| ir::SizeSource {
                global: names.config(size.config).clone(),
                offset: size.offset,
                ty: size.ty,
                text: size.text.clone(),
            }),
            flags: map.flags,
            node: map.node,
            bound: map.is_bound,
            pinned: map.pinned,
            ..ir::MapDecl::new(name.clone(), map.kind, map.key, map.value, map.max_entries, map.span)
        })
        .collect()
}

/// One of each name: modules may declare the same function, which exists for all if it exists for one.
fn kfunc_decls(program: &Program) -> Vec<ir::KfuncDecl> {
    let mut decls: Vec<ir::KfuncDecl> = Vec::new();
    for kfunc in program.kfuncs.iter().filter(|kfunc| !kfunc.module_only) {
        match decls.iter_mut().find(|decl| *decl.name == *kfunc.name) {
            Some(known) => known.weak &= kfunc.weak,
            None => decls.push(ir::KfuncDecl {
                name: kfunc.name.as_str().into(),
                sig: kfunc.declared.clone(),
                weak: kfunc.weak,
                reference: kfunc.reference,
                sized: kfuncs::sized(&kfunc.params),
                span: kfunc.span,
            }),
        }
    }
    decls
}

/// The struct of `main`'s options with its defaults.
fn options(types: &Types, args: &ArgsSpec) -> ir::OptionsDecl {
    let def = types.struct_def(args.ty);
    let mut init = vec![0; def.size as usize];
    let mut options = Vec::new();
    for (index, field) in def.fields.iter().enumerate() {
        let option = args.options.iter().find(|o| o.field == index);
        let default = option.and_then(|o| o.default.as_ref());
        if let Some(default) = default {
            let bytes = consts::image(types, default, field.ty);
            init[field.offset as usize..][..bytes.len()].copy_from_slice(&bytes);
        }
        options.push(ir::OptionSpec {
            docs: option.map(|o| o.docs.join("\n")).unwrap_or_default(),
            required: option.is_some_and(|o| o.required),
            command: option.is_some_and(|o| o.command),
        });
    }
    ir::OptionsDecl { ty: args.ty, docs: args.docs.join("\n"), init, options }
}
