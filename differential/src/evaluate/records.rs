//! Records of ring buffers, on a model of kernel/bpf/ringbuf.c whose reader takes all after each run.

use super::value::{Object, Place, Value};
use super::{Machine, Run, Stop, layout};
use crate::evaluate::value;
use ksc::sema::tree::{Expr, Map, MapId};
use std::collections::BTreeMap;

/// The kernel's header of a record.
const HEADER: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Held,
    Sent,
    Discarded,
}

struct Record {
    map: MapId,
    value: Value,
    tail: Vec<u8>,
    state: State,
}

#[derive(Default)]
pub struct Records {
    /// In the order in which they were reserved, which is that of the reader.
    all: Vec<Record>,
    /// Bytes that a run has taken of each.
    used: BTreeMap<MapId, usize>,
}

impl Records {
    /// The reader has taken all.
    pub fn clear(&mut self) {
        *self = Records::default();
    }

    fn at(&mut self, at: usize) -> Run<&mut Record> {
        self.all
            .get_mut(at)
            .filter(|record| record.state == State::Held)
            .ok_or(Stop::Unknown("a record that is not there"))
    }

    pub fn value(&mut self, at: usize) -> Run<&mut Value> {
        Ok(&mut self.at(at)?.value)
    }

    pub fn tail(&mut self, at: usize) -> Run<&mut Vec<u8>> {
        Ok(&mut self.at(at)?.tail)
    }
}

pub fn is_ring(map: &Map) -> bool {
    map.kind.name == "ringbuf"
}

impl<'a> Machine<'a> {
    /// Whether a ring buffer has room for so many bytes; then they are taken.
    fn take_room(&mut self, map: MapId, bytes: usize) -> bool {
        let room = self.program.map(map).max_entries as usize;
        let used = self.records.used.entry(map).or_default();
        let record = (bytes + HEADER).next_multiple_of(HEADER);
        if *used + record >= room {
            return false;
        }
        *used += record;
        true
    }

    /// `rb.reserve(n)`
    pub(super) fn reserve(&mut self, map: MapId, tail: Option<&'a Expr>) -> Run<Option<Value>> {
        let tail = tail.map(|tail| self.value(tail)).transpose()?.map_or(0, |tail| tail.number());
        let ty = self.program.map(map).value;
        let size = self.types.size_of(ty) as i128 + tail;
        self.lookups.0 += 1;
        if size > i128::from(u32::MAX) || !self.take_room(map, size as usize) {
            return Ok(None);
        }
        self.lookups.1 += 1;
        let value = value::zero(self.types, ty);
        self.records.all.push(Record { map, value, tail: vec![0; tail as usize], state: State::Held });
        let object = Object::Record(self.records.all.len() - 1);
        Ok(Some(Value::Pointer(Some(Place { object, path: Vec::new() }))))
    }

    /// `rb.submit(e)`, `rb.discard(e)`, `rb.output(v)`; none of other methods.
    pub(super) fn ring_call(&mut self, map: MapId, method: &str, args: &[Value]) -> Run<Option<Value>> {
        let record = |arg: &Value| match arg {
            Value::Pointer(Some(Place { object: Object::Record(at), .. })) => Ok(*at),
            _ => Err(Stop::Unknown("a record that is none")),
        };
        match (method, args) {
            ("submit", [sent]) => {
                self.records.at(record(sent)?)?.state = State::Sent;
                Ok(Some(Value::Void))
            }
            ("discard", [dropped]) => {
                self.records.at(record(dropped)?)?.state = State::Discarded;
                Ok(Some(Value::Void))
            }
            ("output", [value, tail @ ..]) => {
                let tail = match tail {
                    [Value::View(view)] => self.viewed(view)?,
                    _ => Vec::new(),
                };
                self.output(map, value, &tail).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// 0, or -EAGAIN.
    fn output(&mut self, map: MapId, value: &Value, tail: &[u8]) -> Run<Value> {
        let size = self.types.size_of(self.program.map(map).value) as usize + tail.len();
        if !self.take_room(map, size) {
            return Ok(Value::Int(-11));
        }
        let (value, tail) = (value.clone(), tail.to_vec());
        self.records.all.push(Record { map, value, tail, state: State::Sent });
        Ok(Value::Int(0))
    }

    /// What was sent, ring buffer by ring buffer.
    pub(super) fn sent(&self) -> Vec<Vec<Vec<u8>>> {
        let maps = (0..self.program.maps.len()).map(|at| MapId(at as u32));
        maps.filter(|&map| is_ring(self.program.map(map))).map(|map| self.sent_to(map)).collect()
    }

    fn sent_to(&self, map: MapId) -> Vec<Vec<u8>> {
        let ty = self.program.map(map).value;
        let sent = self.records.all.iter().filter(|record| record.map == map && record.state == State::Sent);
        sent.map(|record| [layout::bytes(self.types, ty, &record.value), record.tail.clone()].concat()).collect()
    }
}
