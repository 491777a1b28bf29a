//! One function: its signature, its parameters, and the state of lowering its body.

use super::Names;
use super::counting::Counting;
use super::entries::Entries;
use super::scan::{self, Uses};
use super::temporaries::Temporaries;
use super::throws;
use super::views::{Instances, Kind, Tail, View};
use crate::ir::{Builder, Function, Loc, Param, RegionId, Role, Value};
use crate::sema::tree::{self, LocalId, MapId, Program};
use crate::session::Session;
use crate::source::Span;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

/// How a local is kept.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// Control has not reached its declaration.
    None,
    /// In memory: a `ks.var`, a map entry, an aggregate parameter.
    Place(Value),
    /// A value that never changes.
    Value(Value),
    /// A pointer that never changes, known by the place that it points to.
    Pointee(Value),
    /// A `bytes`: its numbers are in these places.
    View(View),
    /// The parts of a view that stay as they are.
    FixedView(View),
}

/// The use of an expression's or a block's value.
#[derive(Clone, Copy)]
pub(super) enum Dest {
    Nothing,
    /// A scalar of this type.
    Value(Ty),
    /// An aggregate, into this place, which nothing else sees meanwhile.
    Into(Value),
    /// A view, its numbers and its life into the variables that this one has.
    View(View),
}

pub(super) struct Lowering<'a> {
    pub cx: &'a mut Session,
    pub program: &'a Program,
    pub names: &'a Names,
    pub instances: &'a mut Instances,
    pub source: &'a tree::Func,
    pub uses: Uses,
    pub b: Builder<'a>,
    slots: Vec<Slot>,
    pub temporaries: Temporaries,
    /// Whether control reaches the point where the next op goes. Where not, ops go to a block outside the function.
    pub reachable: bool,
    /// How many `var … else` are around.
    pub nesting: usize,
    /// Where an aggregate result goes.
    pub result_place: Option<Value>,
    /// Where the pointers to bound maps are kept.
    pub bound: HashMap<MapId, Value>,
    /// The bytes after the values of records, by the variables that the records are bound to.
    pub tails: HashMap<LocalId, Tail>,
    /// Variables of inner blocks that what is deferred names.
    pub kept: BTreeSet<LocalId>,
    /// Variables that are entries of maps of their own.
    pub entries: Entries,
    /// For coverage.
    pub counting: Counting,
}

/// As IR has it: pointers to a program's context say so.
pub(super) fn ir_type(types: &mut Types, ty: Ty) -> Ty {
    if let TyKind::Ptr { to, nullable, .. } = types.kind(ty)
        && let TyKind::Struct(id) = types.kind(to)
        && types.struct_def(id).origin == Origin::Context
    {
        return types.ptr(to, Space::Ctx, nullable);
    }
    ty
}

/// `kinds`: what the views are that it takes.
pub(super) fn lower(
    cx: &mut Session,
    program: &Program,
    names: &Names,
    instances: &mut Instances,
    source: &tree::Func,
    (mut func, kinds): (Function, &[Kind]),
) -> Function {
    let mut lowering = Lowering::new(cx, program, names, instances, source, &mut func);
    lowering.params(kinds);
    lowering.bound_maps();
    lowering.callbacks();
    lowering.migrations();
    lowering.count_call();
    lowering.block(&source.body, Dest::Nothing);
    lowering.implicit_return();
    func
}

pub(super) fn signature(cx: &mut Session, source: &tree::Func, symbol: &str, kinds: &[Kind]) -> Function {
    let types = &mut cx.types;
    let mut params = Vec::new();
    let is_main = matches!(source.role, tree::Role::Main(_));
    let mut result = ir_type(types, source.result);
    if types.is_aggregate(result) {
        let ty = types.place(result, Space::Stack);
        params.push(Param { name: "result".into(), ty, out: true, span: source.name_span });
        result = Ty::VOID;
    } else if is_main && result == Ty::VOID {
        result = Ty::I32; // the process's status
    }
    // Called by another function, a program is an ordinary one.
    let is_called = symbol != source.symbol;
    let arguments = if is_called { None } else { arguments(types, source, symbol) };
    if let Some(arguments) = arguments {
        params.push(Param { name: "ctx".into(), ty: arguments, out: false, span: source.name_span });
    }
    let mut kinds = kinds.iter();
    for &id in source.params.iter().filter(|_| arguments.is_none()) {
        let local = source.local(id);
        if local.ty == Ty::BYTES {
            let kind = kinds.next().unwrap_or_else(|| crate::bug!("a view has a kind"));
            params.extend(kind.params(types, source, id));
            continue;
        }
        let ty =
            if types.is_aggregate(local.ty) { types.place(local.ty, Space::Stack) } else { ir_type(types, local.ty) };
        params.push(Param { name: local.name.clone(), ty, out: false, span: local.span });
    }
    let role = match &source.role {
        tree::Role::Program(_) if is_called => Role::Helper,
        tree::Role::Program(program) => {
            let (mode, target) = (program.mode.unwrap_or_default(), program.target.clone());
            let (placement, loading) = (program.placement.clone(), program.loading.clone());
            Role::Program { spec: program.spec, mode, target, placement, loading }
        }
        tree::Role::Helper => Role::Helper,
        tree::Role::Kfunc(flags) => Role::Kfunc { flags: flags.clone(), callers: Vec::new() },
        tree::Role::Private => Role::Private,
        tree::Role::Plain => Role::Plain,
        tree::Role::Main(_) => Role::Main,
        tree::Role::Test => Role::Checked,
    };
    let throws = throws::throws(source, &role);
    let func = Function::new(symbol, source.name_span, source.span, role, params, result);
    Function { throws, cancels: source.cancels, global: source.global, ..func }
}

