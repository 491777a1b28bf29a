//! Programs with `on return`: one at the entry of a function, one at its return.
//!
//! The first keeps the variables that the second names in an entry of a map, for the time of the call. Its key is the address of
//! the context: both programs get the arguments at the same place of the stack, which no other call has at the time, whatever
//! task makes it and however deep. The second is in the object alone, behind the first by its name; the runtime library attaches both.

use super::Names;
use super::defers::named_in;
use super::func::{self, Dest, Lowering, Slot};
use super::views::Instances;
use crate::ir::{Function, MapDecl, Role, Symbol, Value};
use crate::sema::tree::{self, AT_RETURN, Block, LocalId, Program, StmtKind};
use crate::session::Session;
use crate::source::Span;
use crate::tables::MAP_KINDS;
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind};

/// Ends the name of the map. No name of the language has a dot; programs have none either, since bpffs refuses a file with one.
const CALLS: &str = ".calls";
/// How many calls there may be at a time; the program does not run at the return of others.
const MAX_CALLS: u32 = 16384;
const KIND: &str = "hash";

/// The program at the return, and the map.
pub(super) fn on_return(
    cx: &mut Session,
    program: &Program,
    names: &Names,
    instances: &mut Instances,
    source: &tree::Func,
) -> Option<(Function, MapDecl)> {
    let tree::Role::Program(role) = &source.role else { return None };
    let spec = role.spec.on_return()?;
    let StmtKind::OnReturn { returned, body } = &source.body.stmts.last()?.kind else { return None };
    let mut func = func::signature(cx, source, &source.symbol, &[]);
    func.name = format!("{}{AT_RETURN}", source.symbol).as_str().into();
    if let Role::Program { spec: own, .. } = &mut func.role {
        *own = spec;
    }
    let mut lowering = Lowering::new(cx, program, names, instances, source, &mut func);
    lowering.params(&[]);
    let kept = lowering.kept(*returned, body);
    let value = lowering.saved_type(&kept);
    lowering.take_kept(&kept, value);
    if let (Some(local), Some(ty)) = (returned, role.returned) {
        let returned = lowering.given(source.params.len(), ty);
        let place = lowering.declare(*local);
        lowering.store(place, returned);
    }
    lowering.block(body, Dest::Nothing);
    lowering.end_half();
    let kind = MAP_KINDS.iter().find(|kind| kind.name == KIND)?;
    let map = MapDecl::new(calls(source), kind, Ty::U64, value, MAX_CALLS, source.name_span);
    Some((func, map))
}

fn calls(source: &tree::Func) -> Symbol {
    format!("{}{CALLS}", source.symbol).as_str().into()
}

impl Lowering<'_> {
    /// `on return` in the program at the entry: keeps what the block names.
    pub(super) fn keep_until_return(&mut self, returned: Option<LocalId>, body: &Block, span: Span) {
        let kept = self.kept(returned, body);
        let ty = self.saved_type(&kept);
        let place = self.cx.types.place(ty, Space::Stack);
        self.at(span);
        let saved = self.b.ks_var(b"kept", place);
        self.b.ks_zero(saved);
        for (index, &local) in kept.iter().enumerate() {
            let to = self.part(saved, index, local);
            let Slot::Place(from) = self.slot(local) else { crate::bug!("a value that is kept is in a place") };
            self.move_value(to, from, local);
        }
        let key = self.call_key();
        self.b.map_update(key, saved, &calls(self.source), 0, Ty::I32);
        self.end_half();
    }

    /// The variables that the block names and that the program at the return cannot have from its context.
    fn kept(&self, returned: Option<LocalId>, body: &Block) -> Vec<LocalId> {
        let mut kept = named_in(body);
        kept.retain(|&local| {
            let is_again = self.source.params.contains(&local) && !self.uses.in_memory(local);
            Some(local) != returned && !is_again
        });
        kept.sort_by_key(|local| local.0);
        kept.dedup();
        kept
    }

    /// The value of the map; one byte where nothing is kept, which says that the program ran at the entry.
    fn saved_type(&mut self, kept: &[LocalId]) -> Ty {
        let types = &mut self.cx.types;
        let (mut size, mut align, mut fields) = (0_u64, 1, Vec::new());
        for &local in kept {
            let local = self.source.local(local);
            let own = types.align_of(local.ty);
            size = size.next_multiple_of(own);
            fields.push(FieldDef { name: local.name.clone(), ty: local.ty, offset: size, bits: None, span: None });
            size += types.size_of(local.ty);
            align = align.max(own);
        }
        if fields.is_empty() {
            return Ty::U8;
        }
        let name = format!("{}_kept", self.source.symbol);
        let size = size.next_multiple_of(align);
        let id = types.add_struct(StructDef { name, origin: Origin::User, fields, size, align, span: None });
        types.intern(TyKind::Struct(id))
    }

    /// Gives the variables what they had at the entry; ends the program where that did not run, and forgets the call.
    fn take_kept(&mut self, kept: &[LocalId], ty: Ty) {
        let place = self.cx.types.place(ty, Space::Stack);
        let saved = self.b.ks_var(b"kept", place);
        let key = self.call_key();
        let calls = calls(self.source);
        let present = self.b.map_copy(key, saved, &calls, Ty::BOOL);
        let (there, _) = self.region(&[], Dest::Nothing, |_, _| None);
        let (missing, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.end_half();
            None
        });
        self.b.ks_if(present, &[], vec![there, missing]);
        self.b.map_delete(key, &calls, Ty::I32);
        for (index, &local) in kept.iter().enumerate() {
            let from = self.part(saved, index, local);
            let to = self.declare(local);
            self.move_value(to, from, local);
        }
    }

    /// The place of the address of the context.
    fn call_key(&mut self) -> Value {
        let place = self.cx.types.place(Ty::U64, Space::Stack);
        let key = self.b.ks_var(b"call", place);
        let ctx = self.b.func.param(0);
        let address = self.b.mem_to_int(ctx, Ty::U64);
        self.b.ks_store(key, address);
        key
    }

    fn part(&mut self, saved: Value, index: usize, local: LocalId) -> Value {
        let place = self.cx.types.place(self.source.local(local).ty, Space::Stack);
        self.b.ks_field(saved, index as i128, place)
    }

    fn move_value(&mut self, to: Value, from: Value, local: LocalId) {
        let ty = self.source.local(local).ty;
        if self.cx.types.is_aggregate(ty) {
            self.b.ks_copy(to, from);
        } else {
            let value = self.b.ks_load(from, ty);
            self.b.ks_store(to, value);
        }
    }

    /// Ends one of the programs where control reaches the end of its part: the kernel wants 0.
    fn end_half(&mut self) {
        if self.reachable {
            let zero = (self.source.result != Ty::VOID).then(|| self.int(0, self.source.result));
            self.return_value(zero);
        }
    }
}
