//! Writes `ops.rs`: the opcodes, their records, typed views and builder methods; the dispatch to the emitters; and the enum
//! of the errors for ops that a target does not have.

use crate::load::{Op, OpRecord, Targets, camel, word};
use crate::tables::records::{AttrKind, Names, OperandKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The text of `ops.rs` for these ops.
pub fn render(ops: &[Op]) -> String {
    let mut out = String::new();
    enumeration(&mut out, ops);
    dialects(&mut out, ops);
    records(&mut out, ops);
    for op in ops {
        view(&mut out, op);
    }
    out.push_str("impl Builder<'_> {\n");
    for op in ops {
        builder(&mut out, op);
    }
    out.push_str("}\n");
    out
}

/// A `match` arm for each op that the target emits: `emit::<dialect>::<op>(g, op)`.
pub fn render_dispatch(ops: &[Op], how: impl Fn(&Targets) -> &str) -> String {
    let mut out = String::from("match opcode {\n");
    for op in ops {
        let variant = op.variant();
        if how(&op.record.on) == "emit" {
            let name = rust_name(&op.name);
            writeln!(out, "    Opcode::{variant} => super::{}::{name}(g, op),", op.dialect).expect("a string grows");
        } else {
            writeln!(out, "    Opcode::{variant} => not_legal(opcode),").expect("a string grows");
        }
    }
    out.push_str("}\n");
    out
}

/// An identifier that is no Rust keyword.
fn rust_name(name: &str) -> String {
    const KEYWORDS: [&str; 13] = [
        "if", "else", "for", "while", "loop", "match", "break", "continue", "return", "const", "yield", "move",
        "static",
    ];
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

fn enumeration(out: &mut String, ops: &[Op]) {
    out.push_str("#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]\npub enum Opcode {\n");
    for op in ops {
        writeln!(out, "    /// {}\n    {},", op.record.summary, op.variant()).expect("a string grows");
    }
    out.push_str("}\n\n/// In order of the enum.\npub static ALL: &[Opcode] = &[\n");
    for op in ops {
        writeln!(out, "    Opcode::{},", op.variant()).expect("a string grows");
    }
    out.push_str("];\n\n");
}

fn dialects(out: &mut String, ops: &[Op]) {
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for op in ops {
        members.entry(camel(&op.dialect)).or_default().push(format!("Opcode::{}", op.variant()));
    }
    out.push_str("/// A file of `ir-specs/ops/`.\n#[derive(Clone, Copy, PartialEq, Eq, Debug)]\npub enum Dialect {\n");
    for name in members.keys() {
        writeln!(out, "    {name},").expect("a string grows");
    }
    out.push_str("}\n\nimpl Opcode {\n    pub fn dialect(self) -> Dialect {\n        match self {\n");
    for (name, opcodes) in &members {
        writeln!(out, "            {} => Dialect::{name},", opcodes.join(" | ")).expect("a string grows");
    }
    out.push_str("        }\n    }\n}\n\n");
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(", ")
}

/// Splits `name: Kind?` into name, kind and how many.
fn operand<'t>(op: &Op, text: &'t str) -> (&'t str, OperandKind, &'static str) {
    let Some((name, kind)) = text.split_once(": ") else {
        panic!("ops: [{}.{}]: operand `{text}` is not `name: Kind`", op.dialect, op.name)
    };
    let (kind, many) = match (kind.strip_suffix('?'), kind.strip_suffix('*')) {
        (Some(kind), _) => (kind, "Optional"),
        (_, Some(kind)) => (kind, "Any"),
        _ => (kind, "One"),
    };
    (name, word(op, kind), many)
}

/// Splits `name`, `name: Kind` or `name*`.
fn result(op: &Op, text: &str) -> String {
    let kind: Option<OperandKind> = text.split_once(": ").map(|(_, kind)| word(op, kind));
    let kind = kind.map_or("None".to_owned(), |kind| format!("Some(OperandKind::{kind:?})"));
    format!("ResultSpec {{ kind: {kind}, many: {} }}", text.ends_with('*'))
}

/// An attribute, `name: Kind` and what of the kind it may be.
struct AttrText<'t> {
    name: &'t str,
    kind: AttrKind,
    names: Option<Names>,
    words: Vec<&'t str>,
}

