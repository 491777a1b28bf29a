//! The stack of chains of BPF calls: LLVM checks each function alone, the kernel the chain.
//!
//! The kernel's `check_max_stack_depth` (kernel/bpf/verifier.c) adds the frames along each chain, callbacks included, each rounded up to 32
//! bytes, and allows 512 bytes and 8 frames. A function that LLVM inlined is part of its caller's frame, so this looks at the module as it
//! was emitted.

use super::module::ModuleGen;
use crate::diag::codes::limits::{CallsTooDeep, StackOfCalls};
use crate::ir;
use crate::ir::callgraph::called_later;
use crate::source::Span;
use crate::tables::MAX_STACK;
use inkwell::values::{BasicValueEnum, FunctionValue, InstructionValue, Operand, PointerValue};
use std::collections::{BTreeMap, BTreeSet};

/// Functions that may be open at a time: MAX_CALL_FRAMES of include/linux/bpf_verifier.h.
const FRAMES: usize = 8;
/// Bytes to which `check_max_stack_depth` of kernel/bpf/verifier.c rounds a frame up; later kernels do to 16.
const ROUNDED_TO: u64 = 32;

/// Frame sizes by function, from LLVM's remarks: `96 stack bytes in function 'count'`.
pub fn frames(remarks: &[String]) -> BTreeMap<String, u64> {
    remarks.iter().filter_map(|remark| frame(remark)).collect()
}

fn frame(remark: &str) -> Option<(String, u64)> {
    let (size, name) = remark.split_once(" stack bytes in function '")?;
    Some((name.trim_end_matches('\'').to_owned(), number_behind(size)?))
}

/// The number at the end of a text, behind the place that LLVM names.
fn number_behind(text: &str) -> Option<u64> {
    text.rsplit([' ', ':']).next()?.parse().ok()
}

/// The number of instructions of each function, from the remarks `12 instructions in function`, which have no name and follow
/// those of the frames.
pub fn sizes(remarks: &[String]) -> Vec<(String, u64)> {
    let mut sizes = Vec::new();
    let mut current = String::new();
    for remark in remarks {
        if let Some((name, _)) = frame(remark) {
            current = name;
        } else if let Some(size) = remark.strip_suffix(" instructions in function")
            && let Some(size) = number_behind(size)
        {
            sizes.push((current.clone(), size));
        }
    }
    sizes
}

/// Reports the programs whose deepest chain of calls the kernel would refuse. True if there is none.
pub fn check(g: &mut ModuleGen, frames: &BTreeMap<String, u64>) -> bool {
    let calls = on_one_stack(g);
    let mut deepest = Deepest { frames, calls: &calls, known: BTreeMap::new() };
    let called: BTreeSet<&String> = calls.values().flatten().collect();
    let entries: Vec<&String> = calls.keys().filter(|name| !called.contains(name)).collect();
    let mut ok = true;
    for entry in entries {
        let heaviest = deepest.heaviest(entry);
        let longest = deepest.longest(entry);
        let span = span(g, entry);
        if longest.len() > FRAMES {
            let names: Vec<&str> = longest.iter().map(|f| g.cx.names.of(f)).collect();
            let (count, chain) = (longest.len().to_string(), names.join("`, `"));
            g.cx.error(span, CallsTooDeep { count }).remark(format!("the chain is `{chain}`"));
            ok = false;
        } else if heaviest.0 > MAX_STACK {
            let frame = |f: &String| format!("`{}` {} bytes", g.cx.names.of(f), deepest.frame(f));
            let chain: Vec<String> = heaviest.1.iter().map(frame).collect();
            let largest = ir::frames::largest(g.ir, g.cx, entry);
            let error = g.cx.error(span, StackOfCalls { bytes: heaviest.0.to_string() });
            error
                .remark(format!("the frames, each rounded up to 32 bytes: {}", chain.join(", ")))
                .help("keep large data in a map entry or a global variable instead of local variables");
            ir::frames::list(error, largest);
            ok = false;
        }
    }
    ok
}

