//! E02: types.

use super::codes;

codes! {}
