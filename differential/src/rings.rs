//! What programs have sent through the ring buffers of a loaded object.

use crate::kernel::Loaded;
use libbpf_sys as bpf;
use std::ffi::{CString, c_int, c_void};

/// Of each ring buffer its records, in the order in which they were reserved.
pub type Records = Vec<Vec<Vec<u8>>>;

unsafe extern "C" fn take(all: *mut c_void, record: *mut c_void, size: u64) -> c_int {
    // SAFETY: `read` passes the list, which nothing else touches meanwhile; libbpf passes a record of so many bytes.
    unsafe {
        let bytes = std::slice::from_raw_parts(record.cast::<u8>(), size as usize);
        (*all.cast::<Vec<Vec<u8>>>()).push(bytes.to_vec());
    }
    0
}

/// Takes all that the ring buffers of these names hold.
pub fn read(loaded: &Loaded, names: &[String]) -> Result<Records, String> {
    names.iter().map(|name| read_one(loaded, name)).collect()
}

fn read_one(loaded: &Loaded, name: &str) -> Result<Vec<Vec<u8>>, String> {
    let text = CString::new(name).map_err(|error| error.to_string())?;
    let mut all: Vec<Vec<u8>> = Vec::new();
    // SAFETY: a loaded object; the reader is freed before the list goes.
    let status = unsafe {
        let fd = bpf::bpf_object__find_map_fd_by_name(loaded.object(), text.as_ptr());
        if fd < 0 {
            return Err(format!("no map {name}"));
        }
        let list = std::ptr::from_mut(&mut all).cast::<c_void>();
        let reader = bpf::ring_buffer__new(fd, Some(take), list, std::ptr::null());
        if reader.is_null() {
            return Err(format!("{name} is not read: {}", std::io::Error::last_os_error()));
        }
        let status = bpf::ring_buffer__consume(reader);
        bpf::ring_buffer__free(reader);
        status
    };
    if status < 0 { Err(format!("{name} is not read: {status}")) } else { Ok(all) }
}
