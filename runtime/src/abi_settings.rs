//! Values that the kernel has as text: options of its configuration, and settings below `/proc/sys`.

/// The type of an option of the kernel's configuration. `KsGlobal::flags`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsKconfig {
    Bool = 1,
    /// A letter, `y`, `m` or `n`, or a number.
    Char = 2,
    /// The enum `libbpf_tristate`.
    Tristate = 3,
    Text = 4,
    Unsigned = 5,
    Signed = 6,
}

impl KsKconfig {
    /// The kind of kernel option in the flags of a variable; none for a variable that is no kernel option.
    pub fn of(flags: u32) -> Option<KsKconfig> {
        use KsKconfig::{Bool, Char, Signed, Text, Tristate, Unsigned};
        [Bool, Char, Tristate, Text, Unsigned, Signed].into_iter().find(|option| *option as u32 == flags)
    }

    /// As the language has it.
    pub fn word(self) -> &'static str {
        match self {
            KsKconfig::Bool => "a `bool`",
            KsKconfig::Char => "a `char`",
            KsKconfig::Tristate => "a `libbpf_tristate`",
            KsKconfig::Text => "a string",
            KsKconfig::Unsigned | KsKconfig::Signed => "an integer of its size",
        }
    }
}

/// The type of a setting of the kernel. `ks_sysctl_read`, `ks_sysctl_write`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsSetting {
    Bool = 1,
    Text = 2,
    Unsigned = 3,
    Signed = 4,
}

impl KsSetting {
    /// By its number; another one is `Text`.
    pub fn of(form: u32) -> KsSetting {
        use KsSetting::{Bool, Signed, Text, Unsigned};
        [Bool, Unsigned, Signed].into_iter().find(|known| *known as u32 == form).unwrap_or(Text)
    }
}
