//! Loads ports.ks by libbpf-rs. `build.rs` compiles it, by the `ksc` of `PATH` or the one that `KSC` names.
//!
//!     cargo build
//!     sudo target/debug/ports-libbpf eth0 53

// The module `ports`.
include!(concat!(env!("OUT_DIR"), "/ports.rs"));

use libbpf_rs::{MapCore, MapFlags, Object, ObjectBuilder, RingBufferBuilder};
use ports::{Plain, maps, programs, sections};
use std::env;
use std::error::Error;
use std::ffi::CString;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static ENDED: AtomicBool = AtomicBool::new(false);

extern "C" fn end(_: libc::c_int) {
    ENDED.store(true, Ordering::Relaxed);
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().collect();
    let [_, interface, port] = words.as_slice() else {
        eprintln!("usage: ports-libbpf INTERFACE PORT");
        return ExitCode::from(2);
    };
    let handler = end as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler only writes an atomic variable.
    unsafe {
        libc::signal(libc::SIGINT, handler);
        libc::signal(libc::SIGTERM, handler);
    }
    match port.parse().map_err(Into::into).and_then(|port| run(interface, port)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(interface: &str, port: u16) -> Result<(), Box<dyn Error>> {
    let bpf = loaded(port)?;
    let count = bpf.progs_mut().find(|program| program.name() == programs::count).ok_or("no program")?;
    let _link = count.attach_xdp(index(interface)?)?;
    let seen = map(&bpf, maps::seen::NAME)?;
    let mut events = RingBufferBuilder::new();
    events.add(&seen, show)?;
    let events = events.build()?;
    let (zero, running) = (0u32.as_bytes(), sections::data::Value { paused: false.into() });
    map(&bpf, sections::data::NAME)?.update(zero, running.as_bytes(), MapFlags::ANY)?;
    println!("watching port {port}");
    while !ENDED.load(Ordering::Relaxed) {
        // A signal ends it early.
        let _ = events.poll(Duration::from_millis(100));
    }
    events.consume()?;
    let by_port = map(&bpf, maps::by_port::NAME)?;
    for key in by_port.keys() {
        let value = by_port.lookup(&key, MapFlags::ANY)?.unwrap_or_default();
        let (port, traffic) = (maps::by_port::Key::from_bytes(&key), maps::by_port::Value::from_bytes(&value));
        if let (Some(port), Some(traffic)) = (port, traffic) {
            println!("port {port}: {} packets, {} bytes", traffic.packets, traffic.bytes);
        }
    }
    let bss = map(&bpf, sections::bss::NAME)?.lookup(zero, MapFlags::ANY)?.ok_or("no value")?;
    println!("{} others", sections::bss::Value::from_bytes(&bss).ok_or("too short")?.others);
    Ok(())
}

/// The object, loaded with this port in its config.
fn loaded(port: u16) -> Result<Object, Box<dyn Error>> {
    let mut open = ObjectBuilder::default().open_memory(ports::OBJECT)?;
    let of_config = |name: &str| name.ends_with(sections::rodata::NAME);
    let mut config = open.maps_mut().find(|map| of_config(&map.name().to_string_lossy())).ok_or("no .rodata")?;
    let initial = config.initial_value_mut().ok_or("no value")?;
    let mut value = sections::rodata::Value::from_bytes(initial).ok_or("too short")?;
    value.watch.port = port;
    initial.copy_from_slice(value.as_bytes());
    Ok(open.load()?)
}

/// The map of a name; libbpf puts the beginning of the object's name before those of sections.
fn map<'b>(bpf: &'b Object, name: &str) -> Result<libbpf_rs::Map<'b>, String> {
    let is_wanted = |known: &str| known == name || name.starts_with('.') && known.ends_with(name);
    bpf.maps().find(|map| is_wanted(&map.name().to_string_lossy())).ok_or_else(|| format!("no map `{name}`"))
}

fn index(interface: &str) -> Result<i32, Box<dyn Error>> {
    let name = CString::new(interface)?;
    // SAFETY: the pointer is that of a text with a NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(format!("no interface `{interface}`").into()),
        index => Ok(i32::try_from(index)?),
    }
}

/// Prints an event.
fn show(record: &[u8]) -> i32 {
    if let Some(seen) = maps::seen::Event::from_bytes(record) {
        println!("{}:{} sent {} bytes", Ipv4Addr::from(seen.source), seen.from, seen.length);
    }
    0
}
