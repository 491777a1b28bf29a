//! Declarations.

use super::Printer;
use crate::ast::*;
use crate::source::Span;

impl Printer<'_> {
    /// Prints a declaration with its comments and attributes, up to the end of its last line.
    pub fn item(&mut self, item: &Item) {
        self.docs(&item.docs);
        self.attributes(&item.attributes);
        let close = item.span.hi.saturating_sub(1);
        match item.visibility {
            Some(Visibility::Pub) => self.push("pub "),
            Some(Visibility::Priv) => self.push("priv "),
            None => {}
        }
        match &item.kind {
            ItemKind::Fn(decl) => self.fn_decl(decl),
            ItemKind::Struct(StructDecl { name, is_union, fields }) => {
                self.record(if *is_union { "union" } else { "struct" }, name, fields, close)
            }
            ItemKind::Config(ConfigDecl { name, fields }) => self.record("config", name, fields, close),
            ItemKind::Enum(decl) => self.enum_decl(decl, close),
            ItemKind::Alias { name, ty } => {
                self.word("type", name);
                self.push(" = ");
                self.ty(ty);
            }
            ItemKind::Var(decl) => self.var_decl(decl),
            ItemKind::Const(ConstDecl { name, ty, value }) => {
                self.push("const ");
                self.declared(name, ty, Some(value));
            }
            ItemKind::Impl(ImplDecl { name, members }) => {
                self.word("impl", name);
                self.push(" ");
                let ends = [self.find('{', name.span.hi), close];
                self.braced(ends, members, |member| member.span, member_separator, Self::impl_member);
            }
            ItemKind::Extern(decl) => self.extern_decl(decl),
            ItemKind::Include { path } => {
                self.push("include ");
                self.string(&path.bytes, path.span);
            }
            ItemKind::Import { name, path } => {
                self.word("import", name);
                self.push(" from ");
                self.string(&path.bytes, path.span);
            }
            ItemKind::Unread(name) => self.push(&name.name),
            ItemKind::License { text } => {
                self.push("license ");
                self.string(&text.bytes, text.span);
            }
            ItemKind::MinKernel { text } => {
                self.push("min_kernel ");
                self.string(&text.bytes, text.span);
            }
        }
    }

    /// As written, or with the escapes that it needs.
    pub fn string(&mut self, bytes: &[u8], span: Span) {
        match self.written(span) {
            Some(text) => self.push(text),
            None => self.quoted(bytes),
        }
    }

    fn word(&mut self, keyword: &str, name: &Ident) {
        self.push(keyword);
        self.push(" ");
        self.push(&name.name);
    }

    /// Each on its line, before what they belong to. The formatter has printed them as it does all comments.
    fn docs(&mut self, docs: &[String]) {
        if self.source.is_some() {
            return;
        }
        for doc in docs {
            self.push("///");
            if !doc.is_empty() {
                self.push(" ");
                self.push(doc);
            }
            self.line();
        }
    }

    fn attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            self.push("@");
            self.push(&attribute.name.name);
            if let Some(args) = &attribute.args {
                let ends = [attribute.name.span.hi, attribute.span.hi.saturating_sub(1)];
                self.arguments(args, ends);
            }
            let next = self.token_after(attribute.span.hi);
            if self.on_one_line(attribute.span.hi, next) {
                self.push(" ");
                self.inline(next);
            } else {
                self.trailing(attribute.span.hi);
                self.leading(next, true);
                self.line();
                self.inline(next);
            }
        }
    }

    fn fn_decl(&mut self, decl: &FnDecl) {
        self.word("fn", &decl.name);
        let result = |this: &mut Self| {
            let Some(result) = &decl.result else { return };
            this.push(" -> ");
            if let Some(name) = &result.name {
                this.push(&name.name);
                this.push(": ");
            }
            this.ty(&result.ty);
            if result.optional.is_some() {
                this.push("?");
            }
        };
        self.params(
            &decl.params,
            |param| param.span,
            decl.name.span.hi,
            result,
            |this, param| {
                this.push(&param.name.name);
                this.push(": ");
                this.ty(&param.ty);
            },
        );
        if let Some(body) = &decl.body {
            self.push(" ");
            self.block(body);
        }
    }

    /// Parameters and what follows them on their line.
    fn params<T>(
        &mut self,
        params: &[T],
        span: impl Fn(&T) -> Span,
        open: u32,
        result: impl Fn(&mut Self),
        print: impl Fn(&mut Self, &T),
    ) {
        let close = params.last().map_or(open, |last| self.find(')', span(last).hi));
        let flat = self.attempt(2, |this| {
            this.push("(");
            this.list(params, |this, param| {
                this.inline(span(param).lo);
                print(this, param);
            });
            this.closing(close);
            this.push(")");
            result(this);
        });
        if flat {
            return;
        }
        self.push("(");
        self.opening(open);
        self.indent += 1;
        self.vertical(params, span, close, |_| ",", print);
        self.indent -= 1;
        if !params.is_empty() {
            self.line();
        }
        self.push(")");
        result(self);
    }

    fn record(&mut self, keyword: &str, name: &Ident, fields: &[FieldDecl], close: u32) {
        self.word(keyword, name);
        self.push(" ");
        let ends = [self.find('{', name.span.hi), close];
        self.braced(
            ends,
            fields,
            |field| field.span,
            |_| ",",
            |this, field| {
                this.docs(&field.docs);
                this.push(&field.name.name);
                this.push(": ");
                this.ty(&field.ty);
                if let Some(bits) = &field.bits {
                    this.push(":");
                    this.expr(bits);
                }
                if let Some(default) = &field.default {
                    this.push(" = ");
                    this.expr(default);
                }
            },
        );
    }

    fn enum_decl(&mut self, decl: &EnumDecl, close: u32) {
        self.word("enum", &decl.name);
        self.type_of(&decl.repr);
        self.push(" ");
        let name = decl.repr.as_ref().map_or(decl.name.span, |repr| repr.span);
        let ends = [self.find('{', name.hi), close];
        self.braced(
            ends,
            &decl.variants,
            |variant| variant.span,
            |_| ",",
            |this, variant| {
                this.docs(&variant.docs);
                this.push(&variant.name.name);
                if let Some(value) = &variant.value {
                    this.push(" = ");
                    this.expr(value);
                }
            },
        );
    }

    fn var_decl(&mut self, decl: &VarDecl) {
        self.push(if decl.pin { "pin " } else { "" });
        match decl.storage {
            Some(Storage::Local) => self.push("local "),
            Some(Storage::Percpu) => self.push("percpu "),
            None => {}
        }
        self.var_keyword(decl.name.span);
        self.declared(&decl.name, &decl.ty, decl.init.as_ref());
    }

    fn impl_member(&mut self, member: &ImplMember) {
        self.docs(&member.docs);
        self.attributes(&member.attributes);
        match &member.kind {
            ImplMemberKind::Fn(decl) => self.fn_decl(decl),
            ImplMemberKind::Field { name, value } => {
                self.push(&name.name);
                self.push(": ");
                self.expr(value);
            }
        }
    }

    fn extern_decl(&mut self, decl: &ExternDecl) {
        self.push(if decl.optional { "extern? " } else { "extern " });
        if let Some(library) = &decl.library {
            self.string(&library.bytes, library.span);
            self.push(" ");
        }
        self.push(&decl.name.name);
        let result = |this: &mut Self| {
            if let Some(result) = &decl.result {
                this.push(" -> ");
                this.ty(result);
            }
        };
        self.params(&decl.params, extern_param_span, decl.name.span.hi, result, |this, param| {
            if let Some(name) = &param.name {
                this.push(&name.name);
                this.push(": ");
            }
            this.ty(&param.ty);
        });
    }
}

fn extern_param_span(param: &ExternParam) -> Span {
    param.name.as_ref().map_or(param.ty.span, |name| name.span.to(param.ty.span))
}

fn member_separator(member: &ImplMember) -> &'static str {
    match &member.kind {
        ImplMemberKind::Fn(_) => "",
        ImplMemberKind::Field { .. } => ",",
    }
}
