//! The highest layer: what the language's own functions do in user space, such as prints, options and names. It may use every layer below.

mod addresses;
mod args;
mod enum_names;
mod heap;
mod packets;
mod panic;
mod print;
mod tests;
