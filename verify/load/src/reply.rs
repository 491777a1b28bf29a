//! What a virtual machine sends of the programs that it loads: a line of text each, and the bytes that it counts.
//!
//! A log of several megabytes takes long on a serial line, and repeats itself much: so it is packed by zlib.

use std::ffi::{c_int, c_ulong};
use std::io::{self, BufRead, ErrorKind, Read};

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Status(i32),
    Signal(i32),
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The kernel runs; its release.
    Ready(String),
    /// A program of the list, counted from 0; what its process said on standard error; the end of the verifier's log.
    Loaded { job: usize, ended: Ended, said: Vec<u8>, log: Vec<u8> },
    /// Of the list.
    End,
}

/// What lines of replies begin with; a kernel that writes on the same line does not.
const MARK: &str = "ks-guest:";
/// Bytes that are read for one part of a reply at most.
const MOST: usize = 64 << 20;

// Of zlib, which libbpf needs for a kernel's configuration.
unsafe extern "C" {
    fn compressBound(length: c_ulong) -> c_ulong;
    fn compress(to: *mut u8, room: *mut c_ulong, from: *const u8, length: c_ulong) -> c_int;
    fn uncompress(to: *mut u8, room: *mut c_ulong, from: *const u8, length: c_ulong) -> c_int;
}

impl Reply {
    /// As it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Reply::Ready(release) => format!("{MARK} ready {release}\n").into_bytes(),
            Reply::End => format!("{MARK} end\n").into_bytes(),
            Reply::Loaded { job, ended, said, log } => {
                let (how, number) = match ended {
                    Ended::Status(number) => ("status", number),
                    Ended::Signal(number) => ("signal", number),
                };
                let packed = pack(log);
                let (said_size, size, packed_size) = (said.len(), log.len(), packed.len());
                let head = format!("{MARK} loaded {job} {how} {number} {said_size} {size} {packed_size}\n");
                [head.as_bytes(), said, &packed].concat()
            }
        }
    }

    /// The next one; none at the end.
    ///
    /// # Errors
    /// That of the input, and one for what is no reply though it begins like one.
    pub fn read(input: &mut impl BufRead) -> io::Result<Option<Reply>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.take(4096).read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&line);
            let Some((_, words)) = text.split_once(MARK) else { continue };
            let words: Vec<&str> = words.split_whitespace().collect();
            return Reply::of(&words, input).map(Some);
        }
    }

    fn of(words: &[&str], input: &mut impl BufRead) -> io::Result<Reply> {
        let wrong = || io::Error::new(ErrorKind::InvalidData, "the virtual machine sent what is no reply");
        match words {
            ["ready", release] => Ok(Reply::Ready((*release).to_owned())),
            ["end"] => Ok(Reply::End),
            ["loaded", job, how, number, said, size, packed] => {
                let count = |text: &str| text.parse().ok().filter(|&count| count <= MOST).ok_or_else(wrong);
                let number = number.parse().map_err(|_| wrong())?;
                let ended = if *how == "status" { Ended::Status(number) } else { Ended::Signal(number) };
                let (job, said, size) = (job.parse().map_err(|_| wrong())?, count(said)?, count(size)?);
                let said = part(input, said)?;
                let log = unpack(&part(input, count(packed)?)?, size).ok_or_else(wrong)?;
                Ok(Reply::Loaded { job, ended, said, log })
            }
            _ => Err(wrong()),
        }
    }
}

fn part(input: &mut impl BufRead, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    // SAFETY: the buffer has the size that zlib asks for, and both live during the calls.
    unsafe {
        let mut room = compressBound(bytes.len() as c_ulong);
        let mut packed = vec![0; room as usize];
        compress(packed.as_mut_ptr(), &raw mut room, bytes.as_ptr(), bytes.len() as c_ulong);
        packed.truncate(room as usize);
        packed
    }
}

/// None if it is not of this size.
fn unpack(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; size];
    let mut room = size as c_ulong;
    // SAFETY: zlib writes no more than the room, and both buffers live during the call.
    let status = unsafe { uncompress(bytes.as_mut_ptr(), &raw mut room, packed.as_ptr(), packed.len() as c_ulong) };
    (status == 0 && room as usize == size).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Ended, Reply};

    #[test]
    fn replies_come_back() {
        let log = "0: (95) exit\n".repeat(5000).into_bytes();
        let sent = [
            Reply::Ready("6.1.0-amd64".to_owned()),
            Reply::Loaded { job: 3, ended: Ended::Status(1), said: b"libbpf: no\n".to_vec(), log },
            Reply::Loaded { job: 4, ended: Ended::Signal(11), said: Vec::new(), log: Vec::new() },
            Reply::End,
        ];
        let mut line = b"[    0.1] a kernel writes\n".to_vec();
        sent.iter().for_each(|reply| line.extend(reply.to_bytes()));
        let mut input = line.as_slice();
        for reply in sent {
            assert_eq!(Reply::read(&mut input).expect("a reply"), Some(reply));
        }
        assert_eq!(Reply::read(&mut input).expect("the end"), None);
    }

    #[test]
    fn damaged_replies_are_errors() {
        for text in [
            "ks-guest: loaded 1 status 0 5 5 99999999999\n",
            "ks-guest: loaded 0 status 0 0 9 1\nx",
            "ks-guest: what\n",
        ] {
            assert!(Reply::read(&mut text.as_bytes()).is_err(), "{text}");
        }
    }
}
