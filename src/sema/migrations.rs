//! Functions that make the entries of pinned maps anew, as the runtime calls them.
//!
//! The runtime hands over four addresses: the old key, the old value, the new key and the new value. Each function of the program gets a
//! wrapper with such parameters, which yields whether there is a new entry. A function whose result may be null is such a function but
//! for its parameters by value: it fills its hidden last parameter and yields a `bool` (`declare/functions.rs`, `body/results.rs`).

use super::env::{Env, FuncDecl};
use super::tree::{
    Block, Callee, Const, Expr, ExprKind, Func, FuncId, Local, LocalId, Migration, Role, Stmt, StmtKind,
};
use crate::session::Session;
use crate::types::{FnSig, Space, Ty};

/// Adds the wrappers, which take the places of the functions in the list.
pub fn wrap(cx: &mut Session, env: &mut Env<'_>) {
    let migrations = std::mem::take(&mut env.program.migrations);
    let wrapped = migrations.into_iter().map(|migration| {
        let wrapper = wrapper(cx, env, &migration);
        let FuncDecl { module, decl, .. } = &env.funcs[migration.func.0 as usize];
        let (module, decl) = (*module, *decl);
        let params = wrapper.params.iter().map(|&param| wrapper.local(param).ty).collect();
        let func = FuncId(env.program.funcs.len() as u32);
        env.funcs.push(FuncDecl { module, decl, sig: FnSig { params, result: Ty::BOOL } });
        env.program.funcs.push(wrapper);
        Migration { func, ..migration }
    });
    let wrapped: Vec<Migration> = wrapped.collect();
    env.program.migrations = wrapped;
}

fn wrapper(cx: &mut Session, env: &Env, migration: &Migration) -> Func {
    let span = migration.span;
    let map = env.program.map(migration.map);
    let (key, value) = (map.key, map.value);
    let types = [migration.key.unwrap_or(key), migration.old, key, value];
    let names = ["key", "old", "fresh", "value"];
    let pointers = types.map(|ty| cx.types.ptr(ty, Space::Any, false));
    let locals: Vec<Local> =
        std::iter::zip(names, pointers).map(|(name, ty)| Local { name: name.to_owned(), ty, span }).collect();
    let pointer = |at: usize| Expr { kind: ExprKind::Local(LocalId(at as u32)), ty: pointers[at], span };
    let place = |at: usize| Expr { kind: ExprKind::Deref(Box::new(pointer(at))), ty: types[at], span };
    let callee = env.program.func(migration.func);
    let mut args = match migration.key {
        Some(_) => vec![place(0), place(1), pointer(2)],
        None => vec![place(1)],
    };
    let may_drop = callee.params.len() > args.len();
    if may_drop {
        args.push(pointer(3));
    }
    let call = Expr::operation(Callee::Func(migration.func), args, callee.result, span);
    let mut stmts = Vec::new();
    let result = if may_drop {
        call
    } else {
        stmts.push(Stmt { kind: StmtKind::Assign { place: place(3), op: None, value: call }, span });
        Expr { kind: ExprKind::Const(Const::Bool(true)), ty: Ty::BOOL, span }
    };
    stmts.push(Stmt { kind: StmtKind::Return(Some(result)), span });
    Func {
        name: callee.name.clone(),
        symbol: unused_symbol(env, &callee.symbol),
        name_span: span,
        span,
        role: Role::Plain,
        params: (0..4).map(LocalId).collect(),
        result: Ty::BOOL,
        named_result: None,
        context: None,
        locals,
        body: Block { stmts, value: None, span },
        throws: false,
        cancels: false,
        panics: false,
        global: false,
    }
}

fn unused_symbol(env: &Env, of: &str) -> String {
    let mut symbol = format!("{of}__migrate");
    while env.program.funcs.iter().any(|func| func.symbol == symbol) {
        symbol.push('_');
    }
    symbol
}
