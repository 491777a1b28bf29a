//! Functions: declarations, their attributes, and the walk over their blocks.

use super::builder::enum_attribute;
use super::debug::identifier;
use super::emit;
use super::function::{Exit, FnGen};
use super::hot_calls;
use super::lifetimes::{self, Lifetimes};
use super::module::ModuleGen;
use crate::ir::ops::KsVar;
use crate::ir::{BlockId, Function, Opcode, Role, Value};
use crate::session::Mcpu;
use crate::session::Session;
use crate::target::{DebugForm, Executor};
use crate::types::{Space, Ty, TyKind};
use inkwell::attributes::AttributeLoc;
use inkwell::module::Linkage;
use inkwell::values::FunctionValue;
use std::collections::{BTreeSet, HashMap};

/// LLVM replaces local variables by values, element by element. A variable of more bytes may have very many elements,
/// and LLVM keeps debug information for each. So it does not see that larger variables are local.
const TAKEN_APART: u64 = 16 << 10;

/// Local variables of a BPF function that may lie side by side. With more they share places; with less, unless the stack
/// is scarce, that would only cost instructions, since the ends of lives keep LLVM from joining what follows them.
const ROOMY: u64 = 192;

/// The registers that BPF passes arguments in.
const BPF_ARGUMENTS: usize = 5;

/// Every function that the target has.
pub fn emit_all(g: &mut ModuleGen) {
    let module = g.ir;
    let emitted = |f: &&Function| g.facts.executor == Executor::Bpf || !matches!(f.role, Role::Program { .. });
    let funcs: Vec<&Function> = module.funcs.iter().filter(emitted).collect();
    // Programs first: users look for their names, so that the names of others yield to them.
    let (programs, others): (Vec<_>, Vec<_>) = funcs.iter().partition(|f| matches!(f.role, Role::Program { .. }));
    let inlines = g.facts.verified && g.cx.options.opt_level > 1 && !g.tuning.scarce;
    let hot = if inlines { hot_calls::of(module) } else { BTreeSet::new() };
    for func in programs.into_iter().chain(others) {
        declare(g, func, hot.contains(&func.name));
    }
    for func in funcs {
        define(g, func);
    }
}

/// The name in the symbol table. Names of user space start with a prefix that no C identifier has, so that a function called `read` never
/// meets libc's. The runtime library looks up programs by theirs.
fn symbol(g: &ModuleGen, func: &Function) -> String {
    match g.facts.debug {
        DebugForm::Btf if matches!(func.role, Role::Program { .. }) => func.name.to_string(),
        DebugForm::Btf => identifier(&func.name),
        DebugForm::Dwarf => format!("ks.user.{}", func.name),
    }
}

fn declare(g: &mut ModuleGen, func: &Function, hot: bool) {
    let params: Vec<Ty> = func.params.iter().map(|p| p.ty).collect();
    let is_program = matches!(func.role, Role::Program { .. });
    let exported = g.facts.executor == Executor::Native && g.cx.options.exports.iter().any(|name| **name == *func.name);
    let linkage = match func.global && g.facts.executor == Executor::Bpf {
        // LLVM must assume nothing of a function that another program may replace.
        true => Linkage::WeakAny,
        false if is_program || exported => Linkage::External,
        false => Linkage::Internal,
    };
    let llvm = g.module.add_function(&symbol(g, func), g.function_type(func.result, &params), Some(linkage));
    if let Some(section) = section(g.cx, func) {
        llvm.set_section(Some(&section));
    }
    attributes(g, func, llvm, (&params, hot));
    g.funcs.insert(func.name.clone(), llvm);
}

/// The section of a program, by which loaders know its type.
pub fn section(cx: &Session, func: &Function) -> Option<String> {
    let Role::Program { spec, mode, target, loading, .. } = &func.role else { return None };
    let Some(form) = spec.form(mode) else {
        crate::bug!("program type {} has no form `{mode}`", spec.name);
    };
    Some(form.section(target.as_deref(), loading, cx.options.tcx))
}

/// The fewest ops of a function that has a frame of its own where the stack is scarce.
const OUTLINED: usize = 64;

