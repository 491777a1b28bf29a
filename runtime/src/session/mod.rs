//! The run of the program from `ks_start` to its end: waiting, what BPF code sends and prints, signals, daemons. It uses `link`, `object` and
//! `kernel`.

mod bpf;
mod daemon;
mod events;
mod exit;
pub mod idle;
mod overflow;
mod python;
mod show;
mod start;
mod streams;
mod user_ring;
mod wait;
