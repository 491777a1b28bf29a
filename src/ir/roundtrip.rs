//! Text → IR → text is the identity, for the example of every op's record.

use super::{ops, parse, print};
use crate::session::{Options, Session};
use crate::tables::{Many, OpSpec, OperandKind};
use std::path::Path;

/// The op behind the example, whose result is no operand of that.
const AFTER: &str = "%90 = ks.const {value = 1} : u32";

/// A module with the example and an op behind it, its operands as parameters and the blocks that it names.
fn around(spec: &OpSpec) -> String {
    let mut params = Vec::new();
    for operand in spec.operands {
        let ty = match operand.kind {
            OperandKind::Any | OperandKind::Scalar | OperandKind::Int | OperandKind::Const => "u32",
            OperandKind::Bool => "i1",
            OperandKind::Float => "f64",
            OperandKind::Place | OperandKind::Out => "place<@iphdr, stack>",
            OperandKind::Ptr => "ptr<u8, ctx>",
            OperandKind::Func => "fn()->void",
            OperandKind::Opt => "opt<place<u64, map_value>>",
        };
        let given = operand.many == Many::One || spec.example.contains(&format!("%{}", params.len()));
        if given && !spec.example.contains(&format!("%{} =", params.len())) {
            params.push(format!("%{} \"p\": {ty}", params.len()));
        }
    }
    let mut blocks = String::new();
    for number in 1..=3 {
        if spec.example.contains(&format!("^{number}")) {
            blocks.push_str(&format!("  ^{number}:\n    cf.ret\n"));
        }
    }
    let entry = if blocks.is_empty() { "" } else { "  ^0:\n" };
    format!(
        "module @m license=\"GPL\" {{\n  struct @iphdr packet size=20 align=4 {{ \"saddr\": be32 at 12 }}\n  func @f({}) -> void plain {{\n{entry}    {}\n    {AFTER}\n{blocks}  }}\n}}\n",
        params.join(", "),
        spec.example
    )
}

fn read_and_print(text: &str) -> String {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("m.ksir", Path::new("m.ksir"), text.to_owned());
    let module = parse::module(&mut cx, file);
    let reported: Vec<&str> = cx.diags.iter().map(|d| d.message.as_str()).collect();
    assert!(reported.is_empty(), "{reported:?} in\n{text}");
    print::module(&module.expect("what has no errors is a module"), &cx.types)
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|w| !w.starts_with("@iphdr")).collect()
}

#[test]
fn every_example_reads_back() {
    for spec in ops::OPS {
        let text = around(spec);
        let printed = read_and_print(&text);
        let op = words(spec.example).join(" ");
        assert!(words(&printed).join(" ").contains(&op), "{}:\n{text}\nprints as\n{printed}", spec.name);
        assert_eq!(printed, read_and_print(&printed), "{} does not settle", spec.name);
    }
}
