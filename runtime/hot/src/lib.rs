//! `ks-hot`: what the runtime does once for each event. The profile `runtime` compiles this crate for speed and `ks-runtime` for size, since a
//! crate is the smallest unit that cargo can optimise by itself.

mod clock;
mod ring;

pub use clock::Deadline;
pub use ring::{End, Limits, Ring, Taker};
