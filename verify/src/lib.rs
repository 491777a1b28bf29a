//! What the kernel's verifier says of BPF objects, in the words of their sources.
//!
//! From the lowest: `log` reads what the verifier printed, `states` asks what it knew on the path that it refuses, `object` knows the
//! places and names of an object of any compiler, `refusals` has the table of all messages, `report` puts them together. Nothing here
//! depends on the compiler, and nothing loads: who has a log and an object gets a [`report::Report`].

pub mod log;
pub mod object;
pub mod refusals;
pub mod report;
pub mod states;
