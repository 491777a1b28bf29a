//! The highest layer: what the language's own functions do in user space, such as prints, options and names. It may use every layer below.

mod addresses;
mod args;
mod c_texts;
mod counts;
mod decimal;
mod enum_names;
mod files;
mod floats;
mod heap;
mod metrics;
mod names;
mod packets;
mod panic;
mod print;
mod processes;
mod stacks;
mod tables;
mod terminal;
mod tests;
mod times;
