//! Views of bytes: what they are of, reading and writing them.

use super::value::{Object, Place, Target, Value, View, Viewed};
use super::{Machine, Run, Stop, checksums, layout};
use ksc::sema::tree::{self, Block, Expr, ExprKind, LocalId};
use ksc::target::Endian;
use ksc::types::{Ty, TyKind};

impl View {
    pub fn length(&self) -> usize {
        self.end - self.start
    }
}

/// A part that begins at an offset: where it begins and ends, and whether all of it exists.
fn part(length: usize, offset: i128, count: Option<i128>) -> (usize, usize, bool) {
    let length = length as i128;
    let end = count.map_or(length, |count| offset + count);
    let (start, stop) = (offset.clamp(0, length), end.clamp(0, length));
    (start as usize, stop.max(start) as usize, offset <= length && end <= length)
}

impl<'a> Machine<'a> {
    pub(super) fn view(&mut self, view: &'a tree::View) -> Run<Value> {
        Ok(Value::View(self.made(view)?.0))
    }

    /// A view, and whether it has as many bytes as were asked for.
    fn made(&mut self, view: &'a tree::View) -> Run<(View, bool)> {
        let (of, extent) = match view {
            tree::View::Value(value) => return Ok((self.view_of_value(value)?, true)),
            tree::View::Tail(record) => {
                let Value::Pointer(Some(Place { object: Object::Record(at), .. })) = self.value(record)? else {
                    return Err(Stop::Unknown("the tail of no record"));
                };
                let end = self.records.tail(at)?.len();
                return Ok((View { of: Viewed::Tail(at), start: 0, end }, true));
            }
            tree::View::Packet { offset, count, .. } => {
                (View { of: Viewed::Packet, start: 0, end: self.packet.len() }, (offset, count))
            }
            tree::View::Slice { view, offset, count } => (self.view_of(view)?, (offset, count)),
        };
        let offset = self.value(extent.0)?.number();
        let count = extent.1.as_ref().map(|count| self.value(count)).transpose()?.map(|count| count.number());
        let (start, end, is_whole) = part(of.length(), offset, count);
        Ok((View { start: of.start + start, end: of.start + end, of: of.of }, is_whole))
    }

    /// `if (var b = …)`
    pub(super) fn tested_view(&mut self, view: &'a Expr) -> Run<Option<Value>> {
        let ExprKind::View(view) = &view.kind else { return Err(Stop::Unknown("a test of a view that is at hand")) };
        let (view, is_whole) = self.made(view)?;
        self.lookups.0 += 1;
        self.lookups.1 += u64::from(is_whole);
        Ok(is_whole.then_some(Value::View(view)))
    }

    pub(super) fn view_of(&mut self, expr: &'a Expr) -> Run<View> {
        let value = self.value(expr)?;
        let Value::View(view) = value else { panic!("{value:?} is used as a view") };
        Ok(view)
    }

    /// Of a string all bytes but the last.
    fn view_of_value(&mut self, value: &'a Expr) -> Run<View> {
        let is_text = matches!(self.types.kind(value.ty), TyKind::Str(_));
        let size = self.types.size_of(value.ty) as usize - usize::from(is_text);
        match self.target(value)? {
            Some(Target::Place(place)) => {
                if let Some((at, _, _)) = self.in_packet(&place) {
                    return Ok(View { of: Viewed::Packet, start: at, end: at + size });
                }
                Ok(View { of: Viewed::Place(place, value.ty), start: 0, end: size })
            }
            Some(Target::Byte(..) | Target::Nowhere) => Err(Stop::Unknown("a view of what may be absent")),
            None => {
                let constant = self.value(value)?;
                let bytes = layout::bytes(self.types, value.ty, &constant);
                Ok(View { of: Viewed::Constant(bytes), start: 0, end: size })
            }
        }
    }

    /// The bytes of a view.
    pub(super) fn viewed(&mut self, view: &View) -> Run<Vec<u8>> {
        let all = self.storage(&view.of)?;
        Ok(all[view.start..view.end].to_vec())
    }

    fn storage(&mut self, of: &Viewed) -> Run<Vec<u8>> {
        Ok(match of {
            Viewed::Packet => self.packet.clone(),
            Viewed::Tail(record) => self.records.tail(*record)?.clone(),
            Viewed::Place(place, ty) => {
                let value = self.load(place)?;
                layout::bytes(self.types, *ty, &value)
            }
            Viewed::Constant(bytes) => bytes.clone(),
        })
    }

