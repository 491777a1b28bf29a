//! Loads ports.ks by aya. `build.rs` compiles it, by the `ksc` of `PATH` or the one that `KSC` names.
//!
//!     cargo build
//!     sudo target/debug/ports-aya eth0 53

mod signals;

// The module `ports`.
include!(concat!(env!("OUT_DIR"), "/ports.rs"));

use aya::EbpfLoader;
use aya::maps::{Array, HashMap, RingBuf};
use aya::programs::{Xdp, XdpFlags};
use ports::{Plain, maps, programs, sections, variables};
use std::env;
use std::error::Error;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::ExitCode;

// aya reads and writes values of all types of the module.
ports::each_type!(ports: aya::Pod);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().collect();
    let [_, interface, port] = words.as_slice() else {
        eprintln!("usage: ports-aya INTERFACE PORT");
        return ExitCode::from(2);
    };
    signals::catch();
    match port.parse().map_err(Into::into).and_then(|port| run(interface, port)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(interface: &str, port: u16) -> Result<(), Box<dyn Error>> {
    let watch = ports::watch { port, longest: 1500 };
    let mut bpf = EbpfLoader::new().set_global(variables::watch::NAME, &watch, true).load(ports::OBJECT)?;
    let count: &mut Xdp = bpf.program_mut(programs::count).ok_or("no program")?.try_into()?;
    count.load()?;
    count.attach(interface, XdpFlags::default())?;
    let mut events = RingBuf::try_from(bpf.take_map(maps::seen::NAME).ok_or("no ring buffer")?)?;
    let data = bpf.map_mut(sections::data::NAME).ok_or("no .data")?;
    let mut data: Array<_, sections::data::Value> = data.try_into()?;
    data.set(0, sections::data::Value { paused: false.into() }, 0)?;
    println!("watching port {port}");
    while !signals::came() {
        show(&mut events);
        let mut waited = libc::pollfd { fd: events.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: the pointer is that of one descriptor.
        unsafe { libc::poll(&mut waited, 1, 100) };
    }
    show(&mut events);
    let by_port = bpf.map(maps::by_port::NAME).ok_or("no map")?;
    let by_port: HashMap<_, maps::by_port::Key, maps::by_port::Value> = by_port.try_into()?;
    for entry in by_port.iter() {
        let (port, traffic) = entry?;
        println!("port {port}: {} packets, {} bytes", traffic.packets, traffic.bytes);
    }
    let bss: Array<_, sections::bss::Value> = bpf.map(sections::bss::NAME).ok_or("no .bss")?.try_into()?;
    println!("{} others", bss.get(&0, 0)?.others);
    Ok(())
}

/// The events that there are.
fn show(events: &mut RingBuf<aya::maps::MapData>) {
    while let Some(record) = events.next() {
        if let Some(seen) = maps::seen::Event::from_bytes(&record) {
            println!("{}:{} sent {} bytes", Ipv4Addr::from(seen.source), seen.from, seen.length);
        }
    }
}
