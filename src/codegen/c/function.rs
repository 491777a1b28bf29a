//! The body of one function.

use super::emit;
use super::expr::Expr;
use super::lines::Lines;
use super::names::Names;
use super::plan::{Form, Plan};
use super::source::Source;
use crate::ir::{Function, OpData, Opcode, RegionId, Role, Value};
use crate::types::{Ty, TyKind};
use std::collections::{BTreeSet, HashMap};

/// The C of one function while it is written.
pub struct FnGen<'g, 'm> {
    pub g: &'g mut Source<'m>,
    pub func: &'g Function,
    pub lines: Lines,
    pub names: Names,
    plan: Plan,
    exprs: HashMap<Value, Expr>,
    /// The constructs around, from the outermost, that exits leave.
    pub around: Vec<Around>,
    /// Labels that a `goto` names.
    used_labels: BTreeSet<String>,
    /// The line of the source that the last comment named.
    shown: Option<u32>,
}

/// What `break`, `continue` and `leave` refer to.
pub enum Around {
    /// A loop, and the label behind it.
    Loop(String),
    /// A `switch`, whose `break` is its own.
    Switch,
    /// A block, and the label behind it.
    Block(String),
    /// The body of a lock, and the statement that releases it.
    Locked(String),
}

/// The head of a function, without its braces.
pub fn head(g: &mut Source<'_>, func: &Function, names: &mut Names) -> (String, Vec<String>) {
    let is_kfunc = matches!(func.role, Role::Kfunc { .. });
    let mut inner = Vec::new();
    let mut params = Vec::new();
    for param in &func.params {
        // The kernel lets callers pass null where a name ends so, from 6.7 on.
        let may_be_null = is_kfunc && matches!(g.types().kind(param.ty), TyKind::Ptr { nullable: true, .. });
        let name = names.inner(&if may_be_null { format!("{}__nullable", param.name) } else { param.name.to_string() });
        params.push(g.declare(param.ty, &name));
        inner.push(name);
    }
    let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
    let name = g.function_name(&func.name);
    let text = g.declare(func.result, &format!("{name}({params})"));
    let before = if is_kfunc { "__bpf_kfunc " } else { "static __maybe_unused " };
    (format!("{before}{text}"), inner)
}

/// The whole function.
pub fn text<'g>(g: &'g mut Source<'_>, func: &'g Function) -> String {
    let mut names = Names::default();
    let (head, params) = head(g, func, &mut names);
    let types = g.types();
    let mut body = FnGen {
        g,
        func,
        lines: Lines::new(),
        names,
        plan: Plan::of(func, types),
        exprs: HashMap::new(),
        around: Vec::new(),
        used_labels: BTreeSet::new(),
        shown: None,
    };
    let uses = func.uses();
    for (index, name) in params.iter().enumerate() {
        let value = func.param(index);
        if uses.users(value).is_empty() {
            body.lines.line(format!("(void){name};"));
        }
        let is_place = matches!(body.types().kind(func.ty(value)), TyKind::Place { .. });
        let expr = Expr::primary(name.clone());
        body.exprs.insert(value, if is_place { Expr::deref(expr) } else { expr });
    }
    body.region(func.body);
    let lines = body.lines.finish();
    format!("{head}\n{{\n{}\n}}\n", lines.join("\n"))
}

