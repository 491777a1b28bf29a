//! State that the builders share: spans, names, reports, depth.

use super::foreign::Hint;
use super::{Rule, keyword_names, words};
use crate::ast::{Expr, ExprKind, Ident, Item, Path, Unread};
use crate::diag::codes::modules::ModuleSeparator;
use crate::diag::codes::syntax::*;
use crate::diag::{Code, Diagnostic, Fix, Severity};
use crate::source::layout::Layout;
use crate::source::scan::{Scanner, TokenKind};
use crate::source::{FileId, Span};
use pest::iterators::{Pair, Pairs};

/// How deep a tree may become. Brackets nest at most `layout::MAX_NESTING` deep; this bounds what nests without them,
/// such as `1 + 1 + 1 …`, for the walks over the tree that recurse.
pub const MAX_DEPTH: usize = 1000;
/// How many `else if` a chain may have. They nest in the tree, though not for who reads them: they count apart from its depth.
pub const MAX_CHAIN: usize = 5_000;

/// Builds the tree of one declaration from pest's pairs.
pub struct Builder<'a> {
    /// The text of the file as written.
    pub source: &'a str,
    pub file: FileId,
    pub layout: &'a Layout,
    /// Where the declaration begins: pest's offsets count from here.
    pub base: usize,
    pub diags: &'a mut Vec<Diagnostic>,
    /// The laid-out text of the declaration, without what could not be read.
    pub laid_out: &'a str,
    /// Something was refused, or could not be read, for which the tree has no node: so far it is for what is around.
    pub refused: bool,
    pub depth: usize,
    pub too_deep: bool,
    /// The function has a parameter of that name, so that it is not the other spelling of `null`.
    pub none_is_name: bool,
    /// The `else if` around this place.
    pub chain: usize,
}

impl<'a> Builder<'a> {
    /// A builder for the declaration that begins at the byte `base`. Its reports go to `diags`.
    pub fn new(
        source: &'a str,
        file: FileId,
        layout: &'a Layout,
        base: usize,
        diags: &'a mut Vec<Diagnostic>,
    ) -> Builder<'a> {
        let laid_out = &layout.text[base..];
        let (refused, depth, too_deep, none_is_name, chain) = (false, 0, false, false, 0);
        Builder { source, file, layout, base, diags, laid_out, refused, depth, too_deep, none_is_name, chain }
    }

    /// The declaration that was parsed, if all that was refused in it is in statements.
    pub fn read(&mut self, mut pairs: Pairs<'_, Rule>) -> Option<Item> {
        let item = pairs.next().and_then(|pair| self.item(pair));
        item.filter(|_| !self.refused)
    }

    /// The span of a pair, less the blanks and line ends that the grammar skipped at its end.
    pub fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let start = self.base + pair.as_span().start();
        let len = pair.as_str().trim_end_matches([' ', '\n', ';']).len();
        Span::new(self.file, start, start + len)
    }

    /// The text of a span, as written.
    pub fn text(&self, span: Span) -> &'a str {
        &self.source[span.lo as usize..span.hi as usize]
    }

    /// From where a span begins to the end of its line.
    pub fn line_from(&self, span: Span) -> Span {
        let rest = self.source[span.lo as usize..].lines().next().unwrap_or_default();
        Span { hi: span.lo + rest.len() as u32, ..span }
    }

    /// Reports an error and returns it for labels and helps.
    pub fn error(&mut self, span: Span, code: impl Code) -> &mut Diagnostic {
        self.push(Diagnostic::new(Severity::Error, Some(span), &code))
    }

    /// An error with what to write instead.
    pub fn hinted(&mut self, span: Span, code: impl Code, hint: Option<Hint>) {
        let error = self.error(span, code);
        if let Some(Hint { help, fix }) = hint {
            error.help(help);
            error.fix = fix.map(|(span, replacement)| Fix::certain(span, replacement));
        }
    }

    /// Reports a warning and returns it for labels and helps.
    pub fn warn(&mut self, span: Span, code: impl Code) -> &mut Diagnostic {
        self.push(Diagnostic::new(Severity::Warning, Some(span), &code))
    }

    fn push(&mut self, diag: Diagnostic) -> &mut Diagnostic {
        self.refused |= diag.severity == Severity::Error;
        self.diags.push(diag);
        let last = self.diags.len() - 1;
        &mut self.diags[last]
    }

    /// The identifier of a pair; that it is no keyword is not checked here.
    pub fn ident(&self, pair: Pair<'_, Rule>) -> Ident {
        let span = self.span(&pair);
        Ident { name: self.text(span).to_owned(), span }
    }

    /// The name of something that is declared: no keyword.
    pub fn declared(&mut self, pair: Pair<'_, Rule>) -> Ident {
        let ident = self.ident(pair);
        if words::is_keyword(&ident.name) {
            self.keyword_as_name(&ident);
        }
        ident
    }

    /// Reports a keyword where a name should be.
    pub fn keyword_as_name(&mut self, ident: &Ident) {
        self.push(keyword_names::refused(&ident.name, ident.span));
    }

    /// The span of the word that a pair begins with.
    pub fn first_word(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = self.span(pair);
        let len = self.text(span).bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        Span { hi: span.lo + len as u32, ..span }
    }

    /// The words of a path rule.
    pub fn path(&self, pair: Pair<'_, Rule>) -> Path {
        let span = self.span(&pair);
        Path { segments: pair.into_inner().map(|word| self.ident(word)).collect(), span }
    }

    /// Reports `module::name`: a declaration of a module is named with a point.
    pub fn refuse_colons(&mut self, path: &Path) {
        let [module, name] = &path.segments[..] else { return };
        let between = Span { lo: module.span.hi, hi: name.span.lo, ..name.span };
        if self.text(between).trim() == "::" {
            let (module, name, found) = (module.name.clone(), name.name.clone(), "::".to_owned());
            let help = format!("write `{module}.{name}`");
            self.error(between, ModuleSeparator { module, name, found }).help(help).fix(between, ".");
        }
    }

    /// Whether nodes of this cost would exceed the depth that tree walks can take.
    pub fn is_too_deep(&self, cost: usize) -> bool {
        self.depth + cost > MAX_DEPTH
    }

    /// The node for one or several statements that cannot be read.
    pub fn unread(&self, span: Span) -> Expr {
        let text = self.text(span);
        let words = Scanner::new(text).filter(|token| token.kind == TokenKind::Word);
        let mut names = words.map(|token| Ident {
            name: text[token.lo..token.hi].to_owned(),
            span: Span::new(self.file, span.lo as usize + token.lo, span.lo as usize + token.hi),
        });
        let declares = ["var", "let", "const"].iter().any(|word| words::first(text) == *word);
        let declared = if declares { names.by_ref().nth(1) } else { None };
        let mentioned = names.filter(|name| !words::is_keyword(&name.name)).collect();
        Expr { kind: ExprKind::Unread(Unread { declared, mentioned }), span }
    }

    /// Builds what lies `cost` levels below this one, or `too_deep` if that is more than a tree may have.
    pub fn deeper<T>(
        &mut self,
        cost: usize,
        span: Span,
        build: impl FnOnce(&mut Self) -> T,
        too_deep: impl FnOnce() -> T,
    ) -> T {
        if self.is_too_deep(cost) {
            if !self.too_deep {
                self.too_deep = true;
                self.error(span, NestingTooDeep { limit: MAX_DEPTH.to_string() })
                    .help("give the inner part a name: a variable, or a function of its own");
            }
            return too_deep();
        }
        self.depth += cost;
        let built = build(self);
        self.depth -= cost;
        built
    }
}
