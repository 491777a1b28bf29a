//! E05: limits.

use super::codes;

codes! {}
