//! The options of `main`, as its descriptor has them.

use super::field::{Field, Spec};
use super::own;
use crate::abi::{KS_FIELD_COMMAND, KS_FIELD_REQUIRED, KS_FIELD_SIGNED, KsArgs, KsField, KsFieldKind};
use crate::kernel::end::die;
use crate::kernel::program::{array, text};

/// Why `main` is not reached.
#[derive(Debug, PartialEq)]
pub enum Stop {
    /// The text that `--help` asked for.
    Help(String),
    /// The mistake in the input, as a message.
    Bad(String),
}

impl Spec<'static> {
    /// # Safety
    /// The descriptor is valid.
    pub unsafe fn new(args: &KsArgs) -> Spec<'static> {
        let size = usize::try_from(args.size).unwrap_or(0);
        // SAFETY: as the caller promises.
        unsafe {
            let mut defaults = array(args.defaults.cast::<u8>(), args.size).to_vec();
            defaults.resize(size, 0);
            let fields = array(args.fields, args.fields_len).iter().map(|field| Field::new(field)).collect();
            Spec { doc: text(args.doc), defaults, fields, own: own::rows() }
        }
    }
}

impl Field<'static> {
    /// # Safety
    /// The descriptor is valid.
    unsafe fn new(field: &KsField) -> Field<'static> {
        let kinds = [
            KsFieldKind::Unsigned,
            KsFieldKind::Signed,
            KsFieldKind::Bool,
            KsFieldKind::Char,
            KsFieldKind::Str,
            KsFieldKind::Be,
            KsFieldKind::F64,
            KsFieldKind::Enum,
        ];
        let name = text(field.name);
        let Some(kind) = kinds.into_iter().find(|kind| *kind as u32 == field.kind) else {
            die(1, &format!("the option `{name}` has a type ({}) that this runtime library does not know", field.kind));
        };
        // SAFETY: as the caller promises.
        let variants = unsafe { array(field.variants, field.variants_len) };
        Field {
            name,
            doc: text(field.doc),
            kind,
            signed: kind == KsFieldKind::Signed || field.flags & KS_FIELD_SIGNED != 0,
            required: field.flags & KS_FIELD_REQUIRED != 0,
            command: field.flags & KS_FIELD_COMMAND != 0,
            offset: usize::try_from(field.offset).unwrap_or(0),
            size: field.size as usize,
            count: (field.count != 0).then_some(field.count as usize),
            variants: variants.iter().map(|variant| (text(variant.name), variant.value)).collect(),
        }
    }
}
