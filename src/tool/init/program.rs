//! Projects with a BPF program, and with a kernel module.

use super::kind::Hook;
use super::template::filled;
use super::{Names, Project, Wrong, readme};
use crate::sema::handed::{self, Unknown};
use crate::session::{MIN_KERNEL, Session};
use crate::syntax;
use crate::tables::Starter;
use crate::tables::form::Kernel;

const NO_STARTER: Starter =
    Starter { template: None, option: None, about: "", passed: None, given: None, declares: None };

/// The files of a project whose program attaches to `hook`.
pub fn project(cx: &mut Session, names: &Names, hook: &Hook) -> Result<Project, Wrong> {
    let (spec, form) = (hook.spec, hook.form);
    let params = handed::parameters(cx, spec, hook.target.as_deref()).map_err(|why| missing(hook, why))?;
    let starter = form.attach.form().and_then(|form| form.starter.as_ref()).unwrap_or(&NO_STARTER);
    // `frags/devmap`: the template is that of `devmap`, and the program that sends packets there takes parts in pages, too.
    let (sender, mode) = form.mode.rsplit_once('/').unwrap_or(("", form.mode));
    let template = starter.template.unwrap_or("attached").replace("{mode}", mode);
    let sender = if sender.is_empty() { "@xdp".to_owned() } else { format!("@xdp(\"{sender}\")") };
    let option = starter.option.unwrap_or_default();
    let options = if option.is_empty() {
        String::new()
    } else {
        format!("/// Options\nstruct Args {{\n/// {}\n{option},\n}}\n", starter.about)
    };
    let since = since(form.since);
    let given = starter.given.map_or(String::new(), |given| format!(" {given}"));
    let source = filled(
        &template,
        &[
            ("file", &names.file),
            ("name", &names.name),
            ("attribute", &hook.attribute()),
            ("sender", &sender),
            ("function", &format!("on_{}", spec.name)),
            ("params", &parameters(&params)),
            ("result", form.result.unwrap_or(spec.result)),
            ("neutral", form.neutral.unwrap_or(spec.neutral)),
            ("options", &options),
            ("option", option),
            ("about", starter.about),
            ("args", if option.is_empty() { "" } else { "args: Args" }),
            ("passed", &starter.passed.map_or(String::new(), |passed| format!(", {passed}"))),
            ("passed_alone", starter.passed.unwrap_or_default()),
            ("given", &given),
            ("since", &since),
            ("declares", starter.declares.unwrap_or_default()),
        ],
    );
    // The text of the program has it, with what a template adds.
    let runs = source.lines().find_map(|line| line.strip_prefix("//     sudo")).unwrap_or_default();
    let commands = vec![format!("ksc {}", names.file), format!("sudo{runs}")];
    let about = format!(
        "A `{}` program of KernelScript, and the program of user space that loads and drives it.",
        hook.attribute()
    );
    Ok(Project {
        source,
        about,
        commands,
        facts: [readme::of_program(hook), readme::of_parameters(cx, hook, &params)].concat(),
    })
}

/// The files of a project with a kernel module.
pub fn module(names: &Names) -> Project {
    let source = filled("kfunc", &[("file", &names.file), ("name", &names.name), ("impl", &names.ident)]);
    let (file, name) = (&names.file, &names.name);
    let commands =
        vec![format!("ksc {file}"), format!("ksc build-module {file}"), format!("sudo ./{name} --interface=lo")];
    let about = "A kernel module in KernelScript, whose function an XDP program calls, and the program of user space that loads both.";
    let facts = vec![
        "`ksc build-module` needs the headers of the kernel (`linux-headers-$(uname -r)`), `make` and `pahole`."
            .to_owned(),
        format!("`{name}.ko` belongs beside the executable, which loads it and removes it at its end."),
    ];
    Project { source, about: about.to_owned(), commands, facts }
}

/// The line of a program that is for kernels from this one on alone; empty if all supported kernels have it.
pub fn since(first: Option<Kernel>) -> String {
    let later = first.filter(|first| *first > (MIN_KERNEL.major, MIN_KERNEL.minor));
    later.map_or(String::new(), |(major, minor)| format!("\nmin_kernel \"{major}.{minor}\"\n"))
}

/// `sk: *sock, size: u64`
pub fn parameters(params: &[handed::Parameter]) -> String {
    let written = params.iter().enumerate().map(|(at, (name, ty))| {
        let is_taken = params[..at].iter().any(|(other, _)| other == name);
        match is_taken || syntax::is_keyword(name) {
            true => format!("{name}_{}: {ty}", at + 1),
            false => format!("{name}: {ty}"),
        }
    });
    written.collect::<Vec<_>>().join(", ")
}

fn missing(hook: &Hook, why: Unknown) -> Wrong {
    let target = hook.target.as_deref().unwrap_or_default();
    match why {
        Unknown::NoTypes(path, why) => {
            let what = format!(
                "what `{}` programs get is not known: the kernel's types cannot be read from `{path}`: {why}",
                hook.spec.name
            );
            Wrong::new(what)
                .help("`--btf FILE` names a file with the types of a kernel: BTF, or a `vmlinux`".to_owned())
        }
        Unknown::NotThere(near) => {
            let what = hook.spec.named().map_or("nothing", |named| named.words.trim_start_matches("the "));
            let wrong = Wrong::new(format!("the kernel has no `{target}`: `@{}` needs the {what}", hook.spec.name));
            wrong.near(near.map(|near| format!("{}/{near}", hook.spec.name)))
        }
    }
}
