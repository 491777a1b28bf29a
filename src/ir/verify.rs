//! Checks that a module is well formed: what every pass may rely on and must leave behind.
