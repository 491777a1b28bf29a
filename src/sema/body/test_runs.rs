//! `test(program, input, context, repeat: n)`: a run of a program in a test, its input and its result.
//!
//! The result is a struct, made for the result and the context of the program: `KsTestRun` of runtime/src/abi.rs, and the context behind it.

use super::test_context::TestContext;
use super::value::{error_expr, local};
use super::views::made;
use super::{Checker, Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::tests::TestInput;
use crate::sema::tree::{Block, Callee, Const, Expr, ExprKind, FuncId, Role, Stmt, StmtKind, View};
use crate::source::Span;
use crate::tables::TestRun;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind};

/// The field with the result of the program, which stands for the whole result where a number is asked for.
pub(super) const RESULT: &str = "retval";
/// The bytes that the run has left: a view, of memory that two fields describe.
pub(super) const OUTPUT: &str = "output";
const START: &str = "output.start";
const LENGTH: &str = "output.length";
/// The context as the run has left it.
const CONTEXT: &str = "ctx";
/// `KsTestRun`: where the fields are, in bytes.
const OFFSETS: [(&str, u64); 4] = [("duration_ns", 4), (START, 8), (LENGTH, 16), (CONTEXT, 24)];
/// The names of such structs begin so.
const NAME: &str = "TestRun.";
/// No output is longer, in bytes.
const LONGEST: u64 = 1 << 20;
/// The field of a struct of the program's own that says how many zero bytes the input has.
const SIZE: &str = "packet_size";

/// What a program works on.
struct Input {
    /// A `bytes`, or the number of zero bytes.
    input: Option<Expr>,
    context: Option<Expr>,
    /// What is evaluated before.
    before: Vec<Stmt>,
}

impl Checker<'_, '_> {
    /// `test(program, input, context, repeat: n)`
    pub fn test(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let named = args.iter().position(|arg| arg.name.is_some()).unwrap_or(args.len());
        let (given, named) = args.split_at(named);
        if !(1..=3).contains(&given.len()) {
            self.check_args(args.get(1..).unwrap_or_default());
            self.wrong_count("test", "1 to 3 arguments", given.len(), span)
                .help("`test(program, input)` runs a program; `test(program, input, context, repeat: n)` names all that a run takes");
            return None;
        }
        let handle = self.loaded_program("test", &given[0].value, span);
        let mut repeat = Some(number(1, Ty::U32, span));
        for (at, arg) in named.iter().enumerate() {
            if at == 0 && arg.name.as_ref().is_some_and(|name| name.name == "repeat") {
                repeat = self.coerced(&arg.value, Ty::U32).known();
            } else {
                self.refuse_name(arg, "test");
                return None;
            }
        }
        let program = handle.as_ref().and_then(|handle| self.vars.loaded(handle));
        let context = program.and_then(|program| self.test_context_of(program));
        let kind = program.map_or(TestRun::Never, |program| self.test_kind(program));
        let form = match kind {
            TestRun::Packet | TestRun::PacketAlone => 0,
            TestRun::Context | TestRun::Arguments => 1,
            TestRun::Never => 2,
            TestRun::Calls => 3,
        };
        if let (TestRun::Calls, Some(input)) = (kind, given.get(1)) {
            self.error(input.value.span, TestInput {})
                .help("`test(program)`: the kernel calls the function with arguments of its own");
            return None;
        }
        let input = match &given[1..] {
            [only] if kind == TestRun::Context => {
                let context = self.test_context(&only.value, context);
                context.map(|context| Input { input: None, context: Some(context), before: Vec::new() })
            }
            given => self.test_input(given, (program, context)),
        };
        let (handle, program, repeat, input) = (handle?, program?, repeat?, input?);
        let callee = Callee::Test { has_input: input.input.is_some(), has_context: input.context.is_some() };
        let mut args = vec![handle, repeat, number(form, Ty::U32, span)];
        args.extend(input.input);
        args.extend(input.context);
        let ty = self.test_run_type(program, context);
        let run = Expr::operation(callee, args, ty, span);
        if input.before.is_empty() {
            return Some(run);
        }
        let block = Block { stmts: input.before, value: Some(Box::new(run)), span };
        Some(Expr { kind: ExprKind::Block(block), ty, span })
    }

