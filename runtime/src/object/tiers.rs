//! Which of the executable's BPF objects the running kernel gets: those for newer kernels are without workarounds that only
//! older ones need.
//!
//! Environment: `KS_KERNEL=6.1` chooses as for that kernel.

use crate::abi::KsObject;
use crate::kernel::{program, release};

/// The object for the running kernel; none if the executable holds none.
pub fn object() -> Option<&'static [u8]> {
    let named = std::env::var("KS_KERNEL").ok().and_then(|text| release::numbers(&text));
    let kernel = named.or_else(release::running);
    let object = last_for(program::objects(), kernel.unwrap_or_default())?;
    // SAFETY: the descriptor's pointer and length belong together.
    Some(unsafe { program::array(object.bytes.cast(), object.len) })
}

/// The last object that is not for later kernels alone. They are by their kernels, and the first is for any.
fn last_for(objects: &[KsObject], kernel: (u32, u32)) -> Option<&KsObject> {
    objects.iter().rev().find(|object| (object.major, object.minor) <= kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_gets_the_last_object_for_it() {
        let of = |(major, minor)| KsObject { major, minor, bytes: std::ptr::null(), len: 0 };
        let objects = [(0, 0), (6, 7), (6, 12)].map(of);
        let chosen = |kernel| last_for(&objects, kernel).map(|object| (object.major, object.minor));
        assert_eq!(chosen((0, 0)), Some((0, 0)));
        assert_eq!(chosen((5, 15)), Some((0, 0)));
        assert_eq!(chosen((6, 6)), Some((0, 0)));
        assert_eq!(chosen((6, 7)), Some((6, 7)));
        assert_eq!(chosen((6, 11)), Some((6, 7)));
        assert_eq!(chosen((6, 12)), Some((6, 12)));
        assert_eq!(chosen((7, 0)), Some((6, 12)));
        assert!(last_for(&[], (6, 1)).is_none());
    }
}
