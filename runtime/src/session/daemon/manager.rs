//! The service manager that has started the program: sd_notify(3), messages to the socket that `$NOTIFY_SOCKET` names.

use crate::kernel::errors::{complain, reason};
use crate::link::keeper::TAKEN;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Says that the program is ready, and that this process is the main one from here on.
pub fn ready(main: i32) {
    send(&format!("READY=1\nMAINPID={main}\n"));
}

/// Says at the end of this process that the service ends, unless another process has taken its place.
pub fn say_at_end() {
    extern "C" fn at_exit() {
        if !TAKEN.get() {
            send("STOPPING=1\n");
        }
    }
    // SAFETY: a plain function.
    unsafe { libc::atexit(at_exit) };
}

/// Sends nothing where no manager asks for it. A name that begins with `@` is of the abstract namespace.
fn send(message: &str) {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return };
    let address = match name.as_encoded_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(&name),
    };
    let sent = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address));
    if let Err(error) = sent {
        complain(&format!("cannot tell the service manager: {}", reason(error.raw_os_error().unwrap_or(libc::EINVAL))));
    }
}