    fn test_input(
        &mut self,
        given: &[ast::Arg],
        (program, context): (Option<FuncId>, Option<TestContext>),
    ) -> Option<Input> {
        let Some((first, rest)) = given.split_first() else {
            return Some(Input { input: None, context: None, before: Vec::new() });
        };
        let value = self.value(&first.value, None);
        let is_sized = self.struct_id(value.ty()).filter(|id| {
            let def = self.cx.types.struct_def(*id);
            def.origin == Origin::User && def.field(SIZE).is_some()
        });
        let mut input = Input { input: None, context: None, before: Vec::new() };
        if let Some(id) = is_sized {
            let span = value.span();
            let fields = self.hidden("_", value.ty(), span);
            input.before.push(Stmt { kind: StmtKind::Var { local: fields, init: Some(value.expr) }, span });
            let size = self.vars.local_expr(fields, span);
            let size = self.struct_field(size, id, &Ident { name: SIZE.to_owned(), span }, span);
            input.input = Some(self.coerce(size.into(), Ty::U32).known()?);
            if rest.is_empty() {
                input.context = self.context_of_fields(fields, id, context, span);
            }
        } else {
            let value = if self.is_packet(value.ty()) {
                self.stored("packet", value.expr, &mut input.before).into()
            } else {
                value
            };
            input.input = Some(self.view_to_read(value).known()?);
        }
        if let [second] = rest {
            input.context = Some(self.test_context(&second.value, context)?);
        }
        program.map(|_| input)
    }
}

impl State<'_, '_> {
    /// `run.output`
    pub(super) fn test_output(&mut self, run: Expr, span: Span) -> Expr {
        let Some(id) = self.struct_id(run.ty) else { return error_expr(span) };
        let (variable, before) = match local(&run) {
            Some(variable) => (variable, None),
            None => {
                let kept = self.hidden("run", run.ty, span);
                (kept, Some(Stmt { kind: StmtKind::Var { local: kept, init: Some(run) }, span }))
            }
        };
        let mut part = |name: &str| {
            let name = Ident { name: name.to_owned(), span };
            let run = self.vars.local_expr(variable, span);
            self.struct_field(run, id, &name, span)
        };
        let (mut start, length) = (part(START), part(LENGTH));
        if let Some(stmt) = before {
            // The start is evaluated before the length.
            let ty = start.ty;
            let block = Block { stmts: vec![stmt], value: Some(Box::new(start)), span };
            start = Expr { kind: ExprKind::Block(block), ty, span };
        }
        let bytes = self.cx.types.array(Ty::U8, LONGEST);
        let whole = Expr { kind: ExprKind::Deref(Box::new(start)), ty: bytes, span };
        let view = made(View::Value(whole), span);
        made(View::Slice { view, offset: number(0, Ty::U32, span), count: Some(length) }, span)
    }
}

impl Site<'_, '_> {
    /// The struct of the results of a program.
    fn test_run_type(&mut self, program: FuncId, context: Option<TestContext>) -> Ty {
        let result = match self.env.program.func(program).result {
            Ty::VOID => Ty::I32,
            result => result,
        };
        let context = context.map(|context| context.ty);
        let (shown, of) = (self.ty_name(result), context.map_or(String::new(), |ty| format!(".{}", self.ty_name(ty))));
        let name = format!("{NAME}{shown}{of}");
        let known = self.cx.types.structs().find(|(_, def)| def.origin == Origin::Kernel && def.name == name);
        if let Some((id, _)) = known {
            return self.cx.types.intern(TyKind::Struct(id));
        }
        let bytes = self.cx.types.array(Ty::U8, LONGEST);
        let start = self.cx.types.ptr(bytes, Space::Host, false);
        let mut fields = vec![field(RESULT, result, 0)];
        for (name, offset) in OFFSETS {
            let ty = match name {
                START => start,
                CONTEXT => match context {
                    Some(context) => context,
                    None => continue,
                },
                _ => Ty::U32,
            };
            fields.push(field(name, ty, offset));
        }
        let size = OFFSETS[3].1 + context.map_or(0, |context| self.cx.types.size_of(context));
        let def =
            StructDef { name, origin: Origin::Kernel, fields, size: size.next_multiple_of(8), align: 8, span: None };
        let id = self.cx.types.add_struct(def);
        self.cx.types.intern(TyKind::Struct(id))
    }

    /// Whether a type is that of results of `test`.
    pub(super) fn is_test_run(&self, ty: Ty) -> bool {
        let def = self.struct_id(ty).map(|id| self.cx.types.struct_def(id));
        def.is_some_and(|def| def.origin == Origin::Kernel && def.name.starts_with(NAME))
    }

    /// In a test, a value that is about to be returned, for the runtime to know where.
    pub(super) fn returned_by_test(&self, value: Expr) -> Expr {
        let func = self.env.program.func(self.func);
        if !matches!(func.role, Role::Test) || value.ty != Ty::I32 {
            return value;
        }
        let span = value.span;
        Expr::operation(Callee::TestReturn, vec![value], Ty::I32, span)
    }
}

fn field(name: &str, ty: Ty, offset: u64) -> FieldDef {
    FieldDef { name: name.to_owned(), ty, offset, bits: None, span: None }
}

pub(super) fn number(value: i128, ty: Ty, span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Int(value)), ty, span }
}
