//! Packets of all kinds, also those that nobody should send: cut anywhere, with lengths that lie.

use crate::random::Random;
use serde::{Deserialize, Serialize};

/// What runs a test, and on what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Form {
    /// A function of four numbers.
    Function,
    Xdp,
    /// `@xdp("frags")`
    Frags,
    Tc,
    /// A program that is loaded and not run.
    Loaded,
}

impl Form {
    /// What the kernel gets of a program whose tail call it does not make.
    pub fn failed(self) -> u32 {
        match self {
            Form::Function | Form::Xdp | Form::Frags | Form::Loaded => 0,
            // TC_ACT_SHOT
            Form::Tc => 2,
        }
    }
}

pub struct Packet {
    pub bytes: Vec<u8>,
    /// How much of it is directly accessible, where the kernel lets a test choose.
    pub linear: Option<u32>,
}

/// The shortest packet that the kernel runs programs on.
const SHORTEST: usize = 15;

/// More than one page has no room for.
const LONGEST_LINEAR: usize = 3000;

const VLANS: [u16; 2] = [0x8100, 0x88a8];
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
/// Hop-by-hop options, routing, fragment, destination options.
const EXTENSIONS: [u8; 4] = [0, 43, 44, 60];

struct Maker {
    random: Random,
    bytes: Vec<u8>,
}

/// The packet of an input: the same on every machine.
pub fn packet(form: Form, input: &[u64; 4]) -> Packet {
    let seed = input.iter().fold(0u64, |seed, number| Random::new(seed ^ number).word());
    let mut maker = Maker { random: Random::new(seed), bytes: Vec::new() };
    maker.link();
    let longest = if form == Form::Frags && maker.random.percent(40) { 9000 } else { LONGEST_LINEAR };
    maker.payload(longest);
    let Maker { mut random, mut bytes } = maker;
    bytes.truncate(longest);
    if random.percent(10) && !bytes.is_empty() {
        let at = random.below(bytes.len());
        bytes[at] = random.word() as u8;
    }
    if random.percent(30) {
        bytes.truncate(random.below(bytes.len().min(160) + 1));
    }
    bytes.resize(bytes.len().max(SHORTEST), 0);
    let linear = (form == Form::Frags && random.percent(70)).then(|| {
        let most = bytes.len().min(if random.percent(70) { 120 } else { LONGEST_LINEAR });
        random.between(14, most as i64) as u32
    });
    Packet { bytes, linear }
}

impl Maker {
    fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_be_bytes());
    }

    fn fill(&mut self, count: usize) {
        for _ in 0..count {
            let byte = if self.random.percent(30) { self.random.below(4) as u8 } else { self.random.word() as u8 };
            self.bytes.push(byte);
        }
    }

    fn link(&mut self) {
        self.fill(12);
        let tags = match self.random.below(20) {
            0..=10 => 0,
            11..=14 => 1,
            15 | 16 => 2,
            17 | 18 => 3 + self.random.below(3),
            _ => 40,
        };
        for _ in 0..tags {
            let tag = self.random.pick(&VLANS);
            self.u16(tag);
            self.fill(2);
        }
        match self.random.below(20) {
            0..=9 => self.ipv4(),
            10..=16 => self.ipv6(),
            17 => self.u16(0x0806),
            18 => self.u16(VLANS[0]),
            _ => self.fill(2),
        }
    }

    fn protocol(&mut self, icmp: u8) -> u8 {
        match self.random.below(10) {
            0..=3 => TCP,
            4..=6 => UDP,
            7 | 8 => icmp,
            _ => self.random.word() as u8,
        }
    }

    fn length(&mut self) {
        let length = match self.random.below(5) {
            0 => self.random.word() as u16,
            1 => 0,
            _ => 20 + self.random.below(100) as u16,
        };
        self.u16(length);
    }

    fn ipv4(&mut self) {
        self.u16(IPV4);
        let ihl = match self.random.below(10) {
            0..=4 => 5,
            5..=7 => 6 + self.random.below(4) as u8,
            8 => self.random.below(5) as u8,
            _ => 15,
        };
        let version = if self.random.percent(95) { 4 } else { self.random.below(16) as u8 };
        self.bytes.push(version << 4 | ihl);
        self.fill(1);
        self.length();
        self.fill(5);
        let protocol = self.protocol(ICMP);
        self.bytes.push(protocol);
        self.fill(10);
        self.options(usize::from(ihl.saturating_sub(5)) * 4);
        self.transport(protocol);
    }

    /// Options of IPv4 and of TCP have one form.
    fn options(&mut self, room: usize) {
        let end = self.bytes.len() + room;
        while self.bytes.len() < end {
            let left = end - self.bytes.len();
            match self.random.below(8) {
                0 => self.bytes.push(0),
                1..=3 => self.bytes.push(1),
                _ => {
                    let kind = self.random.pick(&[2, 3, 4, 5, 7, 8, 68, 130, 131, 137, 148]);
                    let length = match self.random.below(8) {
                        0 => self.random.below(3),
                        1 => 255,
                        _ => 2 + self.random.below(9),
                    };
                    self.bytes.extend([kind, length as u8]);
                    self.fill(length.saturating_sub(2).min(left));
                }
            }
        }
        self.bytes.truncate(end);
    }

    fn ipv6(&mut self) {
        self.u16(IPV6);
        self.bytes.push(0x60);
        self.fill(3);
        self.length();
        let count = match self.random.below(10) {
            0..=3 => 0,
            4..=6 => 1,
            7 | 8 => 2 + self.random.below(3),
            _ => 12,
        };
        let extensions: Vec<u8> = (0..count).map(|_| self.random.pick(&EXTENSIONS)).collect();
        let last = self.protocol(ICMPV6);
        let next = |at: usize| extensions.get(at).copied().unwrap_or(last);
        self.bytes.push(next(0));
        self.fill(33);
        for (at, &kind) in extensions.iter().enumerate() {
            let units = match self.random.below(8) {
                0 => self.random.word() as u8,
                _ => self.random.below(3) as u8,
            };
            self.bytes.extend([next(at + 1), units]);
            let is_fragment = kind == EXTENSIONS[2];
            let longest = if self.random.percent(50) { 2048 } else { 16 };
            self.fill(if is_fragment { 6 } else { (usize::from(units) * 8 + 6).min(longest) });
        }
        self.transport(last);
    }

    fn port(&mut self) {
        let port = match self.random.below(3) {
            0 => self.random.pick(&[22, 53, 80, 443]),
            1 => self.random.below(1024) as u16,
            _ => self.random.word() as u16,
        };
        self.u16(port);
    }

    fn transport(&mut self, protocol: u8) {
        match protocol {
            TCP => {
                self.port();
                self.port();
                self.fill(8);
                let doff = match self.random.below(8) {
                    0 => self.random.below(16) as u8,
                    1..=4 => 5,
                    _ => 6 + self.random.below(5) as u8,
                };
                self.bytes.push(doff << 4);
                self.fill(7);
                self.options(usize::from(doff.saturating_sub(5)) * 4);
            }
            UDP => {
                self.port();
                self.port();
                self.length();
                self.fill(2);
            }
            _ => self.fill(8),
        }
    }

    fn payload(&mut self, longest: usize) {
        let count = match self.random.below(10) {
            0 => 0,
            1..=6 => self.random.below(48),
            7 | 8 => self.random.below(600),
            _ => longest - self.random.below(longest / 2),
        };
        for _ in 0..count {
            let byte = self.random.pick(b"aaabzAZ0\n\r\0\xff GET/");
            self.bytes.push(byte);
        }
    }
}
