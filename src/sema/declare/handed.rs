//! What the kernel hands to programs, for those who write one: the parameters as its types have them, the members of a struct of
//! functions, the functions that programs call.

use super::arguments::{Given, spelled};
use super::struct_ops;
use super::{externs, records};
use crate::btf::{OpsMember, Wanted};
use crate::sema::kernel_types;
use crate::sema::similar;
use crate::session::Session;
use crate::tables::{Params, ProgramSpec, PrototypeOf, TARGET, struct_ops as listed};
use crate::types::Ty;

/// The function that calls the programs at an event, whose parameters have the names that the typedef lacks (include/linux/tracepoint.h).
const CALLS_PROGRAMS: &str = "__traceiter_";

/// A parameter: its name, and its type as programs write it.
pub type Parameter = (String, String);

/// Why nothing is known of what a program is for.
pub enum Unknown {
    /// The kernel's types cannot be read: where they would be, and why.
    NoTypes(String, String),
    /// The kernel has nothing of this name; one that it has, if that is likely meant.
    NotThere(Option<String>),
}

/// A member of a struct of functions.
pub struct Member {
    pub name: String,
    /// The parameters of a function, `params`, and its result, `ty`, if it has one. A member that is a value has its type in `ty` alone.
    pub params: Option<Vec<Parameter>>,
    pub ty: Option<String>,
}

/// The parameters of a program at a target.
pub fn parameters(cx: &mut Session, spec: &ProgramSpec, target: Option<&str>) -> Result<Vec<Parameter>, Unknown> {
    let context = |of: String| vec![("ctx".to_owned(), format!("*{of}"))];
    let target = target.unwrap_or_default();
    match spec.params {
        Params::Context { of } => Ok(context(of.to_owned())),
        Params::Own {} | Params::Replaced {} | Params::Member {} => Ok(Vec::new()),
        Params::Record { .. } => {
            let record = records::record(cx, spec.record_prefix().unwrap_or_default(), target);
            record.map(|record| record.map(context).unwrap_or_default()).map_err(Unknown::NotThere)
        }
        Params::Kernel { of, .. } => {
            let name = of.replace(TARGET, target);
            if cx.kernel_types.has(Wanted::Type, &name) {
                return Ok(context(name));
            }
            Err(not_there(cx, Wanted::Type, of.trim_end_matches(TARGET), target))
        }
        Params::Registers { kernel: false, .. } => Ok(Vec::new()),
        Params::Registers { holds, .. } => {
            // The parameters of a function that BTF lacks are unknown, and so are the values at an instruction inside of one.
            let found = cx.kernel_types.prototype(&mut cx.types, Wanted::Function, target);
            let Some(Ok(prototype)) = found else {
                let name = target.split('+').next().unwrap_or(target);
                let exists = name != target && cx.kernel_types.has(Wanted::Function, name)
                    || cx.kernel_types.symbols().iter().any(|symbol| symbol == name);
                return if exists { Ok(Vec::new()) } else { Err(not_there(cx, Wanted::Function, "", target)) };
            };
            let given = Given::in_registers(&cx.types, Some(prototype), holds);
            Ok(declared(cx, &given, &[]))
        }
        Params::Prototype { of, name, result, .. } => {
            let of = match of {
                PrototypeOf::Typedef => Wanted::Typedef,
                PrototypeOf::Function => Wanted::Function,
            };
            let found = cx.kernel_types.prototype(&mut cx.types, of, &name.replace(TARGET, target));
            let Some(Ok(prototype)) = found else {
                return Err(not_there(cx, of, name.trim_end_matches(TARGET), target));
            };
            let names = names_at(cx, of, target);
            let mut given = Given::in_words(&cx.types, Some(prototype), of, result && spec.on_return.is_none());
            if spec.otherwise.is_some() {
                given.keep_words(cx.types.machine().arguments.len());
            }
            Ok(declared(cx, &given, &names))
        }
    }
}