/// The context of a program whose parameters are values in it.
fn arguments(types: &mut Types, source: &tree::Func, symbol: &str) -> Option<Ty> {
    let tree::Role::Program(program) = &source.role else { return None };
    let offsets = program.arguments.as_ref()?;
    let field = |name: &str, ty, offset| FieldDef { name: name.to_owned(), ty, offset, bits: None, span: None };
    let fields = source.params.iter().zip(offsets).map(|(&id, &offset)| {
        let local = source.local(id);
        field(&local.name, local.ty, offset)
    });
    let returned = program.returned.zip(offsets.get(source.params.len()));
    let fields: Vec<FieldDef> = fields.chain(returned.map(|(ty, &offset)| field("ret", ty, offset))).collect();
    let size = offsets.iter().map(|offset| offset + 8).max().unwrap_or(0);
    let name = format!("{symbol}.arguments");
    let of = types.add_struct(StructDef { name, origin: Origin::Context, fields, size, align: 8, span: None });
    let of = types.intern(TyKind::Struct(of));
    Some(types.ptr(of, Space::Ctx, false))
}

impl<'a> Lowering<'a> {
    /// At the start of a function; `source` is what it is made of.
    pub(super) fn new(
        cx: &'a mut Session,
        program: &'a Program,
        names: &'a Names,
        instances: &'a mut Instances,
        source: &'a tree::Func,
        func: &'a mut Function,
    ) -> Lowering<'a> {
        let entry = func.entry();
        let counting = Counting::of(cx, program, source);
        let loc = Loc { span: source.name_span, made_by: None };
        Lowering {
            cx,
            program,
            names,
            instances,
            source,
            uses: scan::uses(source),
            b: Builder::at_end(func, entry, loc),
            slots: vec![Slot::None; source.locals.len()],
            temporaries: Temporaries::of(entry),
            reachable: true,
            nesting: 0,
            result_place: None,
            bound: HashMap::new(),
            tails: HashMap::new(),
            kept: BTreeSet::new(),
            entries: Entries::of(program, source),
            counting,
        }
    }
}

