//! Types in C. A struct of the program is declared once; one of the kernel is that of its headers.

use super::names::Names;
use crate::tables;
use crate::types::{Origin, Piece, StructId, Ty, TyKind, TypeParts, Types};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The structs that the file declares, in order.
#[derive(Default)]
pub struct Declared {
    /// Tag, and the names of the fields.
    structs: BTreeMap<StructId, (String, Vec<String>)>,
    order: Vec<StructId>,
    /// Declarations of what only headers define, for pointers.
    incomplete: BTreeSet<String>,
}

impl Declared {
    /// Enters what a type consists of; what is inside another comes before it.
    pub fn enter(&mut self, types: &Types, names: &mut Names, ty: Ty) {
        let id = match types.kind(ty).parts() {
            TypeParts::None => return,
            TypeParts::One(of) => return self.enter(types, names, of),
            TypeParts::Signature(sig) => {
                let sig = types.sig(sig).clone();
                return sig.params.into_iter().chain([sig.result]).for_each(|ty| self.enter(types, names, ty));
            }
            TypeParts::Fields(id) => id,
        };
        let def = types.struct_def(id);
        if tables::lock_of(types, ty).is_some() || def.name.contains('.') {
            return;
        }
        if is_of_headers(types, id) {
            self.incomplete.insert(format!("{};\n", self.struct_name(types, id)));
        } else if let Entry::Vacant(entry) = self.structs.entry(id) {
            let mut inner = Names::default();
            let known: &[_] = if is_opaque(types, id) { &[] } else { &def.fields };
            let fields = known.iter().map(|field| inner.inner(&field.name)).collect();
            entry.insert((names.outer(&def.name), fields));
            known.iter().for_each(|field| self.enter(types, names, field.ty));
            self.order.push(id);
        }
    }

    /// The name of a field; none where the struct is declared without its fields.
    pub fn field(&self, id: StructId, field: usize) -> Option<&str> {
        self.structs.get(&id)?.1.get(field).map(String::as_str)
    }

    /// `struct ks_S`
    fn struct_name(&self, types: &Types, id: StructId) -> String {
        let def = types.struct_def(id);
        match self.structs.get(&id) {
            Some((tag, _)) => format!("{} {tag}", word(types, id)),
            None if def.origin.is_typedef() => def.name.clone(),
            None if def.origin.is_union() => format!("union {}", def.name),
            None => format!("struct {}", def.name),
        }
    }

    /// A type with a name declared of it; without one it is the type of a cast.
    pub fn declare(&self, types: &Types, ty: Ty, name: &str) -> String {
        let plain = |base: &str| if name.is_empty() { base.to_owned() } else { format!("{base} {name}") };
        match types.kind(ty) {
            TyKind::Void | TyKind::Null => plain("void"),
            TyKind::Bool => plain("bool"),
            TyKind::Int { bits, signed } => plain(&format!("{}{bits}", if signed { 's' } else { 'u' })),
            TyKind::Be { bits } => plain(&format!("__be{bits}")),
            TyKind::Char => plain("u8"),
            TyKind::Enum(id) => self.declare(types, types.enum_def(id).repr, name),
            TyKind::Struct(id) => plain(&self.struct_name(types, id)),
            TyKind::Str(size) => format!("u8 {name}[{size}]"),
            TyKind::Array(element, length) => self.declare(types, element, &format!("{name}[{length}]")),
            TyKind::Ptr { to, .. } | TyKind::Place { of: to, .. } => {
                let is_array = matches!(types.kind(to), TyKind::Array(..) | TyKind::Str(_));
                self.declare(types, to, &if is_array { format!("(*{name})") } else { format!("*{name}") })
            }
            TyKind::Fn(sig) => {
                let sig = types.sig(sig).clone();
                let mut params: Vec<String> = Vec::new();
                let aggregate = types.is_aggregate(sig.result);
                if aggregate {
                    params.push(self.by_address(types, sig.result, ""));
                }
                params.extend(sig.params.iter().map(|&ty| match types.is_aggregate(ty) {
                    true => self.by_address(types, ty, ""),
                    false => self.declare(types, ty, ""),
                }));
                let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
                let result = if aggregate { Ty::VOID } else { sig.result };
                self.declare(types, result, &format!("(*{name})({params})"))
            }
            TyKind::F64 | TyKind::Opt(_) | TyKind::Handle(_) | TyKind::Link | TyKind::Bytes | TyKind::Error => {
                crate::bug!("a {} has no type in C", types.ir_text(ty))
            }
        }
    }

    /// A pointer to an aggregate.
    fn by_address(&self, types: &Types, ty: Ty, name: &str) -> String {
        let is_array = matches!(types.kind(ty), TyKind::Array(..) | TyKind::Str(_));
        self.declare(types, ty, &if is_array { format!("(*{name})") } else { format!("*{name}") })
    }

    /// The declarations, each with what shows that C lays it out as BPF code does.
    pub fn text(&self, types: &Types) -> String {
        let mut text: String = self.incomplete.iter().filter(|line| line.contains(' ')).cloned().collect();
        for &id in &self.order {
            let Some((tag, names)) = self.structs.get(&id) else { continue };
            let def = types.struct_def(id);
            if is_opaque(types, id) {
                let align = if def.align > 1 { format!(" __aligned({})", def.align) } else { String::new() };
                text.push_str(&format!("struct {tag} {{\n\tu8 bytes[{}];\n}}{align};\n\n", def.size));
                continue;
            }
            let word = word(types, id);
            text.push_str(&format!("{word} {tag} {{\n"));
            for piece in types.pieces(id) {
                let line = match piece {
                    Piece::Gap(width) => format!("u8 : {width}"),
                    Piece::Field(index) => {
                        let declared = self.declare(types, def.fields[index].ty, &names[index]);
                        def.fields[index].bits.map_or(declared.clone(), |bits| format!("{declared} : {}", bits.width))
                    }
                };
                text.push_str(&format!("\t{line};\n"));
            }
            let packed = if types.is_packed(id) { " __packed" } else { "" };
            text.push_str(&format!("}}{packed};\nstatic_assert(sizeof({word} {tag}) == {});\n\n", def.size));
        }
        text
    }
}

fn word(types: &Types, id: StructId) -> &'static str {
    if types.struct_def(id).origin.is_union() { "union" } else { "struct" }
}

/// Whether the kernel's headers declare the struct, which module code knows by pointers alone.
fn is_of_headers(types: &Types, id: StructId) -> bool {
    let origin = types.struct_def(id).origin;
    origin == Origin::Context || origin.is_relocated()
}

/// Whether a struct is declared as bytes: its fields may share them, and are at offsets that the tables know.
fn is_opaque(types: &Types, id: StructId) -> bool {
    !types.struct_def(id).origin.is_own() && !is_of_headers(types, id)
}
