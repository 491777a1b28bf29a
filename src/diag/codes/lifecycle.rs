//! E07: lifecycle.

codes! {}
