//! E03: contexts.

use super::codes;

codes! {}
