//! The kinds of projects: a form of a program type with its target, a struct of functions, or a kernel module.

use super::Wrong;
use crate::diag::similar;
use crate::sema::handed;
use crate::session::Session;
use crate::tables::{PROGRAMS, ProgramForm, ProgramSpec, TargetSpec, struct_ops};

/// The kind of a project with a kernel module.
const MODULE: &str = "kfunc";

/// The kind of a project.
pub enum Kind {
    Program(Hook),
    /// An implementation of this struct.
    Implementation(String),
    Module,
}

/// A program type, and what the attribute names.
pub struct Hook {
    pub spec: &'static ProgramSpec,
    pub form: &'static ProgramForm,
    pub target: Option<String>,
}

impl Kind {
    /// `xdp`, `tc/egress`, `tracepoint/sched/sched_switch`, `tcp_congestion_ops`, `kfunc`
    pub fn of(cx: &mut Session, text: &str) -> Result<Kind, Wrong> {
        let (name, rest) = text.split_once('/').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let spec = PROGRAMS.iter().find(|spec| spec.name == name);
        match (spec, rest) {
            (None, None) if name == MODULE => Ok(Kind::Module),
            (Some(spec), Some(of)) if spec.is_member() => implemented(cx, of, of),
            (None, None) => implemented(cx, name, text),
            (Some(spec), _) if spec.is_member() => {
                let names = handed::implemented(cx).join(", ");
                Err(Wrong::new(format!("`{name}` names no struct"))
                    .help(format!("the kernel takes {names}: `{name}/STRUCT`")))
            }
            (Some(spec), rest) => Hook::of(spec, rest).map(Kind::Program),
            (None, Some(_)) => Err(unknown(cx, text)),
        }
    }
}

fn implemented(cx: &mut Session, of: &str, text: &str) -> Result<Kind, Wrong> {
    if struct_ops(of).is_some() {
        cx.kernel_types.replace_without(of);
    }
    if handed::implemented(cx).iter().any(|name| name == of) {
        return Ok(Kind::Implementation(of.to_owned()));
    }
    Err(unknown(cx, text))
}

fn unknown(cx: &mut Session, text: &str) -> Wrong {
    let (name, _) = text.split_once('/').unwrap_or((text, ""));
    let mut kinds: Vec<String> = vec![MODULE.to_owned()];
    kinds.extend(PROGRAMS.iter().filter(|spec| !spec.is_member()).map(|spec| spec.name.to_owned()));
    kinds.extend(handed::implemented(cx));
    let near = similar::best(name, &kinds);
    if struct_ops(name).is_some() {
        let path = cx.kernel_types.path().display().to_string();
        return Wrong::new(format!("the kernel takes no implementation of `{name}`"))
            .help(format!("`{path}` is of a kernel without it; `--btf FILE` names the types of another one"));
    }
    let wrong = Wrong::new(format!("`{text}` is no kind of program"));
    match near {
        Some(near) => wrong.near(Some(near)),
        None => wrong.help(format!("the kinds are {}", kinds.join(", "))),
    }
}

impl Hook {
    /// Without a mode word the first form that there is, without a target the example of its kind.
    fn of(spec: &'static ProgramSpec, rest: Option<&str>) -> Result<Hook, Wrong> {
        let form = |mode: &str| spec.form(mode).or(spec.forms.first().filter(|_| mode.is_empty()));
        let is_mode = rest.is_some_and(|rest| spec.form(rest).is_some());
        let Some(form) = form(rest.filter(|_| is_mode).unwrap_or_default()) else {
            return Err(Wrong::new(format!("`@{}` has no forms", spec.name)));
        };
        let named = spec
            .loaded_for()
            .or_else(|| form.target())
            .filter(|_| form.section.contains('{') || names_itself(spec, form));
        let given = rest.filter(|_| !is_mode);
        let Some(named) = named.filter(|_| form.mode.is_empty()) else {
            let Some(given) = given else { return Ok(Hook { spec, form, target: None }) };
            let modes: Vec<&str> = spec.forms.iter().map(|form| form.mode).filter(|mode| !mode.is_empty()).collect();
            let wrong = Wrong::new(format!("`@{}` has no form `{given}`", spec.name));
            return Err(match similar::best(given, &modes) {
                Some(near) => wrong.near(Some(format!("{}/{near}", spec.name))),
                None if modes.is_empty() => wrong.help(format!(
                    "write `{}` alone: the command line of the program names what it attaches to",
                    spec.name
                )),
                None => wrong.help(format!("it has {}", modes.join(", "))),
            });
        };
        let target = given.unwrap_or_else(|| named.example.trim_matches('"'));
        if let Some(why) = named.refuses(target) {
            return Err(Wrong::new(format!("`{target}` is not {}: {why}", named.words)).help(named.help.to_owned()));
        }
        if named.only_maps.contains(&target) {
            let what = format!("`@{}(\"{target}\")` walks over the entries of a map", spec.name);
            return Err(Wrong::new(what).help(
                "`attach` of such a program takes the map, `&map`: write it for the map of a program".to_owned(),
            ));
        }
        Ok(Hook { spec, form, target: Some(target.to_owned()) })
    }

    /// `@tc("egress")`
    pub fn attribute(&self) -> String {
        let words = Some(self.form.mode).filter(|mode| !mode.is_empty()).into_iter().chain(self.target.as_deref());
        let words: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
        let words = if words.is_empty() { String::new() } else { format!("({})", words.join(", ")) };
        format!("@{}{words}", self.spec.name)
    }
}

/// Whether the text of the attribute says what programs attach to, though their section does not: nothing of the machine decides it.
fn names_itself(spec: &ProgramSpec, form: &ProgramForm) -> bool {
    let starter = form.attach.form().and_then(|form| form.starter.as_ref());
    let is_text = |target: &TargetSpec| target.text.is_some() && !target.default;
    spec.target_alone && starter.is_none() && form.target().is_some_and(is_text)
}
