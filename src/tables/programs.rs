//! Queries on the table of program types.

use super::{AttachForm, ENUMS, PROGRAMS, Params, ProgramForm, ProgramSpec};
use crate::types::Ty;

/// The place of the target in a section and in the name of a typedef.
pub const TARGET: &str = "{target}";

impl ProgramSpec {
    /// The struct that the parameter points to, a name in `CONTEXTS`; none if the parameters are those of a function.
    pub fn context(&self) -> Option<&'static str> {
        match self.params {
            Params::Context { of } => Some(of),
            Params::Prototype { .. } => None,
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
        let has = |form: &ProgramForm| form.is_section(section) || form.tcx == Some(section);
        PROGRAMS.iter().find(|spec| spec.forms.iter().any(has))
    }
}

impl ProgramForm {
    /// The section in an object, with or without the option `--tcx`.
    pub fn section(&self, target: Option<&str>, tcx: bool) -> String {
        let section = || self.section.replace("{mode}", self.mode).replace(TARGET, target.unwrap_or_default());
        self.tcx.filter(|_| tcx).map_or_else(section, str::to_owned)
    }

    /// Whether programs of the form are in this section, whatever their targets.
    fn is_section(&self, section: &str) -> bool {
        let own = self.section.replace("{mode}", self.mode);
        own.strip_suffix(TARGET).map_or(own == section, |prefix| section.starts_with(prefix))
    }

    /// Whether the attribute has to name the target, since the section does.
    pub fn needs_target(&self) -> bool {
        self.section.contains(TARGET)
    }
}

impl AttachForm {
    /// The `bpf_attach_type`; 0 where the form has none.
    pub fn point(&self) -> u32 {
        let name = match self {
            AttachForm::Netdev { point }
            | AttachForm::Tcx { point }
            | AttachForm::Cgroup { point }
            | AttachForm::Netns { point }
            | AttachForm::Tracing { point } => *point,
            AttachForm::Socket {} | AttachForm::RawTracepoint {} => return 0,
        };
        let points = ENUMS.iter().filter(|spec| spec.name == "bpf_attach_type").flat_map(|spec| spec.variants);
        points.clone().find(|(variant, _)| *variant == name).map_or(0, |(_, value)| *value as u32)
    }

    pub fn target(&self) -> TargetKind {
        match self {
            AttachForm::Netdev { .. } | AttachForm::Tcx { .. } => TargetKind::Interface,
            AttachForm::Cgroup { .. } => TargetKind::Cgroup,
            AttachForm::Socket {} => TargetKind::Socket,
            AttachForm::Netns { .. } => TargetKind::Netns,
            AttachForm::Tracing { .. } | AttachForm::RawTracepoint {} => TargetKind::Event,
        }
    }
}

/// What a program attaches to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetKind {
    /// A network interface, by its name or index.
    Interface,
    /// A cgroup of version 2, by the path of its folder.
    Cgroup,
    /// A socket, by its descriptor, or one of all packets of an interface, by the interface's name.
    Socket,
    /// A network namespace, by its name below /run/netns or the path of its file.
    Netns,
    /// An event of the kernel, by the name of its tracepoint.
    Event,
}

/// The longest name of a network interface (IFNAMSIZ less the NUL).
const MAX_INTERFACE: usize = 15;

impl TargetKind {
    /// What the text of a target is.
    pub fn in_words(self) -> &'static str {
        match self {
            TargetKind::Interface => "the name of an interface",
            TargetKind::Cgroup => "the path of a cgroup's folder",
            TargetKind::Socket => "the name of an interface, for a socket of all its packets",
            TargetKind::Netns => "the name of a network namespace, or the path of its file",
            TargetKind::Event => "the name of an event",
        }
    }

    /// A target, as in a call.
    pub fn example(self) -> &'static str {
        match self {
            TargetKind::Interface | TargetKind::Socket => "\"eth0\"",
            TargetKind::Cgroup => "\"/sys/fs/cgroup/web\"",
            TargetKind::Netns => "\"/proc/self/ns/net\"",
            TargetKind::Event => "\"sched_switch\"",
        }
    }

    /// Whether a program that names no target has one: the network namespace of the process.
    pub fn has_default(self) -> bool {
        match self {
            TargetKind::Netns => true,
            TargetKind::Interface | TargetKind::Cgroup | TargetKind::Socket | TargetKind::Event => false,
        }
    }

    /// What a target is, as the help of messages.
    pub fn help(self) -> &'static str {
        match self {
            TargetKind::Interface => "give the name of an interface, `\"eth0\"`, or its index",
            TargetKind::Cgroup => "give the path of a cgroup's folder, `\"/sys/fs/cgroup/web\"`",
            TargetKind::Socket => "give the descriptor of a socket, or the name of an interface, `\"eth0\"`",
            TargetKind::Netns => {
                "give the name of a network namespace, or the path of its file, `\"/proc/self/ns/net\"`"
            }
            TargetKind::Event => "give the name of an event, `\"sched_switch\"`",
        }
    }

    /// The type of a target that is a number, if it can be one.
    pub fn number(self) -> Option<Ty> {
        match self {
            TargetKind::Interface => Some(Ty::U32),
            TargetKind::Cgroup | TargetKind::Netns | TargetKind::Event => None,
            TargetKind::Socket => Some(Ty::I32),
        }
    }

    /// Why a text names no such target.
    pub fn refuses(self, text: &str) -> Option<&'static str> {
        match self {
            _ if text.is_empty() => Some("it is empty"),
            TargetKind::Cgroup | TargetKind::Netns => text.contains('\0').then_some("paths have no NUL"),
            TargetKind::Event => {
                let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                (!text.chars().all(of_name)).then_some("names of events are letters, digits and `_`")
            }
            TargetKind::Interface | TargetKind::Socket => match text {
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
