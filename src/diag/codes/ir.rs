//! E009: IR text.

codes! {
    /// A `.ksir` file is IR as `--emit=khir` and `--print-ir-after` print it. ARCHITECTURE.md describes the syntax; the
    /// records in `ir-specs/ops/` give an example of each op.
    E0090 BadIr { why } = "{why}",

    /// The IR that a `.ksir` file holds must keep the rules that every pass relies on; `src/ir/verify/` lists them.
    E0091 IllFormedIr { why } = "this IR is not well formed: {why}",
}
