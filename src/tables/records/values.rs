//! The table of methods of values (`ir-specs/value_methods.toml`).

use crate::tables::form::{Text, record, words};

words! {
    /// The values that have a method.
    pub enum MethodOwner {
        /// The context of a program.
        Context,
        /// A `bytes`.
        View,
        /// A `Packet`.
        Packet,
        /// A number in network byte order.
        Network,
    }
}

words! {
    /// What a method of a value is.
    pub enum ValueMethod {
        /// The header at an offset.
        Packet,
        /// A view of the packet.
        Bytes,
        /// The metadata before the packet.
        Meta,
        /// A part of a view.
        Slice,
        /// A value that lies in a view.
        Read,
        /// The first bytes.
        Cut,
        /// The bytes in their order in memory.
        Raw,
    }
}

record! {
    /// A method of a value, or a field that is no part of it (`ir-specs/value_methods.toml`).
    pub struct ValueMethodSpec {
        pub name: Text,
        pub of: MethodOwner,
        pub method: ValueMethod,
        /// The call as it is written.
        pub form: Text,
        /// One line for editors.
        pub summary: Text,
    }
}
