//! The host side: a shared object, opened in this process, whose functions are called through their symbols.

use std::ffi::{CString, c_void};
use std::io::Write;
use std::process::{Command, Stdio};

/// What loops of user space ask in each iteration: nobody ends this process.
const RUNTIME: &str = "int ks_cancelled(void) { return 0; }\nvoid ks_exit(int status) { __builtin_trap(); }\n";

pub struct Library {
    handle: *mut c_void,
}

impl Library {
    /// Links an object and opens what comes out.
    pub fn open(object: &[u8]) -> Result<Library, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let (input, output) = (folder.path().join("program.o"), folder.path().join("program.so"));
        std::fs::write(&input, object).map_err(|error| format!("cannot write the object: {error}"))?;
        let mut linker = Command::new("cc");
        linker.args(["-shared", "-O1", "-o"]).arg(&output).arg(&input).args(["-x", "c", "-"]);
        let mut linker = linker.stdin(Stdio::piped()).spawn().map_err(|error| format!("cannot run cc: {error}"))?;
        if let Some(mut pipe) = linker.stdin.take() {
            // If it ended early its status says why.
            let _ = pipe.write_all(RUNTIME.as_bytes());
        }
        let status = linker.wait().map_err(|error| format!("cc: {error}"))?;
        if !status.success() {
            return Err(format!("cc ended with {status}"));
        }
        let path = CString::new(output.into_os_string().into_encoded_bytes()).map_err(|error| error.to_string())?;
        // SAFETY: a path that ends in NUL; the object's constructors do nothing.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() { Err("dlopen failed".into()) } else { Ok(Library { handle }) }
    }

    fn symbol(&self, function: &str) -> *mut c_void {
        let name = CString::new(format!("ks.user.{function}")).expect("names have no NUL");
        // SAFETY: the handle is open, the name ends in NUL.
        let address = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        assert!(!address.is_null(), "the object does not export {function}");
        address
    }

    /// Calls a `fn(u64, u64, u64, u64) -> u64`.
    pub fn call(&self, function: &str, [a, b, c, d]: [u64; 4]) -> u64 {
        let address = self.symbol(function);
        // SAFETY: the caller's promise: the function has this signature, which is C's on this machine too.
        let function: extern "C" fn(u64, u64, u64, u64) -> u64 = unsafe { std::mem::transmute(address) };
        function(a, b, c, d)
    }

    /// Calls a `fn() -> u64`, or one without result, whose register then means nothing.
    pub fn call_plain(&self, function: &str) -> u64 {
        let address = self.symbol(function);
        // SAFETY: as above.
        let function: extern "C" fn() -> u64 = unsafe { std::mem::transmute(address) };
        function()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once, and no address of it is kept.
        unsafe { libc::dlclose(self.handle) };
    }
}