    /// Writes over the bytes of a view, from one of them on.
    pub(super) fn overwrite(&mut self, view: &View, at: usize, bytes: &[u8]) -> Run<()> {
        let range = view.start + at..view.start + at + bytes.len();
        match &view.of {
            Viewed::Packet => self.packet[range].copy_from_slice(bytes),
            Viewed::Tail(record) => self.records.tail(*record)?[range].copy_from_slice(bytes),
            Viewed::Place(place, ty) => {
                let mut all = self.storage(&view.of)?;
                all[range].copy_from_slice(bytes);
                let value = layout::read(self.types, *ty, &all);
                self.store(place, value)?;
            }
            Viewed::Constant(_) => return Err(Stop::Unknown("a constant that is written")),
        }
        Ok(())
    }

    pub(super) fn view_byte(&mut self, view: &'a Expr, index: &'a Expr) -> Run<Target> {
        let view = self.view_of(view)?;
        let index = self.value(index)?.number();
        let is_there = (0..view.length() as i128).contains(&index);
        Ok(if is_there { Target::Byte(view, index as usize) } else { Target::Nowhere })
    }

    /// All zero where the view does not have all of it.
    pub(super) fn view_read(&mut self, view: &'a Expr, offset: &'a Expr, ty: Ty) -> Run<Value> {
        let view = self.view_of(view)?;
        let offset = self.value(offset)?.number();
        let size = self.types.size_of(ty) as usize;
        let all = self.viewed(&view)?;
        let is_there = offset >= 0 && offset + size as i128 <= all.len() as i128;
        let none = vec![0; size];
        let bytes = if is_there { &all[offset as usize..][..size] } else { &none };
        Ok(layout::read(self.types, ty, bytes))
    }

    pub(super) fn each_byte(&mut self, view: &'a Expr, (index, byte): (LocalId, LocalId), body: &'a Block) -> Run<()> {
        let view = self.view_of(view)?;
        for at in 0..view.length() {
            let value = self.viewed(&view)?[at];
            *self.object(index)? = Value::Int(at as i128);
            *self.object(byte)? = Value::Int(value.into());
            if !self.iteration(body)? {
                break;
            }
        }
        Ok(())
    }

    /// What a builtin that takes views yields.
    pub(super) fn on_views(&mut self, name: &str, args: &[Value]) -> Run<Value> {
        let most = |limit: Option<&Value>, length: usize| match limit.map(Value::number) {
            Some(limit) if (0..length as i128).contains(&limit) => limit as usize,
            Some(_) | None => length,
        };
        let number = match (name, args) {
            ("copy", [Value::View(to), Value::View(from), limit @ ..]) => {
                let count = most(limit.first(), to.length().min(from.length()));
                // One byte after the other: the views may overlap.
                for at in 0..count {
                    let byte = self.viewed(from)?[at];
                    self.overwrite(to, at, &[byte])?;
                }
                count as i128
            }
            ("compare", [Value::View(left), Value::View(right), limit @ ..]) => {
                let (left, right) = (self.viewed(left)?, self.viewed(right)?);
                let (left, right) =
                    (&left[..most(limit.first(), left.len())], &right[..most(limit.first(), right.len())]);
                left.cmp(right) as i128
            }
            ("csum_diff", [old, fresh, seed @ ..]) => {
                let (old, fresh) = (self.words(old)?, self.words(fresh)?);
                checksums::difference(&old, &fresh, seed.first().map_or(0, |seed| seed.number() as u32)).into()
            }
            _ => return checksums::builtin(name, args).ok_or(Stop::Unknown("a builtin function")),
        };
        Ok(Value::Int(number))
    }

    /// The bytes of a view, none of null, as words.
    fn words(&mut self, view: &Value) -> Run<Vec<u32>> {
        let Value::View(view) = view else { return Ok(Vec::new()) };
        let bytes = self.viewed(view)?;
        let is_big = self.types.machine().endian == Endian::Big;
        let word = |chunk: &[u8]| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            if is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        };
        Ok(bytes.chunks(4).map(word).collect())
    }
}
