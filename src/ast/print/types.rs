//! Types.

use super::Printer;
use crate::ast::{ArraySpelling, Expr, FnTypeParam, Memory, Path, Type, TypeKind};

impl Printer<'_> {
    /// Prints a type as it was spelled.
    pub fn ty(&mut self, ty: &Type) {
        if self.overflow {
            return;
        }
        self.inline(ty.span.lo);
        match &ty.kind {
            TypeKind::Named(path) => self.path(path, "."),
            TypeKind::Applied { name, args, sizes } => {
                self.push(&name.name);
                if !args.is_empty() {
                    self.push("<");
                    self.list(args, |this, arg| this.ty(arg));
                    self.push(">");
                }
                if !sizes.is_empty() {
                    self.push("(");
                    self.list(sizes, |this, size| this.expr(size));
                    self.push(")");
                }
            }
            TypeKind::Array { element, length, spelling: ArraySpelling::Bracketed } => {
                self.push("[");
                self.ty(element);
                self.push("; ");
                self.expr(length);
                self.push("]");
            }
            TypeKind::Array { element, length, spelling: ArraySpelling::Postfix } => {
                self.postfix_array(element, length)
            }
            TypeKind::Pointer { memory, to, nullable } => self.pointer(*memory, to, *nullable),
            TypeKind::Fn { params, result } => {
                self.push("fn(");
                self.list(params, Self::fn_type_param);
                self.push(")");
                if let Some(result) = result {
                    self.push(" -> ");
                    self.ty(result);
                }
            }
            TypeKind::Unread => self.push("`"),
        }
    }

    /// A name as a value.
    pub fn name(&mut self, path: &Path) {
        if let [module, of, variant] = &path.segments[..] {
            self.push(&format!("{}.{}::{}", module.name, of.name, variant.name));
        } else {
            self.path(path, "::");
        }
    }

    /// Prints the segments of a path with `separator` between them.
    pub fn path(&mut self, path: &Path, separator: &str) {
        let words: Vec<&str> = path.segments.iter().map(|segment| &*segment.name).collect();
        self.push(&words.join(separator));
    }

    /// Prints a parameter of a function type, with its name if it has one.
    pub fn fn_type_param(&mut self, param: &FnTypeParam) {
        if let Some(name) = &param.name {
            self.push(&name.name);
            self.push(": ");
        }
        self.ty(&param.ty);
    }

    /// `T[N][M]` is N of `T[M]`: the outermost length is the first.
    fn postfix_array(&mut self, element: &Type, length: &Expr) {
        let mut lengths = vec![length];
        let mut base = element;
        while let TypeKind::Array { element, length, spelling: ArraySpelling::Postfix } = &base.kind {
            lengths.push(length);
            base = element;
        }
        self.ty_in_parens_if(matches!(base.kind, TypeKind::Pointer { .. } | TypeKind::Fn { .. }), base);
        for length in lengths {
            self.push("[");
            self.expr(length);
            self.push("]");
        }
    }

    fn pointer(&mut self, memory: Memory, to: &Type, nullable: bool) {
        self.push(match memory {
            Memory::Own => "*",
            Memory::User => "*user ",
            Memory::Arena => "*arena ",
        });
        let parens = match &to.kind {
            TypeKind::Pointer { nullable: optional, .. } => *optional || nullable && ends_in_fn(to),
            TypeKind::Array { .. } => memory != Memory::Own && begins_with_bracket(to),
            TypeKind::Fn { .. } => nullable,
            TypeKind::Named(_) | TypeKind::Applied { .. } | TypeKind::Unread => false,
        };
        self.ty_in_parens_if(parens, to);
        if nullable {
            self.push("?");
        }
    }

    fn ty_in_parens_if(&mut self, parens: bool, ty: &Type) {
        if parens {
            self.push("(");
        }
        self.ty(ty);
        if parens {
            self.push(")");
        }
    }

    /// The type after `as`, which takes no suffix.
    pub fn cast_ty(&mut self, ty: &Type) {
        self.ty_in_parens_if(!is_cast_type(ty), ty);
    }
}

/// `[T; N]`, `[T; N][M]`
fn begins_with_bracket(ty: &Type) -> bool {
    match &ty.kind {
        TypeKind::Array { spelling: ArraySpelling::Bracketed, .. } => true,
        TypeKind::Array { element, spelling: ArraySpelling::Postfix, .. } => begins_with_bracket(element),
        TypeKind::Named(_)
        | TypeKind::Applied { .. }
        | TypeKind::Pointer { .. }
        | TypeKind::Fn { .. }
        | TypeKind::Unread => false,
    }
}

/// `fn() -> R`, `*fn() -> R`: a `?` after it would belong to the result.
fn ends_in_fn(ty: &Type) -> bool {
    match &ty.kind {
        TypeKind::Fn { .. } => true,
        TypeKind::Pointer { to, .. } => ends_in_fn(to),
        TypeKind::Named(_) | TypeKind::Applied { .. } | TypeKind::Array { .. } | TypeKind::Unread => false,
    }
}

fn is_cast_type(ty: &Type) -> bool {
    match &ty.kind {
        TypeKind::Named(_) | TypeKind::Unread => true,
        TypeKind::Applied { name, args, .. } => name.name == "str" && args.is_empty(),
        TypeKind::Array { spelling, .. } => *spelling == ArraySpelling::Bracketed,
        TypeKind::Pointer { memory, to, nullable } => {
            let bracketed = matches!(to.kind, TypeKind::Array { .. });
            !nullable && is_cast_type(to) && !(*memory != Memory::Own && bracketed)
        }
        TypeKind::Fn { .. } => false,
    }
}
