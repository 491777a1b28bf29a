//! Passes that decide what loops of BPF code become: plain loops, walks of iterators, or callbacks.

mod condition;
pub mod counted_loops;
pub mod iterators;
pub mod long_loops;
pub mod loop_form;
pub mod outline;

use super::{Because, Changed, Declarations, Pass, Run};
