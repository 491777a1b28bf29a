//! Reads a log, with an object and one of its programs if they are given, and prints the report: `read LOG [OBJECT PROGRAM]`.

use ks_verify::log::{File, Log};
use ks_verify::object::Object;
use ks_verify::report::report;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let log = Log::read(File::new(std::fs::File::open(words.next().ok_or("which log?")?)?))?;
    println!("{} steps, {:?}", log.steps.len(), log.statistics);
    let object = words.next().map(std::fs::read).transpose()?;
    let object = object.as_deref().map(Object::parse).transpose()?;
    let name = words.next().unwrap_or_default();
    let program = object.as_ref().and_then(|object| object.program(&name));
    println!("{:#?}", report(&log, program.as_ref()));
    Ok(())
}
