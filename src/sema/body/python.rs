//! `u.f(args)`, where `import u from "x.py"`: the types of arguments and of the result go by the hints of Python.

use super::signatures::{Param, Signature};
use super::{Checker, Site};
use crate::ast::{self, Ident};
use crate::diag::codes::modules::{ModuleSeparator, NoSuchMember, PythonResult, PythonSignature};
use crate::diag::codes::types::MismatchedTypes;
use crate::python::{self, Function, Hint, Script};
use crate::sema::imports::ImportId;
use crate::sema::tree::{Callee, Expr, PythonFunction};
use crate::source::Span;
use crate::types::{Ty, TyKind};

/// The size of a string that no place asks for.
const TEXT: u32 = 256;

impl Checker<'_, '_> {
    /// Checks a call of a function in Python; `expected` is the type that the place of the result has, `void` where nothing asks for one.
    pub fn call_python(
        &mut self,
        (import, base, name, arrow): (ImportId, &ast::Expr, &Ident, bool),
        args: &[ast::Arg],
        expected: Option<Ty>,
        span: Span,
    ) -> Option<Expr> {
        let env = self.env;
        let script = env.imports.script(import)?;
        if arrow {
            let between = Span { lo: base.span.hi, hi: name.span.lo, ..name.span };
            let (module, found) = (self.text(base.span).to_owned(), "->".to_owned());
            self.error(between, ModuleSeparator { module, name: name.name.clone(), found })
                .help("write a point")
                .fix(between, ".");
        }
        let Some(function) = script.functions.iter().find(|function| function.name == name.name) else {
            self.check_args(args);
            self.no_python_function(script, base, name);
            return None;
        };
        let whole = format!("{}.{}", self.text(base.span), name.name);
        if let Err((at, why)) = callable(function, args.len()) {
            self.check_args(args);
            self.error(base.span.to(name.span), PythonSignature { name: whole, why })
                .note(python::span(script.file, &at), "declared here");
            return None;
        }
        let hints: Vec<&Hint> =
            function.params.iter().filter_map(|param| param.hint.as_ref()?.hint.as_ref()).take(args.len()).collect();
        let fewest = function.params.iter().filter(|param| !param.has_default).count();
        let given = args.len();
        if given > function.params.len() || given < fewest {
            self.check_args(args);
            let takes = if fewest == function.params.len() { String::new() } else { format!("{fewest} to ") };
            let takes = format!("{takes}{}", super::calls::counted(function.params.len(), "argument"));
            let declared = python::span(script.file, &function.at);
            self.wrong_count(&whole, takes, given, span).note(declared, "declared here");
            return None;
        }
        let mut checked = Vec::new();
        let mut forms = String::new();
        for (arg, hint) in std::iter::zip(args, hints) {
            self.refuse_name(arg, &whole);
            let value = self.python_argument(&whole, arg, hint, span)?;
            forms.push(if value.ty == Ty::BYTES { 'v' } else { letter(hint) });
            checked.push(value);
        }
        let ty = self.python_result(&whole, function, expected, span)?;
        let result = function.result.as_ref().and_then(|written| written.hint.as_ref());
        forms.insert(0, result.filter(|_| ty != Ty::VOID).map_or('n', letter));
        self.may_throw();
        let stem = script.name.strip_suffix(".py").unwrap_or(&script.name);
        let callee = PythonFunction {
            module: script.name.clone(),
            files: script.json(),
            function: format!("{stem}.{}", name.name),
            forms,
        };
        Some(Expr::operation(Callee::Python(Box::new(callee)), checked, ty, span))
    }

    fn python_argument(&mut self, function: &str, arg: &ast::Arg, hint: &Hint, span: Span) -> Option<Expr> {
        let known = match hint {
            Hint::Bool => Some(Param::Of(Ty::BOOL)),
            Hint::Float => Some(Param::Of(Ty::F64)),
            Hint::Bytes => Some(Param::View),
            Hint::Int | Hint::Str | Hint::List(_) | Hint::Nothing => None,
        };
        let value = match known {
            Some(param) => {
                let mut signature = Signature::new(function, span, vec![param]);
                self.arguments(&mut signature, std::slice::from_ref(arg))?.pop()?
            }
            None => self.typed(&arg.value, None),
        };
        if value.ty == Ty::ERROR {
            return None;
        }
        if known.is_some() || self.fits_hint(value.ty, hint) {
            return Some(value);
        }
        let wanted = match hint {
            Hint::Int => "an integer".to_owned(),
            Hint::Str => "a string".to_owned(),
            Hint::List(_) | Hint::Bool | Hint::Float | Hint::Bytes | Hint::Nothing => {
                format!("an array for `{}` of Python", hint.text())
            }
        };
        let network = matches!(self.cx.types.kind(value.ty), TyKind::Be { .. });
        let (found, text) = (format!("`{}`", self.ty_name(value.ty)), self.cast_text(value.span));
        let error = self.error(value.span, MismatchedTypes { wanted, found });
        if network {
            error.help(format!("Python gets numbers in host order: `{text} as u32`"));
        }
        None
    }

