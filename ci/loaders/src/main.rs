//! `ks-loaders OBJECT…`: loads each object with aya, and each of its programs. A line for each program; 1 where one fails.

use aya::programs::Program;
use aya::{Btf, EbpfLoader};
use object::{Object, ObjectSection, ObjectSymbol};
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let mut failed = false;
    for path in env::args().skip(1) {
        let done = load(&path);
        failed |= done.is_err();
        match done {
            Ok(lines) => lines.iter().for_each(|line| println!("{path}: {line}")),
            Err(why) => println!("{path}: error: {why}"),
        }
    }
    ExitCode::from(u8::from(failed))
}

fn load(path: &str) -> Result<Vec<String>, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let btf = Btf::from_sys_fs().map_err(|error| error.to_string())?;
    let mut object = EbpfLoader::new().btf(Some(&btf)).load(&bytes).map_err(|error| chain(&error))?;
    let mut lines = Vec::new();
    for (name, program) in object.programs_mut() {
        let hook = hook(&bytes, name).unwrap_or_default();
        let done = load_program(program, &hook, &btf).map_err(|why| format!("`{name}`: {why}"))?;
        lines.push(format!("{name} {done}"));
    }
    for (name, _) in object.maps() {
        lines.push(format!("{name} is a map"));
    }
    lines.sort();
    Ok(lines)
}

/// What follows the slash in the section of a program.
fn hook(bytes: &[u8], program: &str) -> Option<String> {
    let file = object::File::parse(bytes).ok()?;
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(program))?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    section.name().ok()?.split_once('/').map(|(_, hook)| hook.to_owned())
}

fn load_program(program: &mut Program, hook: &str, btf: &Btf) -> Result<&'static str, String> {
    let loaded = match program {
        Program::Xdp(program) => program.load(),
        Program::SchedClassifier(program) => program.load(),
        Program::CgroupSkb(program) => program.load(),
        Program::CgroupSock(program) => program.load(),
        Program::CgroupSockAddr(program) => program.load(),
        Program::CgroupSysctl(program) => program.load(),
        Program::CgroupDevice(program) => program.load(),
        Program::TracePoint(program) => program.load(),
        Program::RawTracePoint(program) => program.load(),
        Program::PerfEvent(program) => program.load(),
        Program::KProbe(program) => program.load(),
        Program::UProbe(program) => program.load(),
        Program::SockOps(program) => program.load(),
        Program::SocketFilter(program) => program.load(),
        Program::BtfTracePoint(program) => program.load(hook, btf),
        // They need trampolines, which a virtual machine may not have; what reads the object has accepted them.
        Program::FEntry(_) | Program::FExit(_) | Program::Lsm(_) => return Ok("is accepted"),
        _ => return Ok("is of a type that this test does not load"),
    };
    loaded.map(|()| "is loaded").map_err(|error| chain(&error))
}

/// An error with its reasons.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
