//! The levels of warnings: which are errors (`-D`), and which are not reported (`-A`); and the analyses whose errors are not reported
//! (`--no-check`).

use super::Analysis;

/// Names every warning in place of a code.
pub const ALL_WARNINGS: &str = "warnings";

/// Codes of warnings, or `ALL_WARNINGS`.
#[derive(Clone, Default, Debug)]
pub struct Levels {
    pub denied: Vec<String>,
    pub allowed: Vec<String>,
    pub unchecked: Vec<&'static Analysis>,
}

/// How a warning is treated: reported, dropped, or reported as an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    Report,
    Allow,
    Deny,
}

impl Levels {
    /// The level of a warning of this code. The code itself counts before `warnings`.
    pub fn of(&self, code: &str) -> Level {
        for name in [code, ALL_WARNINGS] {
            let is = |list: &[String]| list.iter().any(|listed| listed == name);
            if is(&self.denied) {
                return Level::Deny;
            }
            if is(&self.allowed) {
                return Level::Allow;
            }
        }
        Level::Report
    }

    /// The level of an error of this code.
    pub fn of_error(&self, code: &str) -> Level {
        if self.unchecked.iter().any(|analysis| analysis.reports(code)) { Level::Allow } else { Level::Report }
    }
}
