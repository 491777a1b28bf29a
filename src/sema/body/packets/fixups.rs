//! Lengths and checksums, which depend on the bytes behind a header: the runtime computes them, of the last layer first.

use super::Literal;
use super::headers::Placed;
use crate::sema::body::State;
use crate::sema::body::value::int_expr;
use crate::sema::tree::{Callee, Expr, Stmt, StmtKind};
use crate::tables::{Checked, PacketLayer};
use crate::types::Ty;

/// The runtime's word for "there is no such layer".
const NO_LAYER: i128 = u32::MAX as i128;

/// The layers on which a pseudo header depends, by their place in the literal.
struct Carriers {
    ip: usize,
    version: u64,
    routing: Option<usize>,
}

impl State<'_, '_> {
    /// Adds what writes the open lengths and checksums.
    pub(super) fn fix_up(&mut self, literal: &mut Literal, layers: &[Placed]) {
        for (index, layer) in layers.iter().enumerate().rev() {
            let Some(spec) = layer.spec else { continue };
            if let (Some(at), Some((_, less))) = (layer.length_at, spec.length) {
                self.write_length(literal, layer, at, less);
            }
            if let (Some(at), Some((_, checked))) = (layer.check_at, spec.check) {
                match (checked, carriers(layers, index)) {
                    (Checked::Pseudo, Some(carriers)) => self.write_check(literal, layers, (index, at), Some(carriers)),
                    // Nothing says the addresses.
                    (Checked::Pseudo, None) => {}
                    (Checked::Header | Checked::Rest, _) => self.write_check(literal, layers, (index, at), None),
                }
            }
        }
    }

    fn write_length(&mut self, literal: &mut Literal, layer: &Placed, at: u64, less: u64) {
        let span = literal.span;
        let args = vec![
            self.packet_address(literal.packet, span),
            self.vars.local_expr(layer.start, span),
            int_expr(at.into(), Ty::U32, span),
            int_expr(less.into(), Ty::U32, span),
        ];
        self.runtime_step(literal, "ks_packet_length", args);
    }

    fn write_check(
        &mut self,
        literal: &mut Literal,
        layers: &[Placed],
        (index, at): (usize, u64),
        carriers: Option<Carriers>,
    ) {
        let span = literal.span;
        let layer = &layers[index];
        let Some(spec) = layer.spec else { return };
        let whole = matches!(spec.check, Some((_, Checked::Header)));
        let count = if whole { layer.size } else { u64::from(u32::MAX) };
        let number = |number: u64| int_expr(number.into(), Ty::U32, span);
        let none = || int_expr(NO_LAYER, Ty::U32, span);
        let (ip, routing, version) = match carriers {
            Some(Carriers { ip, version, routing }) => {
                let routing = routing.map(|routing| self.vars.local_expr(layers[routing].start, span));
                (self.vars.local_expr(layers[ip].start, span), routing.unwrap_or_else(none), version)
            }
            None => (none(), none(), 0),
        };
        let args = vec![
            self.packet_address(literal.packet, span),
            self.vars.local_expr(layer.start, span),
            number(at),
            number(count),
            number(form(spec, version)),
            ip,
            routing,
        ];
        self.runtime_step(literal, "ks_packet_check", args);
    }

    fn runtime_step(&mut self, literal: &mut Literal, function: &'static str, args: Vec<Expr>) {
        let span = literal.span;
        let call = Expr::operation(Callee::Runtime(function), args, Ty::VOID, span);
        literal.stmts.push(Stmt { kind: StmtKind::Expr(call), span });
    }
}

/// The form of a checksum, as `ks_packet_check` takes it.
fn form(spec: &PacketLayer, version: u64) -> u64 {
    spec.protocol.unwrap_or(0) | version << 8 | u64::from(spec.never_zero) << 16
}

/// The IP layer that carries a layer, through extension headers and unknown bytes; none if it has no such carrier.
fn carriers(layers: &[Placed], index: usize) -> Option<Carriers> {
    let mut routing = None;
    for (before, layer) in layers[..index].iter().enumerate().rev() {
        let Some(spec) = layer.spec else { continue };
        if let Some(version) = spec.version {
            return Some(Carriers { ip: before, version, routing });
        }
        if !spec.extension {
            return None;
        }
        if spec.routes {
            routing = Some(before);
        }
    }
    None
}
