//! The host side of programs with maps: an executable, which runs one test on the inputs of its options.

use differential::kernel::Extras;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// Runs of a test that its options can express.
const RUNS: usize = 32;

/// What a run does, as the executable prints it.
pub struct Ran {
    pub result: u64,
    pub globals: u64,
    /// What `contents` yields.
    pub walked: u64,
}

/// The program with a `main` that runs the test of a number.
pub fn text(program: &str, tests: &[String], extras: &Extras) -> String {
    let mut text = format!("{program}\nstruct KsRun {{ test: u32, count: u32");
    for name in ["a", "b", "c", "d"] {
        let _ = write!(text, ", {name}: u64[{RUNS}]");
    }
    text.push_str(" }\nfn ks_test(run: *KsRun, i: u32) -> u64 {\n    match (run->test) {\n");
    for (at, test) in tests.iter().enumerate() {
        let _ = writeln!(text, "        {at}: {{ return {test}(run->a[i], run->b[i], run->c[i], run->d[i]) }},");
    }
    let reset = if extras.has_reset { "    reset()\n" } else { "" };
    let digest = if extras.has_digest { "digest()" } else { "0" };
    // A reduced program may have lost it.
    let contents = if program.contains("fn contents(") { "contents()" } else { "0" };
    let _ = write!(
        text,
        "        default: {{ return 0 }},\n    }}\n}}\nfn main(run: KsRun) -> i32 {{\n{reset}    \
         for (i in 0..run.count) {{\n        var result = ks_test(&run, i)\n        \
         print(\"%llu %llu %llu\", result, {digest} as u64, {contents} as u64)\n    }}\n    return 0\n}}\n"
    );
    text
}

pub struct Executable {
    folder: tempfile::TempDir,
}

impl Executable {
    pub fn write(bytes: &[u8]) -> Result<Executable, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let executable = Executable { folder };
        let path = executable.path();
        let written = std::fs::write(&path, bytes)
            .and_then(|()| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)));
        written.map(|()| executable).map_err(|error| error.to_string())
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("program")
    }

    pub fn run(&self, test: usize, inputs: &[[u64; 4]]) -> Result<Vec<Ran>, String> {
        let inputs = &inputs[..inputs.len().min(RUNS)];
        let mut command = Command::new(self.path());
        command.arg(format!("--test={test}")).arg(format!("--count={}", inputs.len()));
        for input in inputs {
            for (name, number) in ["a", "b", "c", "d"].iter().zip(input) {
                command.arg(format!("--{name}={number}"));
            }
        }
        let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let ran: Vec<Ran> = printed.lines().filter_map(parse).collect();
        if !output.status.success() || ran.len() != inputs.len() {
            return Err(format!("{}: {said}{printed}", output.status));
        }
        Ok(ran)
    }
}

fn parse(line: &str) -> Option<Ran> {
    let mut numbers = line.split(' ').map(|word| word.parse().ok());
    let mut next = || numbers.next().flatten();
    Some(Ran { result: next()?, globals: next()?, walked: next()? })
}
