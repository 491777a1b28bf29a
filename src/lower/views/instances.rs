//! Functions that take views, once for each kind of what is handed to them.

use super::tails::dynptr_pointer;
use super::{Root, View};
use crate::ir::{Param, Symbol, Value};
use crate::lower::func::{Lowering, Slot};
use crate::sema::tree::{Func, FuncId, LocalId, Program};
use crate::types::{Space, Ty, Types};

/// The memory that a view is of, as far as code depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A packet, by the type of the pointer to its context.
    Packet(Ty),
    /// A value of so many bytes.
    Memory(u64),
    /// A ring buffer's record of variable size.
    Record,
    /// Memory of user space of any size.
    Buffer,
}

/// A function and the kinds of its views, in the order of its parameters.
struct Instance {
    func: FuncId,
    kinds: Vec<Kind>,
    symbol: Symbol,
}

/// The functions with views that calls ask for.
#[derive(Default)]
pub struct Instances {
    all: Vec<Instance>,
    lowered: usize,
}

impl Instances {
    /// The next one that is to be lowered.
    pub fn take(&mut self) -> Option<(FuncId, Vec<Kind>, Symbol)> {
        let instance = self.all.get(self.lowered)?;
        self.lowered += 1;
        Some((instance.func, instance.kinds.clone(), instance.symbol.clone()))
    }

    /// Whether a call asks for the function.
    pub fn have(&self, func: FuncId) -> bool {
        self.all.iter().any(|instance| instance.func == func)
    }

    /// The first one of a function that takes views has the function's own symbol.
    fn symbol(&mut self, program: &Program, func: FuncId, kinds: Vec<Kind>) -> Symbol {
        let known = self.all.iter().find(|instance| instance.func == func && instance.kinds == kinds);
        if let Some(instance) = known {
            return instance.symbol.clone();
        }
        let before = self.all.iter().filter(|instance| instance.func == func).count();
        // The kernel calls a member of an `impl` by its own symbol.
        let before = before + usize::from(program.impl_of(func).is_some());
        let own = &program.func(func).symbol;
        let mut symbol = if before == 0 { own.clone() } else { format!("{own}__{}", before + 1) };
        while before > 0 && program.funcs.iter().any(|func| func.symbol == symbol) {
            symbol.push('_');
        }
        let symbol: Symbol = symbol.as_str().into();
        self.all.push(Instance { func, kinds, symbol: symbol.clone() });
        symbol
    }
}

/// Whether a parameter of the function is a `bytes`.
pub fn takes_views(func: &Func) -> bool {
    func.params.iter().any(|&param| func.local(param).ty == Ty::BYTES)
}

impl Kind {
    /// How many parameters a view is: what it is of, an offset and a length.
    pub const PARTS: usize = 3;

    /// The parameters that a view is.
    pub fn params(self, types: &mut Types, func: &Func, param: LocalId) -> Vec<Param> {
        let local = func.local(param);
        let root = match self {
            Kind::Packet(ctx) => ctx,
            Kind::Memory(size) => {
                let bytes = types.array(Ty::U8, size);
                types.ptr(bytes, Space::Any, false)
            }
            Kind::Record => dynptr_pointer(types),
            Kind::Buffer => types.ptr(Ty::U8, Space::Any, false),
        };
        let parts = [("", root), ("_offset", Ty::U64), ("_length", Ty::U64)];
        parts.map(|(part, ty)| Param { name: format!("{}{part}", local.name), ty, out: false, span: local.span }).into()
    }
}

impl Lowering<'_> {
    /// A parameter, from the values that it is.
    pub(in crate::lower) fn view_param(&mut self, param: LocalId, kind: Kind, values: [Value; 3]) {
        let [root, offset, length] = values;
        let (root, life) = match kind {
            Kind::Packet(_) => (Root::Packet(root), self.life(root, Space::Packet)),
            Kind::Memory(_) => (Root::Memory(self.deref(root)), self.life(root, Space::Any)),
            Kind::Record => (Root::Record(root), None),
            Kind::Buffer => (Root::Buffer(root), None),
        };
        self.declare_view(param, View { root, offset, length, life });
        debug_assert!(matches!(self.slot(param), Slot::View(_) | Slot::FixedView(_)), "a parameter is a view");
    }

    /// The values that an argument is.
    pub(in crate::lower) fn view_argument(&mut self, view: View) -> (Kind, [Value; 3]) {
        let (kind, root) = match view.root {
            Root::Packet(ctx) => (Kind::Packet(self.b.func.ty(ctx)), ctx),
            Root::Memory(bytes) => (Kind::Memory(self.capacity(bytes)), self.address(bytes)),
            Root::Record(dynptr) => (Kind::Record, dynptr),
            Root::Buffer(start) => (Kind::Buffer, start),
        };
        (kind, [root, view.offset, view.length])
    }

    pub(in crate::lower) fn instance(&mut self, func: FuncId, kinds: Vec<Kind>) -> Symbol {
        self.instances.symbol(self.program, func, kinds)
    }
}
