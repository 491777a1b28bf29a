//! Functions in the types of the kernel, of its modules and of loaded programs.

use super::prototype::{Prototype, Value};
use crate::kernel::errors::errno;
use crate::kernel::log;
use crate::kernel::program::MainThread;
use crate::object::records::{behind, kind, length, of, size};
use libbpf_sys as bpf;
use std::cell::OnceCell;
use std::ffi::{CStr, CString, c_char};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// In the kernel's types: for each type of programs, two members, the context as programs see it and as the kernel does
/// (kernel/bpf/btf.c).
const CONTEXTS: &CStr = c"bpf_ctx_convert";
/// Typedefs of the functions behind events, and functions of the hooks of security modules, begin with it (libbpf's
/// `btf_get_kernel_prefix_kind`).
const PREFIXES: [(bpf::bpf_attach_type, &str); 2] =
    [(bpf::BPF_TRACE_RAW_TP, "btf_trace_"), (bpf::BPF_LSM_MAC, "bpf_lsm_")];

/// What the load of a program names.
pub struct Place {
    /// The number of the function, or of the typedef of an event.
    pub id: u32,
    /// The descriptor of the types of a module, or 0.
    pub types: RawFd,
    /// The descriptor of a program, or 0.
    pub program: RawFd,
    pub prototype: Prototype,
}

/// The types of one kernel, module or program.
struct Types {
    btf: *const bpf::btf,
    /// The descriptor of those of a module.
    module: Option<OwnedFd>,
}

/// The types of the kernel; none if it shows none.
static KERNEL: MainThread<OnceCell<Option<Types>>> = MainThread::new(OnceCell::new());
/// Those of its modules, once a function was looked for there.
static MODULES: MainThread<OnceCell<Vec<Types>>> = MainThread::new(OnceCell::new());

fn kernel() -> Option<&'static Types> {
    let kernel: &'static OnceCell<Option<Types>> = &KERNEL;
    let types = kernel.get_or_init(|| {
        // SAFETY: the types live as long as the process.
        let btf = unsafe { bpf::btf__load_vmlinux_btf() };
        log::take();
        (!btf.is_null()).then_some(Types { btf, module: None })
    });
    types.as_ref()
}

fn modules() -> &'static [Types] {
    let modules: &'static OnceCell<Vec<Types>> = &MODULES;
    modules.get_or_init(|| {
        let Some(base) = kernel() else { return Vec::new() };
        let mut found = Vec::new();
        let mut id = 0;
        // SAFETY: the kernel fills structs of their own size; descriptors are nobody else's; the types live as long as the process.
        unsafe {
            while bpf::bpf_btf_get_next_id(id, &mut id) == 0 {
                let fd = bpf::bpf_btf_get_fd_by_id(id);
                if fd < 0 {
                    continue;
                }
                let fd = OwnedFd::from_raw_fd(fd);
                let mut name = [0; 64];
                let mut info = bpf::bpf_btf_info {
                    name: name.as_mut_ptr() as u64,
                    name_len: name.len() as u32,
                    ..Default::default()
                };
                let mut size = size_of::<bpf::bpf_btf_info>() as u32;
                let known = bpf::bpf_btf_get_info_by_fd(fd.as_raw_fd(), &mut info, &mut size) == 0;
                let of: *const c_char = name.as_ptr();
                if !known || info.kernel_btf == 0 || CStr::from_ptr(of) == c"vmlinux" {
                    continue;
                }
                let btf = bpf::btf__load_from_kernel_by_id_split(id, base.btf.cast_mut());
                if !btf.is_null() {
                    found.push(Types { btf, module: Some(fd) });
                }
            }
        }
        log::take();
        found
    })
}

