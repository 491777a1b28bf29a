//! `print` and `print_raw`: checks the format against the arguments.

use super::exprs::strip;
use super::format::{Conversion, ConversionKind, Fault, Piece, Shown, escape, parse};
use super::value::{Value, cast};
use super::{Checker, Site};
use crate::ast::{self, ExprKind as Ast};
use crate::diag::codes::contexts::{BadFormat, ComputedFormat, FormatCount, FormatMismatch, Unprintable};
use crate::diag::codes::limits::NotPrintable;
use crate::sema::body::calls::counted;
use crate::sema::tree::{Block, Callee, Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

/// How much of a text in memory that BPF code reads by helpers is proposed.
const TEXT_BYTES: u32 = 64;
/// The limit of `bpf_trace_vprintk` (MAX_BPRINTF_VARARGS of include/linux/bpf.h).
const MAX_BPF_ARGS: usize = 12;

const PRINT: &str = "print";
/// Its text is no output: what prints it escapes it.
const FORMAT: &str = "format";
/// The text of `format` has this size where no place says another.
const FORMATTED: u32 = 256;

/// An argument.
enum Given<'a> {
    /// A text of the program that is printed as it is, or the format.
    Text(&'a [u8]),
    Value(Expr),
}

impl Given<'_> {
    fn value(self) -> Option<Expr> {
        match self {
            Given::Text(_) => None,
            Given::Value(value) => Some(value),
        }
    }
}

impl Checker<'_, '_> {
    /// Checks `print` or, without the newline, `print_raw`.
    pub fn print(&mut self, args: &[ast::Arg], newline: bool, span: Span) -> Option<Expr> {
        let name = if newline { PRINT } else { "print_raw" };
        let map = args.first().filter(|_| newline).and_then(|arg| self.map_named(&arg.value));
        if let Some(map) = map {
            return self.print_map(name, map, args, span);
        }
        let mut given = self.given(args, name);
        let has_parts = |only: &mut Given| matches!(only, Given::Value(value) if self.has_parts(value.ty));
        let whole = if newline && args.len() == 1 { given.pop_if(has_parts) } else { None };
        if let Some(value) = whole.and_then(Given::value) {
            return Some(self.print_whole(value, span));
        }
        let (format, args) = self.formatted_values(name, args, given, span)?;
        let seq = self.own_iterator().map(|ctx| self.sequence(ctx, span));
        let callee = Callee::Print { format, newline, to_seq: seq.is_some() };
        Some(Expr::operation(callee, seq.into_iter().chain(args).collect(), Ty::VOID, span))
    }

    /// `format(fmt, …)`: a string of the size that the place has which it goes to.
    pub fn format(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if args.is_empty() {
            self.wrong_count(FORMAT, "a format or a value", 0, span);
            return None;
        }
        let (format, args) = self.formatted(FORMAT, args, span)?;
        let ty = self.cx.types.string(FORMATTED);
        Some(Expr::operation(Callee::Format(format), args, ty, span))
    }

    /// The format and the values of a message; none after an error.
    pub fn formatted(&mut self, name: &str, args: &[ast::Arg], span: Span) -> Option<(Vec<u8>, Vec<Expr>)> {
        let given = self.given(args, name);
        self.formatted_values(name, args, given, span)
    }

    fn formatted_values(
        &mut self,
        name: &str,
        args: &[ast::Arg],
        given: Vec<Given<'_>>,
        span: Span,
    ) -> Option<(Vec<u8>, Vec<Expr>)> {
        let mut given = given.into_iter();
        let formatted = match args.first().and_then(|first| Some((first, format(first)?))) {
            Some((first, format)) => {
                let values = given.skip(1).filter_map(Given::value).collect();
                self.with_format(format, values, first.value.span, name)
            }
            None => self.without_format(args, given.by_ref(), name, span),
        };
        let by_helper = self.targets.all(|on| on.prints_by_helper);
        formatted.filter(|(format, args)| !by_helper || self.fits_bpf(format, args.len(), span))
    }

    fn with_format(
        &mut self,
        format: &[u8],
        values: Vec<Expr>,
        span: Span,
        name: &str,
    ) -> Option<(Vec<u8>, Vec<Expr>)> {
        let pieces = match parse(format) {
            Ok(pieces) => pieces,
            Err(Fault { what, why }) => {
                self.error(span, BadFormat { what, why });
                return None;
            }
        };
        let conversions = pieces.iter().filter(|piece| matches!(piece, Piece::Conversion(_))).count();
        if conversions != values.len() {
            let conversions = counted(conversions, "conversion");
            self.error(span, FormatCount { conversions, given: counted(values.len(), "value") });
            return None;
        }
        let (mut out, mut checked, mut failed) = (Vec::new(), Vec::new(), false);
        let mut values = values.into_iter();
        for piece in pieces {
            match piece {
                Piece::Text(text) => escape(&text, &mut out),
                Piece::Conversion(conversion) => {
                    let Some(value) = values.next() else { break };
                    failed |= !self.kernel_has(&conversion, span);
                    let conversion = self.marked(conversion, &value, name);
                    match self.converted(&conversion, value, &mut out) {
                        Some(value) => checked.push(value),
                        None => failed = true,
                    }
                }
            }
        }
        (!failed).then_some((out, checked))
    }

