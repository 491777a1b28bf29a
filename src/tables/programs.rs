//! Queries on the table of program types.

use super::{
    ATTACH_FORMS, Attach, AttachForm, ENUMS, PROGRAMS, Params, ProgramForm, ProgramSpec, STRUCT_OPS, StructOpsSpec,
    TARGETS, TargetSpec, is_several,
};

/// The place of the target in a section and in the name of a typedef.
pub const TARGET: &str = "{target}";
/// The place of an event's class in the name of a struct.
const CLASS: &str = "{class}";

/// The class of events whose record is a struct of the kernel of this name.
pub fn record_class(name: &str) -> Option<&str> {
    PROGRAMS.iter().filter_map(ProgramSpec::record_prefix).find_map(|prefix| name.strip_prefix(prefix))
}

/// What the names of members begin with that have only the place of a field's bytes, from the start of the record or from the end
/// of the member (include/trace/stages of Linux).
pub const BEHIND_RECORD: [&str; 2] = ["__data_loc_", "__rel_loc_"];

/// The field of an event that a member of its record is.
pub fn record_field(member: &str) -> &str {
    BEHIND_RECORD.iter().find_map(|prefix| member.strip_prefix(prefix)).unwrap_or(member)
}

/// The types of programs that may sleep, for a message.
pub fn sleepers() -> String {
    let may = PROGRAMS.iter().filter(|spec| spec.forms.iter().any(|form| form.sleepable.is_some()));
    let names: Vec<String> = may.map(|spec| format!("`@{}`", spec.name)).collect();
    format!("programs that may sleep are of type {}", names.join(", "))
}

/// A type of programs and its form, and what a section says of programs in it besides ([`ProgramForm::in_section`]).
pub type InSection<'s> = (&'static ProgramSpec, &'static ProgramForm, Option<&'s str>, bool);

/// The programs of a section, as libbpf reads its name; none if no type has such a section.
pub fn in_section(section: &str) -> Option<InSection<'_>> {
    let mut forms = PROGRAMS.iter().flat_map(|spec| spec.forms.iter().map(move |form| (spec, form)));
    forms.find_map(|(spec, form)| {
        let (target, sleepable) = form.in_section(section)?;
        Some((spec, form, target, sleepable))
    })
}

/// The programs of a section that is spelled as a name, with `_` for the signs between its words; whether they may sleep there.
pub fn by_section(name: &str) -> Option<(&'static ProgramSpec, &'static ProgramForm, bool)> {
    let mut forms = PROGRAMS
        .iter()
        .filter(|spec| !spec.is_member())
        .flat_map(|spec| spec.forms.iter().map(move |form| (spec, form)));
    forms.find_map(|(spec, form)| {
        let is_named = |section: &str| section.trim_matches(['?', '/']).replace(['/', '.'], "_") == name;
        let found = form.sections().find(|section| is_named(section))?;
        let sleeps = form.sleepable.is_some_and(|section| section.replace(TARGET, "") == found);
        Some((spec, form, sleeps))
    })
}

/// The struct of functions that programs implement, by its name.
pub fn struct_ops(name: &str) -> Option<&'static StructOpsSpec> {
    STRUCT_OPS.iter().find(|spec| spec.name == name)
}

/// The struct of functions of a member, by the target `STRUCT/MEMBER`.
pub fn struct_ops_of(target: &str) -> Option<&'static StructOpsSpec> {
    struct_ops(target.split('/').next().unwrap_or(target))
}

/// libbpf does not load programs of a section that begins with it, unless it is asked to.
const IDLE: char = '?';

fn is_idle(section: &str) -> bool {
    section.starts_with(IDLE)
}

impl ProgramSpec {
    /// What a program with this target returns where it cannot go on, as the kernel takes it there.
    pub fn refusal_at(&self, target: Option<&str>) -> i128 {
        let Params::Prototype { bools: Some(bools), .. } = self.params else { return self.refusal.into() };
        if target.is_some_and(|target| bools.contains(&target)) { 0 } else { self.refusal.into() }
    }

    /// Whether 0 is the result of a program that decides nothing, so that it need not say so.
    pub fn decides_nothing(&self) -> bool {
        self.refusal == 0 && self.neutral == "0"
    }

