//! What an executable does besides if it has BPF programs. Only its descriptor points to `ks_session`, so that others link nothing of it.

use super::idle::Session;
use super::streams;
use crate::link::{keeper, links, watch};
use std::time::Duration;

/// See `KsProgram::session`.
#[unsafe(no_mangle)]
pub static ks_session: Session = Session { copy: streams::copy, look, pause, end };

/// A program that waits has attached what it attaches at its start.
fn look() {
    keeper::settle();
    watch::look();
}

fn pause() -> Option<Duration> {
    streams::pause().into_iter().chain(watch::pause()).min()
}

fn end() {
    streams::copy();
    links::detach_everything();
}