    /// The type of the result: of the place that asks for it, where that fits, else the hint's own.
    fn python_result(&mut self, name: &str, function: &Function, expected: Option<Ty>, span: Span) -> Option<Ty> {
        let Some(hint) = function.result.as_ref().and_then(|written| written.hint.as_ref()) else {
            return Some(Ty::VOID);
        };
        if let Some(ty) = expected.filter(|ty| *ty == Ty::VOID || self.fits_hint(*ty, hint)) {
            return Some(ty);
        }
        match hint {
            Hint::Int => Some(Ty::I64),
            Hint::Bool => Some(Ty::BOOL),
            Hint::Float => Some(Ty::F64),
            Hint::Str => Some(self.cx.types.string(TEXT)),
            Hint::Nothing => Some(Ty::VOID),
            Hint::Bytes | Hint::List(_) => {
                let form = if *hint == Hint::Bytes { "u8[6]" } else { "u64[4]" };
                self.error(span, PythonResult { name: name.to_owned(), hint: hint.text() })
                    .help(format!("the place that takes it says how long it is: `var result: {form} = …`"));
                None
            }
        }
    }
}

impl Site<'_, '_> {
    /// Whether values of a type are what a hint says.
    fn fits_hint(&self, ty: Ty, hint: &Hint) -> bool {
        let types = &self.cx.types;
        match (hint, types.kind(ty)) {
            (Hint::Int, TyKind::Int { .. } | TyKind::Enum(_) | TyKind::Char) => true,
            (Hint::Bool, kind) => kind == TyKind::Bool,
            (Hint::Float, kind) => kind == TyKind::F64,
            (Hint::Str, TyKind::Str(_) | TyKind::Array(Ty::CHAR, _)) => true,
            (Hint::Bytes, TyKind::Array(Ty::U8, _)) => true,
            (Hint::List(of), TyKind::Array(element, _)) => self.fits_hint(element, of),
            (Hint::Int | Hint::Str | Hint::Bytes | Hint::List(_) | Hint::Nothing, _) => false,
        }
    }

    fn no_python_function(&mut self, script: &Script, base: &ast::Expr, name: &Ident) {
        let names = || script.functions.iter().map(|function| function.name.clone());
        let near = self.cx.diags.near(&name.name, names);
        let module = self.text(base.span).to_owned();
        let start = python::span(script.file, &(0..0));
        let error = self.error(name.span, NoSuchMember { module, name: name.name.clone() });
        error.note(start, "functions of the file itself can be called, not those that it imports");
        if let Some(near) = near {
            error.near(name.span, near);
        }
    }
}

/// How a value of a hint goes to Python: `l`ist, b`y`tes, or by `i`tself; `n`othing.
fn letter(hint: &Hint) -> char {
    match hint {
        Hint::List(_) => 'l',
        Hint::Bytes => 'y',
        Hint::Nothing => 'n',
        Hint::Int | Hint::Bool | Hint::Float | Hint::Str => 'i',
    }
}

/// Whether so many arguments can be given to a function; else the place in Python, and why not.
fn callable(function: &Function, given: usize) -> Result<(), (std::ops::Range<usize>, String)> {
    if function.is_async {
        return Err((function.at.clone(), "it is `async`".to_owned()));
    }
    if let Some(param) = &function.keyword {
        let why = format!("its parameter `{}` has no default, and is given by its name alone", param.name);
        return Err((param.at.clone(), why));
    }
    const HINTS: &str = "`int`, `bool`, `float`, `str`, `bytes` and `list[…]` of these";
    for param in function.params.iter().take(given) {
        match &param.hint {
            None => {
                let why = format!("its parameter `{}` has no type hint; there are {HINTS}", param.name);
                return Err((param.at.clone(), why));
            }
            Some(written) if matches!(written.hint, None | Some(Hint::Nothing)) => {
                let why = format!("the hint of its parameter `{}` is none of {HINTS}", param.name);
                return Err((written.at.clone(), why));
            }
            Some(_) => {}
        }
    }
    match &function.result {
        Some(written) if written.hint.is_none() => {
            Err((written.at.clone(), format!("the hint of its result is none of {HINTS} and `None`")))
        }
        Some(_) | None => Ok(()),
    }
}
