//! `show`: what is printed in each interval. On a terminal it is drawn over what stood there before; elsewhere, and in forms for machines, it
//! is appended.
//!
//! Nothing of the terminal has to be restored: each drawing is one write that ends with the terminal as it was, and the cursor behind it.

use super::wait;
use crate::kernel::output::{self, Form};
use crate::kernel::program::MainThread;
use std::cell::RefCell;
use std::time::Duration;

/// How long a terminal may have another size before it is drawn again.
const TURN: Duration = Duration::from_millis(100);
/// The lines and columns of a terminal that does not say.
const USUAL: (usize, usize) = (24, 80);

/// To the first line.
const HOME: &str = "\x1b[H";
const CLEAR: &str = "\x1b[2J";
/// Empties the rest of the line, and all lines below.
const REST: &str = "\x1b[K";
const BELOW: &str = "\x1b[J";
/// Lines that are too long do not go on in the next one; they do again.
const CUT: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
/// Colours and the like end.
const PLAIN: &str = "\x1b[0m";

/// The `show` that runs.
struct Shown {
    /// Something was printed for it.
    begun: bool,
    /// Something was appended for it.
    appended: bool,
    /// What the terminal shows, and its size then.
    drawn: Option<(Vec<u8>, (usize, usize))>,
}

static SHOWN: MainThread<RefCell<Shown>> =
    MainThread::new(RefCell::new(Shown { begun: false, appended: false, drawn: None }));

/// The condition of the loop of `show`: draws what was printed since `ks_show_draw` if standard output is a terminal, and waits so long, but not
/// before the first print. False if a signal ends it.
#[unsafe(no_mangle)]
pub extern "C" fn ks_show(milliseconds: u64) -> bool {
    if let Some(frame) = output::kept() {
        draw(frame);
    }
    // Whoever looks sees at once that it runs, and what was there before.
    if !std::mem::replace(&mut SHOWN.borrow_mut().begun, true) {
        return true;
    }
    let turn = if in_place() { TURN } else { Duration::MAX };
    let ended = wait::sleep(Duration::from_millis(milliseconds.max(1)), turn, follow);
    if ended {
        *SHOWN.borrow_mut() = Shown { begun: false, appended: false, drawn: None };
    }
    !ended
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_show_draw() {
    if in_place() {
        output::keep();
    } else if std::mem::replace(&mut SHOWN.borrow_mut().appended, true) && output::form() == Form::Lines {
        // People tell apart what was printed together.
        output::write(b"\n");
    }
}

fn in_place() -> bool {
    let is_dumb = || std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    output::form() == Form::Lines && output::is_terminal() && !is_dumb()
}

/// Draws again what is shown, if the terminal has another size.
fn follow() {
    let shown = &mut SHOWN.borrow_mut().drawn;
    let size = size();
    if let Some((frame, at)) = shown
        && *at != size
    {
        *at = size;
        output::write(drawing(frame, size, true).as_bytes());
    }
}

fn draw(frame: Vec<u8>) {
    let size = size();
    let mut shown = SHOWN.borrow_mut();
    let is_other = shown.drawn.as_ref().is_none_or(|(_, before)| *before != size);
    output::write(drawing(&frame, size, is_other).as_bytes());
    shown.drawn = Some((frame, size));
}

/// What draws a frame. The last line is the cursor's.
fn drawing(frame: &[u8], (rows, columns): (usize, usize), clears: bool) -> String {
    let text = String::from_utf8_lossy(frame);
    let lines: Vec<&str> = text.lines().collect();
    let room = rows.saturating_sub(1).max(1);
    let fits = lines.len() <= room;
    let shown = if fits { lines.len() } else { room - 1 };
    let mut out = format!("{CUT}{HOME}");
    out.push_str(if clears { CLEAR } else { "" });
    for line in &lines[..shown] {
        out.push_str(&format!("{}{REST}\n", start_of(line, columns)));
    }
    if !fits {
        let more = format!("... {} more lines", lines.len() - shown);
        out.push_str(&format!("{}{REST}\n", start_of(&more, columns)));
    }
    out + BELOW + WRAP
}

/// As many characters of a line as there are columns; sequences of a terminal have none.
fn start_of(line: &str, columns: usize) -> String {
    let (mut out, mut left, mut in_sequence, mut has_sequence) = (String::new(), columns, false, false);
    for c in line.chars() {
        if in_sequence {
            // A sequence `ESC [ …` ends with a letter or the like.
            in_sequence = c == '[' || !('@'..='~').contains(&c);
        } else if c == '\x1b' {
            (in_sequence, has_sequence) = (true, true);
        } else if left == 0 {
            break;
        } else {
            left -= 1;
        }
        out.push(c);
    }
    out.push_str(if has_sequence { PLAIN } else { "" });
    out
}

/// The lines and columns of the terminal.
fn size() -> (usize, usize) {
    // SAFETY: the request fills the struct, which has no forbidden values.
    let size = unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        if libc::ioctl(1, libc::TIOCGWINSZ, &raw mut size) == 0 { size } else { std::mem::zeroed() }
    };
    let or = |given: u16, usual: usize| if given == 0 { usual } else { usize::from(given) };
    (or(size.ws_row, USUAL.0), or(size.ws_col, USUAL.1))
}

#[cfg(test)]
mod tests {
    use super::{drawing, start_of};

    #[test]
    fn lines_end_at_the_last_column() {
        assert_eq!(start_of("abc", 3), "abc");
        assert_eq!(start_of("abcd", 3), "abc");
        assert_eq!(start_of("\x1b[1mäb\x1b[0mcd", 3), "\x1b[1mäb\x1b[0mc\x1b[0m");
    }

    #[test]
    fn lines_that_do_not_fit_are_counted() {
        let five = drawing(b"1\n2\n3\n4\n5\n", (4, 80), false);
        assert_eq!(five, "\x1b[?7l\x1b[H1\x1b[K\n2\x1b[K\n... 3 more lines\x1b[K\n\x1b[J\x1b[?7h");
        assert!(drawing(b"1\n2\n3\n", (4, 80), false).contains('3'));
        assert!(drawing(b"1\n", (0, 0), true).contains("\x1b[2J"));
    }
}
