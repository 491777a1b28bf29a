//! What the table of program types says, for those who ask.

use super::{AttachForm, ENUMS, PROGRAMS, Params, ProgramForm, ProgramSpec};

impl ProgramSpec {
    /// The struct that the parameter points to, a name in `CONTEXTS`.
    pub fn context(&self) -> &'static str {
        match self.params {
            Params::Context { of } => of,
        }
    }

    /// The form of a mode word; empty for none.
    pub fn form(&self, mode: &str) -> Option<&'static ProgramForm> {
        self.forms.iter().find(|form| form.mode == mode)
    }

    /// What programs of the type attach to: the forms differ in where, not in what.
    pub fn target(&self) -> Option<TargetKind> {
        self.forms.first().map(|form| form.attach.target())
    }

    /// As bpftool names the type: `sched_cls`.
    pub fn kernel_name(&self) -> String {
        self.prog_type.trim_start_matches("BPF_PROG_TYPE_").to_lowercase()
    }

    /// The type of the programs in a section of an object.
    pub fn of_section(section: &str) -> Option<&'static ProgramSpec> {
        let has = |form: &ProgramForm| form.section() == section || form.tcx == Some(section);
        PROGRAMS.iter().find(|spec| spec.forms.iter().any(has))
    }
}

impl ProgramForm {
    pub fn section(&self) -> String {
        self.section.replace("{mode}", self.mode)
    }
}

impl AttachForm {
    /// The `bpf_attach_type`; 0 where the form has none.
    pub fn point(&self) -> u32 {
        let name = match self {
            AttachForm::Netdev { point } | AttachForm::Tcx { point } => *point,
        };
        let points = ENUMS.iter().filter(|spec| spec.name == "bpf_attach_type").flat_map(|spec| spec.variants);
        points.clone().find(|(variant, _)| *variant == name).map_or(0, |(_, value)| *value as u32)
    }

    pub fn target(&self) -> TargetKind {
        match self {
            AttachForm::Netdev { .. } | AttachForm::Tcx { .. } => TargetKind::Interface,
        }
    }
}

/// What a program attaches to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetKind {
    /// A network interface, by its name or index.
    Interface,
}

/// The longest name of a network interface (IFNAMSIZ less the NUL).
const MAX_INTERFACE: usize = 15;

impl TargetKind {
    /// What the text of a target is.
    pub fn in_words(self) -> &'static str {
        match self {
            TargetKind::Interface => "the name of an interface",
        }
    }

    /// A target, as in a call.
    pub fn example(self) -> &'static str {
        match self {
            TargetKind::Interface => "\"eth0\"",
        }
    }

    /// Why a text names no such target.
    pub fn refuses(self, text: &str) -> Option<&'static str> {
        match self {
            _ if text.is_empty() => Some("it is empty"),
            TargetKind::Interface => match text {
                "." | ".." => Some("no interface has this name"),
                _ if text.len() > MAX_INTERFACE => Some("names of interfaces have at most 15 characters"),
                _ if text.contains(|c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control()) => {
                    Some("names of interfaces have no blanks, `/` or `:`")
                }
                _ => None,
            },
        }
    }
}
