//! The command line: parses options into the fields of `main`'s `Args`. Without `Args` there are the runtime's own options alone.

mod options;
mod own;
mod usage;
mod value;

use crate::abi::{KS_FIELD_REQUIRED, KS_FIELD_SIGNED, KsArgs, KsField, KsFieldKind};
use crate::escape;
use crate::exit::{self, die};
use crate::output;
use crate::program::{self, array, text};
use std::ffi::{CStr, c_char};

/// The descriptor, seen through safe types.
struct Spec<'a> {
    doc: &'a str,
    defaults: Vec<u8>,
    fields: Vec<Field<'a>>,
    /// The options that are not of `main`, as `--help` lists them.
    own: Vec<(String, String)>,
}

struct Field<'a> {
    name: &'a str,
    doc: &'a str,
    kind: KsFieldKind,
    signed: bool,
    required: bool,
    offset: usize,
    size: usize,
    /// The length of an array field.
    count: Option<usize>,
    variants: Vec<(&'a str, i64)>,
}

/// Why `main` is not reached.
#[derive(Debug, PartialEq)]
enum Stop {
    /// The text that `--help` asked for.
    Help(String),
    /// The mistake in the input, as a message.
    Bad(String),
}

/// See abi.rs.
///
/// # Safety
/// `spec` is a valid descriptor, `argv` has `argc` strings, `out` has room for the struct, or is null where it has no fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_args(spec: *const KsArgs, argc: i32, argv: *const *const c_char, out: *mut u8) {
    // SAFETY: as the caller promises.
    let (spec, out, words) = unsafe {
        let spec = Spec::new(&*spec);
        let out = if out.is_null() { &mut [] } else { std::slice::from_raw_parts_mut(out, spec.defaults.len()) };
        let words: Vec<&[u8]> = array(argv, u64::try_from(argc).unwrap_or(0))
            .iter()
            .filter(|word| !word.is_null())
            .map(|word| CStr::from_ptr(*word).to_bytes())
            .collect();
        (spec, out, words)
    };
    let program = program::started_as();
    match options::fill(&spec, program, words.get(1..).unwrap_or(&[]), out) {
        Ok(()) => {}
        Err(Stop::Help(text)) => {
            output::write(escape::message(&text).as_bytes());
            exit::leave(output::status(0))
        }
        Err(Stop::Bad(message)) => die(2, &format!("{message}\n  help: `{program} --help` lists the options")),
    }
}

impl Spec<'static> {
    /// # Safety
    /// The descriptor is valid.
    unsafe fn new(args: &KsArgs) -> Spec<'static> {
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
            offset: usize::try_from(field.offset).unwrap_or(0),
            size: field.size as usize,
            count: (field.count != 0).then_some(field.count as usize),
            variants: variants.iter().map(|variant| (text(variant.name), variant.value)).collect(),
        }
    }
}

impl Field<'_> {
    /// As people type it.
    fn option(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// Six bytes, which may be written as a hardware address.
    fn is_hardware_address(&self) -> bool {
        (self.kind, self.size, self.count) == (KsFieldKind::Unsigned, 1, Some(6))
    }

    /// The size of the whole field, in bytes.
    fn total(&self) -> usize {
        self.size * self.count.unwrap_or(1)
    }
}
