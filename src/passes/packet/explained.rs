//! What `--explain-lowering` reports of accesses to packets.

use super::access::{self, Access};
use super::copies::Plan;
use super::uses::part;
use crate::diag::lowered::{Lowered, PacketCopied, PacketDirect, PacketHelper, PacketTested, PacketWritten};
use crate::ir::ops::PacketAt;
use crate::ir::{Function, OpId, Opcode};
use crate::types::Types;

/// `is_there`: an earlier test covers it. None of what only asks for the length.
pub fn access(
    func: &Function,
    types: &Types,
    (op, plan): (OpId, &Plan),
    access: Access,
    is_there: bool,
) -> Option<Lowered> {
    let data = &func.ops[op];
    if data.opcode != Opcode::PacketAt {
        return None;
    }
    let (span, size) = (data.loc.span, types.size_of(part(func, types, op)).to_string());
    let context = access::context(func, types, PacketAt::of(data).ctx());
    let load = context.and_then(|context| context.load).map(str::to_owned);
    let copied = plan.far.get(&op).zip(load.clone());
    Some(match (copied, load) {
        (_, Some(helper)) if !access.direct => Lowered::at(span, &PacketHelper { size, helper }),
        _ if is_there => Lowered::at(span, &PacketTested { size }),
        (Some((followed, load)), _) => {
            let near = access.near.to_string();
            match context.and_then(|context| context.store).filter(|_| !followed.writes.is_empty()) {
                Some(store) => Lowered::at(span, &PacketWritten { size, near, load, store: store.to_owned() }),
                None => Lowered::at(span, &PacketCopied { size, near, load }),
            }
        }
        (None, _) => Lowered::at(span, &PacketDirect { size }),
    })
}
