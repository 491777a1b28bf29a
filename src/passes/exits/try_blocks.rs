//! `try`: a block that throws leave, with the handlers after it.

use super::{Around, Kind, Lowering, NAME};
use crate::ir::ops::KsTry;
use crate::ir::{Loc, OpData, RegionId, Value};
use crate::types::Ty;

impl Lowering<'_> {
    /// `try { … } catch … { … }`; false if control does not come out of it.
    pub(super) fn try_(&mut self, data: &OpData) -> bool {
        let view = KsTry::of(data);
        let (body, codes, handlers) = (view.body_region(), view.codes(), view.handlers_region());
        let takes_all = view.takes_all();
        let (outer_at, loc) = (self.at, self.loc);
        let (outer, outer_block) = self.builder().region(&[]);
        let end = self.around.len();
        self.around.push(Around { kind: Kind::Try, body: outer_block, left: false });
        let inner_block = self.func.only_block(body);
        self.around.push(Around { kind: Kind::Handlers, body: inner_block, left: false });
        self.at = inner_block;
        if self.inline(body) {
            self.loc = loc;
            self.leave(end);
        }
        let thrown = self.around.pop().is_some_and(|inner| inner.left);
        (self.at, self.loc) = (outer_block, loc);
        self.builder().ks_block(vec![body]);
        let mut reached = false;
        if thrown {
            reached = self.handlers(codes, handlers, takes_all);
        } else {
            self.builder().ks_unreachable();
        }
        reached |= self.around.pop().is_some_and(|outer| outer.left);
        (self.at, self.loc) = (outer_at, loc);
        self.builder().ks_block(vec![outer]);
        if !reached {
            self.builder().ks_unreachable();
        }
        reached
    }

    /// The first handlers take one code each, one more all others; if none takes it, the code is thrown on,
    /// but for one that cannot be (`takes_all`). Whether control reaches their end.
    fn handlers(&mut self, codes: &[i128], handlers: &[RegionId], takes_all: bool) -> bool {
        let (place, loc) = (self.thrown(), self.loc);
        let word = self.program.word();
        let thrown = self.builder().ks_load(place, word);
        if self.func.cancels {
            let signal = self.is_signal(thrown);
            self.when(signal, Self::throw_past);
        }
        let code = self.builder().arith_cast(thrown, Ty::I32);
        let rest = handlers.get(codes.len()).copied();
        if codes.is_empty() {
            let reached = self.others(rest, code);
            self.loc = loc;
            if reached {
                self.builder().done();
            }
            return reached;
        }
        let (at, mut reached) = (self.at, false);
        let (mut cases, mut regions) = (Vec::new(), handlers[..codes.len()].to_vec());
        for (index, (&number, &handler)) in std::iter::zip(codes, handlers).enumerate() {
            cases.extend([number, number, index as i128]);
            self.at = self.func.only_block(handler);
            reached |= self.handler_with_end(handler, code, loc);
        }
        let others = match rest {
            Some(handler) => handler,
            None => self.builder().region(&[]).0,
        };
        self.at = self.func.only_block(others);
        match rest {
            Some(handler) => reached |= self.handler_with_end(handler, code, loc),
            None if takes_all => {
                self.loc = loc;
                self.builder().ks_unreachable();
            }
            None => {
                self.loc = loc;
                self.throw_on();
            }
        }
        regions.push(others);
        (self.at, self.loc) = (at, loc);
        self.builder().ks_match(code, &cases, &[], regions);
        if reached {
            self.builder().done();
        } else {
            self.builder().ks_unreachable();
        }
        reached
    }

    /// The path for all codes that no other handler takes.
    fn others(&mut self, handler: Option<RegionId>, code: Value) -> bool {
        if let Some(handler) = handler {
            return self.handler(handler, code);
        }
        self.throw_on();
        false
    }

    fn handler_with_end(&mut self, handler: RegionId, code: Value, loc: Loc) -> bool {
        let reached = self.handler(handler, code);
        self.loc = loc;
        if reached {
            self.builder().done();
        }
        reached
    }

    /// A handler, in the block that grows; whether control reaches its end, which is not written.
    fn handler(&mut self, handler: RegionId, code: Value) -> bool {
        let (block, place) = (self.func.only_block(handler), self.thrown());
        self.args.extend(self.func.blocks[block].args.iter().map(|&arg| (arg, code)));
        self.func.drop_args(handler);
        let ops = self.take(handler);
        if let Some(&first) = ops.first() {
            self.loc = Loc { made_by: Some(NAME), ..self.func.ops[first].loc };
        }
        let word = self.program.word();
        let mut b = self.builder();
        let zero = b.ks_const(0, word);
        b.ks_store(place, zero);
        self.inline_ops(ops)
    }
}
