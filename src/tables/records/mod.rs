//! The records of the tables of `ir-specs/`. The build script compiles these files too: it reads the records from TOML,
//! where an unknown key is an error, and writes them as statics.

mod calls;
mod machines;
mod maps;
mod ops;
mod packages;
mod packets;
mod peepholes;
mod programs;
mod types;
mod values;
mod words;
mod workarounds;

pub use calls::*;
pub use machines::*;
pub use maps::*;
pub use ops::*;
pub use packages::*;
pub use packets::*;
pub use peepholes::*;
pub use programs::*;
pub use types::*;
pub use values::*;
pub use words::*;
pub use workarounds::*;
