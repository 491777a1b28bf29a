//! Headers: the kernel's, as the compiler's tables have them, and the forms in which a program gets one.

use crate::generate::Generator;
use crate::generate::types::{Field, Struct, Ty};
use differential::packets::Form;
use ksc::tables::{HEADERS, StructField};

/// The headers that programs look for.
const NAMES: [&str; 9] =
    ["ethhdr", "vlan_hdr", "iphdr", "ipv6hdr", "ipv6_opt_hdr", "frag_hdr", "tcphdr", "udphdr", "icmphdr"];

/// A type of the tables that generated code computes with.
fn field_type(text: &str) -> Option<Ty> {
    let int = |bits| Ty::Int { bits, signed: false };
    Some(match text {
        "u8" => int(8),
        "u16" => int(16),
        "u32" => int(32),
        "be16" => Ty::Be(16),
        "be32" => Ty::Be(32),
        _ => {
            let (of, length) = text.strip_suffix(']')?.split_once('[')?;
            Ty::Array(Box::new(field_type(of)?), length.parse().ok()?)
        }
    })
}

impl Generator {
    /// Makes them types, which the program does not declare.
    pub fn declare_headers(&mut self) {
        self.own_structs = self.structs.len();
        for name in NAMES {
            let spec = HEADERS.iter().find(|spec| spec.name == name).expect("it is in the tables");
            let field = |field: &StructField| {
                Some(Field { name: field.name.to_owned(), ty: field_type(field.ty)?, default: None })
            };
            let fields = spec.fields.iter().filter_map(field).collect();
            self.structs.push(Struct { name: name.into(), fields, size: spec.size as usize });
        }
    }

    /// The struct of a header by its name.
    pub fn header(&self, name: &str) -> usize {
        self.structs.iter().position(|of| of.name == name).expect("it was declared")
    }

    pub fn any_header(&mut self) -> usize {
        let name = self.random.pick(&NAMES);
        self.header(name)
    }

    /// From here on a name points to a header.
    pub fn bind_header(&mut self, name: &str, header: usize) {
        self.scope.add_pointer(name, Ty::Struct(header));
        let writes = self.of_program().writes;
        if let Some(variable) = self.scope.variables.last_mut() {
            variable.assignable = writes;
        }
        self.stack += 8;
    }

    /// An offset that may be anything near.
    pub fn offset(&mut self) -> String {
        let offsets: Vec<String> = self
            .scope
            .visible()
            .filter(|v| v.name.starts_with("off") && matches!(v.ty, Ty::Int { .. }))
            .map(|v| v.name.clone())
            .collect();
        if !offsets.is_empty() && self.random.percent(70) {
            let name = self.random.pick(&offsets);
            return match self.random.below(4) {
                0 => format!("{name} + {}", self.random.below(24)),
                _ => name,
            };
        }
        match self.random.below(6) {
            0 => format!("({} & 127)", self.variable_number()),
            1 => self.random.below(1600).to_string(),
            2 => format!("14 + ({} % 64 as u32)", self.variable_number()),
            _ => self.random.pick(&[0, 12, 14, 18, 34, 38, 42, 54]).to_string(),
        }
    }

    /// The header at an offset: what is before its use, and the name that it has then in the rest of the block. What is
    /// done if there is none leaves the block.
    pub fn header_or_leave(&mut self, header: usize, offset: &str) -> (String, String) {
        let name = self.fresh("p");
        let of = self.structs[header].name.clone();
        let exit = self.exit();
        let size = self.structs[header].size;
        let is_constant = offset.parse::<u32>().is_ok();
        let text = match self.random.below(9) {
            0 => format!("var {name} = ctx.packet({offset}, {of})\nif ({name} == null) {{\n{exit}\n}}"),
            1 => format!("var {name} = (ctx->data + {offset}) as *{of}\nif ({name} == null) {{\n{exit}\n}}"),
            2 => format!("var {name} = (ctx->data + {offset}) as *{of}\nif (!{name}) {{\n{exit}\n}}"),
            3 if is_constant && self.form() != Form::Frags => format!(
                "if (ctx->data + {offset} + {size} > ctx->data_end) {{\n{exit}\n}}\nvar {name} = (ctx->data + {offset}) as *{of}\n\
                 if ({name} == null) return {}",
                self.verdict()
            ),
            4 => {
                let place = self.fresh("d");
                format!(
                    "var {place} = ctx->data + {offset}\nvar {name} = {place} as *{of}\nif ({name} == null) {{\n{exit}\n}}"
                )
            }
            5 => {
                let place = self.fresh("d");
                format!(
                    "var {place} = ctx->data + 2\n{place} -= 2\n{place} += {offset}\nvar {name} = {place} as *{of}\nif ({name} == null) {{\n{exit}\n}}"
                )
            }
            _ => format!("var {name} = ctx.packet({offset}, {of}) else {{\n{exit}\n}}"),
        };
        self.bind_header(&name, header);
        (text, name)
    }

    /// `if (var h = …) { … }` with what `body` makes of the name.
    pub fn header_in_block(
        &mut self,
        header: usize,
        offset: &str,
        body: impl FnOnce(&mut Generator, &str) -> String,
    ) -> String {
        let name = self.fresh("p");
        let of = self.structs[header].name.clone();
        self.scope.open();
        let found = match self.random.below(3) {
            0 => format!("(ctx->data + {offset}) as *{of}"),
            _ => format!("ctx.packet({offset}, {of})"),
        };
        self.bind_header(&name, header);
        let text = body(self, &name);
        self.scope.close();
        let otherwise = if self.random.percent(30) { format!(" else {{\n{}\n}}", self.inner()) } else { String::new() };
        format!("if (var {name} = {found}) {{\n{text}\n}}{otherwise}")
    }

    /// Notes a field or two of a header, or all.
    pub fn noted(&mut self, name: &str, header: usize) -> String {
        if self.random.percent(20) {
            let local = self.fresh("c");
            let folded = self.folded(&local, name, &Ty::Struct(header));
            return format!("{{\nvar {local}: u64 = 3\n{folded}note({local})\n}}");
        }
        let fields: Vec<(String, Ty)> =
            self.structs[header].fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect();
        let (field, ty) = self.random.pick(&fields);
        match ty {
            Ty::Array(_, length) => format!("note({name}->{field}[{}] as u64)", self.random.below(length)),
            Ty::Int { .. } | Ty::Bool | Ty::Char | Ty::Be(_) | Ty::Enum(_) | Ty::Str(_) | Ty::Struct(_) => {
                format!("note({name}->{field} as u64)")
            }
        }
    }
}
