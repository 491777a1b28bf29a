/// A value that any bytes of its size are: it has no padding, and each of its bytes has a place in some field.
///
/// # Safety
///
/// Any bytes must be a value of the type, and each byte of a value must be initialised.
pub unsafe trait Plain: Copy + 'static {
    /// The value all of whose bytes are zero.
    fn zeroed() -> Self {
        // SAFETY: any bytes are a value.
        unsafe { ::core::mem::zeroed() }
    }

    /// The value that the first bytes are, or nothing if they are too few.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < ::core::mem::size_of::<Self>() {
            return None;
        }
        // SAFETY: there are enough bytes, and any are a value.
        Some(unsafe { ::core::ptr::read_unaligned(bytes.as_ptr().cast()) })
    }

    /// The bytes of the value.
    fn as_bytes(&self) -> &[u8] {
        // SAFETY: each byte of the value is initialised.
        unsafe { ::core::slice::from_raw_parts((self as *const Self).cast(), ::core::mem::size_of::<Self>()) }
    }

    /// The bytes of the value, to change them.
    fn as_bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: each byte of the value is initialised, and any bytes are a value.
        unsafe { ::core::slice::from_raw_parts_mut((self as *mut Self).cast(), ::core::mem::size_of::<Self>()) }
    }
}

/// Types of numbers and bytes.
macro_rules! plain {
    ($($ty:ty)*) => {
        $(
            // SAFETY: any bytes are a value of them, and they have no padding.
            unsafe impl Plain for $ty {}
        )*
    };
}

plain! { u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 Bool Be16 Be32 Be64 }

// SAFETY: the elements are plain, and arrays have no padding.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

// SAFETY: it is bytes.
unsafe impl<const N: usize> Plain for Text<N> {}

/// A `bool` of the program: 0 is false.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bool(pub u8);

impl Bool {
    /// As a `bool` of Rust.
    pub fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Bool {
        Bool(value as u8)
    }
}

impl ::core::fmt::Debug for Bool {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.get(), f)
    }
}

/// Numbers in network byte order, as they are in memory.
macro_rules! network_order {
    ($name:ident, $number:ident) => {
        /// A number in network byte order, as it is in memory.
        #[repr(transparent)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub $number);

        impl $name {
            /// The number.
            pub fn get(self) -> $number {
                <$number>::from_be(self.0)
            }
        }

        impl From<$number> for $name {
            fn from(number: $number) -> $name {
                $name(number.to_be())
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.get(), f)
            }
        }
    };
}

network_order!(Be16, u16);
network_order!(Be32, u32);
network_order!(Be64, u64);

impl From<::core::net::Ipv4Addr> for Be32 {
    fn from(address: ::core::net::Ipv4Addr) -> Be32 {
        Be32(u32::from_ne_bytes(address.octets()))
    }
}

impl From<Be32> for ::core::net::Ipv4Addr {
    fn from(address: Be32) -> ::core::net::Ipv4Addr {
        address.get().into()
    }
}

/// A text in `N` bytes, which ends at the first NUL.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<const N: usize>(pub [u8; N]);

impl<const N: usize> Text<N> {
    /// The bytes before the NUL.
    pub fn bytes(&self) -> &[u8] {
        let end = self.0.iter().position(|&byte| byte == 0);
        &self.0[..end.unwrap_or(N)]
    }

    /// The text, up to what is no UTF-8.
    pub fn as_str(&self) -> &str {
        match ::core::str::from_utf8(self.bytes()) {
            ::core::result::Result::Ok(text) => text,
            ::core::result::Result::Err(error) => {
                let (valid, _) = self.bytes().split_at(error.valid_up_to());
                // SAFETY: these bytes were found to be UTF-8.
                unsafe { ::core::str::from_utf8_unchecked(valid) }
            }
        }
    }
}

impl<const N: usize> From<&str> for Text<N> {
    /// What is longer than the room before a last NUL is left out.
    fn from(text: &str) -> Text<N> {
        let mut bytes = [0; N];
        let len = text.len().min(N.saturating_sub(1));
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Text(bytes)
    }
}

impl<const N: usize> ::core::fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> ::core::fmt::Display for Text<N> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Display::fmt(self.as_str(), f)
    }
}

/// What is at an offset of these bytes.
fn part<T: Plain>(bytes: &[u8], offset: usize) -> T {
    T::from_bytes(&bytes[offset..]).unwrap_or_else(T::zeroed)
}

/// Changes what is at an offset of these bytes.
fn set_part<T: Plain>(bytes: &mut [u8], offset: usize, value: T) {
    bytes[offset..][..::core::mem::size_of::<T>()].copy_from_slice(value.as_bytes());
}

/// The bits of a bit-field, which begins at a bit of these bytes as BTF counts.
fn field(bytes: &[u8], first: usize, width: u32) -> u64 {
    let bytes = &bytes[first / 8..(first + width as usize).div_ceil(8)];
    let number = |number: u128, byte: &u8| number << 8 | u128::from(*byte);
    let (number, shift) = if cfg!(target_endian = "big") {
        (bytes.iter().fold(0, number), bytes.len() * 8 - first % 8 - width as usize)
    } else {
        (bytes.iter().rev().fold(0, number), first % 8)
    };
    (number >> shift) as u64 & (u64::MAX >> (64 - width))
}

/// As `field`, with its sign.
fn signed_field(bytes: &[u8], first: usize, width: u32) -> i64 {
    (field(bytes, first, width) << (64 - width)) as i64 >> (64 - width)
}

/// Changes the bits of a bit-field; of a value that it cannot hold, the highest bits are lost.
fn set_field(bytes: &mut [u8], first: usize, width: u32, value: u64) {
    for bit in 0..width as usize {
        let (at, of_value) = if cfg!(target_endian = "big") {
            (7 - (first + bit) % 8, width as usize - 1 - bit)
        } else {
            ((first + bit) % 8, bit)
        };
        let byte = &mut bytes[(first + bit) / 8];
        *byte = *byte & !(1 << at) | ((value >> of_value & 1) as u8) << at;
    }
}