fn attr<'t>(op: &Op, text: &'t str) -> AttrText<'t> {
    let wrong = || -> ! { panic!("ops: [{}.{}]: attribute `{text}` is not `name: Kind …`", op.dialect, op.name) };
    let Some((name, kind)) = text.split_once(": ") else { wrong() };
    let mut words: Vec<&str> = kind.split(' ').collect();
    let kind = word(op, words.remove(0));
    let names = match (kind, words.as_slice()) {
        (AttrKind::Symbol, [names]) => Some(word(op, names)),
        (AttrKind::Word, [_, ..]) | (_, []) => None,
        _ => wrong(),
    };
    if names.is_some() {
        words.clear();
    }
    AttrText { name, kind, names, words }
}

fn on(how: &str) -> String {
    match how.split_once(':') {
        None if how == "emit" => "On::Emit".into(),
        Some(("lower", pass)) => format!("On::Lower({pass:?})"),
        Some(("reject", code)) => format!("On::Reject(Rejection::{code})"),
        _ => panic!("`{how}` is none of emit, lower:PASS, reject:CODE"),
    }
}

/// An enum of the codes with which targets reject ops.
pub fn render_rejections(ops: &[Op]) -> String {
    let all = ops.iter().flat_map(|op| op.record.on.all());
    let codes: BTreeSet<&str> = all.filter_map(|how| how.strip_prefix("reject:")).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    format!(
        "/// The errors for ops that a target does not have.\n#[derive(Clone, Copy, PartialEq, Eq, Debug)]\n\
         pub enum Rejection {{ {} }}\n",
        codes.join(", ")
    )
}

fn records(out: &mut String, ops: &[Op]) {
    out.push_str("/// In the order of [`Opcode`].\npub static OPS: &[OpSpec] = &[\n");
    for op in ops {
        let OpRecord {
            summary,
            doc,
            source,
            operands,
            results,
            attrs,
            regions,
            successors,
            flow,
            leaves,
            computes,
            traits,
            needs,
            helpers,
            example,
            ..
        } = &op.record;
        let operands: Vec<String> = operands
            .iter()
            .map(|o| {
                let (name, kind, many) = operand(op, o);
                format!("Operand {{ name: {name:?}, kind: OperandKind::{kind:?}, many: Many::{many} }}")
            })
            .collect();
        let attrs: Vec<String> = attrs
            .iter()
            .map(|a| {
                let AttrText { name, kind, names, words } = attr(op, a);
                let names = names.map_or("None".to_owned(), |names| format!("Some(Names::{names:?})"));
                format!("AttrSpec {{ name: {name:?}, kind: AttrKind::{kind:?}, names: {names}, words: &{words:?} }}")
            })
            .collect();
        let leaves = leaves.map_or("None".to_owned(), |exit| format!("Some(ExitKind::{exit:?})"));
        let computes =
            computes.as_ref().map_or("None".to_owned(), |word| format!("Some(crate::fold::ArithOp::{})", camel(word)));
        let flow: Vec<String> = flow.iter().map(|(from, to)| flow_row(op, from, to)).collect();
        let results: Vec<String> = results.iter().map(|text| result(op, text)).collect();
        let traits: Vec<String> = traits.iter().map(|t| format!("OpTrait::{t:?}")).collect();
        let needs: Vec<String> = needs.iter().map(|n| format!("MapAccess::{n:?}")).collect();
        writeln!(
            out,
            "    OpSpec {{ name: \"{}.{}\", summary: {summary:?}, doc: {doc:?}, source: {source:?}, operands: &[{}], results: &[{}], attrs: &[{}], \
             regions: &[{}], successors: &[{}], flow: &[{}], leaves: {leaves}, computes: {computes}, traits: &[{}], needs: &[{}], helpers: &[{}], on: crate::tables::form::by_target([{}]), example: {example:?} }},",
            op.dialect,
            op.name,
            operands.join(", "),
            results.join(", "),
            attrs.join(", "),
            quoted(regions),
            quoted(successors),
            flow.join(", "),
            traits.join(", "),
            needs.join(", "),
            quoted(helpers),
            op.record.on.all().map(on).join(", "),
        )
        .expect("a string grows");
    }
    out.push_str("];\n\n");
}

