//! Changes that mend or rewrite: the fixes of diagnostics, and what a struct or a `match` lacks.

use super::analysis::{Analysis, functions};
use super::dispatch::Answer;
use super::server::Server;
use super::{diagnostics, edits, text};
use crate::ast::walk::Node;
use crate::ast::{Expr, ExprKind, Item};
use crate::diag::codes::limits::MaybeNull;
use crate::diag::{Certainty, Code, Diagnostic, Fix};
use crate::source::{FileId, Span};
use crate::tables;
use crate::types::{Ty, TyKind};
use crate::uses::Meaning;
use lsp_types::{CodeAction, CodeActionKind, CodeActionParams, CodeActionTriggerKind, WorkspaceEdit};

/// Answers `textDocument/codeAction`.
pub fn actions(server: &mut Server, params: CodeActionParams) -> Answer<Vec<CodeAction>> {
    let uri = params.text_document.uri.as_str();
    let document = server.document(uri)?;
    let path = document.path.clone();
    let (lo, hi) = (
        text::offset(&document.text, params.range.start, server.encoding) as u32,
        text::offset(&document.text, params.range.end, server.encoding) as u32,
    );
    let Some(analysis) = server.analysis(uri) else { return Ok(Vec::new()) };
    let Some(file) = analysis.file_of(&path) else { return Ok(Vec::new()) };
    let asked = Asked { server, analysis: &analysis, file, lo, hi: hi.max(lo) };
    let mut found = asked.fixes();
    found.extend(asked.null_tests());
    found.extend(asked.missing_fields());
    found.extend(asked.missing_arms());
    found.extend(asked.extracted());
    // Each costs a check, and editors ask at every move of the cursor.
    let is_move = params.context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC);
    if !is_move || !params.context.diagnostics.is_empty() {
        found.extend(asked.rewrites());
    }
    found.extend(asked.fix_all());
    if let Some(only) = params.context.only {
        let wanted = |kind: &CodeActionKind| only.iter().any(|of| kind.as_str().starts_with(of.as_str()));
        found.retain(|action| action.kind.as_ref().is_some_and(wanted));
    }
    Ok(found)
}

/// What is asked about: the bytes of a text that a check saw.
pub struct Asked<'a> {
    pub server: &'a Server<'a>,
    pub analysis: &'a Analysis,
    pub file: FileId,
    pub lo: u32,
    pub hi: u32,
}

