//! The report that Linux 7.3 and later write behind their message (kernel/bpf/diagnostics.c): a heading, then sections of indented lines.

use super::line::unwrapped;

/// What is taken of a report: the path and the values are in the log itself.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Structured {
    /// `Register Type Safety: Invalid dereference`
    pub heading: String,
    pub reason: String,
    pub suggestion: String,
    /// The instruction that is refused.
    pub insn: Option<u32>,
    section: Section,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
enum Section {
    Reason,
    At,
    Suggestion,
    #[default]
    Other,
}

/// Characters of a part that are kept; the kernel's own are shorter.
const MAX_PART: usize = 2000;

impl Structured {
    /// A report with this heading, whose sections follow.
    pub fn new(heading: &str) -> Structured {
        Structured { heading: heading.chars().take(MAX_PART).collect(), ..Structured::default() }
    }

    /// Takes the next line. Returns false for one that is behind the report.
    pub fn line(&mut self, line: &str) -> bool {
        let line = unwrapped(line);
        if line.is_empty() {
            return true;
        }
        let Some(inner) = line.strip_prefix("  ").map(str::trim_start) else {
            let Some(title) = line.strip_suffix(':').filter(|title| !title.contains(':')) else { return false };
            self.section = match title {
                "Reason" => Section::Reason,
                "At" => Section::At,
                "Suggestion" => Section::Suggestion,
                _ => Section::Other,
            };
            return true;
        };
        match self.section {
            Section::Reason => join(&mut self.reason, inner),
            Section::Suggestion => join(&mut self.suggestion, inner),
            Section::At => self.insn = self.insn.or_else(|| instruction(inner)),
            Section::Other => {}
        }
        true
    }
}

/// The kernel breaks lines after 100 characters.
fn join(part: &mut String, line: &str) {
    if part.len() < MAX_PART {
        let separator = if part.is_empty() { "" } else { " " };
        part.push_str(separator);
        part.extend(line.trim().chars().take(MAX_PART));
    }
}

/// `>>> 12 | (79) r0 = *(u64 *)(r0 +0)`, or `insn 12` where the program has no lines. Lines of the source are marked so too, without a code.
fn instruction(line: &str) -> Option<u32> {
    if let Some(number) = line.strip_prefix("insn ") {
        return number.parse().ok();
    }
    let (number, text) = line.strip_prefix(">>>")?.split_once(" | ")?;
    let (code, _) = text.strip_prefix('(')?.split_once(')')?;
    u8::from_str_radix(code, 16).ok()?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Structured;

    const REPORT: &str = "
Reason:
  R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this
  path.

At:
  read @ n.c:7:12
  Source context:
    >>>  7 | (void)value;
           | ^-- error: invalid dereference of R0

  Instruction context:
         11 | (85) call bpf_map_lookup_elem#1
    >>>  12 | (79) r0 = *(u64 *)(r0 +0)

Suggestion:
  Add a NULL check
  before the access.
";

    #[test]
    fn parts_of_a_report() {
        let mut report = Structured::new("Register Type Safety: Invalid dereference");
        assert!(REPORT.lines().all(|line| report.line(line)));
        assert_eq!(
            report.reason,
            "R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this path."
        );
        assert_eq!(report.suggestion, "Add a NULL check before the access.");
        assert_eq!(report.insn, Some(12));
        assert!(!report.line("subprog 0 (p) main insns_self 4 insns_total 11 stack 0"));
    }

    #[test]
    fn without_lines_of_the_source() {
        let mut report = Structured::new("Program Structure");
        assert!(["At:", "  insn 3"].into_iter().all(|line| report.line(line)));
        assert_eq!(report.insn, Some(3));
        assert!(!report.line("processed 3 insns (limit 1000000) max_states_per_insn 0"));
    }
}
