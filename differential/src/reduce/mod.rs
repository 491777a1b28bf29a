//! Makes what fails small: programs (`source`) and IR (`ir`), by leaving out parts as long as the failure stays.

pub mod source;
mod visit;
