//! The table of the layers of packets.

use crate::tables::form::{List, Text, record, words};

record! {
    /// A layer of `packet { … }`, by the word that it begins with (`ir-specs/packet_layers.toml`). Its fields are those of its header.
    pub struct PacketLayer {
        pub name: Text,
        /// A name in [`HEADERS`](super::HEADERS).
        pub header: Text,
        /// Its number in the headers that name what follows them by a type of Ethernet.
        #[serde(default)]
        pub ethertype: Option<u64>,
        /// Its number in the headers that name what follows them by a protocol of IP.
        #[serde(default)]
        pub protocol: Option<u64>,
        /// The field that says what follows, and by which of the two numbers.
        #[serde(default)]
        pub next: Option<(Text, NextBy)>,
        /// The value of that field if nothing follows, where it is not zero.
        #[serde(default)]
        pub last: Option<u64>,
        /// Fields that are not zero where a literal leaves them out.
        #[serde(default)]
        pub defaults: List<(Text, u64)>,
        /// The field with the number of bytes from the header to the end of the packet, and how many of them it does not count.
        #[serde(default)]
        pub length: Option<(Text, u64)>,
        /// The field with the size of the header, the size of its units in bytes, and how many of them it does not count.
        #[serde(default)]
        pub words: Option<(Text, u64, u64)>,
        /// It has the field `options`, which zeros fill so far that the size of the header is a multiple of this.
        #[serde(default)]
        pub options: Option<u64>,
        /// The field with the checksum, and the bytes that it covers.
        #[serde(default)]
        pub check: Option<(Text, Checked)>,
        /// A sum of zero is written as all ones, since zero says that there is none.
        #[serde(default)]
        pub never_zero: bool,
        /// The version of IP, where its addresses are in the pseudo headers of what it carries.
        #[serde(default)]
        pub version: Option<u64>,
        /// It lies between IP and what IP carries, and is no part of pseudo headers.
        #[serde(default)]
        pub extension: bool,
        /// While segments are left, an address in it is the destination in pseudo headers (RFC 8200, 8.1).
        #[serde(default)]
        pub routes: bool,
        /// Fields behind the header that are there where they are written, or where a constant `flags` says so.
        #[serde(default)]
        pub parts: List<LayerPart>,
    }
}

record! {
    /// A field behind a header, with the bit of the header's field `flags` that says it is there.
    pub struct LayerPart {
        pub field: Text,
        /// Type text as in the language.
        pub ty: Text,
        /// In bytes, with what is zero behind the field.
        pub size: u64,
        pub flag: u64,
    }
}

words! {
    /// The numbers by which a header says what follows.
    pub enum NextBy {
        Ethertype,
        Protocol,
    }
}

words! {
    /// The bytes that a checksum covers, besides those of the layer.
    pub enum Checked {
        /// The header alone.
        Header,
        /// All up to the end of the packet.
        Rest,
        /// The same, and the pseudo header of IP.
        Pseudo,
    }
}
