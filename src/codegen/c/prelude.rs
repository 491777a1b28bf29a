//! Functions that the C of a module brings along, each written where something uses it.

use std::collections::BTreeSet;

/// A function of C.
struct Piece {
    name: &'static str,
    text: &'static str,
}

/// The language's division: `x / 0 == 0`, `x % 0 == x`, `MIN / -1 == MIN`, `MIN % -1 == 0`. A processor of 32 bits has no division
/// of 64; the kernel's functions are for all.
static PIECES: &[Piece] = &[
    Piece {
        name: "ks_div_u32",
        text: "static inline u32 ks_div_u32(u32 left, u32 right)\n{\n\treturn right ? left / right : 0;\n}\n",
    },
    Piece {
        name: "ks_rem_u32",
        text: "static inline u32 ks_rem_u32(u32 left, u32 right)\n{\n\treturn right ? left % right : left;\n}\n",
    },
    Piece {
        name: "ks_div_s32",
        text: "static inline s32 ks_div_s32(s32 left, s32 right)\n{\n\tif (right == 0)\n\t\treturn 0;\n\treturn right == -1 ? (s32)(0u - (u32)left) : left / right;\n}\n",
    },
    Piece {
        name: "ks_rem_s32",
        text: "static inline s32 ks_rem_s32(s32 left, s32 right)\n{\n\tif (right == 0)\n\t\treturn left;\n\treturn right == -1 ? 0 : left % right;\n}\n",
    },
    Piece {
        name: "ks_div_u64",
        text: "static inline u64 ks_div_u64(u64 left, u64 right)\n{\n\treturn right ? div64_u64(left, right) : 0;\n}\n",
    },
    Piece {
        name: "ks_rem_u64",
        text: "static inline u64 ks_rem_u64(u64 left, u64 right)\n{\n\treturn right ? left - right * div64_u64(left, right) : left;\n}\n",
    },
    Piece {
        name: "ks_div_s64",
        text: "static inline s64 ks_div_s64(s64 left, s64 right)\n{\n\tif (right == 0)\n\t\treturn 0;\n\treturn right == -1 ? (s64)(0ull - (u64)left) : div64_s64(left, right);\n}\n",
    },
    Piece {
        name: "ks_rem_s64",
        text: "static inline s64 ks_rem_s64(s64 left, s64 right)\n{\n\tif (right == 0)\n\t\treturn left;\n\treturn right == -1 ? 0 : left - right * div64_s64(left, right);\n}\n",
    },
    Piece {
        name: "ks_str_len",
        text: "/* Bytes before the first NUL. */\nstatic inline u32 ks_str_len(const u8 *text, u32 size)\n{\n\tu32 at = 0;\n\n\twhile (at < size && text[at])\n\t\tat++;\n\treturn at;\n}\n",
    },
    Piece {
        name: "ks_str_copy",
        text: "/* Cut to what fits, terminated, the rest zero. */\nstatic inline void ks_str_copy(u8 *to, u32 size, const u8 *from, u32 from_size)\n{\n\tu32 at;\n\n\tfor (at = 0; at + 1 < size && at < from_size && from[at]; at++)\n\t\tto[at] = from[at];\n\tmemset(to + at, 0, size - at);\n}\n",
    },
    Piece {
        name: "ks_str_append",
        text: "/* The text to append to ends at `at`; yields where it would end if there were room. */\nstatic inline u64 ks_str_append(u8 *to, u32 size, u64 at, const u8 *from, u32 from_size)\n{\n\tu32 next;\n\n\tfor (next = 0; next < from_size && from[next]; next++, at++) {\n\t\tif (at + 1 < size)\n\t\t\tto[at] = from[next];\n\t}\n\treturn at;\n}\n",
    },
    Piece {
        name: "ks_str_eq",
        text: "static inline bool ks_str_eq(const u8 *left, u32 left_size, const u8 *right, u32 right_size)\n{\n\tu32 at;\n\n\tfor (at = 0; at < left_size && left[at]; at++) {\n\t\tif (at >= right_size || left[at] != right[at])\n\t\t\treturn false;\n\t}\n\treturn at >= right_size || right[at] == 0;\n}\n",
    },
    Piece {
        name: "ks_str_starts_with",
        text: "static inline bool ks_str_starts_with(const u8 *text, u32 size, const u8 *start, u32 start_size)\n{\n\tu32 at;\n\n\tfor (at = 0; at < start_size && start[at]; at++) {\n\t\tif (at >= size || text[at] != start[at])\n\t\t\treturn false;\n\t}\n\treturn true;\n}\n",
    },
];

/// What the module uses of them.
#[derive(Default)]
pub struct Prelude(BTreeSet<&'static str>);

impl Prelude {
    /// The function of that name, which the module then has.
    pub fn function(&mut self, name: &str) -> &'static str {
        let Some(piece) = PIECES.iter().find(|piece| piece.name == name) else {
            crate::bug!("the C of modules has no function `{name}`")
        };
        self.0.insert(piece.name);
        piece.name
    }

    /// The text of the functions that are used, in the order of the table.
    pub fn text(&self) -> String {
        PIECES.iter().filter(|piece| self.0.contains(piece.name)).map(|piece| format!("{}\n", piece.text)).collect()
    }
}
