//! The safety analyses whose errors `--no-check=NAME` leaves out, for tests that show that the kernel's verifier refuses what they find.
//! Code that is compiled without one may be refused, or crash in user space.

/// A safety analysis that `--no-check` may name.
#[derive(Debug)]
pub struct Analysis {
    pub name: &'static str,
    /// The errors that the analysis reports.
    codes: &'static [&'static str],
}

pub static ANALYSES: &[Analysis] = &[
    Analysis { name: "null", codes: &["E0501"] },
    Analysis { name: "packet", codes: &["E0360"] },
    Analysis { name: "records", codes: &["E0484", "E0485"] },
    Analysis { name: "references", codes: &["E0373", "E0374", "E0573", "E0773", "E0774", "E0775"] },
    Analysis { name: "locks", codes: &["E0466"] },
    Analysis { name: "helper-memory", codes: &["E0359"] },
];

impl Analysis {
    /// The analysis of this name on the command line; none if there is none.
    pub fn named(name: &str) -> Option<&'static Analysis> {
        ANALYSES.iter().find(|analysis| analysis.name == name)
    }

    /// Whether the analysis reports the code, so that `--no-check` silences it.
    pub fn reports(&self, code: &str) -> bool {
        self.codes.contains(&code)
    }
}

#[cfg(test)]
mod tests {
    use super::ANALYSES;
    use crate::diag::codes;

    #[test]
    fn every_code_exists() {
        for code in ANALYSES.iter().flat_map(|analysis| analysis.codes) {
            assert!(codes::all().any(|info| info.code == *code), "{code}");
        }
    }
}
