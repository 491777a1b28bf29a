//! Where the types are looked up: in the file, or in what the compiler has.

use super::{Btf, KernelTypes, OpenError, Wanted};

/// The types that programs use most, of kernels that `ci/kernel-types` read: what there is on a machine that shows no BTF. Programs are
/// relocated when they are loaded, whatever kernel their types are of.
static OWN: &[u8] = include_bytes!("../../ir-specs/kernel_types.btf");

impl KernelTypes {
    /// All types of the kernel, for messages that say what it has.
    pub fn btf(&mut self) -> Result<&Btf, &OpenError> {
        self.types();
        match (&self.unread, &self.opened) {
            (Some(why), _) | (None, Some(Err(why))) => Err(why),
            (None, Some(Ok(btf))) => Ok(btf),
            (None, None) => Err(&OpenError::NoBtf),
        }
    }

    /// Takes the compiler's own types in place of those of the running kernel, if these lack a struct that programs implement, and the
    /// compiler's have it. Before anything is looked up that a type is made of.
    pub fn replace_without(&mut self, name: &str) {
        if !self.may_replace || self.unread.is_some() || self.has(Wanted::Type, name) {
            return;
        }
        let Ok(own) = Btf::new(OWN.to_vec()) else { return };
        if own.find(name, Wanted::Type).is_some() {
            self.unread = Some(OpenError::Lacks(name.to_owned()));
            self.replace(own);
        }
    }

    /// The types in which names are looked up: those of the kernel, or those that the compiler has.
    pub(super) fn types(&mut self) -> Option<&Btf> {
        if self.opened.is_none() {
            let opened = if self.is_foreign { Err(OpenError::Foreign) } else { Btf::open(&self.path) };
            self.opened = Some(match opened {
                Err(why) if self.may_replace => {
                    self.unread = Some(why);
                    Btf::new(OWN.to_vec())
                }
                opened => opened,
            });
        }
        self.opened.as_ref()?.as_ref().ok()
    }
}
