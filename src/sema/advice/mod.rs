//! Advice beside an error: near misses, helps and fixes. It is asked for only where an error is reported, so it costs right programs
//! nothing; other modules decide whether there is an error.

pub mod members;
pub mod names;
