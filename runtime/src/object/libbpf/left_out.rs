//! Functions that libbpf and libelf refer to and that no executable here calls. The linker takes these, which do nothing, instead of the
//! files that have them: a generator of loaders, USDT (`link/usdt` has its own), and compressed sections with their half of zlib.
//! `runtime/build` hides them from what an executable is linked with besides.

use std::ffi::c_void;
use std::ptr;

macro_rules! left_out {
    ($($name:ident)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name() -> *const c_void {
                ptr::null()
            }
        )*
    };
}

left_out! {
    // bpf_object__gen_loader
    bpf_gen__finish bpf_gen__free bpf_gen__init bpf_gen__load_btf bpf_gen__map_create bpf_gen__map_freeze bpf_gen__map_update_elem
    bpf_gen__populate_outer_map bpf_gen__prog_load bpf_gen__record_attach_target bpf_gen__record_extern bpf_gen__record_relo_core
    // bpf_program__attach_usdt; bpf_object__close frees a manager that is null.
    usdt_manager_new usdt_manager_attach_usdt usdt_manager_free
    // elf_strptr of a compressed section, which yields an error then. Tables of symbols and their names are not compressed.
    __libelf_decompress_elf
}