/// What an attachment of this type names: a function, an event or a hook. Errno where the kernel has none.
pub fn find(point: bpf::bpf_attach_type, name: &str) -> Result<Place, i32> {
    let prefix = PREFIXES.iter().find(|(of, _)| *of == point).map_or("", |(_, prefix)| *prefix);
    let kind = if point == bpf::BPF_TRACE_RAW_TP { bpf::BTF_KIND_TYPEDEF } else { bpf::BTF_KIND_FUNC };
    let own = kernel().ok_or(libc::EOPNOTSUPP)?;
    let c_name = CString::new(format!("{prefix}{name}")).map_err(|_| libc::EINVAL)?;
    let in_modules = || modules().iter().find_map(|types| Some((types, types.find(&c_name, kind)?)));
    let (types, id) = own.find(&c_name, kind).map(|id| (own, id)).or_else(in_modules).ok_or(libc::ENOENT)?;
    let mut prototype = types.prototype(id).ok_or(libc::EINVAL)?;
    if kind == bpf::BTF_KIND_TYPEDEF {
        // The first parameter is the tracepoint's own.
        prototype.params = prototype.params.split_off(1.min(prototype.params.len()));
    }
    Ok(Place { id, types: types.module.as_ref().map_or(0, AsRawFd::as_raw_fd), program: 0, prototype })
}

/// The members of a struct of the kernel, each with its offset in bytes; none if the kernel describes no such struct.
pub fn members(name: &str) -> Option<Vec<(String, u32)>> {
    let types = kernel()?;
    let c_name = CString::new(name).ok()?;
    let ty = types.find(&c_name, bpf::BTF_KIND_STRUCT).and_then(|id| types.ty(id))?;
    // SAFETY: so many members follow a struct.
    let members: &[bpf::btf_member] = unsafe { behind(ty, length(ty)) };
    // Where one is a bit-field the high bits of each offset say how wide the member is.
    let bits = if ty.info >> 31 == 0 { u32::MAX } else { 0x00ff_ffff };
    Some(members.iter().map(|member| (types.name(member.name_off), (member.offset & bits) / 8)).collect())
}

/// The events that the kernel describes.
pub fn events() -> Vec<String> {
    let prefix = PREFIXES[0].1;
    kernel().map_or(Vec::new(), |types| types.names(bpf::BTF_KIND_TYPEDEF, prefix))
}

/// The hooks of the security modules.
pub fn hooks() -> Vec<String> {
    let prefix = PREFIXES[1].1;
    kernel().map_or(Vec::new(), |types| types.names(bpf::BTF_KIND_FUNC, prefix))
}

/// The entry of a loaded program, by its descriptor; or errno.
pub fn entry(program: RawFd) -> Result<Place, i32> {
    let mut first = bpf::bpf_func_info::default();
    let mut info = bpf::bpf_prog_info {
        nr_func_info: 1,
        func_info_rec_size: size_of::<bpf::bpf_func_info>() as u32,
        func_info: &raw mut first as u64,
        ..Default::default()
    };
    let mut size = size_of::<bpf::bpf_prog_info>() as u32;
    // SAFETY: the kernel fills structs of their own size, one record at most; the types live as long as the process.
    let types = unsafe {
        if bpf::bpf_prog_get_info_by_fd(program, &mut info, &mut size) < 0 {
            return Err(errno());
        }
        let btf = if info.btf_id == 0 { std::ptr::null_mut() } else { bpf::btf__load_from_kernel_by_id(info.btf_id) };
        log::take();
        Types { btf, module: None }
    };
    if types.btf.is_null() || info.nr_func_info == 0 {
        return Err(libc::EOPNOTSUPP);
    }
    let mut prototype = types.prototype(first.type_id).ok_or(libc::EINVAL)?;
    if let Some(context) = prototype.params.first_mut() {
        context.1.as_in_kernel(&contexts());
    }
    Ok(Place { id: first.type_id, types: 0, program, prototype })
}

/// The contexts of programs: as programs see them, and as the kernel does.
fn contexts() -> Vec<(String, String)> {
    let Some(types) = kernel() else { return Vec::new() };
    let Some(ty) = types.find(CONTEXTS, bpf::BTF_KIND_STRUCT).and_then(|id| types.ty(id)) else { return Vec::new() };
    // SAFETY: so many members follow a struct.
    let members: &[bpf::btf_member] = unsafe { behind(ty, length(ty)) };
    let name = |member: &bpf::btf_member| types.value(member.type_).text;
    members.chunks_exact(2).map(|pair| (name(&pair[0]), name(&pair[1]))).collect()
}