/// A row of an op's `flow`.
fn flow_row(op: &Op, from: &str, to: &[String]) -> String {
    let region = |name: &str| {
        let known = op.record.regions.iter().position(|region| region.trim_end_matches('*') == name);
        known.unwrap_or_else(|| panic!("{}.{}: `flow` names no region `{name}`", op.dialect, op.name))
    };
    let from = match (from, from.split_once('.')) {
        ("enter", _) => "FlowFrom::Enter".to_owned(),
        ("break" | "continue" | "leave" | "return", _) => format!("FlowFrom::Exit(None, ExitKind::{})", camel(from)),
        (_, Some((of, "exit"))) => format!("FlowFrom::AnyExit({})", region(of)),
        (_, Some((of, exit))) => format!("FlowFrom::Exit(Some({}), ExitKind::{})", region(of), camel(exit)),
        (_, None) => format!("FlowFrom::Region({})", region(from)),
    };
    let to = to.iter().map(|to| match to.as_str() {
        "after" => "FlowTo::After".to_owned(),
        of => format!("FlowTo::Region({})", region(of)),
    });
    format!("FlowRow {{ from: {from}, to: &[{}] }}", to.collect::<Vec<_>>().join(", "))
}

/// A view: the op's operands, attributes and regions by name.
fn view(out: &mut String, op: &Op) {
    let variant = op.variant();
    let mut methods = String::new();
    for (index, text) in op.record.operands.iter().enumerate() {
        let (name, _, many) = operand(op, text);
        let name = rust_name(name);
        let (ty, body) = match many {
            "One" => ("Value", format!("self.0.operands[{index}]")),
            "Optional" => (
                "Option<Value>",
                format!(
                    "{}.copied()",
                    if index == 0 { "self.0.operands.first()".into() } else { format!("self.0.operands.get({index})") }
                ),
            ),
            _ => ("&'a [Value]", format!("&self.0.operands[{index}..]")),
        };
        writeln!(methods, "    pub fn {name}(&self) -> {ty} {{ {body} }}").expect("a string grows");
    }
    for (index, text) in op.record.attrs.iter().enumerate() {
        let AttrText { name, kind, .. } = attr(op, text);
        let (ty, getter) = attr_access(kind);
        let name = rust_name(name);
        writeln!(methods, "    pub fn {name}(&self) -> {ty} {{ self.0.attrs[{index}].{getter}() }}")
            .expect("a string grows");
    }
    for (index, name) in op.record.regions.iter().enumerate() {
        let (name, ty, body) = match name.strip_suffix('*') {
            Some(name) => (name, "&'a [RegionId]", format!("&self.0.regions[{index}..]")),
            None => (name.as_str(), "RegionId", format!("self.0.regions[{index}]")),
        };
        writeln!(methods, "    pub fn {name}_region(&self) -> {ty} {{ {body} }}").expect("a string grows");
    }
    if methods.is_empty() {
        return;
    }
    writeln!(
        out,
        "/// View of a `{}.{}`.\npub struct {variant}<'a>(&'a OpData);\nimpl<'a> {variant}<'a> {{\n    \
         pub fn of(op: &'a OpData) -> Self {{ debug_assert_eq!(op.opcode, Opcode::{variant}); {variant}(op) }}\n{methods}}}\n",
        op.dialect, op.name
    )
    .expect("a string grows");
}

