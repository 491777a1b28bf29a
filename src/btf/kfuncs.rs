//! Functions of the kernel that BPF programs may call. `pahole` tags their declarations since Linux 6.10; the BTF of a kernel
//! before has no such tags.

use super::import::Import;
use super::{Btf, KernelTypes, Kind, Malformed, NotImported, TypeId, Wanted};
use crate::types::{Space, Ty, Types};

/// The tag of `__bpf_kfunc` (tools/bpf/resolve_btfids and pahole's `btf_encoder.c`).
const TAG: &str = "bpf_kfunc";

/// What the tags say of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tagged {
    /// Programs may call it.
    Callable,
    /// Others have the tag, and it has not.
    No,
    /// No function of this kernel has tags.
    Unknown,
}

/// A function of the kernel. Pointers are as they are there: a `void *` is a pointer to `void`.
pub struct KernelFunction {
    pub params: Vec<KernelParam>,
    pub result: Result<Ty, NotImported>,
    pub tagged: Tagged,
}

/// A parameter of a kernel function; its type is an error if the language has none for it.
pub struct KernelParam {
    pub name: String,
    pub ty: Result<Ty, NotImported>,
}

impl KernelTypes {
    /// The function of this name, of the kernel or of a module; none if there is none, or the types cannot be read.
    pub fn function(&mut self, types: &mut Types, name: &str) -> Option<Result<KernelFunction, NotImported>> {
        let id = self.find(name, Wanted::Function)?;
        let mut import = self.importer(types)?;
        Some(import.function(id))
    }

    /// The names of all functions that have the tag; of a kernel without tags, those that begin as such functions do.
    pub fn function_names(&mut self) -> Vec<String> {
        let Ok(btf) = self.btf() else { return Vec::new() };
        let tagged: Vec<String> = btf.tagged(TAG).filter_map(|id| Some(btf.ty(id).ok()?.name.to_owned())).collect();
        if !tagged.is_empty() {
            return tagged;
        }
        btf.names(Wanted::Function).filter(|name| name.starts_with("bpf_")).map(str::to_owned).collect()
    }
}

impl Btf {
    /// The declarations that have a tag.
    fn tagged(&self, tag: &str) -> impl Iterator<Item = TypeId> {
        self.positions().filter_map(move |(_, at)| {
            let ty = self.at(at).ok()?;
            if let Kind::DeclarationTag(of) = ty.kind { (ty.name == tag).then_some(of) } else { None }
        })
    }
}

impl Import<'_> {
    fn function(&mut self, id: TypeId) -> Result<KernelFunction, NotImported> {
        let (params, result) = super::import::prototype_at(self.btf, id)?;
        let params = params.into_iter().map(|(name, id)| KernelParam { name, ty: self.exact(id) }).collect();
        let (mut any, mut own) = (false, false);
        for of in self.btf.tagged(TAG) {
            any = true;
            own |= of == id;
        }
        let tagged = match (any, own) {
            (_, true) => Tagged::Callable,
            (true, false) => Tagged::No,
            (false, false) => Tagged::Unknown,
        };
        Ok(KernelFunction { params, result: self.exact(result), tagged })
    }

    /// As `ty`, but a pointer to nothing known stays one.
    fn exact(&mut self, id: TypeId) -> Result<Ty, NotImported> {
        let (_, plain) = self.btf.plain(id)?;
        if let Kind::Pointer(to) = plain.kind
            && self.is_void(to)?
        {
            return Ok(self.types.ptr(Ty::VOID, Space::Any, true));
        }
        self.ty(id, super::import::MAX_DEPTH)
    }

    fn is_void(&self, id: TypeId) -> Result<bool, Malformed> {
        Ok(self.btf.plain(id)?.1.kind == Kind::Void)
    }
}
