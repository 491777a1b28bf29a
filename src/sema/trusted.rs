//! Parameters that point to structs of the kernel. A function may be given any such pointer; one that hands its parameter to a function of
//! the kernel, or to another function that does, takes only pointers to which the verifier follows. Bodies show that, so they
//! are checked again once a parameter is known to be of this kind.

use super::body::{self, Body};
use super::env::Env;
use super::tree::FuncId;
use crate::session::Session;
use crate::types::{Space, TyKind};

/// The checked bodies of all functions; none of those with errors.
pub fn bodies(cx: &mut Session, env: &mut Env) -> Vec<Option<Body>> {
    loop {
        let before = cx.diags.count();
        let bodies = (0..env.funcs.len()).map(|index| body::check(cx, env, FuncId(index as u32))).collect();
        let wanted = env.trusted.take();
        if wanted.is_empty() {
            return bodies;
        }
        cx.diags.take_since(before);
        for (func, param) in wanted {
            let (func, param) = (func.0 as usize, param.0 as usize);
            let local = &mut env.program.funcs[func].locals[param];
            if let TyKind::Ptr { to, nullable, .. } = cx.types.kind(local.ty) {
                local.ty = cx.types.ptr(to, Space::BtfTrusted, nullable);
                env.funcs[func].sig.params[param] = local.ty;
            }
        }
    }
}
