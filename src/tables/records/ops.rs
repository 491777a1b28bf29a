//! What the records of ops (`ir-specs/ops/`) say of operands, results and attributes.

use crate::tables::form::words;

words! {
    /// What the verifier demands of the type of an operand or a result.
    pub enum OperandKind {
        Any,
        /// No place, no optional.
        Scalar,
        Bool,
        /// Integers, chars, enums, bools, be.
        Int,
        /// `f64`
        Float,
        /// What a constant may be: `Int`, `f64`, a function.
        Const,
        /// A place that is only read.
        Place,
        /// A place that the op writes.
        Out,
        /// Pointers, of functions too.
        Ptr,
        /// A pointer to a function.
        Func,
        Opt,
    }
}

words! {
    /// The kind of an attribute's value.
    pub enum AttrKind {
        Int,
        Bool,
        /// Bytes, written as a string literal.
        Str,
        /// `@name`
        Symbol,
        Type,
        /// One of a few words, written bare.
        Word,
        /// `[1, 2, 3]`
        Ints,
    }
}

words! {
    /// What a symbol names, which must be there.
    #[serde(rename_all = "snake_case")]
    pub enum Names {
        Map,
        /// A program, also one whose code is not in the module.
        Program,
        /// A table of functions for the kernel.
        StructOps,
        Function,
        Global,
        Builtin,
        /// A helper, or a function of the kernel that passes call.
        Helper,
        /// A function of the kernel that the module declares.
        Kfunc,
    }
}

words! {
    /// A property of an op that passes ask for.
    pub enum OpTrait {
        /// Ends a block of a CFG.
        Terminator,
        /// Ends a region of structured control flow.
        RegionEnd,
        /// Neither reads nor writes memory; may be removed when unused.
        Pure,
        ReadsMemory,
        WritesMemory,
        /// Moves packet data.
        ChangesPacket,
        /// A call in BPF code, of a helper or a function.
        Calls,
        /// Reads and writes its place, atomically where others may see that.
        Updates,
        /// All operands have the type of the result.
        SameTypes,
        /// Control does not go on after it.
        NoReturn,
        /// Prints a map, a struct or an array, in the form that `--output` names.
        PrintsWhole,
    }
}

words! {
    /// How control leaves more than the op whose region it is in.
    #[serde(rename_all = "snake_case")]
    pub enum ExitKind {
        /// Out of a loop.
        Break,
        /// To the next iteration of a loop.
        Continue,
        /// Out of one of the blocks around, by its number.
        Leave,
        /// Out of the function.
        Return,
    }
}
