//! What the comparison shares with the program that replays it on another kernel: it sees nothing of the compiler.

pub mod case;
pub mod contents;
pub mod kernel;
pub mod packets;
pub mod random;
pub mod results;
pub mod rings;
pub mod sockets;
