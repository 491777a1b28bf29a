//! Programs that the kernel calls: their packet, headers in it, tail calls.

use super::value::{Object, Place, Value};
use super::{Machine, Run, Stop};
use ksc::sema::tree::{FuncId, Optional, OptionalKind};
use ksc::types::{Ty, TyKind};

/// Tail calls that the kernel makes in one run.
const TAIL_CALLS: usize = 33;

/// What a program does with a packet.
pub struct Handled {
    pub result: u32,
    pub packet: Vec<u8>,
    /// What it sent, ring buffer by ring buffer.
    pub records: Vec<Vec<Vec<u8>>>,
}

impl<'a> Machine<'a> {
    /// Runs a program on a packet; `failed` is what one returns whose tail call the kernel does not make.
    pub fn handle(&mut self, program: FuncId, packet: Vec<u8>, failed: u32) -> Run<Handled> {
        self.packet = packet;
        self.records.clear();
        self.sockets.clear();
        let mut next = program;
        for _ in 0..=TAIL_CALLS {
            let context = Place { object: Object::Context, path: Vec::new() };
            match self.start(next, vec![Value::Pointer(Some(context))]) {
                Ok(result) => return Ok(self.handled(result.number() as u32)),
                Err(Stop::TailCall(program)) => next = program,
                Err(stop) => return Err(stop),
            }
        }
        Ok(self.handled(failed))
    }

    fn handled(&mut self, result: u32) -> Handled {
        let records = self.sent();
        Handled { result, packet: std::mem::take(&mut self.packet), records }
    }

    /// `ctx->len`; nothing else of the context is the same everywhere.
    pub(super) fn context_field(&self, pointer: Ty, field: usize) -> Run<Value> {
        let unknown = Stop::Unknown("a field of the context");
        let TyKind::Ptr { to, .. } = self.types.kind(pointer) else { return Err(unknown) };
        let TyKind::Struct(id) = self.types.kind(to) else { return Err(unknown) };
        if self.types.struct_def(id).fields[field].name != "len" {
            return Err(unknown);
        }
        Ok(Value::Int(self.packet.len() as i128))
    }

    /// `ctx.packet(offset, T)`, if all of it lies in the packet.
    pub(super) fn header(&mut self, offset: &'a ksc::sema::tree::Expr, of: Ty) -> Run<Option<Value>> {
        let offset = self.value(offset)?.number();
        let end = offset + i128::from(self.types.size_of(of));
        self.lookups.0 += 1;
        if offset < 0 || end > self.packet.len() as i128 {
            return Ok(None);
        }
        self.lookups.1 += 1;
        let object = Object::Packet { at: offset as usize, ty: of };
        Ok(Some(Value::Pointer(Some(Place { object, path: Vec::new() }))))
    }

    /// The same as a pointer, null where there is none.
    pub(super) fn packet_pointer(&mut self, header: &'a Optional) -> Run<Value> {
        match &header.kind {
            OptionalKind::Packet { offset, of, .. } => Ok(self.header(offset, *of)?.unwrap_or(Value::Pointer(None))),
            OptionalKind::MapEntry { .. }
            | OptionalKind::MapEntryOr { .. }
            | OptionalKind::InnerMap { .. }
            | OptionalKind::MapTake { .. }
            | OptionalKind::Record { .. }
            | OptionalKind::Meta { .. }
            | OptionalKind::Pointer(_)
            | OptionalKind::View(_)
            | OptionalKind::Builtin { .. } => Err(Stop::Unknown("a header of no packet")),
        }
    }
}
