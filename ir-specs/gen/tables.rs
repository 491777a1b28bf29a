//! Writes `tables.rs`: the TOML tables as statics of the types in `src/tables/mod.rs`.

use crate::facts;
use crate::load::{Specs, camel};
use std::fmt::Write;
use toml::{Table, Value};

pub fn render(specs: &Specs) -> String {
    let mut out = String::new();
    list(&mut out, "PROGRAMS", "ProgramSpec", &specs.programs, program);
    list(&mut out, "CONTEXTS", "ContextSpec", &specs.contexts, context);
    list(&mut out, "HEADERS", "StructSpec", &specs.facts.structs, structure);
    list(&mut out, "STRUCTS", "StructSpec", &specs.structs, structure);
    list(&mut out, "KERNEL_STRUCTS", "KernelStruct", &specs.kernel_structs, |name, fields| {
        let fields =
            joined(fields.as_array().expect("a list of fields"), |v| format!("{:?}", v.as_str().expect("a string")));
        format!("KernelStruct {{ name: {name:?}, fields: &[{fields}] }}")
    });
    list(&mut out, "MAP_KINDS", "MapKindSpec", &specs.maps, map_kind);
    list(&mut out, "MAP_FLAGS", "MapFlagSpec", &specs.map_flags, map_flag);
    list(&mut out, "MAP_METHODS", "MapMethodSpec", &specs.map_methods, map_method);
    list(&mut out, "BUILTINS", "BuiltinSpec", &specs.builtins, builtin);
    list(&mut out, "HELPERS", "HelperSpec", &specs.helpers, helper);
    list(&mut out, "KFUNCS", "KfuncSpec", &specs.kfuncs, |name, v| {
        format!("KfuncSpec {{ name: {name:?}, since: {} }}", version(v))
    });
    let enums: Table = specs.enums.iter().chain(&specs.facts.enums).map(|(k, v)| (k.clone(), v.clone())).collect();
    list(&mut out, "ENUMS", "EnumSpec", &enums, enumeration);
    out.push_str(&facts::render(&specs.facts));
    out
}

fn list(out: &mut String, name: &str, ty: &str, table: &Table, record: impl Fn(&str, &Value) -> String) {
    writeln!(out, "pub static {name}: &[{ty}] = &[").expect("a string grows");
    for (key, value) in table {
        writeln!(out, "    {},", record(key, value)).expect("a string grows");
    }
    out.push_str("];\n");
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("`{key}` must be a string in {value}"))
}

fn maybe_text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).map(|v| v.as_str().unwrap_or_else(|| panic!("`{key}` must be a string in {value}")))
}

fn int(value: &Value, key: &str) -> i64 {
    value.get(key).and_then(Value::as_integer).unwrap_or_else(|| panic!("`{key}` must be a number in {value}"))
}

fn flag(value: &Value, key: &str, default: bool) -> bool {
    value.get(key).map_or(default, |v| v.as_bool().unwrap_or_else(|| panic!("`{key}` must be a bool in {value}")))
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).map_or(&[], |v| v.as_array().unwrap_or_else(|| panic!("`{key}` must be a list in {value}")))
}

fn joined(values: &[Value], render: impl Fn(&Value) -> String) -> String {
    values.iter().map(render).collect::<Vec<_>>().join(", ")
}

fn words(value: &Value, key: &str) -> String {
    joined(array(value, key), |v| format!("{:?}", v.as_str().expect("a string")))
}

