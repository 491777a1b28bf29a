//! Ranges of kernels, and which of them an object must load on. Only this file compares versions: other code names a
//! range of kernels, and asks whether `--min-kernel` admits any of them.
//!
//! Workarounds that later kernels do without divide an executable's kernels into tiers, each with an object of its own.
//!
//! A workaround for old verifiers costs instructions, which newer kernels need not run. When a pass for the verifier, or a rewrite of
//! `codegen/llvm/verifier/`, changes code for kernels that have an end, the session notes the tier that begins there (`kernels.rs`).
//! For an executable `pipeline::carried` compiles the BPF module again for each tier noted, without the workarounds before it; what the
//! program may use is as for `--min-kernel` in all of them. Most programs need no workaround of that kind, and are compiled once. Tiers
//! are compiled with the tuning of the first object, so that all have the same maps. `NAME.bpf.o` and `--emit` have the first object;
//! diagnostics are of it alone. The runtime takes the last object that is not for later kernels than the running one
//! (`runtime/src/object/tiers.rs`).

use crate::session::{KernelVersion, Options, Session, Tier};
use crate::tables::{HelperSpec, Workaround, workarounds};

/// The tiers after the first one, in order. Each costs the time to compile another object, so workarounds that end between two of them are
/// made for the earlier tier up to its last kernel.
static TIERS: [Tier; 2] =
    [Tier { since: KernelVersion { major: 6, minor: 7 } }, Tier { since: KernelVersion { major: 6, minor: 12 } }];

/// The kernels from one version on, and before another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Kernels {
    /// The first of them; none if every older kernel is one of them too.
    since: Option<KernelVersion>,
    /// The first that is not one of them any more; none if every later kernel is one of them too.
    until: Option<KernelVersion>,
}

impl Kernels {
    const fn since(major: u32, minor: u32) -> Kernels {
        Kernels { since: Some(KernelVersion { major, minor }), until: None }
    }

    /// Whether one of them is this kernel or a later one.
    fn reach(self, oldest: KernelVersion) -> bool {
        self.until.is_none_or(|until| oldest < until && self.since.is_none_or(|since| since < until))
    }

    /// Whether this kernel and all later ones are among them.
    fn cover(self, oldest: KernelVersion) -> bool {
        self.until.is_none() && self.since.is_none_or(|since| oldest >= since)
    }
}

/// The first kernel with something that the oldest one lacks.
pub type FirstKernel = KernelVersion;

/// The latest of some kernels, as tables have them; none if there is none.
pub fn latest(kernels: impl Iterator<Item = Option<(u32, u32)>>) -> Option<(u32, u32)> {
    kernels.flatten().max()
}

/// The version that a text names.
pub fn version(text: &str) -> Result<KernelVersion, String> {
    let wrong = || format!("`{text}` is no kernel version such as 6.1");
    let (major, minor) = text.split_once('.').ok_or_else(wrong)?;
    let version = KernelVersion {
        major: major.parse().map_err(|_| wrong())?,
        minor: minor.split('.').next().unwrap_or_default().parse().map_err(|_| wrong())?,
    };
    let floor = KernelVersion { major: 5, minor: 10 };
    if version < floor {
        return Err("kernels before 5.10 are not supported".into());
    }
    Ok(version)
}

/// Whether a kernel of this release is the one of a version, or a later one; not if one of the texts is no version.
pub fn is_from(release: &str, since: &str) -> bool {
    version(release).ok().zip(version(since).ok()).is_some_and(|(release, since)| release >= since)
}

/// The version of the kernel that runs; none if it is not known.
fn running() -> Option<KernelVersion> {
    version(std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?.trim()).ok()
}

/// Unless an option names the oldest kernel, the object is for the one that runs alone.
pub fn suit_running(options: &mut Options) {
    if !options.min_kernel_given
        && let Some(running) = running()
    {
        options.min_kernel = options.min_kernel.max(running);
    }
}

impl Workaround {
    /// The kernels whose code has it.
    fn kernels(&self) -> Kernels {
        let version = |(major, minor)| KernelVersion { major, minor };
        let until = self.until.filter(|_| !self.everywhere);
        Kernels { since: self.since.map(version), until: until.map(version) }
    }

