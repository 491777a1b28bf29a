//! The records of the kernel's events: which struct of the kernel's types an event has, by what tracefs shows of its fields.

use crate::btf::{KernelTypes, Wanted};
use crate::tables::record_field;
use crate::tracefs::Field;

/// The class of the record of an event: what follows `prefix` in the name of the struct whose fields lie as tracefs shows them. The
/// `declared` one goes before others that fit, and else the one whose name is most like that of the event. None if no struct fits.
pub fn class(
    kernel_types: &mut KernelTypes,
    prefix: &str,
    event: &str,
    shown: &[Field],
    declared: Option<&str>,
) -> Option<String> {
    let agrees = |types: &mut KernelTypes, class: &str| {
        let layout = types.layout(&format!("{prefix}{class}")).unwrap_or_default();
        let own = layout.iter().filter(|(member, _)| member != "ent" && member != "__data");
        let own: Vec<(&str, u64)> = own.map(|(member, offset)| (record_field(member), *offset)).collect();
        own == shown.iter().map(|field| (field.name.as_str(), field.offset)).collect::<Vec<_>>()
    };
    if let Some(declared) = declared.filter(|declared| agrees(kernel_types, declared)) {
        return Some(declared.to_owned());
    }
    let classes = kernel_types.names_with(Wanted::Type, prefix);
    let fitting: Vec<String> = classes.into_iter().filter(|class| agrees(kernel_types, class)).collect();
    let alike = |class: &String| class.bytes().zip(event.bytes()).take_while(|(one, other)| one == other).count();
    fitting.into_iter().max_by_key(|class| (class == event, alike(class)))
}
