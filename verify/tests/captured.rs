//! Logs that Linux 6.1, 6.12, 6.18 and 7.3 wrote, with the objects of clang that they are of (`tests/captured/`).

use ks_verify::log::{Bytes, Log};
use ks_verify::object::Object;
use ks_verify::report::{Report, report};
use std::path::{Path, PathBuf};

const KERNELS: [&str; 4] = ["6.1", "6.12", "6.18", "7.3"];

struct Expected {
    name: &'static str,
    code: &'static str,
    message: &'static str,
    line: u32,
    second: Option<u32>,
    knows: Option<&'static str>,
    /// Lines of the branches.
    path: &'static [u32],
}

const EXPECTED: &[Expected] = &[
    Expected {
        name: "null",
        code: "V0101",
        message: "`v` may be null here",
        line: 6,
        second: Some(5),
        knows: Some("or null"),
        path: &[11],
    },
    Expected {
        name: "callee",
        code: "V0101",
        message: "`place` may be null here",
        line: 5,
        second: Some(9),
        knows: Some("or null"),
        path: &[],
    },
    Expected {
        name: "leak",
        code: "V0501",
        message: "a reference is still held where the program ends",
        line: 14,
        second: Some(5),
        knows: None,
        path: &[6, 10],
    },
    Expected {
        name: "used",
        code: "V0601",
        message: "`record` is used after it was released",
        line: 10,
        second: Some(9),
        knows: Some("memory"),
        path: &[6],
    },
    Expected {
        name: "moved",
        code: "V0202",
        message: "`b` pointed into the packet, until the packet was changed",
        line: 9,
        second: Some(7),
        knows: Some("the start of the packet"),
        path: &[5, 7],
    },
    Expected {
        name: "packet",
        code: "V0201",
        message: "this access may go beyond the end of the packet",
        line: 11,
        second: Some(4),
        knows: Some("14 bytes are proved"),
        path: &[7, 9],
    },
    Expected {
        name: "size",
        code: "V1705",
        message: "the offset that is added to an address is not limited",
        line: 8,
        second: Some(5),
        knows: Some("a number from -2147483648 to 60"),
        path: &[6],
    },
];

fn captured(path: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captured").join(path);
    std::fs::read(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
}

fn of(kernel: &str, name: &str) -> Report {
    let bytes = captured(&format!("{kernel}/{name}.log"));
    let log = Log::read(Bytes(&bytes)).expect("a log in memory can be read");
    let object = Object::parse(&captured(&format!("programs/{name}.bpf"))).expect("an object");
    let program = object.program("p").expect("the program");
    for step in &log.steps {
        if let Some(opcode) = log.opcode(step) {
            assert_eq!(program.opcode(step.insn), Some(opcode), "{name}: instruction {} is another one", step.insn);
        }
    }
    report(&log, Some(&program)).expect("a refusal")
}

#[test]
fn every_kernel_has_the_same_report() {
    for expected in EXPECTED {
        for kernel in KERNELS {
            let name = expected.name;
            let report = of(kernel, name);
            let said = format!("{name} on {kernel}: {report:#?}");
            assert_eq!((report.code, &*report.message), (expected.code, expected.message), "{said}");
            let place = report.place.expect("a place");
            assert_eq!(PathBuf::from(&place.file), PathBuf::from(format!("programs/{name}.c")), "{said}");
            assert_eq!(
                (place.line, report.second.map(|second| second.place.line)),
                (expected.line, expected.second),
                "{said}"
            );
            if let Some(knows) = expected.knows {
                assert!(report.knows.is_some_and(|known| known.contains(knows)), "{said}");
            }
            let path: Vec<u32> = report.path.iter().map(|turn| turn.place.line).collect();
            assert_eq!(path, expected.path, "{said}");
        }
    }
}

#[test]
fn a_log_alone_has_lines_too() {
    let bytes = captured("6.18/null.log");
    let log = Log::read(Bytes(&bytes)).expect("a log in memory can be read");
    let report = report(&log, None).expect("a refusal");
    assert_eq!((report.code, &*report.message), ("V0101", "`v` may be null here"));
    assert_eq!(report.place.map(|place| (place.file, place.line)), Some(("null.c".to_owned(), 6)));
}

#[test]
fn damage_does_not_panic() {
    let mut random = Random(1);
    for expected in EXPECTED {
        let object = captured(&format!("programs/{}.bpf", expected.name));
        for kernel in KERNELS {
            let log = captured(&format!("{kernel}/{}.log", expected.name));
            for _ in 0..200 {
                let (log, object) = (random.damaged(&log), random.damaged(&object));
                let log = Log::read(Bytes(&log)).expect("a log in memory can be read");
                let _ = report(&log, None);
                if let Ok(object) = Object::parse(&object) {
                    for program in object.programs() {
                        let _ = report(&log, object.program(&program.name).as_ref());
                    }
                }
            }
        }
    }
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    /// With some bytes changed, moved or cut off.
    fn damaged(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(12) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes.truncate(at),
                1 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
                2 => {
                    let from = self.below(bytes.len());
                    let part: Vec<u8> = bytes[from..].iter().copied().take(40).collect();
                    bytes.splice(at..at, part);
                }
                3 => bytes[at] = b'9',
                _ => bytes[at] = self.below(256) as u8,
            }
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    }
}
