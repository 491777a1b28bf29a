//! Diagnostics as one JSON object a line.
