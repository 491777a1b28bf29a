//! The arguments of calls: their number, that they have no names, and each by what its parameter takes.
//!
//! A declaration or a row of a table says what is called as a [`Signature`].

use super::calls::counted;
use super::exprs::strip;
use super::value::error_expr;
use super::{Checker, Site};
use crate::ast;
use crate::diag::Diagnostic;
use crate::diag::codes::contexts::ArgumentCount;
use crate::sema::tree::{Const, Expr, ExprKind, MapId};
use crate::source::Span;
use crate::tables::{BuiltinSpec, HelperArg, HelperSpec};
use crate::types::{Space, Ty};

/// In the tables: a string of any size.
const ANY_STRING: &str = "str";
/// A parameter for what `load` returned.
const HANDLE: &str = "handle";
/// An array of strings.
const WORDS: &str = "str[]";
/// A view, or any value as one; the second takes `null` too.
const VIEW: &str = "bytes";
const VIEW_OR_NULL: &str = "bytes?";

/// What a parameter takes.
#[derive(Clone, Copy)]
pub enum Param {
    /// A value of the type.
    Of(Ty),
    /// Likewise, where it outlives the function.
    Stored(Ty),
    /// A string of any size, or a `bytes` where the builtin measures it.
    Text(&'static BuiltinSpec),
    /// An array of strings of any size.
    Words(&'static BuiltinSpec),
    /// What `load` returned.
    Handle,
    /// A number in memory order: of the first type, or of the second as it is stored.
    MemoryOrder(Ty, Ty),
    View,
    ViewOrNull,
    ViewToWrite,
    /// A number of bytes.
    Count,
    /// A key of the map.
    Key(MapId),
    /// `&m`, for a helper; the map of the arguments behind it.
    Map(&'static HelperSpec),
    /// Memory that a helper reads or writes.
    HelperMemory(&'static HelperSpec, &'static HelperArg),
    /// The context of the program; or null, if it is so.
    Context {
        nullable: bool,
        /// Or a socket.
        socket: bool,
    },
    /// A pointer to any memory, or a number.
    Address,
    /// Likewise, or a string literal.
    AddressOrLiteral,
    /// An object of the kernel, by the name of its type.
    Object(&'static str, &'static HelperArg),
    /// `&d`
    Dynptr,
    /// A string literal, whose address the kernel's function gets.
    Literal,
    /// A number that is known to the compiler.
    Constant(Ty),
    /// Memory of the program, for a function of the kernel.
    KernelMemory(Ty),
    /// An argument of module code, which C converts.
    OfC(Ty),
    /// No call has it: null, of the type.
    Hidden(Ty),
    /// What no call can give, which was reported.
    Unknown,
}

/// What a callee takes.
pub struct Signature<'a> {
    pub name: &'a str,
    /// Where another number of arguments is reported.
    pub at: Span,
    pub params: Vec<Param>,
    /// So many of the last arguments may be left out.
    pub optional: usize,
    /// So many arguments, which are not checked here, come first.
    pub before: usize,
    pub declared: Option<Span>,
    /// Its form, for messages; empty if there is none.
    pub form: String,
    /// What says that the types are these.
    pub wanted_by: Option<String>,
    /// The arguments may be maps or types: so they are no values where their number is wrong.
    pub open: bool,
    /// The map that is an argument.
    pub map: Option<MapId>,
}

impl<'a> Signature<'a> {
    /// Of a callee that is declared nowhere and has no form.
    pub fn new(name: &'a str, at: Span, params: Vec<Param>) -> Signature<'a> {
        Signature {
            name,
            at,
            params,
            optional: 0,
            before: 0,
            declared: None,
            form: String::new(),
            wanted_by: None,
            open: false,
            map: None,
        }
    }
}

impl Checker<'_, '_> {
    /// The checked arguments, those that calls leave out to the compiler among them. None if there is another number than the callee
    /// takes, which is reported.
    pub fn arguments(&mut self, callee: &mut Signature<'_>, args: &[ast::Arg]) -> Option<Vec<Expr>> {
        let most = callee.params.iter().filter(|param| !matches!(param, Param::Hidden(_))).count();
        if !(most - callee.optional..=most).contains(&args.len()) {
            self.other_count(callee, most, args);
            return None;
        }
        let mut args = args.iter();
        let mut checked = Vec::new();
        for param in std::mem::take(&mut callee.params) {
            if let Param::Hidden(ty) = param {
                checked.push(Expr { kind: ExprKind::Const(Const::Null), ty, span: callee.at });
            } else if let Some(arg) = args.next() {
                self.refuse_name(arg, callee.name);
                checked.push(self.argument(callee, param, arg));
            }
        }
        Some(checked)
    }

    fn other_count(&mut self, callee: &Signature<'_>, most: usize, args: &[ast::Arg]) {
        if callee.open {
            self.check_open_args(args);
        } else {
            self.check_args(args);
        }
        let most = most + callee.before;
        let takes = match callee.optional {
            0 => counted(most, "argument"),
            optional => format!("{} to {most} arguments", most - optional),
        };
        let error = self.wrong_count(callee.name, takes, args.len() + callee.before, callee.at);
        if let Some(declared) = callee.declared {
            error.note(declared, "declared here");
        }
        if !callee.form.is_empty() {
            error.remark(callee.form.clone());
        }
    }

    fn argument(&mut self, callee: &mut Signature<'_>, param: Param, arg: &ast::Arg) -> Expr {
        let (arg, span) = (&arg.value, arg.value.span);
        match param {
            Param::Of(ty) => {
                let value = self.value(arg, Some(ty));
                let Some(wanted_by) = &callee.wanted_by else { return self.coerce(value, ty) };
                self.wanted_by = Some(wanted_by.clone());
                let value = self.coerce(value, ty);
                self.wanted_by = None;
                value
            }
            Param::Stored(ty) => {
                let value = self.coerced(arg, ty);
                self.refuse_escape(&value);
                value
            }
            Param::Key(map) => {
                let key = self.entry_key(map, arg);
                self.refuse_escape(&key);
                key
            }
            Param::Text(builtin) => {
                let value = self.typed(arg, None);
                if value.ty == Ty::BYTES && builtin.length {
                    return value;
                }
                match self.packet_receiver(value) {
                    Ok(packet) if builtin.length => packet,
                    Ok(value) | Err(value) => self.string_argument(value, builtin, callee.at),
                }
            }
            Param::Words(builtin) => {
                let value = self.typed(arg, None);
                self.words_argument(value, builtin)
            }
            Param::Handle => self.handle(callee.name, arg, false),
            Param::MemoryOrder(stored, network) => {
                let value = self.value(arg, Some(stored));
                if value.ty() != network {
                    return self.coerce(value, stored);
                }
                Expr { kind: ExprKind::Raw(Box::new(value.expr)), ty: stored, span }
            }
            Param::ViewToWrite => {
                let value = self.value(arg, None);
                self.view_to_write(value)
            }
            Param::View | Param::ViewOrNull => {
                let value = self.value(arg, None);
                if value.ty() == Ty::NULL && matches!(param, Param::ViewOrNull) {
                    return Expr { kind: ExprKind::Const(Const::Null), ty: Ty::BYTES, span: value.span() };
                }
                self.view_to_read(value)
            }
            Param::Count => self.count_of_bytes(arg).unwrap_or_else(|| error_expr(span)),
            Param::Map(helper) => {
                callee.map = self.map_argument(helper, arg);
                callee.map.map_or_else(|| error_expr(span), |map| self.map_address(map, span))
            }
            Param::HelperMemory(helper, spec) => self.helper_memory(helper, spec, callee.map, arg),
            Param::Context { nullable, socket } => self.context_of_program(nullable, socket, arg),
            Param::AddressOrLiteral if matches!(strip(arg).kind, ast::ExprKind::Str(_)) => {
                self.constant_text(callee.name, arg)
            }
            Param::Address | Param::AddressOrLiteral => self.any_address(arg),
            Param::Object(object, spec) => self.object_argument(spec, object, arg),
            Param::Dynptr => self.dynptr_argument(callee.name, arg),
            Param::Literal => self.constant_text(callee.name, arg),
            Param::Constant(ty) => self.constant_argument(callee.name, arg, ty),
            Param::KernelMemory(ty) => self.kernel_memory(callee.name, arg, ty),
            Param::OfC(ty) => self.kernel_argument(arg, ty),
            Param::Hidden(_) | Param::Unknown => error_expr(span),
        }
    }
}

impl Site<'_, '_> {
    /// Reports that a call has another number of arguments than the callee takes.
    pub fn wrong_count(&mut self, name: &str, takes: impl Into<String>, given: usize, at: Span) -> &mut Diagnostic {
        self.error(at, ArgumentCount { name: name.to_owned(), takes: takes.into(), given: given.to_string() })
    }

    /// The address of a map, as an argument.
    pub fn map_address(&mut self, map: MapId, span: Span) -> Expr {
        let ty = self.cx.types.ptr(Ty::U8, Space::Map, false);
        Expr { kind: ExprKind::MapAddress(map), ty, span }
    }

    /// A parameter of a builtin or a method by the text of its type in the table; `K` and `V` are the map's.
    pub fn table_param(&mut self, text: &'static str, map: Option<MapId>) -> Param {
        if let Some(map) = map {
            let (_, value) = self.entry_types(map);
            return match text {
                "K" => Param::Key(map),
                "V" => Param::Stored(value),
                // A record is followed, not kept. Bytes are copied at once.
                "*V" => Param::Of(self.cx.types.ptr(value, Space::Any, false)),
                VIEW => Param::View,
                _ => Param::Stored(self.table_type(text)),
            };
        }
        if let Some((stored, network)) = text.split_once('|') {
            return Param::MemoryOrder(self.table_type(stored), self.table_type(network));
        }
        match text {
            HANDLE => Param::Handle,
            VIEW => Param::View,
            VIEW_OR_NULL => Param::ViewOrNull,
            _ => Param::Of(self.table_type(text)),
        }
    }

    /// What a builtin takes, by its record.
    pub fn builtin_signature(&mut self, builtin: &'static BuiltinSpec, at: Span) -> Signature<'static> {
        let mut params = Vec::new();
        for (index, &(_, text)) in builtin.params.iter().enumerate() {
            params.push(match text {
                ANY_STRING => Param::Text(builtin),
                WORDS => Param::Words(builtin),
                VIEW if builtin.writes.contains(&(index as u64)) => Param::ViewToWrite,
                "u64" if builtin.views.is_some() => Param::Count,
                _ => self.table_param(text, None),
            });
        }
        let form = super::builtins::form(builtin);
        Signature { optional: builtin.optional, form, ..Signature::new(builtin.name, at, params) }
    }
}
