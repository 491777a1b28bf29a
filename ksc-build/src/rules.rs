//! Rules of make as compilers write them for `-MMD -MF FILE`: `target: file file`, with the escapes of gcc.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The rule that says of which files the targets are made. The error is the path of a name that make cannot have.
pub fn rule(targets: &[&Path], files: &[&Path]) -> Result<Vec<u8>, PathBuf> {
    let mut out = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        out.extend(if at > 0 { &b" "[..] } else { b"" });
        out.extend(escaped(target)?);
    }
    out.push(b':');
    for file in files {
        out.extend(b" \\\n  ");
        out.extend(escaped(file)?);
    }
    out.push(b'\n');
    Ok(out)
}

fn escaped(path: &Path) -> Result<Vec<u8>, PathBuf> {
    let (mut out, mut slashes) = (Vec::new(), 0);
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'\n' | b'\r' => return Err(path.to_owned()),
            // Backslashes before a blank are doubled, as make reads them.
            b' ' | b'\t' => out.extend(std::iter::repeat_n(b'\\', slashes + 1)),
            b'#' => out.push(b'\\'),
            b'$' => out.push(b'$'),
            _ => {}
        }
        out.push(byte);
        slashes = if byte == b'\\' { slashes + 1 } else { 0 };
    }
    // Behind the name it would escape the blank, or continue the line.
    if slashes > 0 { Err(path.to_owned()) } else { Ok(out) }
}

/// The files that the targets of the rules are made of, in their order.
pub fn files(text: &[u8]) -> Vec<PathBuf> {
    let (mut files, mut rest, mut is_target) = (Vec::new(), text, true);
    while let Some(first) = rest.first() {
        match first {
            b'\n' => (rest, is_target) = (&rest[1..], true),
            b' ' | b'\t' | b'\r' => rest = &rest[1..],
            b'\\' if rest.get(1) == Some(&b'\n') => rest = &rest[2..],
            _ => {
                let (name, length) = word(rest);
                rest = &rest[length..];
                if !is_target {
                    files.push(PathBuf::from(OsString::from_vec(name)));
                } else if name.ends_with(b":") {
                    is_target = false;
                }
            }
        }
    }
    files
}

/// The name at the beginning of a text, and how many bytes it takes there.
fn word(text: &[u8]) -> (Vec<u8>, usize) {
    let (mut name, mut at) = (Vec::new(), 0);
    while let Some(&byte) = text.get(at) {
        let slashes = text[at..].iter().take_while(|&&byte| byte == b'\\').count();
        match (byte, text.get(at + slashes)) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => break,
            (b'\\', Some(blank @ (b' ' | b'\t'))) => {
                name.extend(std::iter::repeat_n(b'\\', slashes / 2));
                at += slashes;
                if slashes % 2 == 0 {
                    break;
                }
                name.push(*blank);
                at += 1;
            }
            (b'\\', Some(b'#')) => {
                name.extend(std::iter::repeat_n(b'\\', slashes - 1));
                name.push(b'#');
                at += slashes + 1;
            }
            (b'\\', Some(b'\n')) => {
                // The last one continues the line.
                name.extend(std::iter::repeat_n(b'\\', slashes - 1));
                at += slashes - 1;
                break;
            }
            (b'\\', _) => {
                name.extend(std::iter::repeat_n(b'\\', slashes));
                at += slashes;
            }
            _ => {
                name.push(byte);
                at += if text[at..].starts_with(b"$$") { 2 } else { 1 };
            }
        }
    }
    (name, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let names = ["a.ks", "/b c/d.ks", "e\\f", "g\\ h", "i#j", "k$l", "m\\\\ n", "o:p", "tab\tbed", "$$", "\\#"];
        let paths: Vec<&Path> = names.iter().map(Path::new).collect();
        let text = rule(&[Path::new("x y:z"), Path::new("w")], &paths).unwrap_or_default();
        assert_eq!(files(&text), paths, "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn rules_of_gcc_are_read() {
        let text = b"main.o: main.c lib\\ one/a.h \\\n /usr/b.h\n\nlib\\ one/a.h:\n\n/usr/b.h:\n";
        assert_eq!(files(text), ["main.c", "lib one/a.h", "/usr/b.h"].map(PathBuf::from));
        assert_eq!(files(b"a.o: b.c c.h\r\n"), ["b.c", "c.h"].map(PathBuf::from));
        assert_eq!(files(b""), Vec::<PathBuf>::new());
    }

    #[test]
    fn some_names_have_no_spelling() {
        for name in ["a\nb", "a\rb", "a\\"] {
            assert_eq!(rule(&[Path::new("x")], &[Path::new(name)]), Err(PathBuf::from(name)));
        }
    }
}
