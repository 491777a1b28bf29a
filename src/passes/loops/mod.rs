//! Passes that decide what loops of BPF code become: plain loops, walks of iterators, or callbacks.
//!
//! `constants` finds what is constant behind calls and variables, `counted-loops` makes a `ks.for` of a `ks.while` whose number of
//! iterations has a limit, and unrolls short loops over elements of packets. `loop-form` decides: a loop over a small constant range
//! stays plain, and the verifier walks each iteration; any other loop becomes `bpf.repeat`. `first-iterations` puts the first iterations of
//! short searches before it, as a plain loop. With `--min-kernel` 6.4 or later, `iterators` lowers `bpf.repeat` to a walk of the kernel's iterator, in a `ks.scope` that destroys the iterator on every exit. For
//! older kernels, `outline` moves the body to a callback of `bpf_loop`; a frame struct holds the captured variables and a code for the
//! exit that was taken. Kernels before 6.7 walk a callback once, so `callback-writes` makes unknown to them what iterations may change
//! on the stack.

mod condition;
pub mod counted_loops;
pub mod first_iterations;
pub mod iterators;
pub mod long_loops;
pub mod loop_form;
pub mod outline;

use super::{Because, Changed, Pass, Run};
