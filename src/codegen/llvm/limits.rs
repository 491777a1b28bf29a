//! Limits of BPF code after LLVM's optimisation, before it becomes instructions: functions of a size that LLVM compiles in seconds and that
//! kernels load, and no more maps than the kernel lets a program use.

use super::data::MAPS_SECTION;
use super::module::ModuleGen;
use super::stack;
use crate::diag::codes::limits::{FunctionTooLong, TooManyMaps};
use inkwell::values::{AnyValueEnum, BasicValue, BasicValueEnum, FunctionValue, InstructionValue, PointerValue};
use std::collections::{BTreeMap, BTreeSet};

/// Maps that a program and all that it calls may use: MAX_USED_MAPS of include/linux/bpf_verifier.h, from 6.1 to 6.18.
const MAX_MAPS: usize = 64;

/// LLVM instructions of a function. LLVM 22 makes 120,000 BPF instructions of so many in 8 s. On x86-64 the kernel loads functions
/// of 60,000 BPF instructions, and refuses some of 90,000 (its JIT gives up with EFAULT); the verifier follows 1,000,000.
const MAX_INSTRUCTIONS: u32 = 100_000;

/// LLVM instructions without a branch between them: instruction selection takes time with the square of that, 5 s for so many.
const MAX_IN_BLOCK: u32 = 24_000;

/// Reports what is over a limit. True if nothing is.
pub fn check(g: &mut ModuleGen) -> bool {
    let sizes_fit = check_sizes(g);
    check_maps(g) && sizes_fit
}

fn check_sizes(g: &mut ModuleGen) -> bool {
    let mut long: Vec<(String, u32)> = Vec::new();
    for function in g.module.get_functions() {
        let blocks = function.get_basic_blocks();
        let sizes = blocks.iter().map(|block| block.get_instructions().count() as u32);
        let (all, longest) = sizes.fold((0, 0), |(all, longest), size| (all + size, longest.max(size)));
        if all > MAX_INSTRUCTIONS || longest > MAX_IN_BLOCK {
            long.push((name(function), all));
        }
    }
    for (function, size) in &long {
        let span = stack::span(g, function);
        let error =
            g.cx.error(span, FunctionTooLong { name: g.cx.names.of(function).to_owned(), size: size.to_string() });
        error
            .remark(format!("at most {MAX_INSTRUCTIONS}, and {MAX_IN_BLOCK} without a branch; inlined functions and unrolled loops count each time"))
            .help("make a loop of what repeats, or put what differs into a map or a constant array and walk over that");
    }
    long.is_empty()
}

fn check_maps(g: &mut ModuleGen) -> bool {
    let calls = stack::calls(g);
    let maps = maps(g);
    let called: BTreeSet<&String> = calls.values().flatten().collect();
    let mut many: Vec<(String, usize)> = Vec::new();
    for entry in calls.keys().filter(|name| !called.contains(name)) {
        let mut reached = BTreeSet::from([entry]);
        let mut open = vec![entry];
        while let Some(name) = open.pop() {
            open.extend(calls.get(name).into_iter().flatten().filter(|callee| reached.insert(callee)));
        }
        let used: BTreeSet<&String> = reached.iter().filter_map(|name| maps.get(*name)).flatten().collect();
        if used.len() > MAX_MAPS {
            many.push((entry.clone(), used.len()));
        }
    }
    for (entry, count) in &many {
        let span = stack::span(g, entry);
        g.cx.error(span, TooManyMaps { name: g.cx.names.of(entry).to_owned(), count: count.to_string() })
            .remark("those of the functions that it calls count, and the sections of global variables are a map each")
            .help("join maps of the same kind: a field of the key, or the index, says which one is meant");
    }
    many.is_empty()
}

/// The maps that each function uses, and the sections of its global variables, which are maps to the kernel.
fn maps(g: &ModuleGen) -> BTreeMap<String, BTreeSet<String>> {
    let mut maps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for global in g.module.get_globals() {
        let section = global.get_section().map_or_else(|| ".rodata".to_owned(), |s| s.to_string_lossy().into_owned());
        let map = if section == MAPS_SECTION { global.get_name().to_string_lossy().into_owned() } else { section };
        let mut users = Vec::new();
        instructions_of(global.as_pointer_value(), &mut users);
        for function in users.into_iter().filter_map(|user| user.get_parent()?.get_parent()) {
            maps.entry(name(function)).or_default().insert(map.clone());
        }
    }
    maps
}

/// The instructions that use an address, and those that use an address inside of it.
fn instructions_of<'c>(pointer: PointerValue<'c>, users: &mut Vec<InstructionValue<'c>>) {
    let mut next = pointer.get_first_use();
    while let Some(found) = next {
        if let AnyValueEnum::InstructionValue(instruction) = found.get_user() {
            users.push(instruction);
        } else if let Ok(value) = BasicValueEnum::try_from(found.get_user()) {
            match (value.as_instruction_value(), value) {
                (Some(instruction), _) => users.push(instruction),
                (None, BasicValueEnum::PointerValue(inside)) => instructions_of(inside, users),
                // The value of another global.
                (None, _) => {}
            }
        }
        next = found.get_next_use();
    }
}

fn name(function: FunctionValue<'_>) -> String {
    function.get_name().to_string_lossy().into_owned()
}
