//! E05: limits.

codes! {}