struct Deepest<'m> {
    frames: &'m BTreeMap<String, u64>,
    calls: &'m BTreeMap<String, BTreeSet<String>>,
    /// Bytes and functions of the heaviest chain from a function on.
    known: BTreeMap<String, (u64, Vec<String>)>,
}

impl Deepest<'_> {
    fn frame(&self, name: &str) -> u64 {
        self.frames.get(name).copied().unwrap_or(0).max(1).next_multiple_of(ROUNDED_TO)
    }

    /// BPF code has no recursion: the pass `reach` refuses it.
    fn heaviest(&mut self, name: &str) -> (u64, Vec<String>) {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let callees = self.calls.get(name).cloned().unwrap_or_default();
        let below = callees.iter().map(|callee| self.heaviest(callee)).max_by_key(|(bytes, _)| *bytes);
        let (bytes, chain) = below.unwrap_or_default();
        let mut all = vec![name.to_owned()];
        all.extend(chain);
        let result = (bytes + self.frame(name), all);
        self.known.insert(name.to_owned(), result.clone());
        result
    }

    fn longest(&self, name: &str) -> Vec<String> {
        let callees = self.calls.get(name).into_iter().flatten();
        let mut chain = vec![name.to_owned()];
        chain.extend(callees.map(|callee| self.longest(callee)).max_by_key(Vec::len).unwrap_or_default());
        chain
    }
}

/// The functions that run on the stack of each defined function. The callback of a timer has a stack of its own.
fn on_one_stack(g: &ModuleGen) -> BTreeMap<String, BTreeSet<String>> {
    let ops = g.ir.funcs.iter().flat_map(|func| func.all());
    let later: BTreeSet<&str> = ops.filter_map(called_later).map(|callback| &**callback).collect();
    let mut calls = calls(g);
    calls.values_mut().for_each(|callees| callees.retain(|callee| !later.contains(callee.as_str())));
    calls
}

/// The functions that each defined function calls or hands to a helper as its callback.
pub fn calls(g: &ModuleGen) -> BTreeMap<String, BTreeSet<String>> {
    let defined: BTreeMap<String, FunctionValue> = g
        .module
        .get_functions()
        .filter(|f| f.count_basic_blocks() > 0)
        .map(|f| (f.get_name().to_string_lossy().into_owned(), f))
        .collect();
    // A local variable may have the name of a function.
    let function = |pointer: PointerValue| {
        let name = pointer.get_name().to_string_lossy().into_owned();
        let is_it = |function: &&FunctionValue| function.as_global_value().as_pointer_value() == pointer;
        defined.get(&name).filter(is_it).map(|_| name)
    };
    let mentioned = |instruction: InstructionValue| {
        let operands = instruction.get_operands().flatten().filter_map(Operand::value);
        let pointers = operands.filter(|value| value.is_pointer_value()).map(BasicValueEnum::into_pointer_value);
        pointers.filter_map(function).collect::<Vec<_>>()
    };
    let of = |function: &FunctionValue| {
        function.get_basic_blocks().into_iter().flat_map(|block| block.get_instructions()).flat_map(mentioned).collect()
    };
    defined.iter().map(|(name, function)| (name.clone(), of(function))).collect()
}

/// The place of the function of this symbol; the start of the file if it is none of the source.
pub fn span(g: &ModuleGen, name: &str) -> Span {
    match g.ir.funcs.iter().find(|f| &*f.name == name) {
        Some(func) => func.name_span,
        None => Span::new(g.ir.file, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn remarks_give_frames() {
        let remarks = ["a.ks:3:4: 96 stack bytes in function 'count'".to_owned(), "12 instructions in function".into()];
        let frames = super::frames(&remarks);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames.get("count"), Some(&96));
        assert_eq!(super::sizes(&remarks), [("count".to_owned(), 12)]);
    }
}
