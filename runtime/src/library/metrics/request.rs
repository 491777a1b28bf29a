//! What a client asks for, by the head of its request (RFC 9112), and the head of the answer.

use std::mem::MaybeUninit;

/// No head of a scraper is longer.
pub const LONGEST: usize = 8192;

/// What is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Metrics,
    /// A page that leads to the metrics.
    Index,
    /// An error, by its number.
    Refusal(u16),
}

/// The answer to a request, and whether it has a body.
pub type Asked = (Answer, bool);

const PAGE: &str = "/metrics";
/// The errors, and what they are called.
const REFUSALS: [(u16, &str); 5] = [
    (400, "Bad Request"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (431, "Request Header Fields Too Large"),
    (505, "HTTP Version Not Supported"),
];

/// The answer to what a client has sent; none before the end of the head.
pub fn asked(received: &[u8]) -> Option<Asked> {
    let Some(end) = end_of_head(received) else {
        return (received.len() >= LONGEST).then_some((Answer::Refusal(431), true));
    };
    let head = String::from_utf8_lossy(&received[..end]);
    // A client may send an empty line before its request.
    let mut lines = head.lines().skip_while(|line| line.is_empty());
    let words: Vec<&str> = lines.next().unwrap_or("").split(' ').collect();
    let [method, target, version] = words.as_slice() else { return Some((Answer::Refusal(400), true)) };
    let Some(minor) = version.strip_prefix("HTTP/1.") else {
        let code = if version.starts_with("HTTP/") { 505 } else { 400 };
        return Some((Answer::Refusal(code), true));
    };
    let names_host = lines.any(|line| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("host")));
    if minor != "0" && !names_host {
        return Some((Answer::Refusal(400), true));
    }
    match *method {
        "GET" => Some((resource(target), true)),
        "HEAD" => Some((resource(target), false)),
        _ => Some((Answer::Refusal(405), true)),
    }
}

/// Where the head ends, which an empty line does.
fn end_of_head(received: &[u8]) -> Option<usize> {
    let start = received.iter().position(|byte| !b"\r\n".contains(byte))?;
    let rest = &received[start..];
    let ends = [&b"\r\n\r\n"[..], b"\n\n"].map(|end| rest.windows(end.len()).position(|bytes| bytes == end));
    ends.into_iter().flatten().min().map(|end| start + end)
}

fn resource(target: &str) -> Answer {
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let path = path.split(['?', '#']).next().unwrap_or("");
    match path {
        PAGE => Answer::Metrics,
        "/" => Answer::Index,
        _ => Answer::Refusal(404),
    }
}

impl Answer {
    /// The body of all but the metrics.
    pub fn body(self) -> String {
        match self {
            Answer::Metrics => String::new(),
            Answer::Index => "<!DOCTYPE html>\n<title>Metrics</title>\n<a href=\"/metrics\">/metrics</a>\n".to_owned(),
            Answer::Refusal(code) => format!("{}\n", phrase(code)),
        }
    }

    /// The head of an answer with a body of so many bytes.
    pub fn head(self, length: usize) -> String {
        let (code, kind) = match self {
            Answer::Metrics => (200, "text/plain; version=0.0.4; charset=utf-8"),
            Answer::Index => (200, "text/html; charset=utf-8"),
            Answer::Refusal(code) => (code, "text/plain; charset=utf-8"),
        };
        let allow = if code == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let phrase = if code == 200 { "OK" } else { phrase(code) };
        format!(
            "HTTP/1.1 {code} {phrase}\r\n{}{allow}Content-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
            date()
        )
    }
}

fn phrase(code: u16) -> &'static str {
    REFUSALS.iter().find(|(known, _)| *known == code).map_or("Bad Request", |(_, phrase)| phrase)
}

/// `Date: Wed, 25 Nov 2026 10:04:41 GMT`, with its end of line; nothing where the clock says no date.
fn date() -> String {
    let mut text = [0_u8; 64];
    let mut parts = MaybeUninit::uninit();
    // SAFETY: the parts are read where they were written; the buffer has the size that is said. No locale is set, so names are English.
    let length = unsafe {
        let now = libc::time(std::ptr::null_mut());
        if libc::gmtime_r(&now, parts.as_mut_ptr()).is_null() {
            return String::new();
        }
        let format = c"Date: %a, %d %b %Y %H:%M:%S GMT\r\n";
        libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), parts.as_ptr())
    };
    String::from_utf8_lossy(&text[..length]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Answer, LONGEST, asked};

    #[test]
    fn requests() {
        let get = |text: &str| asked(text.as_bytes());
        let page = Some((Answer::Metrics, true));
        assert_eq!(get("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), page);
        assert_eq!(get("\r\nGET /metrics?a=b HTTP/1.1\r\nAccept: x\r\nhost: a\r\n\r\nbody"), page);
        assert_eq!(get("GET http://a:1/metrics HTTP/1.1\nHost: a\n\n"), page);
        assert_eq!(get("GET /metrics HTTP/1.0\r\n\r\n"), page);
        assert_eq!(get("HEAD / HTTP/1.0\r\n\r\n"), Some((Answer::Index, false)));
        assert_eq!(get("GET http://a HTTP/1.0\r\n\r\n"), Some((Answer::Index, true)));
        let refused = |code| Some((Answer::Refusal(code), true));
        for path in ["/metrics/", "/x", "metrics", "*", "/../metrics", "//metrics"] {
            assert_eq!(get(&format!("GET {path} HTTP/1.0\r\n\r\n")), refused(404), "{path}");
        }
        assert_eq!(get("POST /metrics HTTP/1.0\r\n\r\n"), refused(405));
        assert_eq!(get("GET /metrics HTTP/1.1\r\n\r\n"), refused(400));
        assert_eq!(get("GET /metrics HTTP/2.0\r\nHost: a\r\n\r\n"), refused(505));
        assert_eq!(get("GET  /metrics HTTP/1.0\r\n\r\n"), refused(400));
        assert_eq!(get("\u{16}\u{3}\u{1}\n\n"), refused(400));
    }

    #[test]
    fn heads_that_do_not_end() {
        assert_eq!(asked(b""), None);
        assert_eq!(asked(b"\r\n\r\n"), None);
        assert_eq!(asked(b"GET /metrics HTTP/1.0\r\n"), None);
        assert_eq!(asked(&[b'a'; LONGEST - 1]), None);
        assert_eq!(asked(&[b'\n'; LONGEST]), Some((Answer::Refusal(431), true)));
    }
}
