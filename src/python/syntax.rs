//! What the machine's own Python finds wrong in a text. It only parses it; without a Python nothing is found.

use std::io::Write;
use std::ops::Range;
use std::process::{Command, Stdio};

/// Prints the line, the column in bytes and the reason of the first mistake. Older versions do not know all of the syntax.
const PARSE: &str = "\
import ast, sys
if sys.version_info >= (3, 11):
    try:
        ast.parse(sys.stdin.buffer.read())
    except SyntaxError as error:
        line = (error.text or '')[:max((error.offset or 1) - 1, 0)]
        print(error.lineno or 1, len(line.encode()), error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        print(1, 0, error)
";

/// The bytes of the first mistake, and the reason.
pub fn mistake(text: &str) -> Option<(Range<usize>, String)> {
    let mut command = Command::new("python3");
    command.args(["-I", "-S", "-c", PARSE]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut python = command.spawn().ok()?;
    // A Python that ends early has found nothing.
    python.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    let output = python.wait_with_output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = said.trim_end().splitn(3, ' ');
    let (line, column): (usize, usize) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let why = words.next()?.to_owned();
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let end = text[at..].chars().next().map_or(at, |next| at + next.len_utf8());
    Some((at..end, why))
}