/// `hot`: a call costs more than its copies.
fn attributes(g: &ModuleGen, func: &Function, llvm: FunctionValue, (params, hot): (&[Ty], bool)) {
    let set = |at, name| llvm.add_attribute(at, enum_attribute(g.context, name));
    let set_text = |name, value| {
        llvm.add_attribute(AttributeLoc::Function, g.context.create_string_attribute(name, value));
    };
    // Otherwise there is an .eh_frame, which libbpf does not know.
    set(AttributeLoc::Function, "nounwind");
    for (index, &ty) in params.iter().enumerate() {
        if let Some(extension) = g.extension(ty) {
            set(AttributeLoc::Param(index as u32), extension);
        }
    }
    if func.result != Ty::VOID
        && let Some(extension) = g.extension(func.result)
    {
        set(AttributeLoc::Return, extension);
    }
    if matches!(func.role, Role::Main) {
        // Debuggers find it by name.
        set(AttributeLoc::Function, "noinline");
    }
    if !g.facts.has_libc {
        // There is no libc: a loop that clears memory must stay one, and no name of ours means libc's.
        set_text("no-builtins", "");
        if g.cx.options.mcpu >= Mcpu::V4 {
            // libbpf before 1.7 cannot relocate jump tables.
            set_text("no-jump-tables", "true");
        }
        let inlined = params.len() > BPF_ARGUMENTS || hands_out_addresses(g, func, params);
        let outlined = g.tuning.outlined && func.walk().len() >= OUTLINED && !inlined;
        if func.global || outlined {
            set(AttributeLoc::Function, "noinline");
        } else if inlined || hot {
            set(AttributeLoc::Function, "alwaysinline");
        }
    }
}

/// Whether the caller may get the address of a local of its own back: as the result, or in memory that it hands over. The
/// verifier refuses that of a BPF function.
fn hands_out_addresses(g: &ModuleGen, func: &Function, params: &[Ty]) -> bool {
    let types = &g.cx.types;
    let keeps = |&ty: &Ty| {
        let kind = types.kind(ty);
        let (TyKind::Ptr { to, space, .. } | TyKind::Place { of: to, space }) = kind else { return false };
        !matches!(space, Space::Ctx | Space::BtfTrusted | Space::BtfUntrusted | Space::User) && types.holds_pointer(to)
    };
    types.holds_pointer(func.result) || params.iter().any(keeps)
}

fn define(g: &mut ModuleGen, func: &Function) {
    let Some(func) = g.ir.funcs.iter().find(|f| std::ptr::eq(*f, func)) else { return };
    let llvm = g.funcs[&func.name];
    let entry = g.build.block(llvm, "entry");
    let local = !matches!(func.role, Role::Program { .. }) && !func.global;
    let scope = g.debug.function(g.cx, llvm, func, local);
    let values = vec![None; func.values.len()];
    let (blocks, phis) = (HashMap::new(), HashMap::new());
    let mut f = FnGen { g, func, llvm, scope, entry, values, blocks, phis, exit: None, bound: HashMap::new() };
    f.parameters();
    f.variables();
    let order = f.order();
    f.make_blocks(&order);
    f.make_exit(&order);
    let lifetimes = if f.is_tight() { lifetimes::of(f.g.ir, func, f.types(), &order) } else { Lifetimes::default() };
    for &block in &order {
        f.block(block, &lifetimes);
    }
    f.g.debug.locate(f.g.cx, &f.g.build, f.scope, func.name_span);
    f.g.build.go_to(entry);
    f.g.build.br(f.blocks[&func.entry()]);
    f.g.debug.leave(&f.g.build);
}

