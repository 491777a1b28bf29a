//! The engines that run a program: the evaluator, the host, the kernel (see kernel.rs).

use differential::kernel::Extras;

pub mod compile;
pub mod executable;
pub mod host;

/// One of the engines that run tests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub enum Engine {
    Evaluator,
    HostO0,
    HostO2,
    BpfV1,
    BpfV2,
    BpfV3,
    BpfV4,
    InterpretedV1,
    InterpretedV3,
    InterpretedV4,
}

impl Engine {
    pub const HOST: [(Engine, u8); 2] = [(Engine::HostO0, 0), (Engine::HostO2, 2)];
    pub const BPF: [(Engine, ksc::session::Mcpu); 4] = [
        (Engine::BpfV1, ksc::session::Mcpu::V1),
        (Engine::BpfV2, ksc::session::Mcpu::V2),
        (Engine::BpfV3, ksc::session::Mcpu::V3),
        (Engine::BpfV4, ksc::session::Mcpu::V4),
    ];

    /// Objects that are interpreted instead of loaded.
    pub const INTERPRETED: [(Engine, ksc::session::Mcpu); 3] = [
        (Engine::InterpretedV1, ksc::session::Mcpu::V1),
        (Engine::InterpretedV3, ksc::session::Mcpu::V3),
        (Engine::InterpretedV4, ksc::session::Mcpu::V4),
    ];

    /// The name of a variant, as options have it.
    pub fn parse(text: &str) -> Result<Engine, String> {
        serde_json::from_value(text.into()).map_err(|error| error.to_string())
    }

    pub fn name(self) -> &'static str {
        match self {
            Engine::Evaluator => "evaluator",
            Engine::HostO0 => "host -O0",
            Engine::HostO2 => "host -O2",
            Engine::BpfV1 => "bpf v1",
            Engine::BpfV2 => "bpf v2",
            Engine::BpfV3 => "bpf v3",
            Engine::BpfV4 => "bpf v4",
            Engine::InterpretedV1 => "interpreted v1",
            Engine::InterpretedV3 => "interpreted v3",
            Engine::InterpretedV4 => "interpreted v4",
        }
    }
}

/// A generated program with all that calls its tests: XDP programs, and `main`.
pub fn whole(program: &str, tests: usize) -> String {
    let names: Vec<String> = (0..tests).map(|at| format!("t{at}")).collect();
    let extras = Extras { has_reset: true, has_digest: true, ..Extras::default() };
    let mut text = differential::kernel::text(program, &names, &extras);
    text.push_str("fn main() -> i32 {\n    reset()\n    var sum = digest()\n");
    for name in names {
        text.push_str(&format!("    sum ^= {name}(sum, 1, 2, 3)\n"));
    }
    text.push_str("    return sum as i32\n}\n");
    text
}
