//! The application of bpfman: its operator loads and attaches the programs of the image with the object, without the executable.

use super::made::{Made, Program};
use crate::cli::Package;
use crate::tables::{BPFMAN, BpfmanLinks, BpfmanSpec};
use serde_json::{Value, json};

/// Lengths of names of functions and events that bpfman takes (`minLength`, `maxLength` and `pattern` of its schema).
const NAMES: std::ops::RangeInclusive<usize> = 3..=64;

/// The resource, or why bpfman cannot have the programs, in words.
pub fn application(made: &Made, args: &Package, image: &str) -> Result<Value, String> {
    if made.programs.is_empty() {
        return Err("the object has no programs".to_owned());
    }
    let programs: Vec<Value> = made.programs.iter().map(|program| listed(program, args)).collect::<Result<_, _>>()?;
    Ok(json!({
        "apiVersion": "bpfman.io/v1alpha1",
        "kind": "ClusterBpfApplication",
        "metadata": { "name": made.name, "labels": { "app.kubernetes.io/name": made.name, "app.kubernetes.io/version": args.release } },
        "spec": {
            "nodeSelector": {},
            "byteCode": { "image": { "url": image, "imagePullPolicy": "IfNotPresent" } },
            "programs": programs,
        },
    }))
}

fn listed(program: &Program, args: &Package) -> Result<Value, String> {
    let Program { name, spec, .. } = program;
    let known: &BpfmanSpec = BPFMAN
        .iter()
        .find(|known| known.name == spec.name)
        .ok_or_else(|| format!("bpfman has no programs of type `@{}`, as `{name}` is", spec.name))?;
    fits(name)?;
    let mut attached = json!({});
    match known.links {
        BpfmanLinks::Whole => {
            let target =
                program.target.as_deref().ok_or_else(|| format!("the attribute of `{name}` names no function"))?;
            fits(target)?;
            attached["function"] = target.into();
            attached["links"] = json!([{ "mode": "Attach" }]);
        }
        BpfmanLinks::Interfaces
        | BpfmanLinks::Directions
        | BpfmanLinks::Event
        | BpfmanLinks::Function
        | BpfmanLinks::File => {
            attached["links"] = links(program, known.links, args)?;
        }
    }
    let mut listed = json!({ "name": name, "type": known.kind });
    listed[known.kind.to_ascii_lowercase()] = attached;
    Ok(listed)
}

/// The places where a program is attached; none where only the executable says them.
fn links(program: &Program, form: BpfmanLinks, args: &Package) -> Result<Value, String> {
    let target = program.target.as_deref();
    let link = match (form, target) {
        (BpfmanLinks::Interfaces, _) => json!({ "interfaceSelector": interfaces(target, args) }),
        (BpfmanLinks::Directions, _) => {
            let out = program.form.attach.point.is_some_and(|point| point.ends_with("EGRESS"));
            json!({ "interfaceSelector": interfaces(target, args), "direction": if out { "Egress" } else { "Ingress" } })
        }
        (BpfmanLinks::Event | BpfmanLinks::Function | BpfmanLinks::File | BpfmanLinks::Whole, None) => {
            return Ok(json!([]));
        }
        (BpfmanLinks::Event, Some(event)) => {
            fits(event)?;
            json!({ "name": event })
        }
        (BpfmanLinks::Function | BpfmanLinks::Whole, Some(target)) => {
            let (function, offset) = at_offset(target)?;
            fits(function)?;
            // A probe at a return has no offset.
            if offset == 0 {
                json!({ "function": function })
            } else {
                json!({ "function": function, "offset": offset })
            }
        }
        (BpfmanLinks::File, Some(target)) => {
            let (file, place) =
                target.split_once(':').ok_or_else(|| format!("`{target}` names no function of a file"))?;
            let (function, offset) = at_offset(place)?;
            let mut link = json!({ "target": file, "offset": offset });
            if !function.is_empty() {
                fits(function)?;
                link["function"] = function.into();
            }
            link
        }
    };
    Ok(json!([link]))
}

/// Those of the attribute, else those of the command line, else the one by which a node is reached.
fn interfaces(target: Option<&str>, args: &Package) -> Value {
    match target {
        Some(name) => json!({ "interfaces": [name] }),
        None if args.interface.is_empty() => json!({ "primaryNodeInterface": true }),
        None => json!({ "interfaces": args.interface }),
    }
}

/// `NAME+OFFSET` in parts; the offset may be written with `0x`, and `0x…` alone is one.
fn at_offset(text: &str) -> Result<(&str, u64), String> {
    let (name, offset) = match text.split_once('+') {
        Some(parts) => parts,
        None if text.starts_with("0x") => ("", text),
        None => return Ok((text, 0)),
    };
    let digits = offset.strip_prefix("0x");
    let number = digits.map_or_else(|| offset.parse(), |digits| u64::from_str_radix(digits, 16));
    Ok((name, number.map_err(|_| format!("`{text}` has an offset that is no number"))?))
}

fn fits(name: &str) -> Result<(), String> {
    let signs = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().nth(1).is_some_and(signs);
    if begins && NAMES.contains(&name.len()) {
        Ok(())
    } else {
        Err(format!("bpfman takes no name like `{name}`: it wants 3 to 64 signs, a letter first"))
    }
}
