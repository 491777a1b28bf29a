//! Tables of functions for the kernel, as libbpf finds them: a variable of a struct that has the name of the kernel's, in a
//! section of its own. libbpf goes by the names of members, so the struct has those alone that the program gives.

use super::module::ModuleGen;
use crate::ir::{OpsValue, StructOps};
use inkwell::values::BasicValueEnum;

/// What libbpf registers by a link (1.2 and newer), in kernels that have such links. The runtime library decides for itself.
const LINKED: &str = ".struct_ops.link";
const LINKS_SINCE: (u32, u32) = (6, 4);
/// What every libbpf registers.
const PLAIN: &str = ".struct_ops";

/// After all functions are declared.
pub fn define(g: &mut ModuleGen) {
    for ops in &g.ir.struct_ops {
        table(g, ops);
    }
}

fn table(g: &mut ModuleGen, ops: &StructOps) {
    let mut values: Vec<BasicValueEnum> = Vec::new();
    let mut layout = Vec::new();
    let mut size = 0;
    for member in &ops.members {
        let (value, align, bytes, ty) = match &member.value {
            OpsValue::Program(name) => {
                let Some(program) = g.funcs.get(name) else { crate::bug!("there is no function @{name}") };
                (program.as_global_value().as_pointer_value().into(), 8, 8, None)
            }
            OpsValue::Data { ty, init } => {
                let align = super::memory::natural_align(&g.cx.types, *ty);
                (g.context.const_string(init, false).into(), align, init.len() as u64, Some(*ty))
            }
        };
        let offset = u64::next_multiple_of(size, align);
        if offset > size {
            values.push(g.context.const_string(&vec![0; (offset - size) as usize], false).into());
        }
        values.push(value);
        layout.push((member.name.as_str(), ty, offset, bytes));
        size = offset + bytes;
    }
    let end = u64::next_multiple_of(size.max(1), 8);
    values.push(g.context.const_string(&vec![0; (end - size) as usize], false).into());
    // Packed, since the padding is written out.
    let value = g.context.const_struct(&values, true);
    let variable = g.module.add_global(value.get_type(), None, &ops.name);
    variable.set_initializer(&value);
    let is_linked = g.cx.options.lacks(Some(LINKS_SINCE)).is_none();
    variable.set_section(Some(if is_linked { LINKED } else { PLAIN }));
    variable.set_alignment(8);
    g.debug.struct_ops(g.cx, variable, ops, &layout, end);
}
