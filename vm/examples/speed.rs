//! How many instructions the machine runs a second: arithmetic, memory and branches in a loop, then calls of functions and helpers.

use ks_vm::decode::{Endian, Slot};
use ks_vm::{Input, ProgramSpec, Vm};

/// Iterations of a loop.
const COUNT: i32 = 10_000_000;

fn slot(opcode: u8, dst: u8, src: u8, offset: i16, immediate: i32) -> Slot {
    Slot { opcode, dst, src, offset, immediate }
}

/// Seconds for which this process had a processor, so that others do not count.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the struct.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// r7 counts from 0; r6 is a sum.
fn looped(body: &[Slot], behind: &[Slot]) -> Vec<Slot> {
    let mut code = vec![slot(0xb7, 6, 0, 0, 0), slot(0xb7, 7, 0, 0, 0)];
    code.extend(body);
    code.push(slot(0x07, 7, 0, 0, 1));
    code.push(slot(0xa5, 7, 0, -(body.len() as i16) - 2, COUNT));
    code.push(slot(0xbf, 0, 6, 0, 0));
    code.push(slot(0x95, 0, 0, 0, 0));
    code.extend(behind);
    code
}

fn measure(name: &str, code: Vec<Slot>) {
    let mut vm = Vm::new(Endian::Little, 1);
    let program =
        vm.load_program(ProgramSpec { name: name.into(), code, ..ProgramSpec::default() }).expect("a program");
    let since = processor_time();
    let output = vm.run(program, Input::default()).expect("it runs");
    let seconds = processor_time() - since;
    println!("{name}: {:.0} million instructions a second", output.instructions as f64 / seconds / 1e6);
}

fn main() {
    let mixed = [
        slot(0x7b, 10, 7, -8, 0),
        slot(0x79, 1, 10, -8, 0),
        slot(0x27, 1, 0, 0, 31),
        slot(0xaf, 6, 1, 0, 0),
        slot(0x45, 1, 0, 1, 1),
        slot(0x07, 6, 0, 0, 3),
        slot(0xbc, 2, 6, 0, 0),
        slot(0x74, 2, 0, 0, 7),
        slot(0x0f, 6, 2, 0, 0),
    ];
    measure("arithmetic, memory, branches", looped(&mixed, &[]));
    // The function is behind the loop's five last slots.
    let call = [slot(0xbf, 1, 7, 0, 0), slot(0x85, 0, 1, 0, 5), slot(0x0f, 6, 0, 0, 0)];
    let function = [slot(0xbf, 0, 1, 0, 0), slot(0x77, 0, 0, 0, 1), slot(0x95, 0, 0, 0, 0)];
    measure("calls of a function", looped(&call, &function));
    measure("calls of a helper", looped(&[slot(0x85, 0, 0, 0, 7), slot(0x0f, 6, 0, 0, 0)], &[]));
}
