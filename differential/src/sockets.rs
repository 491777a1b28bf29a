//! The socket that programs look up: it listens in a network namespace of this thread's own, where no other one is.

use std::net::TcpListener;

pub const PORT: u16 = 4781;

/// What programs see of it, by the fields of `bpf_sock`; the fields that are not here are not compared.
pub const FIELDS: [(&str, i128); 6] =
    [("family", 2), ("type", 1), ("protocol", 6), ("state", 10), ("src_port", PORT as i128), ("src_ip4", 0)];

/// As long as this lives the socket listens.
pub struct Listener {
    _socket: TcpListener,
}

impl Listener {
    /// Moves the calling thread into a network namespace of its own.
    pub fn open() -> Result<Listener, String> {
        // SAFETY: it takes no pointers.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return Err(format!("no network namespace: {}", std::io::Error::last_os_error()));
        }
        let socket = TcpListener::bind(("0.0.0.0", PORT)).map_err(|error| format!("nothing listens: {error}"))?;
        Ok(Listener { _socket: socket })
    }
}