    /// Checks the arguments, in order. Texts of the program that stand for themselves are none to check.
    fn given<'a>(&mut self, args: &'a [ast::Arg], name: &str) -> Vec<Given<'a>> {
        let has_format = args.first().is_some_and(|first| format(first).is_some());
        let mut given = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            self.refuse_name(arg, name);
            given.push(match literal(&arg.value) {
                Some(text) if index == 0 || !has_format => Given::Text(text),
                Some(_) | None => Given::Value(match self.map_named(&arg.value) {
                    Some(map) => self.map_among_values(map, arg.value.span),
                    None => self.printed(&arg.value),
                }),
            });
        }
        given
    }

    /// A value as lines show it: what was read of a performance event is its scaled number.
    pub fn printed(&mut self, arg: &ast::Expr) -> Expr {
        let value = self.typed(arg, None);
        self.expr_as_number(value)
    }

    /// All values, separated by blanks.
    fn without_format<'a>(
        &mut self,
        args: &[ast::Arg],
        given: impl Iterator<Item = Given<'a>>,
        name: &str,
        span: Span,
    ) -> Option<(Vec<u8>, Vec<Expr>)> {
        let (mut out, mut checked, mut failed) = (Vec::new(), Vec::new(), false);
        for (index, given) in given.enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            let value = match given {
                Given::Value(value) => value,
                Given::Text(text) => {
                    escape(text, &mut out);
                    continue;
                }
            };
            let Some((kind, _)) = usual(self.cx.types.kind(value.ty)) else {
                let ty = self.ty_name(value.ty);
                let alone = self
                    .has_parts(value.ty)
                    .then(|| format!("print it alone, `print({})`, or ", self.text(value.span)));
                self.error(value.span, Unprintable { ty }).help(alone.unwrap_or_default() + "print its parts");
                failed = true;
                continue;
            };
            if index == 0 && self.refuse_computed(args, &value, name, span) {
                failed = true;
                continue;
            }
            let conversion = self.marked(Conversion::plain(kind), &value, name);
            match self.converted(&conversion, value, &mut out) {
                Some(value) => checked.push(value),
                None => failed = true,
            }
        }
        (!failed).then_some((out, checked))
    }
}

impl Site<'_, '_> {
    /// Whether a value has a text of its own.
    pub fn is_printable(&self, ty: Ty) -> bool {
        usual(self.cx.types.kind(ty)).is_some()
    }

