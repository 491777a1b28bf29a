//! The spelling of types in messages; IR text uses the same but for the exceptions in `TyKind`'s comments.

use super::{OWN_CONTEXT, Space, Ty, TyKind, Types};

impl Types {
    /// As the user would write it.
    pub fn name(&self, ty: Ty) -> String {
        match self.kind(ty) {
            TyKind::Void => "void".into(),
            TyKind::Bool => "bool".into(),
            TyKind::Int { bits, signed } => format!("{}{bits}", if signed { 'i' } else { 'u' }),
            TyKind::Be { bits } => format!("be{bits}"),
            TyKind::Char => "char".into(),
            TyKind::F64 => "f64".into(),
            TyKind::Str(size) => format!("str({size})"),
            TyKind::Array(element, length) => {
                let inner = self.name(element);
                let kind = self.kind(element);
                if matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_)) {
                    format!("[{inner}; {length}]")
                } else if matches!(kind, TyKind::Array(..)) {
                    // `T[N][M]` is N of `T[M]`, so the outer length comes first.
                    let at = inner.find('[').unwrap_or(inner.len());
                    format!("{}[{length}]{}", &inner[..at], &inner[at..])
                } else {
                    format!("{inner}[{length}]")
                }
            }
            TyKind::Struct(id) if self.struct_def(id).name == OWN_CONTEXT => "context".into(),
            TyKind::Struct(id) => self.struct_def(id).name.clone(),
            TyKind::Enum(id) => match self.enum_def(id).stacks() {
                Some(map) => format!("stack_id({map})"),
                None => self.enum_def(id).name.clone(),
            },
            TyKind::Fn(id) => {
                let sig = self.sig(id);
                let params: Vec<String> = sig.params.iter().map(|&p| self.name(p)).collect();
                format!("fn({}) -> {}", params.join(", "), self.name(sig.result))
            }
            TyKind::Ptr { to, space, nullable } => {
                let memory = if space == Space::Arena { "arena " } else { "" };
                format!("*{memory}{}{}", self.name(to), if nullable { "?" } else { "" })
            }
            TyKind::Opt(of) => format!("optional {}", self.name(of)),
            TyKind::Place { of, .. } => self.name(of),
            TyKind::Handle(None) => "ProgramHandle".into(),
            TyKind::Handle(Some(kind)) => format!("ProgramHandle<{kind}>"),
            TyKind::Link => "link".into(),
            TyKind::Bytes => "bytes".into(),
            TyKind::Null => "null".into(),
            TyKind::Error => "?".into(),
        }
    }

    /// The type that is one word in IR text, without parts.
    pub fn of_word(&self, word: &str) -> Option<Ty> {
        self.well_known().find(|&ty| self.ir_text(ty) == word)
    }

    /// As IR text has it, where `parse` reads it back.
    pub fn ir_text(&self, ty: Ty) -> String {
        match self.kind(ty) {
            TyKind::Bool => "i1".into(),
            TyKind::Str(size) => format!("str<{size}>"),
            TyKind::Array(element, length) => format!("[{length} x {}]", self.ir_text(element)),
            TyKind::Struct(id) => format!("@{}", self.struct_def(id).name),
            TyKind::Enum(id) => format!("@{}", self.enum_def(id).name),
            TyKind::Fn(id) => {
                let sig = self.sig(id);
                let params: Vec<String> = sig.params.iter().map(|&p| self.ir_text(p)).collect();
                format!("fn({})->{}", params.join(", "), self.ir_text(sig.result))
            }
            TyKind::Ptr { to, space, nullable } => {
                format!("ptr<{}, {}>{}", self.ir_text(to), space.text(), if nullable { "?" } else { "" })
            }
            TyKind::Opt(of) => format!("opt<{}>", self.ir_text(of)),
            TyKind::Place { of, space } => format!("place<{}, {}>", self.ir_text(of), space.text()),
            TyKind::Handle(None) => "handle".into(),
            TyKind::Handle(Some(kind)) => format!("handle<{kind}>"),
            TyKind::Error => "error".into(),
            TyKind::Void
            | TyKind::Int { .. }
            | TyKind::Be { .. }
            | TyKind::Char
            | TyKind::F64
            | TyKind::Link
            | TyKind::Bytes
            | TyKind::Null => self.name(ty),
        }
    }
}