/// The parameters as a program declares them. One without a name is called by its type, or by its place.
pub(super) fn declared(cx: &Session, given: &Given, names: &[String]) -> Vec<Parameter> {
    let mut declared = given.declared(&cx.types, |index| names.get(index).cloned().unwrap_or_default());
    for (at, (name, ty)) in declared.iter_mut().enumerate().filter(|(_, (name, _))| name.is_empty()) {
        let of = Some(ty.trim_start_matches('*')).filter(|to| *to != "u8" && to.len() < ty.len());
        *name = of.map_or_else(|| format!("arg{}", at + 1), str::to_owned);
    }
    declared
}

/// The names of what an event hands over.
pub(super) fn names_at(cx: &mut Session, of: Wanted, target: &str) -> Vec<String> {
    if of != Wanted::Typedef {
        return Vec::new();
    }
    let calls = cx.kernel_types.prototype(&mut cx.types, Wanted::Function, &format!("{CALLS_PROGRAMS}{target}"));
    // The first parameter is the tracepoint's own.
    let named = calls.and_then(Result::ok).map(|calls| calls.params.into_iter().skip(1).map(|(name, _)| name));
    named.map(Iterator::collect).unwrap_or_default()
}

fn not_there(cx: &mut Session, of: Wanted, prefix: &str, name: &str) -> Unknown {
    if let Err(why) = cx.kernel_types.btf() {
        let why = kernel_types::in_words(why);
        return Unknown::NoTypes(cx.kernel_types.path().display().to_string(), why);
    }
    let known = cx.kernel_types.names_with(of, prefix);
    Unknown::NotThere(similar::best(name, &known))
}

/// The structs that programs may implement.
pub fn implemented(cx: &mut Session) -> Vec<String> {
    let mut names = cx.kernel_types.struct_ops();
    let listed = crate::tables::STRUCT_OPS.iter().map(|spec| spec.name.to_owned());
    names.extend(listed.filter(|name| cx.kernel_types.has(Wanted::Type, name)));
    names.sort();
    names.dedup();
    names
}

/// The members of a struct that programs may implement, in its order; those alone that the language has types for.
pub fn members(cx: &mut Session, of: &str) -> Vec<Member> {
    let refused = listed(of).map(|spec| spec.refused).unwrap_or_default();
    let names = cx.kernel_types.member_names(of).into_iter().filter(|name| !refused.contains(&name.as_str()));
    let names: Vec<String> = names.collect();
    let members = names.into_iter().filter_map(|name| {
        let (params, ty) = match cx.kernel_types.ops_member(&mut cx.types, of, &name)?.ok()? {
            OpsMember::Value(ty) => (None, Some(struct_ops::is_data(cx, ty).then(|| cx.types.name(ty))?)),
            OpsMember::Function(prototype) => {
                let result = prototype.result.clone().ok()?;
                let result = (result != Ty::VOID).then(|| spelled(&cx.types, &Ok(result)));
                let given = Given::in_words(&cx.types, Some(prototype), Wanted::Function, false);
                (Some(declared(cx, &given, &[])), result)
            }
        };
        Some(Member { name, params, ty })
    });
    members.collect()
}

/// The declaration of a function that programs may call; none if the language lacks types for it.
pub fn kfunc(cx: &mut Session, name: &str) -> Option<String> {
    externs::proposal(cx, name)
}

/// Declarations of the functions that programs of a type, as the kernel names it, may call; of those alone that the language has types for.
pub fn kfuncs(cx: &mut Session, kernel_name: &str) -> Vec<String> {
    let mut names = cx.kernel_types.function_names();
    names.sort();
    names.dedup();
    names.retain(|name| {
        crate::tables::kfunc(name).is_none_or(|known| {
            known.instead.is_none() && (known.programs.is_empty() || known.programs.contains(&kernel_name))
        })
    });
    names.iter().filter_map(|name| externs::proposal(cx, name)).collect()
}