    fn fits_bpf(&mut self, format: &[u8], args: usize, span: Span) -> bool {
        let what = if args > MAX_BPF_ARGS {
            format!("more than {MAX_BPF_ARGS} values at once")
        } else if !format.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) {
            "text that is not ASCII".to_owned()
        } else {
            return true;
        };
        self.error(span, NotPrintable { what });
        false
    }

    fn kernel_has(&mut self, conversion: &Conversion, span: Span) -> bool {
        let Some(missing) = conversion.missing_in_bpf().filter(|_| self.targets.all(|on| on.prints_by_helper)) else {
            return true;
        };
        self.error(span, NotPrintable { what: format!("{missing} (`{}`)", conversion.text) });
        false
    }

    /// In user space the runtime escapes what a terminal would act on, unless the text is the program's own.
    fn marked(&self, mut conversion: Conversion, value: &Expr, name: &str) -> Conversion {
        if !matches!(conversion.kind, ConversionKind::Str | ConversionKind::Char) || self.targets.all(|on| on.in_kernel)
        {
            return conversion;
        }
        conversion.shown = if own_texts(value).is_some() || matches!(value.kind, ExprKind::Const(_)) || name == FORMAT {
            Shown::Own
        } else if self.cx.written_main != Some(value.span.file) {
            Shown::AsPrinted
        } else if name == PRINT {
            Shown::WithinLine
        } else {
            Shown::Lines
        };
        conversion
    }

    /// A format that is no literal is printed as it is: nobody means that of conversions.
    fn refuse_computed(&mut self, args: &[ast::Arg], value: &Expr, name: &str, span: Span) -> bool {
        let texts = own_texts(value).unwrap_or_default();
        let Some(text) = texts.iter().find(|text| has_conversions(text)) else { return false };
        let shown = escape_for_message(text);
        let [first, rest @ ..] = args else { return false };
        let is_choice = matches!(strip(&first.value).kind, Ast::Ternary { .. });
        let what = if is_choice { "a choice of texts" } else { "a text that is not written in the call" };
        let fixed = self.chosen_prints(first, rest, name);
        let error = self.error(first.value.span, ComputedFormat { what: what.to_owned(), text: shown.clone() });
        error.help(format!("a format is a literal: `{name}(\"{shown}\", …)`; `{name}(\"%s\", …)` prints the letters"));
        match (fixed, texts.as_slice()) {
            (Some(fixed), _) => error.fix(span, fixed),
            (None, [_]) => error.fix(first.value.span, format!("\"{shown}\"")),
            (None, _) => return true,
        };
        true
    }

    /// `print(c ? "%d" : "none", n)` as a statement with a format for each outcome.
    fn chosen_prints(&self, first: &ast::Arg, rest: &[ast::Arg], name: &str) -> Option<String> {
        let Ast::Ternary { condition, then, otherwise } = &strip(&first.value).kind else { return None };
        if !name.starts_with(PRINT) {
            return None;
        }
        let call = |format: &ast::Expr| {
            let pieces = parse(literal(format)?).ok()?;
            let conversions = pieces.iter().filter(|piece| matches!(piece, Piece::Conversion(_))).count();
            let values = rest.get(..conversions)?.iter().map(|arg| format!(", {}", self.text(arg.value.span)));
            Some(format!("{name}({}{})", self.text(format.span), values.collect::<String>()))
        };
        Some(format!("if ({}) {} else {}", self.text(strip(condition).span), call(then)?, call(otherwise)?))
    }

    /// The argument in the form of its conversion: integers of 32 or 64 bits, others unchanged.
    fn converted(&mut self, conversion: &Conversion, value: Expr, out: &mut Vec<u8>) -> Option<Expr> {
        if value.ty == Ty::ERROR {
            return None;
        }
        let kind = self.cx.types.kind(value.ty);
        let fits = match conversion.kind {
            ConversionKind::Decimal => return self.number_argument(conversion, value, false, out),
            ConversionKind::Hex { .. } | ConversionKind::Octal => {
                return self.number_argument(conversion, value, true, out);
            }
            ConversionKind::Char => self.cx.types.as_int(value.ty).is_some(),
            ConversionKind::Float { .. } => value.ty == Ty::F64,
            ConversionKind::Str => self.is_text(value.ty),
            ConversionKind::Pointer => matches!(kind, TyKind::Ptr { .. }),
            ConversionKind::Ip4 => value.ty == Ty::BE32,
            ConversionKind::Ip6 => matches!(kind, TyKind::Array(Ty::U8, 16)),
            ConversionKind::Mac => matches!(kind, TyKind::Array(Ty::U8, 6)),
            ConversionKind::Symbol => value.ty == Ty::U64,
        };
        if !fits {
            self.format_mismatch(conversion, &value);
            return None;
        }
        conversion.write(false, out);
        Some(if conversion.kind == ConversionKind::Char {
            cast(value, Ty::U32)
        } else if conversion.kind == ConversionKind::Str {
            self.as_string(value)
        } else {
            value
        })
    }

    /// A number as `%d` takes it, which is added to the format.
    pub fn printed_number(&mut self, value: Expr, out: &mut Vec<u8>) -> Option<Expr> {
        self.number_argument(&Conversion::plain(ConversionKind::Decimal), value, false, out)
    }

    fn number_argument(
        &mut self,
        conversion: &Conversion,
        value: Expr,
        as_unsigned: bool,
        out: &mut Vec<u8>,
    ) -> Option<Expr> {
        let value = self.link_status(Value::from(value)).expr;
        let value = match self.be_bits(value.ty) {
            Some(bits) => cast(value, self.cx.types.int(bits, false)),
            None if value.ty == Ty::BOOL => cast(value, Ty::U32),
            None => value,
        };
        let Some((bits, signed)) = self.cx.types.as_int(value.ty) else {
            self.format_mismatch(conversion, &value);
            return None;
        };
        let signed = signed && !as_unsigned;
        conversion.write(signed, out);
        let same_width = cast(value, self.cx.types.int(bits, signed));
        Some(cast(same_width, self.cx.types.int(bits.max(32), signed)))
    }

    fn format_mismatch(&mut self, conversion: &Conversion, value: &Expr) {
        let ty = self.ty_name(value.ty);
        let wants = match conversion.kind {
            ConversionKind::Decimal | ConversionKind::Hex { .. } | ConversionKind::Octal | ConversionKind::Char => {
                "an integer"
            }
            ConversionKind::Float { .. } => "an `f64`",
            ConversionKind::Str => "a string",
            ConversionKind::Pointer => "a pointer",
            ConversionKind::Ip4 => "a `be32`",
            ConversionKind::Ip6 => "a `u8[16]`",
            ConversionKind::Mac => "a `u8[6]`",
            ConversionKind::Symbol => "a `u64`, an address of the kernel",
        };
        let instead = usual(self.cx.types.kind(value.ty)).map(|(_, text)| text).filter(|text| !text.is_empty());
        let mut help = format!("`{}` takes {wants}", conversion.text);
        if let Some(instead) = instead {
            help.push_str(&format!("; `{instead}` prints a `{ty}`"));
        }
        if let (ExprKind::AddressOf(place), ConversionKind::Ip4 | ConversionKind::Ip6 | ConversionKind::Mac) =
            (&value.kind, conversion.kind)
        {
            help.push_str(&format!(
                "; the kernel's own takes an address, this one the value: `{}`",
                self.text(place.span)
            ));
        }
        let is_text = matches!(self.pointer(value.ty), Some(of) if of.to == Ty::CHAR && [Space::User, Space::BtfTrusted, Space::BtfRcu, Space::BtfUntrusted].contains(&of.space));
        let text = (is_text && conversion.kind == ConversionKind::Str)
            .then(|| format!("{} as str({TEXT_BYTES})", self.cast_text(value.span)));
        let error = self.error(value.span, FormatMismatch { conversion: conversion.text.clone(), ty });
        match text {
            Some(text) => error.help(format!("to read the text there: `{text}`")).fix(value.span, text),
            None => error.help(help),
        };
    }
}