/// Rust type and getter of an attribute in a view.
fn attr_access(kind: AttrKind) -> (&'static str, &'static str) {
    match kind {
        AttrKind::Int => ("i128", "int"),
        AttrKind::Bool => ("bool", "bool"),
        AttrKind::Str => ("&'a [u8]", "bytes"),
        AttrKind::Symbol => ("&'a Symbol", "symbol"),
        AttrKind::Type => ("Ty", "ty"),
        AttrKind::Word => ("&'a str", "word"),
        AttrKind::Ints => ("&'a [i128]", "ints"),
    }
}

/// Rust type of an attribute as a builder's parameter, and the `Attr` made of it.
fn attr_param(kind: AttrKind, name: &str) -> (&'static str, String) {
    match kind {
        AttrKind::Int => ("i128", format!("Attr::Int({name})")),
        AttrKind::Bool => ("bool", format!("Attr::Bool({name})")),
        AttrKind::Str => ("&[u8]", format!("Attr::Str({name}.to_vec())")),
        AttrKind::Symbol => ("&Symbol", format!("Attr::Symbol({name}.clone())")),
        AttrKind::Type => ("Ty", format!("Attr::Type({name})")),
        AttrKind::Word => ("&str", format!("Attr::Word({name}.into())")),
        AttrKind::Ints => ("&[i128]", format!("Attr::Ints({name}.to_vec())")),
    }
}

/// `fn ks_add(left, right, attrs…, result: Ty) -> Value`. Ops with regions or successors take those as lists.
fn builder(out: &mut String, op: &Op) {
    let record = &op.record;
    let mut params = String::new();
    let mut operands = String::from("let mut operands: Vec<Value> = Vec::new();\n");
    for text in &record.operands {
        let (name, _, many) = operand(op, text);
        let name = rust_name(name);
        match many {
            "One" => {
                write!(params, ", {name}: Value").expect("a string grows");
                writeln!(operands, "operands.push({name});").expect("a string grows");
            }
            "Optional" => {
                write!(params, ", {name}: Option<Value>").expect("a string grows");
                writeln!(operands, "operands.extend({name});").expect("a string grows");
            }
            _ => {
                write!(params, ", {name}: &[Value]").expect("a string grows");
                writeln!(operands, "operands.extend_from_slice({name});").expect("a string grows");
            }
        }
    }
    let mut attrs = Vec::new();
    for text in &record.attrs {
        let AttrText { name, kind, .. } = attr(op, text);
        let name = rust_name(name);
        let (ty, value) = attr_param(kind, &name);
        write!(params, ", {name}: {ty}").expect("a string grows");
        attrs.push(value);
    }
    let many = record.results.first().is_some_and(|r| r.ends_with('*'));
    let (results, result_type) = match (record.results.len(), many) {
        (0, _) => ("&[]", "OpId"),
        (1, false) => ("&[result]", "Value"),
        _ => ("results", "OpId"),
    };
    match results {
        "&[result]" => params.push_str(", result: Ty"),
        "results" => params.push_str(", results: &[Ty]"),
        _ => {}
    }
    if !record.regions.is_empty() {
        params.push_str(", regions: Vec<RegionId>");
    }
    if !record.successors.is_empty() {
        params.push_str(", successors: Vec<BlockId>");
    }
    let regions = if record.regions.is_empty() { "Vec::new()" } else { "regions" };
    let successors = if record.successors.is_empty() { "Vec::new()" } else { "successors" };
    let unused_mut = if record.operands.is_empty() { operands.replace("mut ", "") } else { operands };
    let attrs = attrs.join(", ");
    let insert =
        format!("self.insert(Opcode::{}, operands, vec![{attrs}], {results}, {regions}, {successors})", op.variant());
    let made =
        if result_type == "Value" { format!("let op = {insert};\nself.func.ops[op].results[0]") } else { insert };
    writeln!(
        out,
        "/// {}\n#[allow(clippy::too_many_arguments, clippy::vec_init_then_push)]\npub fn {}(&mut self{params}) -> {result_type} {{\n{unused_mut}\
         {made}\n}}",
        record.summary,
        op.function(),
    )
    .expect("a string grows");
}
