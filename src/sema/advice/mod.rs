//! What is said besides an error: near misses, helps and fixes. Asked only where an error is reported, so that it costs
//! right programs nothing; what is right or wrong is decided elsewhere.

pub mod members;
pub mod names;