fn program(name: &str, v: &Value) -> String {
    let returns = joined(array(v, "returns"), Value::to_string);
    let forms = joined(array(v, "forms"), |f| {
        format!(
            "ProgramForm {{ mode: {:?}, section: {:?}, tcx: {:?}, runtime_kind: {} }}",
            text(f, "mode"),
            text(f, "section"),
            maybe_text(f, "tcx"),
            int(f, "runtime_kind")
        )
    });
    format!(
        "ProgramSpec {{ name: {name:?}, context: {:?}, result: {:?}, as_integers: &[{}], returns: ({returns}), safe_default: {}, forms: &[{forms}], \
         packet: {}, scratch: {}, prog_type: {}, target: {:?}, target_alone: {} }}",
        text(v, "context"),
        text(v, "result"),
        words(v, "as_integers"),
        int(v, "safe_default"),
        flag(v, "packet", false),
        flag(v, "scratch", false),
        int(v, "prog_type"),
        maybe_text(v, "target"),
        flag(v, "target_alone", false),
    )
}

fn context(name: &str, v: &Value) -> String {
    let fields = joined(array(v, "fields"), |f| {
        format!(
            "ContextField {{ name: {:?}, ty: {:?}, offset: {}, role: FieldRole::{}, writable: {} }}",
            text(f, "name"),
            text(f, "ty"),
            int(f, "offset"),
            maybe_text(f, "role").unwrap_or("Plain"),
            flag(f, "writable", false)
        )
    });
    let (aliases, size) = (words(v, "aliases"), int(v, "size"));
    let object = flag(v, "object", false);
    format!(
        "ContextSpec {{ name: {name:?}, aliases: &[{aliases}], object: {object}, size: {size}, fields: &[{fields}], \
         later: &[{}] }}",
        words(v, "later")
    )
}

fn structure(name: &str, v: &Value) -> String {
    let fields = joined(array(v, "fields"), |f| {
        let bits = match array(f, "bits") {
            [shift, width] => format!("Some(({shift}, {width}))"),
            _ => "None".into(),
        };
        format!(
            "StructField {{ name: {:?}, ty: {:?}, offset: {}, bits: {bits} }}",
            text(f, "name"),
            text(f, "ty"),
            int(f, "offset")
        )
    });
    format!("StructSpec {{ name: {name:?}, size: {}, fields: &[{fields}] }}", int(v, "size"))
}

fn enumeration(name: &str, v: &Value) -> String {
    let variants = joined(array(v, "variants"), |pair| match pair.as_array().map(Vec::as_slice) {
        Some([name, value]) => format!("({name}, {value})"),
        _ => panic!("a variant is [name, value], not {pair}"),
    });
    let (aliases, into, repr) = (words(v, "aliases"), words(v, "into"), text(v, "repr"));
    format!(
        "EnumSpec {{ name: {name:?}, aliases: &[{aliases}], repr: {repr:?}, into: &[{into}], variants: &[{variants}] }}"
    )
}

fn map_kind(name: &str, v: &Value) -> String {
    let entries = v.get("default_entries").and_then(Value::as_integer).unwrap_or(1024);
    let rule = |key| maybe_text(v, key);
    format!(
        "MapKindSpec {{ name: {name:?}, aliases: &[{}], map_type: {}, key: KeyRule::{}, value: ValueRule::{}, \
         optional_types: {}, size: SizeRule::{}, default_entries: {entries}, percpu: {}, array: {}, spin_lock: {}, \
         object: {}, on: {}, \
         later: {:?}, flags: &[{}], implied: &[{}], since: {} }}",
        words(v, "aliases"),
        int(v, "map_type"),
        text(v, "key"),
        rule("value").unwrap_or("Any"),
        flag(v, "optional_types", false),
        rule("size").unwrap_or("Entries"),
        flag(v, "percpu", false),
        flag(v, "array", false),
        flag(v, "spin_lock", false),
        object(v),
        by_target(v, ["bpf", "host", "kmod"]),
        rule("later"),
        words(v, "flags"),
        words(v, "implied"),
        version(v),
    )
}

fn object(v: &Value) -> String {
    let Some(object) = v.get("object") else { return "None".into() };
    let [pointer, get, delete] = ["pointer", "get", "delete"].map(|key| text(object, key));
    let named_by = text(object, "named_by");
    format!(
        "Some(ObjectSpec {{ pointer: {pointer:?}, get: {get:?}, delete: {delete:?}, named_by: NamedBy::{named_by} }})"
    )
}