impl<'a, 'c> FnGen<'_, 'a, 'c> {
    fn parameters(&mut self) {
        self.g.build.go_to(self.entry);
        for (index, param) in self.func.params.iter().enumerate() {
            let Some(value) = self.llvm.get_nth_param(index as u32) else {
                crate::bug!("@{} was declared with fewer parameters", self.func.name);
            };
            self.values[self.func.param(index).0 as usize] = Some(value);
            self.g.debug.parameter(self.g.cx, self.scope, index, param, value, self.entry);
        }
    }

    /// A slot for each local variable, wherever it is declared. Debuggers see those that passes did not make.
    fn variables(&mut self) {
        for data in self.func.all() {
            if data.opcode != Opcode::KsVar {
                continue;
            }
            let place = data.results[0];
            let name = String::from_utf8_lossy(KsVar::of(data).name()).into_owned();
            let ty = self.pointee(place);
            let slot = self.slot(self.g.memory_type(ty), self.stack_align_of(ty), &name);
            if data.loc.made_by.is_none() {
                self.g.debug.local(self.g.cx, self.scope, &name, ty, data.loc.span, slot, self.entry);
            }
            let large = self.g.facts.has_libc && self.types().size_of(ty) > TAKEN_APART;
            let slot = if large { self.in_entry(|f| f.g.build.asm_pointer(slot)) } else { slot };
            self.values[place.0 as usize] = Some(slot.into());
        }
    }

    /// Whether the local variables that have to be in memory take much of the BPF stack.
    fn is_tight(&self) -> bool {
        let size = |value| self.types().size_of(self.pointee(value));
        let roomy = if self.g.tuning.scarce { 0 } else { ROOMY };
        let in_memory = lifetimes::in_memory(self.func, self.types());
        self.g.facts.verified && in_memory.into_iter().map(size).sum::<u64>() > roomy
    }

    /// The blocks that control reaches, each after the one that dominates it.
    fn order(&self) -> Vec<BlockId> {
        let mut seen = vec![false; self.func.blocks.len()];
        let mut order = Vec::new();
        let mut path = vec![(self.func.entry(), 0)];
        seen[self.func.entry().0 as usize] = true;
        while let Some((block, next)) = path.last_mut() {
            let successors = self.successors(*block);
            if let Some(&to) = successors.get(*next) {
                *next += 1;
                if !std::mem::replace(&mut seen[to.0 as usize], true) {
                    path.push((to, 0));
                }
            } else {
                order.push(*block);
                path.pop();
            }
        }
        order.reverse();
        order
    }

    fn successors(&self, block: BlockId) -> &'a [BlockId] {
        let func = self.func;
        func.blocks[block].ops.last().map_or(&[], |&op| &func.ops[op].successors)
    }

    fn make_blocks(&mut self, order: &[BlockId]) {
        for &block in order {
            let llvm = self.g.build.block(self.llvm, "");
            self.blocks.insert(block, llvm);
            if block == self.func.entry() {
                continue;
            }
            self.g.build.go_to(llvm);
            let mut phis = Vec::new();
            for &arg in &self.func.blocks[block].args {
                let phi = self.g.build.phi(self.g.value_type(self.func.ty(arg)));
                self.values[arg.0 as usize] = Some(phi.as_basic_value());
                phis.push(phi);
            }
            self.phis.insert(block, phis);
        }
    }

    fn make_exit(&mut self, order: &[BlockId]) {
        let func = self.func;
        let returns =
            |block: &&BlockId| func.blocks[**block].ops.last().is_some_and(|&op| func.ops[op].opcode == Opcode::CfRet);
        if order.iter().filter(returns).count() < 2 {
            return;
        }
        let block = self.g.build.block(self.llvm, "return");
        self.g.build.go_to(block);
        self.g.debug.locate(self.g.cx, &self.g.build, self.scope, func.span.end());
        let value = self.g.result_type(func.result).map(|ty| self.g.build.phi(ty));
        self.g.build.ret(value.map(|v| v.as_basic_value()));
        self.exit = Some(Exit { block, value });
    }

    fn block(&mut self, block: BlockId, lifetimes: &Lifetimes) {
        self.g.build.go_to(self.blocks[&block]);
        self.ends(lifetimes.end_at.get(&block).into_iter().flatten());
        let func = self.func;
        for &op in &func.blocks[block].ops {
            let data = &func.ops[op];
            self.g.debug.locate(self.g.cx, &self.g.build, self.scope, data.loc.span);
            for &var in lifetimes.begin.get(&op).into_iter().flatten() {
                self.begin_life(self.ptr(var));
            }
            emit::op(self, data);
            self.ends(lifetimes.end.get(&op).into_iter().flatten());
        }
    }

    fn ends<'v>(&self, variables: impl Iterator<Item = &'v Value>) {
        for &var in variables {
            self.end_life(self.ptr(var));
        }
    }
}