impl<'g> FnGen<'g, '_> {
    /// The types of the session.
    pub fn types(&self) -> &crate::types::Types {
        self.g.types()
    }

    /// The type of an IR value.
    pub fn ty(&self, value: Value) -> Ty {
        self.func.ty(value)
    }

    /// The expression of a value.
    pub fn expr(&self, value: Value) -> Expr {
        self.exprs.get(&value).cloned().unwrap_or_else(|| {
            crate::bug!("a value has no expression before its op is written, in `{}`", self.func.name)
        })
    }

    /// The type of the value in a place.
    pub fn place_type(&self, place: Value) -> Ty {
        let TyKind::Place { of, .. } = self.types().kind(self.ty(place)) else { crate::bug!("a place has a type") };
        of
    }

    /// Whether a place is inside a struct that the kernel's headers declare.
    pub fn is_of_kernel(&self, place: Value) -> bool {
        let Some(data) = self.func.def(place).map(|op| &self.func.ops[op]) else { return false };
        if data.opcode == Opcode::KsElem {
            return self.is_of_kernel(data.operands[0]);
        }
        let base = data.operands.first().filter(|_| data.opcode == Opcode::KsField);
        base.is_some_and(|&base| {
            let of_struct = |kind| matches!(kind, TyKind::Place { of, .. } if self.types().is_relocated(of));
            of_struct(self.types().kind(self.ty(base))) || self.is_of_kernel(base)
        })
    }

    /// The type of an expression, as a cast has it.
    pub fn type_text(&self, ty: Ty) -> String {
        self.g.declare(ty, "")
    }

    /// Binds a value to an expression, without a variable.
    pub fn bind(&mut self, value: Value, expr: Expr) {
        self.exprs.insert(value, expr);
    }

    /// The result of an op: a part of what uses it, or a variable.
    pub fn result(&mut self, op: &OpData, expr: Expr) {
        let value = op.results[0];
        let Some(id) = self.func.def(value) else { crate::bug!("a result has an op") };
        if self.plan.form(id) == Form::Inline {
            self.exprs.insert(value, expr);
            return;
        }
        if !self.is_read(value) {
            self.statement(op, expr.text().to_owned());
            return;
        }
        let name = self.variable(value);
        self.statement(op, format!("{name} = {}", expr.text()));
    }

    /// Whether something uses a result, or reads a variable.
    pub fn is_read(&self, value: Value) -> bool {
        self.plan.is_read(value)
    }

    /// A variable of C for a value, in the block where it is defined.
    pub fn variable(&mut self, value: Value) -> String {
        let name = self.names.inner("t");
        let text = self.g.declare(self.ty(value), &name);
        let unread = if self.is_read(value) { "" } else { " __maybe_unused" };
        self.lines.declare(format!("{text}{unread};"));
        self.exprs.insert(value, Expr::primary(name.clone()));
        name
    }

    /// A statement, behind a comment that names its line.
    pub fn statement(&mut self, op: &OpData, text: String) {
        self.comment(op);
        self.lines.line(format!("{text};"));
    }

    /// Names the line of an op in the `.ks` file, where it is another than the last.
    pub fn comment(&mut self, op: &OpData) {
        let (file, line) = self.g.place(op.loc.span);
        if self.shown != Some(line) {
            self.shown = Some(line);
            let text = if self.g.has_line_directives() {
                Lines::directive(&format!("#line {line} \"{file}\""))
            } else {
                format!("/* {file}:{line} */")
            };
            self.lines.line(text);
        }
    }

    /// The ops of a region, in the block of C that is open. Yields are for [`FnGen::yielding`].
    pub fn region(&mut self, region: RegionId) {
        let func = self.func;
        for &op in func.blocks[func.only_block(region)].ops.iter() {
            let data = &func.ops[op];
            if self.plan.form(op) != Form::Nothing && data.opcode != Opcode::KsYield {
                emit::op(self, data);
            }
        }
    }

    /// The values that a region yields, once its ops are written; none if an exit ends it.
    pub fn yields(&self, region: RegionId) -> Vec<Value> {
        let func = self.func;
        let last = func.blocks[func.only_block(region)].ops.last();
        last.filter(|&&op| func.ops[op].opcode == Opcode::KsYield)
            .map_or(Vec::new(), |&op| func.ops[op].operands.clone())
    }

    /// Whether the region ends by its yield, not by an exit.
    pub fn ends_in_yield(&self, region: RegionId) -> bool {
        let func = self.func;
        func.blocks[func.only_block(region)].ops.last().is_some_and(|&op| func.ops[op].opcode == Opcode::KsYield)
    }

    /// A region whose yield assigns to variables.
    pub fn yielding(&mut self, region: RegionId, to: &[String]) {
        self.region(region);
        for (value, name) in std::iter::zip(self.yields(region), to) {
            let expr = self.expr(value);
            self.lines.line(format!("{name} = {};", expr.text()));
        }
    }

    /// Whether the plan has the region as a part of an expression, so that it needs no statements.
    pub fn is_expression(&self, region: RegionId) -> bool {
        self.plan.is_expression(self.func, region)
    }

    /// Whether no statement is written for the region.
    pub fn is_empty(&self, region: RegionId) -> bool {
        let func = self.func;
        let mut ops = func.blocks[func.only_block(region)].ops.iter();
        ops.all(|&op| {
            self.plan.form(op) == Form::Nothing
                || func.ops[op].opcode == Opcode::KsYield && func.ops[op].operands.is_empty()
        })
    }

    /// Whether an op ends the function's own region.
    pub fn is_last(&self, op: &OpData) -> bool {
        op.block == self.func.entry()
    }

    /// A label that is free in the function, near the wanted name.
    pub fn label(&mut self, wanted: &str) -> String {
        self.names.inner(wanted)
    }

    /// Writes a `goto`, so that the label will be written too.
    pub fn go_to(&mut self, op: &OpData, label: &str) {
        self.used_labels.insert(label.to_owned());
        self.statement(op, format!("goto {label}"));
    }

    /// The label, if something goes there.
    pub fn put_label(&mut self, label: &str) {
        if self.used_labels.contains(label) {
            self.lines.label(label);
        }
    }
}