/// `["lookup", "stack_id"]`
fn accesses(v: &Value, key: &str) -> String {
    joined(array(v, key), |word| access(word.as_str().expect("a string")))
}

/// The lists of these keys, in the order of `Target`.
fn by_target(v: &Value, keys: [&str; 3]) -> String {
    format!(
        "EnumMap::<Target, &[MapAccess]>::from_array([{}])",
        keys.map(|key| format!("&[{}]", accesses(v, key))).join(", ")
    )
}

fn access(word: &str) -> String {
    format!("MapAccess::{}", camel(word))
}

fn map_flag(name: &str, v: &Value) -> String {
    format!(
        "MapFlagSpec {{ name: {name:?}, kernel: {:?}, bit: {}, argument: {}, frame: {:?}, lacks: {} }}",
        text(v, "kernel"),
        int(v, "bit"),
        flag(v, "argument", false),
        maybe_text(v, "frame"),
        by_target(v, ["bpf_lacks", "host_lacks", "kmod_lacks"]),
    )
}

fn map_method(name: &str, v: &Value) -> String {
    format!(
        "MapMethodSpec {{ name: {name:?}, params: &[{}], result: {:?}, optional: {}, handler: {}, function: {}, entry: {}, needs: {}, op: {:?}, \
         summary: {:?} }}",
        params(v),
        text(v, "result"),
        flag(v, "optional", false),
        maybe_text(v, "handler").map_or("None".to_owned(), |on| format!("Some(Target::{})", camel(on))),
        flag(v, "function", false),
        flag(v, "entry", false),
        access(text(v, "needs")),
        maybe_text(v, "op"),
        text(v, "summary"),
    )
}

/// `[["name", "type"], …]`
fn params(v: &Value) -> String {
    joined(array(v, "params"), |p| match p.as_array().map(Vec::as_slice) {
        Some([name, ty]) => format!("({name}, {ty})"),
        _ => panic!("a parameter is [name, type], not {p}"),
    })
}

fn builtin(name: &str, v: &Value) -> String {
    let params = params(v);
    format!(
        "BuiltinSpec {{ name: {name:?}, params: &[{params}], result: {:?}, host: {:?}, bpf: {:?}, op: {:?}, atomic: {:?}, plain: {}, address: {}, throws: {}, \
         interruptible: {}, keeps_attached: {}, summary: {:?}, supported: {} }}",
        maybe_text(v, "result").unwrap_or("void"),
        maybe_text(v, "host"),
        maybe_text(v, "bpf"),
        maybe_text(v, "op"),
        maybe_text(v, "atomic"),
        flag(v, "plain", false),
        maybe_text(v, "address").map_or("None".to_owned(), |form| format!("Some(Address::{form})")),
        maybe_text(v, "throws").map_or("None".to_owned(), |code| format!("Some(uapi::{code})")),
        flag(v, "interruptible", false),
        flag(v, "keeps_attached", false),
        text(v, "summary"),
        flag(v, "supported", true),
    )
}

/// `since = [5, 17]`
fn version(v: &Value) -> String {
    let Some(version) = v.get("since") else { return "None".into() };
    match version.as_array().map(Vec::as_slice) {
        Some([major, minor]) => format!("Some(({major}, {minor}))"),
        _ => panic!("`since` is [major, minor], not {version}"),
    }
}

fn helper(name: &str, v: &Value) -> String {
    format!(
        "HelperSpec {{ name: {name:?}, number: {}, args: {}, changes_packet: {}, since: {}, instead: {:?} }}",
        int(v, "number"),
        int(v, "args"),
        flag(v, "changes_packet", false),
        version(v),
        maybe_text(v, "instead")
    )
}
