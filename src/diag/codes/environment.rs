//! E09: environment.

use super::codes;

codes! {}
