//! Loads examples/stages.ks by aya, whose programs hand over to each other by tail calls: aya leaves arrays of programs empty.
//!
//!     cargo build
//!     sudo target/debug/stages eth0

#[path = "../signals.rs"]
mod signals;

// The module `stages`.
include!(concat!(env!("OUT_DIR"), "/stages.rs"));

use aya::Ebpf;
use aya::maps::{Array, ProgramArray};
use aya::programs::{Xdp, XdpFlags};
use stages::{maps, programs, sections};
use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

stages::each_type!(stages: aya::Pod);

fn main() -> Result<(), Box<dyn Error>> {
    let interface = std::env::args().nth(1).ok_or("usage: stages INTERFACE")?;
    signals::catch();
    let mut bpf = Ebpf::load(stages::OBJECT)?;
    for (_, program) in bpf.programs_mut() {
        let program: &mut Xdp = program.try_into()?;
        program.load()?;
    }
    let mut tails: ProgramArray<_> = bpf.take_map(maps::tails_xdp::NAME).ok_or("no array of programs")?.try_into()?;
    for (index, name) in maps::tails_xdp::PROGRAMS {
        let program: &Xdp = bpf.program(name).ok_or("no program")?.try_into()?;
        tails.set(*index, program.fd()?, 0)?;
    }
    let classify: &mut Xdp = bpf.program_mut(programs::classify).ok_or("no program")?.try_into()?;
    classify.attach(&interface, XdpFlags::default())?;
    println!("counting");
    while !signals::came() {
        sleep(Duration::from_millis(100));
    }
    let bss: Array<_, sections::bss::Value> = bpf.map(sections::bss::NAME).ok_or("no .bss")?.try_into()?;
    let counts = bss.get(&0, 0)?;
    println!("{} icmp, {} udp, {} expired", counts.icmp, counts.udp, counts.expired);
    Ok(())
}
