//! The variables of maps, which LLVM enters into BTF behind all functions.
//!
//! LLVM enters the variables of sections whose names begin with `.maps` before the first function, so that the types of entries are whole.
//! It completes all entries again at each function, and finds the name of each variable by a walk over all names
//! (BTFDebug::beginFunctionImpl and BTFStringTable::addString in llvm/lib/Target/BPF/BTFDebug.cpp): thousands of maps and of functions take
//! minutes. So maps are in another section while LLVM emits the object, and a private variable in `.maps` has the type of each: of private
//! variables LLVM enters the type alone.

use super::data::MAPS_SECTION;
use super::debug;
use super::module::ModuleGen;
use inkwell::module::Linkage;
use object::build::elf::{Builder, SectionData};

/// As long as the name of the section that it stands for, in whose place it is among BTF's names.
const LATE: &str = ",maps";
/// LLVM takes it for a section of maps.
const TYPES: &str = ".maps.types";

/// Moves the maps to the other section. To be called before the object is emitted, and undone in the object.
pub fn hide(g: &ModuleGen) {
    let is_map =
        |section: Option<&std::ffi::CStr>| section.is_some_and(|name| name.to_bytes() == MAPS_SECTION.as_bytes());
    let maps: Vec<_> = g.module.get_globals().filter(|global| is_map(global.get_section())).collect();
    for map in maps {
        map.set_section(Some(LATE));
        let nothing = g.context.i8_type().array_type(0);
        let of_type = g.module.add_global(nothing, None, "map.type");
        of_type.set_initializer(&nothing.const_zero());
        of_type.set_linkage(Linkage::Private);
        of_type.set_section(Some(TYPES));
        debug::copy(map, of_type);
    }
}

/// Gives the sections of an object the names by which loaders find maps. `btf` is the contents of `.BTF` as LLVM made it.
pub fn show(builder: &mut Builder<'_>) {
    for section in &mut builder.sections {
        let name = section.name.as_slice().to_vec();
        if name == TYPES.as_bytes() {
            section.delete = true;
        } else if let Some(head) = name.strip_suffix(LATE.as_bytes()) {
            section.name = [head, MAPS_SECTION.as_bytes()].concat().into();
        } else if name == b".BTF"
            && let SectionData::Data(bytes) = &mut section.data
        {
            named(bytes.to_mut());
        }
    }
}

fn named(btf: &mut [u8]) {
    let whole = [b"\0", LATE.as_bytes(), b"\0"].concat();
    if let Some(at) = btf.windows(whole.len()).position(|part| part == whole) {
        btf[at + 1..][..LATE.len()].copy_from_slice(MAPS_SECTION.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{LATE, MAPS_SECTION};

    #[test]
    fn the_names_are_of_one_length() {
        assert_eq!(LATE.len(), MAPS_SECTION.len());
    }
}
