//! Passes that decide what loops of BPF code become: plain loops, walks of iterators, or callbacks.

pub mod iterators;
pub mod loop_form;
pub mod outline;

use super::{Changed, Pass, Run};
