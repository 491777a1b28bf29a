//! Wrappers of functions for the runtime and the kernel, which know nothing of throws and views: both get a wrapper of a function that may
//! throw, the kernel one of a function that may panic; the runtime gets one that takes the parts of a view, for a handler with a `bytes`.

use super::Names;
use super::func::{self, Lowering};
use super::views::{Instances, Kind, takes_views};
use crate::ir::{Function, Param, Role, Symbol, Throws, Value};
use crate::sema::tree::{Const, Expr, ExprKind, FuncId, Parts, Program, Visitor};
use crate::session::Session;
use crate::target::Target;
use crate::types::{FnSig, Space, Ty, TyKind};
use std::collections::BTreeMap;

/// The wrappers, by the functions that they wrap and where what calls them runs.
#[derive(Default)]
pub(super) struct Boundaries(pub(super) BTreeMap<(FuncId, Target), Symbol>);

impl Boundaries {
    /// Finds the functions that need a wrapper, and names the wrappers.
    pub fn of(program: &Program) -> Boundaries {
        let mut handed = Handed(Vec::new());
        program.funcs.iter().for_each(|func| handed.block(&func.body));
        handed.0.extend(program.maps.iter().filter_map(|map| Some((map.callback?, Target::Host))));
        handed.0.extend(program.migrations.iter().map(|migration| (migration.func, Target::Host)));
        let mut boundaries = BTreeMap::new();
        for (func, on) in handed.0 {
            let callee = program.func(func);
            if callee.throws || callee.panics && on.facts().in_kernel || takes_views(callee) {
                boundaries.entry((func, on)).or_insert_with(|| unused_symbol(program, func, on));
            }
        }
        Boundaries(boundaries)
    }
}

fn unused_symbol(program: &Program, func: FuncId, on: Target) -> Symbol {
    let side = if on.facts().in_kernel { "taker" } else { "handler" };
    let mut symbol = format!("{}__{side}", program.func(func).symbol);
    while program.funcs.iter().any(|func| func.symbol == symbol) {
        symbol.push('_');
    }
    symbol.as_str().into()
}

/// The functions that are handed over, and to what code.
struct Handed(Vec<(FuncId, Target)>);

impl Visitor<'_> for Handed {
    fn expr(&mut self, expr: &Expr) {
        if let Parts::Operation(callee, args) = expr.parts()
            && let Some((Expr { kind: ExprKind::Const(Const::Func(func)), .. }, on)) = callee.handed(args)
        {
            self.0.push((*func, on));
        }
        self.parts_of_expr(expr);
    }
}

pub(super) fn lower(cx: &mut Session, program: &Program, names: &Names, instances: &mut Instances) -> Vec<Function> {
    let boundaries = names.boundaries.0.iter();
    boundaries.map(|(&key, symbol)| boundary(cx, program, names, instances, (key, symbol))).collect()
}

fn boundary(
    cx: &mut Session,
    program: &Program,
    names: &Names,
    instances: &mut Instances,
    ((id, on), symbol): ((FuncId, Target), &Symbol),
) -> Function {
    let source = program.func(id);
    // What a handler views lies in memory of the runtime.
    let views = source.params.iter().filter(|&&param| source.local(param).ty == Ty::BYTES);
    let kinds: Vec<Kind> = views.map(|_| Kind::Buffer).collect();
    let meant = func::signature(cx, source, symbol, &kinds);
    let count = source.params.len() + kinds.len() * (Kind::PARTS - 1);
    let params: Vec<Param> = meant.params[..count].to_vec();
    let role = if matches!(meant.role, Role::Helper) { Role::Helper } else { Role::Plain };
    let mut func = Function::new(symbol, source.name_span, source.span, role, params, meant.result);
    // Out of what the kernel calls, the checker let nothing through.
    if source.throws && !on.facts().in_kernel {
        func.throws = Throws::Ends;
    }
    let mut lowering = Lowering::new(cx, program, names, instances, source, &mut func);
    let args: Vec<Value> = (0..count).map(|index| lowering.b.func.param(index)).collect();
    let callee = if kinds.is_empty() { names.func(id).clone() } else { lowering.instance(id, kinds) };
    let mut b = lowering.b;
    let call = b.ks_call(&args, &callee, meant.result.results());
    let value = b.first_result(call);
    b.ks_return(value);
    func
}

impl Lowering<'_> {
    /// The handler of what is sent through a map: a function, or a value that is one.
    pub(super) fn handed(&mut self, handler: &Expr, on: Target) -> Value {
        let ExprKind::Const(Const::Func(func)) = handler.kind else {
            let value = self.scalar(handler);
            self.at(handler.span).b.ks_present(value);
            return value;
        };
        self.at(handler.span).handed_function(func, handler.ty, on)
    }

    pub(super) fn handed_function(&mut self, func: FuncId, ty: Ty, on: Target) -> Value {
        match self.names.boundaries.0.get(&(func, on)) {
            Some(boundary) => {
                let ty = self.handed_type(ty);
                self.b.ks_func(boundary, ty)
            }
            None => self.constant(&Const::Func(func), ty),
        }
    }

    /// The type of a wrapper, which takes the parts of views.
    fn handed_type(&mut self, ty: Ty) -> Ty {
        let types = &mut self.cx.types;
        let TyKind::Fn(sig) = types.kind(ty) else { crate::bug!("a handler is a function") };
        let FnSig { params, result } = types.sig(sig).clone();
        if !params.contains(&Ty::BYTES) {
            return ty;
        }
        let bytes = types.ptr(Ty::U8, Space::Any, false);
        let parts = |param| if param == Ty::BYTES { vec![bytes, Ty::U64, Ty::U64] } else { vec![param] };
        let params = params.into_iter().flat_map(parts).collect();
        types.func(FnSig { params, result })
    }
}