    /// Whether the code for later kernels does not have it.
    pub fn ends(&self) -> bool {
        self.kernels().until.is_some()
    }

    /// The first tier whose code does not have it, if there is one.
    pub fn tier_after(&self) -> Option<Tier> {
        let until = self.kernels().until?;
        TIERS.into_iter().find(|tier| tier.since >= until)
    }
}

impl Options {
    /// The text of the program says that the object needs this kernel. An option, or another file, may name a later one.
    pub fn need_kernel(&mut self, oldest: KernelVersion) {
        let of_mcpu = self.mcpu.since().unwrap_or(oldest);
        self.min_kernel = if self.min_kernel_given { self.min_kernel.max(oldest) } else { oldest.max(of_mcpu) };
        self.min_kernel_given = true;
    }

    /// Whether this workaround is in force: the object may meet a kernel that needs it, and no option leaves it out.
    pub fn works_around(&self, workaround: &Workaround) -> bool {
        self.may_meet(workaround.kernels()) && !self.without.contains(&workaround.name)
    }

    /// Whether the object may meet one of these kernels, so that it needs what they alone need.
    fn may_meet(&self, kernels: Kernels) -> bool {
        kernels.reach(self.tier.map_or(self.min_kernel, |tier| tier.since))
    }

    /// Whether a helper writes all of the memory that it fills, on each kernel that the object may meet.
    pub fn fills(&self, helper: &HelperSpec) -> bool {
        helper.fills && !(helper.fills_since.is_some() && self.works_around(workarounds::UNPADDED_NAMES))
    }

    /// The first kernel with something that tables give a version, if the object must load on older ones too.
    pub fn lacks(&self, since: Option<(u32, u32)>) -> Option<FirstKernel> {
        let (major, minor) = since?;
        (!Kernels::since(major, minor).cover(self.min_kernel)).then_some(KernelVersion { major, minor })
    }
}

impl Session {
    /// This workaround changed the code: the kernels that do without it may have an object of their own.
    pub fn worked_around(&mut self, workaround: &Workaround) {
        self.tiers.extend(workaround.tier_after());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::workarounds;

    fn before(major: u32, minor: u32) -> Kernels {
        Kernels { since: None, until: Some(KernelVersion { major, minor }) }
    }

    fn options(major: u32, minor: u32) -> Options {
        Options { min_kernel: KernelVersion { major, minor }, ..Options::default() }
    }

    #[test]
    fn an_object_meets_its_oldest_kernel_and_later_ones() {
        assert!(options(6, 4).may_meet(before(6, 5)));
        assert!(!options(6, 5).may_meet(before(6, 5)));
        assert!(options(6, 1).may_meet(Kernels::since(6, 5)));
        assert!(options(6, 12).may_meet(Kernels { since: None, until: None }));
    }

    #[test]
    fn the_object_of_a_tier_meets_none_of_the_kernels_before_it() {
        let tier = Some(TIERS[0]);
        let options = Options { tier, ..options(6, 1) };
        assert!(!options.may_meet(before(6, 7)));
        assert!(options.may_meet(before(6, 12)));
        // The program may use the same features in all tiers.
        assert!(options.lacks(Some((6, 4))).is_some());
    }

    #[test]
    fn a_tier_begins_where_kernels_end_or_later() {
        assert_eq!(workarounds::CHOICES_BEFORE_CALLS.tier_after(), Some(TIERS[0]));
        assert_eq!(workarounds::CALLBACKS_ONCE.tier_after(), Some(TIERS[0]));
        assert_eq!(workarounds::WRAPPED_LIMITS.tier_after(), Some(TIERS[1]));
        assert_eq!(workarounds::ELEMENTS.tier_after(), None);
        assert!(TIERS.is_sorted());
    }

    #[test]
    fn a_kernel_lacks_what_later_ones_have() {
        assert_eq!(options(5, 15).lacks(Some((5, 16))), Some(KernelVersion { major: 5, minor: 16 }));
        assert_eq!(options(5, 16).lacks(Some((5, 16))), None);
        assert_eq!(options(5, 10).lacks(None), None);
    }
}
