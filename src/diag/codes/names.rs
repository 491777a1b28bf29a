//! E01: names.

use super::codes;

codes! {}
