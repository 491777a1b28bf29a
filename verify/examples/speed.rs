//! Writes a log of a loop of this many megabytes to a file, reads it, and prints how long that takes, and the memory: `speed FILE MEGABYTES`.

use ks_verify::log::{File, Log};
use ks_verify::report::report;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let path = words.next().ok_or("which file?")?;
    let bytes = words.next().ok_or("how many megabytes?")?.parse::<usize>()? << 20;
    write(&path, bytes)?;
    let start = Instant::now();
    let log = Log::read(File::new(std::fs::File::open(&path)?))?;
    let read = start.elapsed();
    let found = report(&log, None).map_or("nothing", |report| report.code);
    println!("{} steps, read in {read:?}, {found} after {:?}", log.steps.len(), start.elapsed());
    let status = std::fs::read_to_string("/proc/self/status")?;
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no memory"));
    Ok(())
}

fn write(path: &str, bytes: usize) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut written = out.write(b"0: R1=ctx() R10=fp0\n")?;
    let state = "R1=scalar(smin=0,smax=umax=umax32=0xffffffff,var_off=(0x0; 0xffffffff)) R2=scalar(id=1,smin=umin=smin32=umin32=1,var_off=(0x0; 0xff)) R10=fp0";
    while written < bytes {
        for insn in 1..8 {
            let text = format!(
                "; for (i = 0; i < n; i++) @ loop.c:{insn}\n{insn}: (0f) r1 += r2                      ; {state}\n"
            );
            out.write_all(text.as_bytes())?;
            written += text.len();
        }
        writeln!(out, "8: (ad) if r1 < r2 goto pc-8")?;
    }
    writeln!(out, "BPF program is too large. Processed 1000001 insn")?;
    writeln!(
        out,
        "processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 9 peak_states 9 mark_read 0"
    )?;
    out.flush()
}
