//! Functions that make entries of pinned maps anew.

/// Takes the key and the value of an old entry, at which it may not write, and a key and a value of the new map, all zero but for a key of
/// the old type. False drops the entry.
pub type KsMigrate = extern "C" fn(key: *mut u8, old: *mut u8, fresh: *mut u8, value: *mut u8) -> bool;