impl Types {
    fn ty(&self, id: u32) -> Option<&'static bpf::btf_type> {
        // SAFETY: libbpf checks the id; the types live as long as the process.
        unsafe { bpf::btf__type_by_id(self.btf, id).as_ref() }
    }

    fn name(&self, offset: u32) -> String {
        // SAFETY: libbpf checks the offset; names are NUL-terminated.
        unsafe {
            let name = bpf::btf__name_by_offset(self.btf, offset);
            if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
        }
    }

    fn find(&self, name: &CStr, kind: u32) -> Option<u32> {
        // SAFETY: types, and a NUL-terminated name.
        u32::try_from(unsafe { bpf::btf__find_by_name_kind(self.btf, name.as_ptr(), kind) }).ok()
    }

    /// The names of this kind that begin with a text, without that.
    fn names(&self, of: u32, prefix: &str) -> Vec<String> {
        // SAFETY: types of libbpf.
        let count = unsafe { bpf::btf__type_cnt(self.btf) };
        let found = (1..count).filter_map(|id| self.ty(id)).filter(|ty| kind(ty) == of);
        found.filter_map(|ty| self.name(ty.name_off).strip_prefix(prefix).map(str::to_owned)).collect()
    }

    /// That of a function, or of the pointer to a function that a typedef is.
    fn prototype(&self, id: u32) -> Option<Prototype> {
        let mut ty = self.ty(id)?;
        while kind(ty) != bpf::BTF_KIND_FUNC_PROTO {
            if ![bpf::BTF_KIND_FUNC, bpf::BTF_KIND_TYPEDEF, bpf::BTF_KIND_PTR].contains(&kind(ty)) {
                return None;
            }
            ty = self.ty(of(ty))?;
        }
        // SAFETY: so many parameters follow a prototype.
        let params: &[bpf::btf_param] = unsafe { behind(ty, length(ty)) };
        let params = params.iter().map(|param| (self.name(param.name_off), self.value(param.type_))).collect();
        Some(Prototype { params, result: self.value(of(ty)) })
    }

    /// What a type means for programs.
    fn value(&self, id: u32) -> Value {
        let (mut alias, mut id) = (String::new(), id);
        loop {
            let Some(ty) = self.ty(id).filter(|_| id != 0) else { return Value::nothing() };
            let name = self.name(ty.name_off);
            match kind(ty) {
                bpf::BTF_KIND_TYPEDEF
                | bpf::BTF_KIND_VOLATILE
                | bpf::BTF_KIND_CONST
                | bpf::BTF_KIND_RESTRICT
                | bpf::BTF_KIND_TYPE_TAG => {
                    if kind(ty) == bpf::BTF_KIND_TYPEDEF {
                        alias = name;
                    }
                    id = of(ty);
                }
                bpf::BTF_KIND_INT => {
                    // SAFETY: one number follows an integer.
                    let encoding = unsafe { behind::<u32>(ty, 1)[0] } >> 24;
                    let sign = if encoding & bpf::BTF_INT_SIGNED != 0 { 'i' } else { 'u' };
                    let text = match encoding & bpf::BTF_INT_BOOL {
                        0 => format!("{sign}{}", size(ty) * 8),
                        _ => "bool".to_owned(),
                    };
                    return Value::number(text, size(ty));
                }
                bpf::BTF_KIND_ENUM | bpf::BTF_KIND_ENUM64 => return Value::number(name, size(ty)),
                bpf::BTF_KIND_PTR => return Value::pointer(&self.value(of(ty))),
                bpf::BTF_KIND_STRUCT | bpf::BTF_KIND_UNION => {
                    return Value::whole(if name.is_empty() { alias } else { name }, size(ty));
                }
                _ => return Value::nothing(),
            }
        }
    }
}
