//! What programs do with maps, on a model of the kernel's.

mod histograms;
mod model;

use super::records::is_ring;
use super::value::{self, Object, Place, Value};
use super::{Machine, Run, Stop, layout};
use ksc::sema::tree::{Binding, Block, CompoundOp, Expr, LocalId, MapId, Optional, OptionalKind, StmtKind};
use ksc::tables::MapMethodSpec;
pub use model::{Model, Slots};

/// A key as a value and as bytes.
type Key = (Value, Vec<u8>);

/// What an optional yields when it is there.
enum Found {
    Entry(usize),
    Value(Value),
}

impl<'a> Machine<'a> {
    /// All maps as the kernel makes them.
    pub fn clear_maps(&mut self) {
        self.slots = Slots::default();
        let endian = self.types.machine().endian;
        let new =
            |map: &ksc::sema::tree::Map| Model::new(map, &value::zero(self.types, map.value), &mut self.slots, endian);
        self.maps = self.program.maps.iter().map(new).collect();
    }

    /// What all maps but ring buffers hold, in order of their declaration: bytes of keys and of values.
    pub fn contents(&self) -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
        let of = |(map, model): (&ksc::sema::tree::Map, &Option<Model>)| {
            let all = model.as_ref().map_or_else(Vec::new, |model| model.contents(&self.slots));
            all.into_iter().map(|(key, value)| (key, layout::bytes(self.types, map.value, &value))).collect()
        };
        let all = self.program.maps.iter().zip(&self.maps);
        all.filter(|(map, _)| !is_ring(map)).map(of).collect()
    }

    fn model(&mut self, map: MapId) -> Run<(&mut Model, &mut Slots)> {
        let model = self.maps[map.0 as usize].as_mut().ok_or(Stop::Unknown("a kind of map"))?;
        Ok((model, &mut self.slots))
    }

    /// Where the value of a key is.
    fn find_entry(&mut self, map: MapId, key: &[u8]) -> Run<Option<usize>> {
        let slot = self.model(map)?.0.find(key);
        self.lookups.0 += 1;
        self.lookups.1 += u64::from(slot.is_some());
        Ok(slot)
    }

    fn key(&mut self, map: MapId, key: &'a Expr) -> Run<Key> {
        let key = self.value(key)?;
        Ok(self.key_of(map, key))
    }

    fn key_of(&self, map: MapId, key: Value) -> Key {
        let bytes = layout::bytes(self.types, self.program.map(map).key, &key);
        (key, bytes)
    }

    /// `m[k]`
    pub(super) fn map_get(&mut self, map: MapId, key: &'a Expr) -> Run<Value> {
        let (_, key) = self.key(map, key)?;
        let found = self.find_entry(map, &key)?.map(|slot| self.slots.at(slot).clone());
        Ok(found.unwrap_or_else(|| value::zero(self.types, self.program.map(map).value)))
    }

    fn found(&mut self, optional: &'a Optional) -> Run<Option<Found>> {
        Ok(match &optional.kind {
            OptionalKind::MapEntry { map, key } => {
                let (_, key) = self.key(*map, key)?;
                self.find_entry(*map, &key)?.map(Found::Entry)
            }
            OptionalKind::MapEntryOr { map, key, init } => {
                let key = self.key(*map, key)?;
                let init = self.value(init)?;
                let (model, slots) = self.model(*map)?;
                let bytes = key.1.clone();
                if model.find(&bytes).is_none() {
                    model.update(slots, key, init, 1);
                }
                model.find(&bytes).map(Found::Entry)
            }
            OptionalKind::MapTake { map, method } => {
                let (model, _) = self.model(*map)?;
                let value = match method.name {
                    "pop" => model.pop(),
                    "peek" => model.peek(),
                    _ => return Err(Stop::Unknown("a method of maps")),
                };
                value.map(Found::Value)
            }
            OptionalKind::Pointer(pointer) => {
                let pointer = self.value(pointer)?;
                if pointer == Value::Pointer(None) { None } else { Some(Found::Value(pointer)) }
            }
            OptionalKind::Packet { offset, of, .. } => self.header(offset, *of)?.map(Found::Value),
            OptionalKind::View(view) => self.tested_view(view)?.map(Found::Value),
            OptionalKind::Record { map, tail } => self.reserve(*map, tail.as_ref())?.map(Found::Value),
            OptionalKind::InnerMap { .. } | OptionalKind::Meta { .. } | OptionalKind::Builtin { .. } => {
                return Err(Stop::Unknown("a kind of optional"));
            }
        })
    }

    pub(super) fn is_present(&mut self, optional: &'a Optional) -> Run<bool> {
        Ok(self.found(optional)?.is_some())
    }

    /// Binds a name to what is there; whether it is.
    pub(super) fn bind(&mut self, binding: &'a Binding) -> Run<bool> {
        match self.found(&binding.source)? {
            None => return Ok(false),
            Some(Found::Entry(slot)) => self.frame_mut().locals[binding.local.0 as usize] = Object::Entry(slot),
            Some(Found::Value(value)) => *self.object(binding.local)? = value,
        }
        Ok(true)
    }

    /// `var v = m[k]`
    pub(super) fn copy(&mut self, local: LocalId, present: LocalId, source: &'a Optional) -> Run<()> {
        let (value, is_there) = match self.found(source)? {
            None => (value::zero(self.types, source.ty), false),
            Some(Found::Entry(slot)) => (self.slots.at(slot).clone(), true),
            Some(Found::Value(value)) => (value, true),
        };
        *self.object(local)? = value;
        *self.object(present)? = Value::Bool(is_there);
        Ok(())
    }

    /// Keys, then values, then what is done to the map.
    #[expect(clippy::wildcard_enum_match_arm, reason = "what the evaluator does not know it says")]
    pub(super) fn map_stmt(&mut self, stmt: &'a StmtKind) -> Run<()> {
        match stmt {
            StmtKind::MapUpdate { map, key, value } => {
                let key = self.key(*map, key)?;
                let value = self.value(value)?;
                let (model, slots) = self.model(*map)?;
                model.update(slots, key, value, 0);
            }
            StmtKind::MapAssignOp { map, key, op, value } => self.update_in_place(*map, key, *op, value)?,
            StmtKind::MapDelete { map, key } => {
                let (_, key) = self.key(*map, key)?;
                let (model, slots) = self.model(*map)?;
                model.delete(slots, &key);
            }
            StmtKind::ForMap { map, key, value, body } => self.walk(*map, *key, *value, body)?,
            _ => return Err(Stop::Unknown("a kind of statement")),
        }
        Ok(())
    }

    /// What is absent starts from zero.
    fn update_in_place(&mut self, map: MapId, key: &'a Expr, op: CompoundOp, value: &'a Expr) -> Run<()> {
        let key = self.key(map, key)?;
        let value = self.value(value)?;
        let ty = self.program.map(map).value;
        let (model, slots) = self.model(map)?;
        match model.find(&key.1) {
            Some(slot) => {
                let old = slots.at(slot).clone();
                *self.slots.at(slot) = self.combined(old, op, value, ty)?;
            }
            None => {
                let new = self.combined(value::zero(self.types, ty), op, value, ty)?;
                let (model, slots) = self.model(map)?;
                model.update(slots, key, new, 1);
            }
        }
        Ok(())
    }

    /// An entry that is deleted before its iteration has none.
    fn walk(&mut self, map: MapId, key: LocalId, value: LocalId, body: &'a Block) -> Run<()> {
        for (at, bytes) in self.model(map)?.0.keys() {
            let (model, slots) = self.model(map)?;
            let Some(slot) = model.find(&bytes) else { continue };
            let copy = slots.at(slot).clone();
            *self.object(key)? = at;
            *self.object(value)? = copy;
            if !self.iteration(body)? {
                break;
            }
        }
        Ok(())
    }

    /// `m.insert(k, v)` and the like.
    pub(super) fn map_call(&mut self, map: MapId, method: &MapMethodSpec, args: &'a [Expr]) -> Run<Value> {
        let args = args.iter().map(|arg| self.value(arg)).collect::<Run<Vec<Value>>>()?;
        if let Some(value) = self.ring_call(map, method.name, &args)? {
            return Ok(value);
        }
        let status = match (method.name, args.as_slice()) {
            ("insert", [key, value]) => {
                let key = self.key_of(map, key.clone());
                let (model, slots) = self.model(map)?;
                return Ok(Value::Bool(model.update(slots, key, value.clone(), 1) == 0));
            }
            ("update", [key, value, flags]) => {
                let key = self.key_of(map, key.clone());
                let (model, slots) = self.model(map)?;
                model.update(slots, key, value.clone(), flags.number())
            }
            ("delete", [key]) => {
                let (_, key) = self.key_of(map, key.clone());
                let (model, slots) = self.model(map)?;
                model.delete(slots, &key)
            }
            ("push", [value]) => self.model(map)?.0.push(value.clone()),
            _ => return Err(Stop::Unknown("a method of maps")),
        };
        Ok(Value::Int(status.into()))
    }

    /// `fetch_add(place, n)` and the like: the old value.
    pub(super) fn atomic(&mut self, name: &str, place: &'a Expr, args: &'a [Expr]) -> Run<Value> {
        let found = self.place_of(place)?;
        let args = args.iter().map(|arg| Ok(self.value(arg)?.number())).collect::<Run<Vec<i128>>>()?;
        let old = self.load(&found)?.number();
        let int = self.int(place.ty)?;
        let new = match (name, args.as_slice()) {
            ("fetch_add", [value]) => int.wrap(old + value),
            ("fetch_and", [value]) => int.wrap(old & value),
            ("fetch_or", [value]) => int.wrap(old | value),
            ("fetch_xor", [value]) => int.wrap(old ^ value),
            ("exchange", [value]) => *value,
            ("compare_exchange", [expected, new]) => {
                if old == *expected {
                    *new
                } else {
                    old
                }
            }
            _ => return Err(Stop::Unknown("an atomic operation")),
        };
        self.store(&found, Value::Int(new))?;
        Ok(Value::Int(old))
    }

    fn place_of(&mut self, place: &'a Expr) -> Run<Place> {
        match self.target(place)? {
            Some(value::Target::Place(place)) => Ok(place),
            Some(value::Target::Nowhere | value::Target::Byte(..)) | None => {
                Err(Stop::Unknown("an atomic operation on no place"))
            }
        }
    }
}