impl Asked<'_> {
    fn touches(&self, span: Span) -> bool {
        span.file == self.file && span.lo <= self.hi && self.lo <= span.hi
    }

    /// One edit for the client; none for a file whose name no address has.
    fn edit(&self, changes: &[(Span, String)]) -> Option<WorkspaceEdit> {
        let places = changes
            .iter()
            .map(|(span, new)| Some((diagnostics::location(self.server, self.analysis, *span)?, new.clone())));
        Some(edits::of_places(places.collect::<Option<Vec<_>>>()?))
    }

    /// An action with changes; none for a file whose name no address has.
    pub fn action(
        &self,
        title: impl Into<String>,
        kind: CodeActionKind,
        changes: &[(Span, String)],
    ) -> Option<CodeAction> {
        Some(CodeAction {
            title: title.into(),
            kind: Some(kind),
            edit: Some(self.edit(changes)?),
            ..CodeAction::default()
        })
    }

    fn fixes(&self) -> Vec<CodeAction> {
        let here = self.analysis.diagnostics.iter().filter(|found| found.span.is_some_and(|span| self.touches(span)));
        here.filter_map(|found| self.fix(found.fix.as_ref()?)).collect()
    }

    fn fix(&self, fix: &Fix) -> Option<CodeAction> {
        let old = self.analysis.cx.sources.text(fix.span);
        let title = match (old.trim().is_empty(), fix.replacement.trim().is_empty()) {
            (true, _) => format!("insert `{}`", fix.replacement.trim()),
            (false, true) => format!("remove `{}`", first_line(old)),
            (false, false) => format!("replace `{}` by `{}`", first_line(old), first_line(&fix.replacement)),
        };
        let change = (fix.span, fix.replacement.clone());
        let mut action = self.action(title, CodeActionKind::QUICKFIX, &[change])?;
        action.is_preferred = Some(fix.certainty == Certainty::Certain);
        Some(action)
    }

    /// All certain fixes of the text that do not touch one another.
    fn fix_all(&self) -> Option<CodeAction> {
        let fixes = self.analysis.diagnostics.iter().filter_map(|found| found.fix.as_ref());
        let certain = fixes.filter(|fix| fix.certainty == Certainty::Certain && fix.span.file == self.file);
        let mut changes: Vec<(Span, String)> = certain.map(|fix| (fix.span, fix.replacement.clone())).collect();
        changes.sort_by_key(|(span, _)| *span);
        changes.dedup_by(|(later, _), (earlier, _)| later.lo < earlier.hi || later == earlier);
        if changes.is_empty() {
            return None;
        }
        self.action("apply all certain fixes", CodeActionKind::SOURCE_FIX_ALL, &changes)
    }

    /// Where something may be null: behind its declaration an `else` that returns, and before the statement that uses it a test.
    fn null_tests(&self) -> Vec<CodeAction> {
        let of_null = |found: &&Diagnostic| found.code == MaybeNull::INFO.code;
        let here = self.analysis.diagnostics.iter().filter(of_null).filter_map(|found| found.span);
        here.filter(|span| self.touches(*span))
            .flat_map(|span| [self.otherwise(span), self.null_test(span)])
            .flatten()
            .collect()
    }

    fn null_test(&self, span: Span) -> Option<CodeAction> {
        let nodes = self.analysis.nodes_at(self.file, span.lo);
        let stmt = nodes.iter().rev().find_map(|node| if let Node::Stmt(stmt) = node { Some(stmt) } else { None })?;
        let returned = self.returned(span)?;
        let (name, indent) =
            (self.analysis.cx.sources.text(span), indentation(&self.analysis.file(self.file).text, stmt.span.lo));
        let test = format!("if ({name} == null) return{returned}\n{indent}");
        let change = (Span { hi: stmt.span.lo, ..stmt.span }, test);
        self.action(format!("return if `{name}` is null"), CodeActionKind::QUICKFIX, &[change])
    }

    /// What a `return` of the function around a place has behind it that decides nothing.
    pub fn returned(&self, span: Span) -> Option<String> {
        let nodes = self.analysis.nodes_at(self.file, span.lo);
        let item = nodes.iter().find_map(|node| if let Node::Item(item) = node { Some(item) } else { None })?;
        let (_, decl) = functions(item).into_iter().find(|(_, decl)| {
            decl.body.as_ref().is_some_and(|body| body.span.lo <= span.lo && span.hi <= body.span.hi)
        })?;
        let result = decl.result.as_ref().map(|result| self.analysis.cx.sources.text(result.ty.span));
        Some(result.map_or(String::new(), |result| format!(" {}", self.neutral(item, result))))
    }

    /// What a function returns that decides nothing: of a program what changes nothing, else a zero.
    fn neutral(&self, item: &Item, result: &str) -> String {
        if let Some(spec) = item.attributes.iter().find_map(|of| tables::program_type(&of.name.name)) {
            return spec.neutral.to_owned();
        }
        let zero = match result {
            "bool" => "false",
            "f64" => "0.0",
            _ if result.starts_with('*') => "null",
            _ => "0",
        };
        zero.to_owned()
    }

    fn expressions(&self) -> Vec<&Expr> {
        let nodes = self.analysis.nodes_at(self.file, self.lo);
        let around =
            nodes.into_iter().rev().filter_map(|node| if let Node::Expr(expr) = node { Some(expr) } else { None });
        around.filter(|expr| self.hi <= expr.span.hi).collect()
    }

    /// In a literal of a struct, the fields that it does not give, with zeros.
    fn missing_fields(&self) -> Option<CodeAction> {
        let found = self.expressions().into_iter().find_map(|expr| {
            if let ExprKind::Struct { name, fields, rest: None } = &expr.kind {
                Some((expr, name, fields))
            } else {
                None
            }
        });
        let (literal, name, given) = found?;
        let types = &self.analysis.cx.types;
        let meaning = self.analysis.cx.uses.at(name.segments.last()?.span)?;
        let of = if let Meaning::Declared(at) = meaning {
            self.analysis.struct_at(at)?
        } else if let Meaning::Type(ty) = meaning
            && let TyKind::Struct(of) = types.kind(ty)
        {
            of
        } else {
            return None;
        };
        let lacking = types
            .struct_def(of)
            .fields
            .iter()
            .filter(|field| !field.name.is_empty() && given.iter().all(|given| given.name.name != field.name));
        let lacking: Vec<String> = lacking.map(|field| format!("{}: {}", field.name, self.zero(field.ty))).collect();
        if lacking.is_empty() {
            return None;
        }
        let at = given.last().map_or(literal.span.hi - 1, |last| last.value.span.hi);
        let before = if given.is_empty() { " " } else { ", " };
        let after = if given.is_empty() { " " } else { "" };
        let change = (Span { lo: at, hi: at, ..literal.span }, format!("{before}{}{after}", lacking.join(", ")));
        self.action("add missing fields", CodeActionKind::QUICKFIX, &[change])
    }

    /// A value of a type that says nothing.
    fn zero(&self, ty: Ty) -> String {
        let types = &self.analysis.cx.types;
        match types.kind(ty) {
            TyKind::Bool => "false".to_owned(),
            TyKind::Str(_) => "\"\"".to_owned(),
            TyKind::Ptr { .. } => "null".to_owned(),
            TyKind::F64 => "0.0".to_owned(),
            TyKind::Array(of, length) => format!("[{}; {length}]", self.zero(of)),
            TyKind::Struct(id) => format!("{} {{ .. }}", types.struct_def(id).name),
            TyKind::Enum(id) => {
                let def = types.enum_def(id);
                def.variants.first().map_or("0".to_owned(), |first| format!("{}::{}", def.name, first.name))
            }
            TyKind::Int { .. }
            | TyKind::Be { .. }
            | TyKind::Char
            | TyKind::Void
            | TyKind::Fn(_)
            | TyKind::Null
            | TyKind::Opt(_)
            | TyKind::Place { .. }
            | TyKind::Handle(_)
            | TyKind::Link
            | TyKind::Bytes
            | TyKind::Error => "0".to_owned(),
        }
    }

    /// In a `match` of an enum, an arm for each variant that no pattern names.
    fn missing_arms(&self) -> Option<CodeAction> {
        let found = self
            .expressions()
            .into_iter()
            .find_map(|expr| if let ExprKind::Match(matching) = &expr.kind { Some((expr, matching)) } else { None });
        let (whole, matching) = found?;
        let ty = self.analysis.cx.uses.type_at(matching.subject.span)?;
        let TyKind::Enum(of) = self.analysis.cx.types.kind(ty) else { return None };
        let def = self.analysis.cx.types.enum_def(of);
        let patterns = || matching.arms.iter().flat_map(|arm| &arm.patterns);
        if patterns().any(|pattern| matches!(pattern, crate::ast::Pattern::Default(_))) {
            return None;
        }
        let text = |span: Span| self.analysis.cx.sources.text(span);
        let is_named = |name: &str| patterns().any(|pattern| text(pattern.span()).rsplit("::").next() == Some(name));
        let names: Vec<&str> = def.variants.iter().map(|of| of.name.as_str()).filter(|name| !is_named(name)).collect();
        if names.is_empty() {
            return None;
        }
        let last = matching.arms.last()?;
        let indent = indentation(&self.analysis.file(self.file).text, last.span.lo);
        let comma = if text(Span { lo: last.span.hi, hi: whole.span.hi, ..whole.span }).trim_start().starts_with(',') {
            ""
        } else {
            ","
        };
        let arms: Vec<String> = names.iter().map(|name| format!("\n{indent}{}::{name}: {{}},", def.name)).collect();
        let at = last.span.hi + if comma.is_empty() { 1 } else { 0 };
        let change = (Span { lo: at, hi: at, ..whole.span }, format!("{comma}{}", arms.concat()));
        self.action("add missing arms", CodeActionKind::QUICKFIX, &[change])
    }

    /// A selected expression as a variable before its statement.
    fn extracted(&self) -> Option<CodeAction> {
        if self.lo == self.hi {
            return None;
        }
        let expr = *self.expressions().iter().find(|expr| expr.span.lo == self.lo && expr.span.hi == self.hi)?;
        let ty = self.analysis.cx.uses.type_at(expr.span)?;
        if ty == Ty::VOID || ty == Ty::ERROR {
            return None;
        }
        let nodes = self.analysis.nodes_at(self.file, self.lo);
        let stmt = nodes.iter().rev().find_map(|node| if let Node::Stmt(stmt) = node { Some(stmt) } else { None })?;
        let indent = indentation(&self.analysis.file(self.file).text, stmt.span.lo);
        let text = self.analysis.cx.sources.text(expr.span);
        let name = (1..).map(|n| if n == 1 { "value".to_owned() } else { format!("value{n}") });
        let is_free = |name: &String| {
            self.analysis.names_in(self.file).iter().all(|(span, _)| self.analysis.cx.sources.text(*span) != name)
        };
        let name = name.into_iter().find(is_free)?;
        let changes =
            [(Span { hi: stmt.span.lo, ..stmt.span }, format!("var {name} = {text}\n{indent}")), (expr.span, name)];
        self.action("extract into a variable", CodeActionKind::REFACTOR_EXTRACT, &changes)
    }
}

fn indentation(text: &str, at: u32) -> String {
    let line = &text[text[..at as usize].rfind('\n').map_or(0, |end| end + 1)..];
    line.chars().take_while(|character| *character == ' ' || *character == '\t').collect()
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}
