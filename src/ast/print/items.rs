//! Declarations.

use super::Printer;
use crate::ast::*;

impl Printer {
    pub fn item(&mut self, item: &Item) {
        self.docs(&item.docs);
        self.attributes(&item.attributes);
        match item.visibility {
            Some(Visibility::Pub) => self.push("pub "),
            Some(Visibility::Priv) => self.push("priv "),
            None => {}
        }
        match &item.kind {
            ItemKind::Fn(decl) => self.fn_decl(decl),
            ItemKind::Struct(StructDecl { name, fields }) => self.record("struct", name, fields),
            ItemKind::Config(ConfigDecl { name, fields }) => self.record("config", name, fields),
            ItemKind::Enum(decl) => self.enum_decl(decl),
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
                self.braced(members, Self::impl_member);
            }
            ItemKind::Extern(decl) => self.extern_decl(decl),
            ItemKind::Include { path } => {
                self.push("include ");
                self.quoted(&path.bytes);
            }
            ItemKind::Import { name, path } => {
                self.word("import", name);
                self.push(" from ");
                self.quoted(&path.bytes);
            }
            ItemKind::License { text } => {
                self.push("license ");
                self.quoted(&text.bytes);
            }
        }
        self.out.push('\n');
    }

    fn word(&mut self, keyword: &str, name: &Ident) {
        self.push(keyword);
        self.push(" ");
        self.push(&name.name);
    }

    /// Each on its line, before what they belong to.
    fn docs(&mut self, docs: &[String]) {
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
                self.push("(");
                self.list(args, |this, arg| this.expr(arg));
                self.push(")");
            }
            self.line();
        }
    }

    fn fn_decl(&mut self, decl: &FnDecl) {
        self.word("fn", &decl.name);
        self.push("(");
        self.list(&decl.params, |this, param| {
            this.push(&param.name.name);
            this.push(": ");
            this.ty(&param.ty);
        });
        self.push(")");
        if let Some(result) = &decl.result {
            self.push(" -> ");
            if let Some(name) = &result.name {
                self.push(&name.name);
                self.push(": ");
            }
            self.ty(&result.ty);
        }
        if let Some(body) = &decl.body {
            self.push(" ");
            self.block(body);
        }
    }

    fn record(&mut self, keyword: &str, name: &Ident, fields: &[FieldDecl]) {
        self.word(keyword, name);
        self.push(" ");
        self.braced(fields, |this, field| {
            this.docs(&field.docs);
            this.push(&field.name.name);
            this.push(": ");
            this.ty(&field.ty);
            if let Some(default) = &field.default {
                this.push(" = ");
                this.expr(default);
            }
            this.push(",");
        });
    }

    fn enum_decl(&mut self, decl: &EnumDecl) {
        self.word("enum", &decl.name);
        self.type_of(&decl.repr);
        self.push(" ");
        self.braced(&decl.variants, |this, variant| {
            this.docs(&variant.docs);
            this.push(&variant.name.name);
            if let Some(value) = &variant.value {
                this.push(" = ");
                this.expr(value);
            }
            this.push(",");
        });
    }

    fn var_decl(&mut self, decl: &VarDecl) {
        self.push(if decl.pin { "pin " } else { "" });
        match decl.storage {
            Some(Storage::Local) => self.push("local "),
            Some(Storage::Percpu) => self.push("percpu "),
            None => {}
        }
        self.push("var ");
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
                self.push(",");
            }
        }
    }

    fn extern_decl(&mut self, decl: &ExternDecl) {
        self.word(if decl.optional { "extern?" } else { "extern" }, &decl.name);
        self.push("(");
        self.list(&decl.params, |this, param| {
            if let Some(name) = &param.name {
                this.push(&name.name);
                this.push(": ");
            }
            this.ty(&param.ty);
        });
        self.push(")");
        if let Some(result) = &decl.result {
            self.push(" -> ");
            self.ty(result);
        }
    }
}
