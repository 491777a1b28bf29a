//! What the running kernel has, as libbpf asks it before it loads: it tries each feature by a load of its own, about fifteen for a program of
//! a few instructions, which take longer than the program. A kernel of some release has what came with earlier ones; libbpf tries the rest.

#[cfg(not(test))]
use crate::kernel::release;
#[cfg(not(test))]
use std::ffi::c_void;

/// A feature by its place in `enum kern_feature_id` of libbpf 1.7's libbpf_internal.h, and the release since which kernels have it whatever they are
/// configured with.
const SINCE: [(u32, (u32, u32)); 16] = [
    (0, (4, 15)),  // names of programs
    (1, (5, 2)),   // maps of global data
    (2, (4, 18)),  // type information
    (3, (5, 0)),   // functions in it
    (4, (5, 2)),   // sections of data
    (5, (5, 6)),   // global functions
    (6, (5, 5)),   // arrays that can be mapped
    (7, (4, 17)),  // the expected type of attachment
    (9, (5, 10)),  // maps that are bound to programs
    (11, (5, 13)), // floating-point types
    (13, (5, 16)), // tags of declarations
    (14, (5, 17)), // tags of types
    (15, (5, 11)), // memory that is accounted to control groups
    (17, (6, 0)),  // enums of 64 bits
    (20, (6, 8)),  // contexts as arguments
    (21, (6, 12)), // sections whose names begin with a question mark
];

/// Whether each kernel of a release has a feature.
fn is_in(feature: u32, kernel: (u32, u32)) -> bool {
    SINCE.iter().any(|&(known, since)| known == feature && since <= kernel)
}

// `runtime/build` links these for calls of `feat_supported`; no other executable has them.
#[cfg(not(test))]
unsafe extern "C" {
    fn __real_feat_supported(cache: *mut c_void, feature: u32) -> bool;
}

/// # Safety
/// As of libbpf's function: the cache is one of a token, or null.
#[cfg(not(test))]
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_feat_supported(cache: *mut c_void, feature: u32) -> bool {
    // A token need not allow what the kernel has.
    let known = cache.is_null() && release::running().is_some_and(|kernel| is_in(feature, kernel));
    // SAFETY: as the caller promises.
    known || unsafe { __real_feat_supported(cache, feature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_this_libbpf() {
        // SAFETY: they take nothing.
        assert_eq!(unsafe { (libbpf_sys::libbpf_major_version(), libbpf_sys::libbpf_minor_version()) }, (1, 7));
    }

    #[test]
    fn a_kernel_has_what_came_before() {
        assert!(is_in(17, (6, 0)) && is_in(17, (6, 1)) && is_in(17, (7, 0)));
        assert!(!is_in(20, (6, 1)) && is_in(20, (6, 12)));
        // That of multiple uprobes depends on the configuration.
        assert!(!is_in(19, (6, 18)));
    }
}