impl Lowering<'_> {
    /// Later ops are this construct's.
    pub(super) fn at(&mut self, span: Span) -> &mut Self {
        self.b.loc.span = span;
        self
    }

    pub(super) fn slot(&self, local: LocalId) -> Slot {
        self.slots[local.0 as usize]
    }

    pub(super) fn set_slot(&mut self, local: LocalId, slot: Slot) {
        self.slots[local.0 as usize] = slot;
    }

    pub(super) fn params(&mut self, kinds: &[Kind]) {
        let mut index = 0;
        if self.cx.types.is_aggregate(self.source.result) {
            self.result_place = Some(self.b.func.param(0));
            index = 1;
        }
        let is_entry = matches!(self.b.func.role, Role::Program { .. });
        let by_context = is_entry && matches!(&self.source.role, tree::Role::Program(p) if p.arguments.is_some());
        let mut kinds = kinds.iter();
        for &id in &self.source.params {
            let local = self.source.local(id);
            self.at(local.span);
            let value = if by_context { self.given(index, local.ty) } else { self.b.func.param(index) };
            index += 1;
            if local.ty == Ty::BYTES
                && let Some(&kind) = kinds.next()
            {
                let (offset, length) = (self.b.func.param(index), self.b.func.param(index + 1));
                index += 2;
                self.view_param(id, kind, [value, offset, length]);
                continue;
            }
            let is_pointer = matches!(self.cx.types.kind(local.ty), TyKind::Ptr { .. });
            let value = if is_entry && !self.uses.in_memory(id) { self.own_context(id, value) } else { value };
            if self.cx.types.is_aggregate(local.ty) {
                self.set_slot(id, Slot::Place(value));
            } else if is_pointer && !self.uses.in_memory(id) {
                self.set_slot(id, Slot::Value(value));
            } else {
                let place = self.declare(id);
                self.store(place, value);
            }
        }
        self.context(by_context);
        let Some(id) = self.source.named_result else { return };
        self.at(self.source.local(id).span);
        match self.result_place {
            // Deferred code may change the variable, after the result is known.
            Some(place) if !self.uses.defers => self.set_slot(id, Slot::Place(place)),
            Some(_) | None => {
                self.declare(id);
            }
        }
        if let Slot::Place(place) = self.slot(id) {
            self.b.ks_zero(place);
        }
    }

    /// `ctx` of a program whose parameters are values. A call of the program by another function has none.
    fn context(&mut self, is_there: bool) {
        let Some(id) = self.source.context else { return };
        let (ty, span) = (self.source.local(id).ty, self.source.name_span);
        let value = match is_there {
            // In the IR the parameter points to the values of this program.
            true if self.uses.has_context => {
                let own = self.b.func.param(0);
                self.at(span).b.arith_cast(own, ty)
            }
            true => self.b.func.param(0),
            false => self.at(span).b.ks_null(ty),
        };
        if self.uses.has_context && !is_there {
            crate::bug!("`{}` has no context: the checker refuses calls of programs", self.source.name);
        }
        if self.uses.in_memory(id) {
            let place = self.declare(id);
            self.store(place, value);
        } else {
            self.set_slot(id, Slot::Value(value));
        }
    }

    /// Ends the body where control reaches its end.
    pub(super) fn implicit_return(&mut self) {
        if !self.reachable {
            return;
        }
        let span = self.source.body.span;
        self.at(Span { lo: span.hi.saturating_sub(1).max(span.lo), ..span });
        self.return_without_value();
    }

    /// `return`, or the end of the body.
    pub(super) fn return_without_value(&mut self) {
        let value = match self.source.named_result {
            Some(id) if self.result_place.is_none() => Some(self.local_value(id)),
            Some(id) => {
                if let Some(place) = self.result_place {
                    self.copy_named(id, place);
                }
                None
            }
            None if matches!(self.source.role, tree::Role::Main(_)) && self.source.result == Ty::VOID => {
                Some(self.int(0, Ty::I32))
            }
            None if self.source.result == Ty::VOID => None,
            // Control comes here where no arm of a match took a value, if at all; the result is zero.
            None => match self.result_place {
                None => return self.unreachable(),
                Some(place) => {
                    self.b.ks_zero(place);
                    None
                }
            },
        };
        self.return_value(value);
    }

    /// Ends the function.
    pub(super) fn return_value(&mut self, value: Option<Value>) {
        self.b.ks_return(value);
        self.leave();
    }

    /// A new variable for a local.
    pub(super) fn declare(&mut self, id: LocalId) -> Value {
        let local = self.source.local(id);
        let ty = ir_type(&mut self.cx.types, local.ty);
        let place = self.cx.types.place(ty, Space::Stack);
        let place = self.b.ks_var(local.name.as_bytes(), place);
        self.set_slot(id, Slot::Place(place));
        place
    }

    /// A region whose end yields what `fill` returns, and whether control reaches that end.
    pub(super) fn region(
        &mut self,
        args: &[Ty],
        dest: Dest,
        fill: impl FnOnce(&mut Self, &[Value]) -> Option<Value>,
    ) -> (RegionId, bool) {
        let outer = (self.b.block, self.b.loc, self.reachable);
        let counted = self.begin_region();
        let (region, block) = self.b.region(args);
        self.b.go_to(block);
        self.reachable = true;
        let args = self.b.func.blocks[block].args.clone();
        let value = fill(self, &args);
        let reached = self.reachable;
        self.end_region(counted);
        if reached {
            match (dest, value) {
                (Dest::Value(ty), Some(value)) => {
                    let value = self.fit(value, ty);
                    self.b.ks_yield(&[value]);
                }
                (Dest::Value(_), None) => {
                    self.b.ks_unreachable();
                }
                (Dest::Nothing | Dest::Into(_) | Dest::View(_), _) => {
                    self.b.ks_yield(&[]);
                }
            }
        }
        let (block, loc, reachable) = outer;
        self.b.go_to(block);
        self.b.loc = loc;
        self.reachable = reachable;
        (region, reached)
    }

    /// Control does not come here: ends the block.
    pub(super) fn unreachable(&mut self) {
        self.b.ks_unreachable();
        self.leave();
    }

    /// After an exit: what follows goes to a block of its own that nothing holds.
    pub(super) fn leave(&mut self) {
        self.may_exit();
        self.reachable = false;
        let (_, block) = self.b.region(&[]);
        self.b.go_to(block);
    }

    /// The results of an op that yields to `dest`.
    pub(super) fn results(dest: Dest) -> Vec<Ty> {
        match dest {
            Dest::Value(ty) => vec![ty],
            Dest::Nothing | Dest::Into(_) | Dest::View(_) => Vec::new(),
        }
    }

    /// After an op with regions: its value, if control comes out of it.
    pub(super) fn outcome(&mut self, op: crate::ir::OpId, dest: Dest, reached: bool) -> Option<Value> {
        let value = match dest {
            Dest::Value(_) => Some(self.b.result(op)),
            Dest::Nothing | Dest::Into(_) | Dest::View(_) => None,
        };
        if !reached {
            self.unreachable();
        }
        value
    }
}
