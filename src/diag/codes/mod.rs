//! The diagnostic codes, one file per area. A number exists once: at its declaration here.
//!
//! E00 syntax, E01 names, E02 types, E03 contexts and calls, E04 maps and config, E05 BPF limits and safety,
//! E06 target support, E07 lifecycle and resources, E08 packets, E09 environment; W (warnings) and N (notes) likewise.

/// Declares codes: doc text, number, struct name, fields (all `String`; none: write `Name {}` where it is used), message.
///
/// ```text
/// codes! {
///     /// The name is used here, but nothing in scope declares it.
///     E0101 UnknownName { name } = "no `{name}` in this scope",
/// }
/// ```
macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $code:ident $name:ident $({ $($field:ident),* $(,)? })? = $message:literal ),* $(,)?) => {
        $(
            $(#[doc = $doc])+
            pub struct $name { $($(pub $field: String),*)? }
            impl $crate::diag::Code for $name {
                const INFO: $crate::diag::CodeInfo = $crate::diag::CodeInfo {
                    code: stringify!($code),
                    name: stringify!($name),
                    doc: concat!($($doc, "\n"),+),
                    message: $message,
                };
                fn message(&self) -> String {
                    $( let $name { $($field),* } = self; )?
                    format!($message)
                }
            }
        )*
        /// The codes of this file, in order of declaration.
        pub const CODES: &[$crate::diag::CodeInfo] = &[$( <$name as $crate::diag::Code>::INFO ),*];
    };
}

pub mod contexts;
pub mod environment;
pub mod events;
pub mod ir;
pub mod lifecycle;
pub mod limits;
pub mod maps;
pub mod modules;
pub mod names;
pub mod packets;
pub mod refused;
pub mod shared;
pub mod support;
pub mod syntax;
pub mod tests;
pub mod throws;
pub mod types;

use crate::diag::CodeInfo;

/// Every code of the compiler.
pub fn all() -> impl Iterator<Item = &'static CodeInfo> {
    [
        syntax::CODES,
        ir::CODES,
        names::CODES,
        modules::CODES,
        types::CODES,
        contexts::CODES,
        maps::CODES,
        events::CODES,
        shared::CODES,
        limits::CODES,
        support::CODES,
        refused::CODES,
        lifecycle::CODES,
        tests::CODES,
        packets::CODES,
        throws::CODES,
        environment::CODES,
    ]
    .into_iter()
    .flatten()
}
