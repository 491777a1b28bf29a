//! Unknown or misspelt fields and variants: similar names, or a list of all.

use crate::ast::Ident;
use crate::diag::Diagnostic;
use crate::diag::codes::names::{NoSuchField, NoSuchVariant};
use crate::diag::codes::refused::ContextFieldRefused;
use crate::diag::codes::types::{ArrowOnValue, RepeatedField, SharedBytes};
use crate::diag::similar;
use crate::sema::predefined::later_fields;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{self, FieldRole, HEADERS, StructSpec, record_class, record_field};
use crate::types::{EnumId, OWN_CONTEXT, Origin, StructDef, StructId, Ty};
use std::path::Path;

/// Where the running kernel shows its types.
const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// Which fields a literal need not give.
pub const LEFT_OUT: &str =
    "a field that is declared with `= value` may be left out; with `..` at the end of the literal the others are zero";

/// Reports a field that a struct does not have.
pub fn no_such_field(cx: &mut Session, id: StructId, name: &Ident) {
    let def = cx.types.struct_def(id);
    if later_fields(def).contains(&name.name.as_str()) {
        let (field, of) = (name.name.clone(), def.name.clone());
        cx.error(name.span, ContextFieldRefused { field, of })
            .help("read the other fields of the context, or what helpers of this program type tell");
        return;
    }
    // Leaves out members that are refused at each use.
    let context = tables::contexts(cx.types.machine()).find(|context| context.name == def.name);
    let unsupported = |name: &str| {
        let mut fields = context.into_iter().flat_map(|context| context.fields);
        fields.any(|field| field.name == name && field.role == FieldRole::PacketMeta)
    };
    let names: Vec<&str> =
        def.fields.iter().map(|field| field.name.as_str()).filter(|name| !unsupported(name)).collect();
    // `cb.0` is an element of the array `cb`.
    let whole = |name: &'static str| name.split_once('.').map_or(name, |(array, _)| array);
    let mut names: Vec<&str> = match context {
        Some(context) => {
            context.fields.iter().map(|field| field.name).filter(|name| !unsupported(name)).map(whole).collect()
        }
        None => names,
    };
    names.dedup();
    let help = proposal(cx, name, names.iter().copied());
    let ty = if def.name == OWN_CONTEXT { "context".to_owned() } else { def.name.clone() };
    let declared = def.span;
    let is_opaque = def.origin == Origin::Context && def.fields.is_empty();
    let longer = longer_header(def, &name.name);
    let error = cx.error(name.span, NoSuchField { ty, name: name.name.clone() });
    match longer {
        _ if is_opaque => {
            let parameters = "the values in a program's own context are its parameters: name the one that you need";
            error.help(format!("{parameters}; a `*context` is for functions of the kernel that take the context"));
        }
        Some(longer) => drop(error.help(format!("`{longer}`, which begins as this header does, has it"))),
        None => propose(error, name, help),
    }
    if let Some(declared) = declared {
        error.note(declared, "declared here");
    }
}

/// Reports a field that a struct of the kernel does not have. A struct inside it may have the field, or one through which the program
/// reaches it.
pub fn no_such_kernel_field(cx: &mut Session, id: StructId, name: &Ident, chain: &[StructId]) {
    let inside = cx.kernel_types.field_inside(id, &name.name);
    let before = chain.iter().find(|&&of| cx.kernel_types.field_names(of).contains(&name.name));
    let before = before.map(|&of| cx.types.struct_def(of).name.clone());
    let mut names = cx.kernel_types.field_names(id);
    if record_class(&cx.types.struct_def(id).name).is_some() {
        names = names.iter().map(|name| record_field(name).to_owned()).collect();
    }
    let help = proposal(cx, name, names.iter().map(String::as_str));
    let ty = cx.types.struct_def(id).name.clone();
    let whose = match cx.kernel_types.btf() {
        Ok(_) => "the types are those of this kernel; `--btf FILE` names those of another one",
        Err(_) => {
            "the types are those that the compiler has, which lack the fields of many structs; `--btf FILE` names those of a kernel"
        }
    };
    let is_far = !matches!(help, Some(Proposal::Near(_)));
    // On a machine that shows no types and without `--btf`, nothing else has those of the compiler.
    let is_long = names.len() > MAX_NAMED && cx.kernel_types.btf().is_ok();
    let types = cx.options.btf.as_deref().unwrap_or(Path::new(RUNNING)).display().to_string();
    let flavour = format!("struct {ty}___other {{ {}: u64 }}", name.name);
    let error = cx.error(name.span, NoSuchField { ty, name: name.name.clone() });
    match (inside, before) {
        (Some(path), _) => drop(error.help(format!("it is inside: `{path}`")).fix(name.span, path)),
        (None, Some(of)) => drop(error.help(format!("the `{of}` before it has this field"))),
        (None, None) if is_far => {
            propose(error, name, help);
            if is_long {
                error.help(format!("`bpftool btf dump file {types} format c` prints all of them"));
            }
            error.help(format!("a field that only other kernels have is named in a flavour: `{flavour}`"));
        }
        (None, None) => propose(error, name, help),
    }
    error.remark(whose);
}

