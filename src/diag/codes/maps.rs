//! E04: maps.

use super::codes;

codes! {}
