//! Numbers beside a `be32` that look like an address in the other byte order.

use super::Site;
use crate::diag::codes::types::SwappedAddress;
use crate::source::Span;
use crate::types::Ty;
use std::net::Ipv4Addr;

impl Site<'_, '_> {
    /// Warns of a number that is no address of a private network, and is one if its bytes are swapped.
    pub(super) fn warn_swapped(&mut self, number: i128, wanted: Ty, span: Span) {
        let Some(number) = u32::try_from(number).ok().filter(|_| wanted == Ty::BE32) else { return };
        let (address, swapped) = (Ipv4Addr::from(number), Ipv4Addr::from(number.swap_bytes()));
        if is_near(address) || !is_near(swapped) {
            return;
        }
        let text = self.text(span).to_owned();
        let likely = format!("{swapped} is {:#010x}", number.swap_bytes());
        self.cx
            .warn(span, SwappedAddress { number: text, address: address.to_string(), likely })
            .help(format!("write `ip4(\"{swapped}\")`, or `ip4(\"{address}\")` if that is meant"));
    }
}

fn is_near(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_private() || address.is_link_local()
}