    /// The struct that the parameter points to, a name in `CONTEXTS`; none if the parameters are always those of a function.
    pub fn context(&self) -> Option<&'static str> {
        if let Params::Context { of } | Params::Registers { of, .. } = self.params {
            return Some(of);
        }
        if let Params::Prototype { context, .. } = self.params { context } else { None }
    }

    /// The common prefix of the structs that the parameter points to, if it is the record of an event.
    pub fn record_prefix(&self) -> Option<&'static str> {
        if let Params::Record { of } = self.params { Some(of.trim_end_matches(CLASS)) } else { None }
    }

    /// Whether its programs are functions of a struct, which is registered as a whole.
    pub fn is_member(&self) -> bool {
        self.params == Params::Member {}
    }

    /// The form of a mode word; empty for none.
    pub fn form(&self, mode: &str) -> Option<&'static ProgramForm> {
        self.forms.iter().find(|form| form.mode == mode)
    }

    /// The type of the programs that `on return` makes.
    pub fn on_return(&self) -> Option<&'static ProgramSpec> {
        self.on_return.and_then(|name| PROGRAMS.iter().find(|spec| spec.name == name))
    }

    /// What the text of the attribute names if no mode says otherwise.
    pub fn named(&self) -> Option<&'static TargetSpec> {
        self.loaded_for().or_else(|| self.forms.first().and_then(ProgramForm::target))
    }

    /// The target that the attribute names, if it is another one than the program attaches to.
    pub fn loaded_for(&self) -> Option<&'static TargetSpec> {
        self.loaded_for.and_then(|name| TARGETS.iter().find(|target| target.name == name))
    }

    /// As bpftool names the type: `sched_cls`.
    pub fn kernel_name(&self) -> String {
        self.prog_type.trim_start_matches("BPF_PROG_TYPE_").to_lowercase()
    }

    /// The type of the programs in a section of an object.
    pub fn of_section(section: &str) -> Option<&'static ProgramSpec> {
        PROGRAMS.iter().find(|spec| spec.form_of_section(section).is_some())
    }

    /// The form of the programs in a section of an object.
    pub fn form_of_section(&self, section: &str) -> Option<&'static ProgramForm> {
        self.forms.iter().find(|form| form.is_section(section) || form.tcx == Some(section))
    }
}

impl ProgramForm {
    /// The section in an object, with or without the option `--tcx`.
    pub fn section(&self, target: Option<&str>, loading: &Loading, tcx: bool) -> String {
        if let Some(section) = &loading.section {
            return section.clone();
        }
        let own = self.sleepable.filter(|_| loading.sleepable).unwrap_or(self.section);
        // Other loaders would take a list or a pattern for the name of one function.
        let is_one = target.is_some_and(|target| !self.names_several() || !is_several(target));
        let own = match is_one {
            false if loading.sleepable && self.bare.is_some_and(is_idle) => {
                return format!("{IDLE}{}", own.trim_end_matches(TARGET).trim_end_matches('/'));
            }
            false if loading.sleepable => own.trim_end_matches(TARGET).trim_end_matches('/'),
            false => self.bare.unwrap_or(own),
            true => own,
        };
        let section = || own.replace("{mode}", self.mode).replace(TARGET, target.unwrap_or_default());
        self.tcx.filter(|_| tcx).map_or_else(section, str::to_owned)
    }

    /// Whether programs of the form are in this section, whatever their targets.
    fn is_section(&self, section: &str) -> bool {
        self.in_section(section).is_some()
    }

