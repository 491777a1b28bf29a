//! What the library puts in the place of functions of libbpf.

mod left_out;
