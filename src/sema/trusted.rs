//! Trusted pointers: some kernel functions take only pointers to kernel structs that the verifier has followed from their source. If a body
//! passes on a parameter, a variable or the result of a function to such a function, that parameter, variable or result must hold
//! trusted pointers alone: callers and stores into it are then checked for that. The bodies themselves show which holders these are,
//! so they are checked again after each such discovery.

use super::body::{self, Body};
use super::env::Env;
use super::tree::{FuncId, LocalId};
use crate::session::Session;
use crate::source::Span;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// What holds such a pointer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Holder {
    Param(FuncId, LocalId),
    /// A variable of a body, by where it is declared.
    Local(FuncId, Span),
    Result(FuncId),
}

/// The holders whose pointers must be trusted, as far as the bodies have shown.
#[derive(Default)]
pub struct Trust {
    /// The holders that hold trusted pointers alone.
    holders: BTreeSet<Holder>,
    /// The holders that cannot, each with an untrusted value that goes there.
    refused: BTreeMap<Holder, Span>,
    /// Variables whose first value is trusted and whose others are not: their fields are read as those of an untrusted one.
    mixed: BTreeSet<Holder>,
    /// What the check of the bodies found: the bodies are checked again with it.
    asked: BTreeSet<Holder>,
    withdrawn: BTreeSet<Holder>,
}

impl Trust {
    /// Whether the holder is known to hold trusted pointers alone.
    pub fn holds(&self, holder: Holder) -> bool {
        self.holders.contains(&holder)
    }

    /// Where a value goes into the holder to which the verifier does not follow.
    pub fn refused(&self, holder: Holder) -> Option<Span> {
        self.refused.get(&holder).copied()
    }

    /// Whether the holder can have such pointers alone, as far as is known; its type is open still.
    pub fn ask(&mut self, holder: Holder) -> bool {
        let is_open = !self.refused.contains_key(&holder);
        if is_open {
            self.asked.insert(holder);
        }
        is_open
    }

    /// Whether both trusted and untrusted pointers go into the holder.
    pub fn is_mixed(&self, holder: Holder) -> bool {
        self.mixed.contains(&holder)
    }

    /// Notes that an untrusted value goes into a variable that begins with a trusted one.
    pub fn mix(&mut self, holder: Holder, value: Span) {
        self.refuse(holder, value);
        self.mixed.insert(holder);
    }

    /// Notes that an untrusted value goes into the holder, so that it cannot hold trusted pointers alone.
    pub fn refuse(&mut self, holder: Holder, value: Span) {
        if self.refused.insert(holder, value).is_none() {
            self.withdrawn.insert(holder);
        }
    }
}

/// The checked bodies of all functions; none of those with errors.
pub fn bodies(cx: &mut Session, env: &mut Env) -> Vec<Option<Body>> {
    loop {
        let before = cx.diags.count();
        let bodies = (0..env.funcs.len()).map(|index| body::check(cx, env, FuncId(index as u32))).collect();
        let trust = env.trust.get_mut();
        let (asked, withdrawn) = (std::mem::take(&mut trust.asked), std::mem::take(&mut trust.withdrawn));
        if asked.is_empty() && withdrawn.is_empty() {
            return bodies;
        }
        cx.diags.take_since(before);
        trust.holders.extend(&asked);
        trust.holders.retain(|holder| !withdrawn.contains(holder));
        asked.into_iter().for_each(|holder| declare(&mut cx.types, env, holder, Space::BtfTrusted));
        withdrawn.into_iter().for_each(|holder| declare(&mut cx.types, env, holder, Space::BtfUntrusted));
    }
}

/// Gives a parameter or a result its type. The bodies declare their variables themselves.
fn declare(types: &mut Types, env: &mut Env, holder: Holder, space: Space) {
    match holder {
        Holder::Param(func, param) => {
            let (func, param) = (func.0 as usize, param.0 as usize);
            let local = &mut env.program.funcs[func].locals[param];
            local.ty = within(types, local.ty, space);
            env.funcs[func].sig.params[param] = local.ty;
        }
        Holder::Result(func) => {
            let func = func.0 as usize;
            let declared = &mut env.program.funcs[func];
            declared.result = within(types, declared.result, space);
            if let Some(named) = declared.named_result {
                declared.locals[named.0 as usize].ty = declared.result;
            }
            env.funcs[func].sig.result = declared.result;
        }
        Holder::Local(..) => {}
    }
}

/// The pointer type with another kind of memory.
pub fn within(types: &mut Types, ty: Ty, space: Space) -> Ty {
    let TyKind::Ptr { to, nullable, .. } = types.kind(ty) else { return ty };
    types.ptr(to, space, nullable)
}