    /// What a section says of the programs in it: their target, and that they may sleep. None if they are of another form.
    pub fn in_section<'s>(&self, section: &'s str) -> Option<(Option<&'s str>, bool)> {
        let own = self.section.replace("{mode}", self.mode);
        let asleep = self.sleepable.filter(|asleep| *asleep != self.section);
        let names = std::iter::once((own.as_str(), false)).chain(asleep.map(|asleep| (asleep, true)));
        let names = names.chain(self.also.iter().map(|also| (*also, false)));
        let named = section.strip_prefix(IDLE).filter(|_| self.bare.is_some_and(is_idle)).unwrap_or(section);
        let mut found = names.filter_map(|(name, asleep)| match name.strip_suffix(TARGET) {
            Some(prefix) if section.starts_with(prefix) => Some((Some(&section[prefix.len()..]), asleep)),
            // Such a program is given its target by `attach`.
            Some(prefix) if self.bare.is_some() && prefix.strip_suffix('/') == Some(named) => Some((None, asleep)),
            None if name == section => Some((None, asleep)),
            Some(_) | None => None,
        });
        found.next()
    }

    /// Whether its programs always may sleep.
    pub fn always_sleeps(&self) -> bool {
        self.sleepable == Some(self.section)
    }

    /// The sections of its programs, as `@sec` names them.
    pub fn sections(&self) -> impl Iterator<Item = String> {
        let names = std::iter::once(self.section).chain(self.sleepable).chain(self.also.iter().copied());
        names.map(|name| name.replace("{mode}", self.mode).replace(TARGET, ""))
    }

    /// What programs of the form attach to.
    pub fn target(&self) -> Option<&'static TargetSpec> {
        self.attach.target()
    }

    /// Whether a target may be several functions.
    fn names_several(&self) -> bool {
        self.target().is_some_and(|target| target.several)
    }

    /// Whether the kernel shows a field of the context to such programs.
    pub fn shows(&self, field: &str) -> bool {
        !self.hidden.contains(&field) && (self.shown.is_empty() || self.shown.contains(&field))
    }

    /// Whether a program with this target is loaded by `attach`, for what that names, or for each function of a list or a pattern.
    pub fn loads_at_attach(&self, target: Option<&str>) -> bool {
        is_idle(self.section) || self.bare.is_some_and(is_idle) && target.is_none_or(is_several)
    }

    /// Whether `attach` may attach a program to another target than this one of its attribute.
    pub fn is_bound_by_attach(&self, target: Option<&str>) -> bool {
        self.bare.is_some_and(|bare| !is_idle(bare)) || self.loads_at_attach(target)
    }

    /// Whether the attribute has to name the target, since the section does.
    pub fn needs_target(&self) -> bool {
        self.section.contains(TARGET) && self.bare.is_none()
    }
}

impl Attach {
    /// The `bpf_attach_type`, or a hook of netfilter: its protocol, shifted left by 8, and its number. 0 where the form has neither.
    pub fn point(&self) -> u32 {
        let points = ENUMS.iter().filter(|spec| spec.name == "bpf_attach_type").flat_map(|spec| spec.variants);
        let point =
            points.clone().find(|(variant, _)| Some(*variant) == self.point).map_or(0, |(_, value)| *value as u32);
        self.hook.map_or(point, |(protocol, hook)| protocol << 8 | hook)
    }

    /// The record of the attach form of this mode; none for programs that nothing attaches.
    pub fn form(&self) -> Option<&'static AttachForm> {
        ATTACH_FORMS.iter().find(|form| form.name == self.form)
    }

    /// The kind of target that the attach form takes; none if it takes none.
    pub fn target(&self) -> Option<&'static TargetSpec> {
        let name = self.form()?.target?;
        TARGETS.iter().find(|target| target.name == name)
    }
}

/// Where a program is among others of its hook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The priority of a hook of netfilter; of a probe that notes describe, how many arguments the program takes.
    pub number: i64,
    pub order: Option<Order>,
}

/// Where a program runs among those at its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    First,
    Last,
    /// Before the first program of this name.
    Before(String),
    /// After the last program of this name.
    After(String),
}

impl Order {
    /// The words that attributes have for it, and whether a name is behind the word.
    pub const WORDS: [(&str, bool); 4] = [("first", false), ("last", false), ("before", true), ("after", true)];

    /// That of a word, and of a name if it takes one.
    pub fn of(word: &str, name: Option<String>) -> Option<Order> {
        match (word, name) {
            ("first", None) => Some(Order::First),
            ("last", None) => Some(Order::Last),
            ("before", Some(name)) => Some(Order::Before(name)),
            ("after", Some(name)) => Some(Order::After(name)),
            _ => None,
        }
    }

    /// The word of the attribute that asks for the order.
    pub fn word(&self) -> &'static str {
        match self {
            Order::First => "first",
            Order::Last => "last",
            Order::Before(_) => "before",
            Order::After(_) => "after",
        }
    }

    /// The program beside which it is.
    pub fn beside(&self) -> Option<&str> {
        match self {
            Order::First | Order::Last => None,
            Order::Before(name) | Order::After(name) => Some(name),
        }
    }
}

/// How the kernel gets a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loading {
    /// The other programs load where the kernel refuses this one.
    pub optional: bool,
    /// The symbol of the program that takes its place where the kernel refuses it.
    pub fallback: Option<String>,
    /// It may call what sleeps.
    pub sleepable: bool,
    /// The section that the text names.
    pub section: Option<String>,
    /// The parameters of a program that is loaded for what `attach` names (`KsProg::takes`).
    pub takes: Option<String>,
}

impl Loading {
    /// Whether the other programs load where the kernel refuses this one.
    pub fn may_fail(&self) -> bool {
        self.optional || self.fallback.is_some()
    }
}
