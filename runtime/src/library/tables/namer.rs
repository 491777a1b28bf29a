//! What reads stacks and names their frames. The descriptors of types with stacks alone point to one, so that other programs link none.

use crate::kernel::symbols::shown;

/// The innermost first, or the errno of what failed.
pub type Frames = Result<Vec<Frame>, i32>;

/// See `KsType::stacks`.
pub struct Namer {
    /// Forgets what processes had mapped: what is printed next sees that anew.
    pub begin: fn(),
    /// The frames of a stack, those of user space with names if the process is known.
    pub frames: fn(map: u32, id: i32, process: Option<i32>) -> Frames,
}

/// A frame of a stack.
pub struct Frame {
    /// A function, or a file; none where nothing names the address.
    pub name: Option<String>,
    /// Behind the start of that, else the address.
    pub offset: u64,
    pub in_kernel: bool,
}

impl Frame {
    /// `name+0x12`, or the address.
    pub fn text(&self) -> String {
        shown(self.name.as_deref().map(|name| (name, self.offset)), self.offset)
    }

    /// What a flame graph shows: the same for all places of a function.
    pub fn folded(&self) -> String {
        self.name.as_deref().map_or_else(|| format!("{:#x}", self.offset), str::to_owned)
    }
}