/// The packet header that has the field and begins with the same one, as `arp_eth_header` does with that of `arphdr`.
fn longer_header(def: &StructDef, field: &str) -> Option<&'static str> {
    let first = def.fields.first().filter(|_| def.origin == Origin::Packet)?;
    let has = |spec: &StructSpec| spec.fields.iter().any(|f| f.name == field);
    HEADERS.iter().find(|spec| spec.fields[0].name == first.name && has(spec)).map(|spec| spec.name)
}

/// Reports a variant that an enum does not have.
pub fn no_such_variant(cx: &mut Session, id: EnumId, name: &Ident) {
    let def = cx.types.enum_def(id);
    let help = proposal(cx, name, def.variants.iter().map(|variant| variant.name.as_str()));
    let ty = def.name.clone();
    let error = cx.error(name.span, NoSuchVariant { ty, name: name.name.clone() });
    propose(error, name, help);
}

/// Reports `base->name` of a struct, which is no pointer.
pub fn arrow_on_value(cx: &mut Session, base: Span, ty: Ty, name: &Ident) {
    let ty = cx.types.name(ty);
    let text = format!("{}.{}", cx.sources.text(base), name.name);
    let between = Span { lo: base.hi, hi: name.span.lo, ..name.span };
    cx.error(between, ArrowOnValue { ty }).help(format!("write `{text}`")).fix(between, ".");
}

/// The replacement of a name that is not among the members.
enum Proposal {
    Near(String),
    /// All that there are, or of many those that are most like it.
    All(String),
}

/// So many members are named where none is near.
const MAX_NAMED: usize = 30;

fn proposal<'n>(cx: &Session, name: &Ident, names: impl ExactSizeIterator<Item = &'n str> + Clone) -> Option<Proposal> {
    if let Some(near) = cx.diags.near(&name.name, || names.clone()) {
        return Some(Proposal::Near(near));
    }
    let count = names.len();
    let mut known: Vec<&str> = names.collect();
    if count > MAX_NAMED {
        known = similar::likest_first(&name.name, known);
        known.truncate(MAX_NAMED);
    }
    let mut named: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    if count > MAX_NAMED {
        named.push(format!("{} more", count - MAX_NAMED));
    }
    (count > 0).then(|| Proposal::All(named.join(", ")))
}

fn propose(error: &mut Diagnostic, name: &Ident, proposal: Option<Proposal>) {
    match proposal {
        Some(Proposal::Near(near)) => error.near(name.span, near),
        Some(Proposal::All(names)) => error.help(format!("it has {names}")),
        None => error,
    };
}

/// Reports a field of a literal that is given already, or whose bytes are.
pub fn given_again(cx: &mut Session, id: StructId, before: usize, name: &Ident) {
    let def = cx.types.struct_def(id);
    let (ty, other, name, span) = (def.name.clone(), def.fields[before].name.clone(), name.name.clone(), name.span);
    if other == name {
        cx.error(span, RepeatedField { name });
    } else {
        cx.error(span, SharedBytes { name, other, ty }).help("give one of them");
    }
}
