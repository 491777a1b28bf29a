//! The declarations of programs for a listed name, as lines of the language.

use crate::btf::StructField;
use crate::sema::handed;
use crate::session::Session;
use crate::tables::{ATTRIBUTES, HELPERS, MAP_KINDS, PROGRAMS, Params, ProgramSpec, record_field};
use crate::tool::init::parameters;
use crate::tracefs;

/// A program at a target, and the fields of its record.
pub fn program(cx: &mut Session, spec: &ProgramSpec, target: &str) -> Vec<String> {
    let params = handed::parameters(cx, spec, Some(target)).unwrap_or_default();
    let result = if spec.decides_nothing() { String::new() } else { format!(" -> {}", spec.result) };
    let mut lines = vec![format!("@{}(\"{target}\") fn f({}){result}", spec.name, parameters(&params))];
    if let (Params::Record { .. } | Params::Kernel { .. }, Some((name, ty))) = (&spec.params, params.first())
        && let Some(fields) = fields(cx, ty.trim_start_matches('*'), false)
    {
        lines.extend(fields.into_iter().map(|field| format!("    {name}.{field}")));
        lines.extend(arguments(target).into_iter().map(|argument| format!("        {name}.{argument}")));
    }
    lines
}

/// The arguments of the system call that an event is the start of, as tracefs declares them: its record has them as numbers.
fn arguments(target: &str) -> Vec<String> {
    let Some((category @ "syscalls", event)) =
        target.split_once('/').filter(|(_, event)| event.starts_with("sys_enter_"))
    else {
        return Vec::new();
    };
    let fields = tracefs::fields(category, event).unwrap_or_default();
    // The first one is the number of the call.
    let arguments = fields.iter().skip(1).enumerate();
    arguments.map(|(index, field)| format!("args[{index}]: {} {}", field.ty, field.name)).collect()
}

/// The fields of a struct; with `offsets` as it would be declared, each with its place in bytes. None if the kernel has no such type.
pub fn fields(cx: &mut Session, name: &str, offsets: bool) -> Option<Vec<String>> {
    let fields = cx.kernel_types.fields(&mut cx.types, name)?;
    let line = |field: &StructField| {
        let behind = !offsets && record_field(&field.name) != field.name;
        let ty = match field.ty {
            _ if behind => "str".to_owned(),
            Some(ty) => cx.types.name(ty),
            None => "?".to_owned(),
        };
        let bits = field.bits.map_or(String::new(), |bits| format!(":{bits}"));
        match offsets {
            true => format!("{}: {ty}{bits}, // {}", field.name, field.bit_offset / 8),
            false => format!("{}: {ty}{bits}", record_field(&field.name)),
        }
    };
    let own = |field: &&StructField| offsets || !["ent", "__data"].contains(&field.name.as_str());
    Some(fields.iter().filter(own).map(line).collect())
}

/// The members of a struct of functions.
pub fn implementation(cx: &mut Session, of: &str) -> Vec<String> {
    let mut lines = vec![format!("@struct_ops(\"{of}\") impl name {{")];
    for member in handed::members(cx, of) {
        let ty = member.ty.unwrap_or_default();
        lines.push(match &member.params {
            None => format!("    {}: {ty},", member.name),
            Some(params) if ty.is_empty() => format!("    fn {}({})", member.name, parameters(params)),
            Some(params) => format!("    fn {}({}) -> {ty}", member.name, parameters(params)),
        });
    }
    lines.push("}".to_owned());
    lines
}

/// A helper: its arguments by name, and since which kernel there is one.
pub fn helper(name: &str) -> Vec<String> {
    let Some(helper) = HELPERS.iter().find(|helper| helper.name == name) else { return Vec::new() };
    let args = helper.args.iter().map(|arg| arg.ty.map_or(arg.name.to_owned(), |ty| format!("{}: {ty}", arg.name)));
    let result = helper.ty.map_or(String::new(), |ty| format!(" -> {ty}"));
    let since = helper.since.map_or(String::new(), |(major, minor)| format!("  // Linux {major}.{minor}"));
    vec![format!("{name}({}){result}{since}", args.collect::<Vec<_>>().join(", "))]
}

/// A kind of maps: its other names.
pub fn map(name: &str) -> Vec<String> {
    let aliases = MAP_KINDS.iter().find(|kind| kind.name == name).map(|kind| kind.aliases).unwrap_or_default();
    aliases.iter().map(|alias| format!("also `{alias}`")).collect()
}

/// An attribute: of a program type each form, of another what it takes.
pub fn attribute(name: &str) -> Vec<String> {
    if let Some(spec) = PROGRAMS.iter().find(|spec| spec.name == name) {
        let ctx = spec.context().map_or(String::new(), |of| format!("ctx: *{of}"));
        let words = spec.forms.iter().map(|form| form.mode);
        let words = words.map(|mode| if mode.is_empty() { String::new() } else { format!("(\"{mode}\")") });
        return words.map(|word| format!("@{name}{word} fn f({ctx}) -> {}", spec.result)).collect();
    }
    let wants = ATTRIBUTES.iter().find(|spec| spec.name == name).and_then(|spec| spec.wants.or(spec.may));
    wants.map(str::to_owned).into_iter().collect()
}
