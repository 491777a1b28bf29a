//! The ways in which a program runs: evaluated, on the host, in the kernel (see kernel.rs).

use differential::kernel::Extras;

pub mod compile;
pub mod executable;
pub mod host;

/// A way in which tests run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub enum Way {
    Evaluator,
    HostO0,
    HostO2,
    BpfV1,
    BpfV2,
    BpfV3,
    BpfV4,
}

impl Way {
    pub const HOST: [(Way, u8); 2] = [(Way::HostO0, 0), (Way::HostO2, 2)];
    pub const BPF: [(Way, ksc::session::Mcpu); 4] = [
        (Way::BpfV1, ksc::session::Mcpu::V1),
        (Way::BpfV2, ksc::session::Mcpu::V2),
        (Way::BpfV3, ksc::session::Mcpu::V3),
        (Way::BpfV4, ksc::session::Mcpu::V4),
    ];

    /// The name of a variant, as options have it.
    pub fn parse(text: &str) -> Result<Way, String> {
        serde_json::from_value(text.into()).map_err(|error| error.to_string())
    }

    pub fn name(self) -> &'static str {
        match self {
            Way::Evaluator => "evaluator",
            Way::HostO0 => "host -O0",
            Way::HostO2 => "host -O2",
            Way::BpfV1 => "bpf v1",
            Way::BpfV2 => "bpf v2",
            Way::BpfV3 => "bpf v3",
            Way::BpfV4 => "bpf v4",
        }
    }
}

/// A generated program with all that calls its tests: XDP programs, and `main`.
pub fn whole(program: &str, tests: usize) -> String {
    let names: Vec<String> = (0..tests).map(|at| format!("t{at}")).collect();
    let extras = Extras { has_reset: true, has_digest: true, maps: Vec::new() };
    let mut text = differential::kernel::text(program, &names, &extras);
    text.push_str("fn main() -> i32 {\n    reset()\n    var sum = digest()\n");
    for name in names {
        text.push_str(&format!("    sum ^= {name}(sum, 1, 2, 3)\n"));
    }
    text.push_str("    return sum as i32\n}\n");
    text
}
