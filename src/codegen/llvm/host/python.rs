//! The module for Python of the program's own maps and variables, for programs that become Python.

use crate::codegen::bindings;
use crate::codegen::llvm::Carried;
use crate::codegen::llvm::emit::{BINDINGS, runtime_function};
use crate::codegen::llvm::module::ModuleGen;
use crate::ir::Opcode;
use crate::ir::ops::HostPython;
use std::collections::BTreeSet;

/// Hands the files of Python over whose functions are called, each once.
pub fn modules(g: &mut ModuleGen) {
    let ir = g.ir;
    let ops = ir.funcs.iter().flat_map(|func| func.walk().into_iter().map(|op| &func.ops[op]));
    let called = ops.filter(|op| op.opcode == Opcode::HostPython).map(HostPython::of);
    let modules: BTreeSet<[&[u8]; 2]> = called.map(|call| [call.module(), call.files()]).collect();
    for module in modules {
        let ptr = g.build.ptr_type().into();
        let add = runtime_function(g, "ks_python_module", None, &[ptr, ptr]);
        let texts = module.map(|text| g.string(&[text, b"\0"].concat()).into());
        g.build.call(add, &texts);
    }
}

/// Defines the texts `BINDINGS` where a function becomes Python: `NAME_ks` and its code, which is empty without an object.
pub fn define(g: &mut ModuleGen, objects: &[Carried]) {
    let becomes =
        |func: &crate::ir::Function| func.walk().into_iter().any(|op| func.ops[op].opcode == Opcode::HostExec);
    if !g.ir.funcs.iter().any(becomes) {
        return;
    }
    let name = bindings::module_name(&g.ir.name);
    let code = match objects.first().map(|carried| bindings::python(&carried.object, &g.ir.name)) {
        Some(Ok(code)) => code,
        Some(Err(why)) => crate::bug!("the object that was made cannot be read: {why}"),
        None => String::new(),
    };
    for (symbol, text) in std::iter::zip(BINDINGS, [name, code]) {
        let contents = g.context.const_string(text.as_bytes(), true);
        let value = g.module.add_global(contents.get_type(), None, symbol);
        value.set_initializer(&contents);
        value.set_constant(true);
        value.set_linkage(inkwell::module::Linkage::Internal);
    }
}
