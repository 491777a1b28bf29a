//! Projects that implement a struct of functions of the kernel.

use super::program::{parameters, since};
use super::template::filled;
use super::{Names, Project};
use crate::sema::handed::{self, Member};
use crate::session::Session;
use crate::tables::struct_ops;

/// The files of a project that implements the struct `of`.
pub fn project(cx: &mut Session, names: &Names, of: &str) -> Project {
    let listed = struct_ops(of);
    let bodies = listed.map(|spec| spec.bodies).unwrap_or_default();
    let since = since(listed.and_then(|spec| spec.since));
    let declares = listed.and_then(|spec| spec.declares).unwrap_or_default();
    let named_by = listed.and_then(|spec| spec.named_by);
    let members: Vec<String> = handed::members(cx, of)
        .into_iter()
        // The implementation has the name of the block.
        .filter(|member| Some(member.name.as_str()) != named_by)
        .map(|member| match bodies.iter().find(|(form, _)| form.split('(').next() == Some(&member.name)) {
            Some((form, body)) => format!("{} {{\n{body}\n}}\n", declaration(&named(member, form))),
            None => format!("// {}", declaration(&member)),
        })
        .collect();
    let values = [("file", &names.file), ("name", &names.name), ("impl", &names.ident)]
        .map(|(place, value)| (place, value.as_str()));
    let (members, of_struct) = (members.join("\n"), [("of", of)]);
    let source = filled(
        "struct_ops",
        &[values.as_slice(), &of_struct, &[("members", &members), ("declares", declares), ("since", &since)]].concat(),
    );
    let required = listed.map(|spec| spec.required).unwrap_or_default();
    let mut facts = vec![format!(
        "The kernel must take implementations of `{of}`: `bpftool btf dump file /sys/kernel/btf/vmlinux | grep bpf_struct_ops_{of}`."
    )];
    if !required.is_empty() {
        facts.push(format!(
            "It refuses one without {}.",
            required.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ").replace('|', "` or `")
        ));
    }
    let about = format!(
        "An implementation of the kernel's `{of}` in KernelScript, and the program of user space that registers it."
    );
    let commands = vec![format!("ksc {}", names.file), format!("sudo ./{}", names.name)];
    Project { source, about, commands, facts }
}

/// With the names that a form such as `init(sk)` has for the parameters.
fn named(mut member: Member, form: &str) -> Member {
    let names = form.trim_end_matches(')').split(['(', ',']).skip(1).map(str::trim);
    for ((own, _), name) in member.params.iter_mut().flatten().zip(names) {
        *own = name.to_owned();
    }
    member
}

/// `fn init(sk: *sock)`, `flags: u32`
fn declaration(member: &Member) -> String {
    let ty = member.ty.as_deref();
    match (&member.params, ty) {
        (Some(params), None) => format!("fn {}({})", member.name, parameters(params)),
        (Some(params), Some(ty)) => format!("fn {}({}) -> {ty}", member.name, parameters(params)),
        (None, ty) => format!("{}: {}", member.name, ty.unwrap_or_default()),
    }
}
