//! The access that the kernel allows programs to their packets: for each function, the access that all programs have which reach it.

use super::NAME;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::PacketSize;
use crate::ir::{Builder, Function, Module, OpId, Opcode, Role, Value};
use crate::tables::{CONTEXTS, ContextSpec, HELPERS, PacketAccess, context_of};
use crate::types::{Origin, Space, StructDef, Ty, TyKind, Types};

/// Headers are nearer than this: of Ethernet, IP and TCP with all options, with room for tunnels.
pub const NEAR: u64 = 256;

/// The access to packets that all programs which reach a function have in common.
#[derive(Clone, Copy)]
pub struct Access {
    /// Pointers may lead into the packet.
    pub direct: bool,
    /// A part of it may lie in pages.
    pub paged: bool,
    /// Bytes up to this offset are linear, or the programs make them so.
    pub near: u64,
    /// The programs can make all of it linear.
    pub pulls: bool,
}

impl Access {
    /// The access of each function of a module.
    pub fn of(module: &Module, types: &Types) -> Vec<Access> {
        let every = Access { direct: true, paged: false, near: NEAR, pulls: true };
        let mut all = vec![every; module.funcs.len()];
        let graph = CallGraph::of(module);
        for (at, func) in module.funcs.iter().enumerate() {
            let Some(own) = Access::of_program(func, types) else { continue };
            let reached = graph.reach([at]);
            for (_, access) in all.iter_mut().enumerate().filter(|&(other, _)| reached.contains(other)) {
                access.direct &= own.direct;
                access.paged |= own.paged;
                access.near = access.near.min(own.near);
                access.pulls &= own.pulls;
            }
        }
        all
    }

    fn of_program(func: &Function, types: &Types) -> Option<Access> {
        let Role::Program { spec, mode, .. } = &func.role else { return None };
        let context = CONTEXTS.iter().find(|context| Some(context.name) == spec.context())?;
        let near = match context.pull {
            Some(_) if pulling(func, types).is_some() => NEAR,
            Some(_) => spec.always_linear,
            None => 0,
        };
        Some(Access {
            direct: spec.packet != PacketAccess::Copied,
            paged: context.load.is_some() && spec.form(mode).is_some_and(|form| !form.linear),
            near,
            pulls: near == NEAR,
        })
    }
}

/// Copies bytes of a packet, of a context that has a `load`; the status, which is 0 if all were there.
pub fn copy(b: &mut Builder<'_>, types: &mut Types, ctx: Value, [offset, address, size]: [Value; 3]) -> Value {
    let Some(context) = context(b.func, types, ctx) else { crate::bug!("a packet without a context") };
    let Some(load) = context.load else { crate::bug!("no helper copies from `{}`", context.name) };
    let call = if context.dynptr.is_none() {
        b.bpf_helper(&[ctx, offset, address, size], &load.into(), &[Ty::I64])
    } else {
        let dynptr = dynptr_type(types);
        let (place, pointer) = (types.place(dynptr, Space::Stack), types.ptr(dynptr, Space::Stack, false));
        let packet = b.ks_var(b"packet", place);
        b.bpf_packet_dynptr(ctx, packet);
        let (packet, flags) = (b.ks_addr(packet, pointer), b.ks_const(0, Ty::U64));
        b.bpf_helper(&[address, size, packet, offset, flags], &load.into(), &[Ty::I64])
    };
    b.result(call)
}

/// `struct bpf_dynptr` of include/uapi/linux/bpf.h.
fn dynptr_type(types: &mut Types) -> Ty {
    const NAME: &str = "bpf_dynptr";
    let known = types.structs().find(|(_, def)| def.origin == Origin::Dynptr);
    let id = known.map(|(id, _)| id).unwrap_or_else(|| {
        let (name, fields) = (NAME.into(), Vec::new());
        types.add_struct(StructDef { name, origin: Origin::Dynptr, fields, size: 16, align: 8, span: None })
    });
    types.intern(TyKind::Struct(id))
}

/// How many bytes at the start of each packet of a program are linear before it does anything.
pub fn always_linear(func: &Function) -> u64 {
    if let Role::Program { spec, .. } = &func.role { spec.always_linear } else { 0 }
}

/// The context that a pointer points to.
pub fn context(func: &Function, types: &Types, ctx: Value) -> Option<&'static ContextSpec> {
    context_of(types, func.ty(ctx))
}

fn field(context: &ContextSpec, name: &str) -> i128 {
    let index = context.fields.iter().position(|field| field.name == name);
    index.unwrap_or_else(|| crate::bug!("`{}` has no field `{name}`", context.name)) as i128
}

/// How a program makes the start of its packet linear: the helper, and the context's field with the whole length.
pub fn pulling(func: &Function, types: &Types) -> Option<(&'static str, i128)> {
    let Role::Program { spec, .. } = &func.role else { return None };
    // A program may leave out the parameter; then it looks at no packet.
    let &ctx = func.blocks[func.entry()].args.first()?;
    let context = self::context(func, types, ctx)?;
    let helper = HELPERS.iter().find(|helper| Some(helper.name) == context.pull && spec.may_call(helper).is_some())?;
    Some((helper.name, field(context, context.length?)))
}

/// Replaces `packet.size` by the whole length: a field of the context, the result of a helper, or the number of directly readable bytes.
pub fn sizes(func: &mut Function, types: &Types, access: Access) -> bool {
    let sizes: Vec<OpId> = func.ids_of(Opcode::PacketSize).collect();
    for &op in &sizes {
        let ctx = PacketSize::of(&func.ops[op]).ctx();
        let context = context(func, types, ctx);
        let mut b = Builder::before(func, op, NAME);
        if let Some((context, length)) = context.and_then(|context| Some((context, context.length?))) {
            let length = b.packet_ctx_load(ctx, field(context, length), Ty::U32);
            func.become_op(op, Opcode::ArithCast, vec![length], Vec::new());
        } else if let Some(helper) = context.and_then(|context| context.length_by).filter(|_| access.paged) {
            let call = b.bpf_helper(&[ctx], &helper.into(), &[Ty::U64]);
            let length = b.result(call);
            func.become_op(op, Opcode::ArithCast, vec![length], Vec::new());
        } else {
            func.become_op(op, Opcode::PacketLen, vec![ctx], Vec::new());
        }
    }
    !sizes.is_empty()
}
