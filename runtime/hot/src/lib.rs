//! `ks-hot`: what the runtime does once for each event, or for each entry of a map. The profile `runtime` compiles this crate for speed and `ks-runtime` for size, since a
//! crate is the smallest unit that cargo can optimise by itself.

mod clock;
mod ring;
mod words;

pub use clock::Deadline;
pub use ring::{End, Limits, Ring, Taker};
pub use words::sum_of_words;
