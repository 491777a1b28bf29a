//! E07: lifecycle.

use super::codes;

codes! {}
