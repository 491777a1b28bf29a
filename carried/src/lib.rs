//! The files that the compiler carries, as `runtime/build`, `vm/build` and `verify/guest/build` make them, compressed by the build script.

use flate2::read::DeflateDecoder;
use std::io::Read;

static RUNTIME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libks_runtime.a.lz4"));
static MACHINE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libks_machine.so.deflate"));
static GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ks-guest.deflate"));

/// The contents of `libks_runtime.a`, which executables link. Each link unpacks it: LZ4 takes a tenth of the time of DEFLATE for that.
pub fn runtime() -> Vec<u8> {
    lz4_flex::decompress_size_prepended(RUNTIME).expect("the build script has compressed it")
}

/// The contents of `libks_machine.so`, with which tests start where no kernel runs their programs.
pub fn machine() -> Vec<u8> {
    inflated(MACHINE)
}

/// The contents of `ks-guest`, a static executable: the first process of the virtual machines of `ksc verify --kernel`.
pub fn guest() -> Vec<u8> {
    inflated(GUEST)
}

fn inflated(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(packed).read_to_end(&mut bytes).expect("the build script has compressed it");
    bytes
}