/// How a value is printed without a format, and the conversion that prints it in one, empty if none does; none if it cannot be printed.
fn usual(kind: TyKind) -> Option<(ConversionKind, &'static str)> {
    if let TyKind::Int { .. } | TyKind::Enum(_) | TyKind::Bool = kind {
        Some((ConversionKind::Decimal, "%d"))
    } else if let TyKind::Be { bits } = kind {
        Some((ConversionKind::Decimal, if bits == 32 { "%pI4" } else { "%u" }))
    } else if let TyKind::Link | TyKind::Error = kind {
        Some((ConversionKind::Decimal, ""))
    } else if kind == TyKind::Char {
        Some((ConversionKind::Char, "%c"))
    } else if let TyKind::Str(_) | TyKind::Array(Ty::CHAR, _) = kind {
        Some((ConversionKind::Str, "%s"))
    } else if let TyKind::Ptr { .. } = kind {
        Some((ConversionKind::Pointer, "%p"))
    } else {
        (kind == TyKind::F64).then_some((ConversionKind::Float { letter: 'g' }, "%f"))
    }
}

/// The texts of the program that a value is one of; none if it may be another.
fn own_texts(value: &Expr) -> Option<Vec<&[u8]>> {
    fn of_block(block: &Block) -> Option<Vec<&[u8]>> {
        block.value.as_deref().and_then(own_texts)
    }
    if let ExprKind::Const(Const::Str(text)) = &value.kind {
        return Some(vec![text]);
    }
    if let ExprKind::Cast(inner) = &value.kind {
        return own_texts(inner);
    }
    if let ExprKind::If(choice) = &value.kind {
        let otherwise = of_block(choice.otherwise.as_ref()?)?;
        return Some([of_block(&choice.then)?, otherwise].concat());
    }
    let ExprKind::Match(choice) = &value.kind else { return None };
    let arms = choice.arms.iter().map(|arm| of_block(&arm.body)).chain(choice.default.as_ref().map(of_block));
    arms.collect::<Option<Vec<_>>>().map(|texts| texts.concat())
}

fn has_conversions(text: &[u8]) -> bool {
    let doubled = text.windows(2).any(|pair| pair == b"%%");
    let conversion = |piece: &Piece| matches!(piece, Piece::Conversion(_));
    text.contains(&b'%') && parse(text).is_ok_and(|pieces| doubled || pieces.iter().any(conversion))
}

/// As source has it.
fn escape_for_message(text: &[u8]) -> String {
    text.escape_ascii().to_string().replace("\\'", "'")
}

/// The format that a first argument is; none for other texts.
fn format(first: &ast::Arg) -> Option<&[u8]> {
    literal(&first.value).filter(|text| text.contains(&b'%'))
}

/// The text of a literal.
pub fn literal(expr: &ast::Expr) -> Option<&[u8]> {
    if let Ast::Str(bytes) = &strip(expr).kind { Some(bytes) } else { None }
}
