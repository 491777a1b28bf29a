//! `[ADDRESS:]PORT`, and listening there.

use crate::kernel::end::die;
use crate::kernel::errors::{complain, reason};
use crate::kernel::program;
use crate::link::kept;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// Who asks for a port alone serves this machine alone.
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const OWN_NAME: &str = "localhost";
/// Of a process that cannot have the port.
const ENVIRONMENT: i32 = 3;

/// Where metrics are served.
pub struct Place(SocketAddr);

impl Place {
    /// Of a port, or of an address and a port, with brackets around an IPv6 address.
    pub fn named(text: &[u8]) -> Option<Place> {
        let text = std::str::from_utf8(text).ok()?;
        let named = match text.rsplit_once(':') {
            None => SocketAddr::new(OWN, port(text)?),
            Some((OWN_NAME, number)) => SocketAddr::new(OWN, port(number)?),
            Some(_) => text.parse().ok()?,
        };
        Some(Place(named))
    }

    /// Listens, and says where if any free port was asked for. None where the process that this one is to replace has the port. Another
    /// failure ends the process.
    pub fn listen(&self) -> Option<TcpListener> {
        match self.try_listen() {
            Ok(listener) => Some(listener),
            Err(libc::EADDRINUSE) if program::asked_for(kept::REPLACE) => None,
            Err(code) => {
                let help = match code {
                    libc::EADDRINUSE => {
                        "\n  help: another process serves there; with the port 0 the system chooses one"
                    }
                    libc::EACCES => "\n  help: ports below 1024 are the system's; take a higher one",
                    libc::EADDRNOTAVAIL => {
                        "\n  help: this machine has no such address; `ip addr` lists those that it has"
                    }
                    _ => "",
                };
                die(ENVIRONMENT, &format!("cannot serve metrics at {}: {}{help}", self.0, reason(code)))
            }
        }
    }

    /// The same later, when a failure ends nothing; a message says it where the caller asks for one.
    pub fn listen_again(&self, complains: bool) -> Option<TcpListener> {
        let listener = self.try_listen();
        if let Err(code) = &listener
            && complains
        {
            complain(&format!("metrics are not served at {} so far: {}", self.0, reason(*code)));
        }
        listener.ok()
    }

    fn try_listen(&self) -> Result<TcpListener, i32> {
        let code = |error: std::io::Error| error.raw_os_error().unwrap_or(libc::EIO);
        let listener = TcpListener::bind(self.0).map_err(code)?;
        listener.set_nonblocking(true).map_err(code)?;
        if self.0.port() == 0 {
            let chosen = listener.local_addr().map_err(code)?;
            complain(&format!("metrics are at http://{chosen}/metrics"));
        }
        Ok(listener)
    }
}

fn port(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn addresses_and_ports() {
        let named = |text: &str| Place::named(text.as_bytes()).map(|place| place.0.to_string());
        for (text, place) in [
            ("9100", "127.0.0.1:9100"),
            ("0", "127.0.0.1:0"),
            ("localhost:9100", "127.0.0.1:9100"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:9100", "[::1]:9100"),
            ("[::]:9100", "[::]:9100"),
        ] {
            assert_eq!(named(text).as_deref(), Some(place));
        }
        for text in [
            "",
            ":9100",
            "+80",
            "65536",
            "-1",
            "9100:",
            "::1:9100",
            "1.2.3:80",
            "example.org:80",
            "127.0.0.1",
            "[::1]",
            "a",
            " 1",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
