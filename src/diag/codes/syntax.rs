//! E00: syntax.

use super::codes;

codes! {}
