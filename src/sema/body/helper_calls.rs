//! Calls of BPF helpers by their names, checked against the table of helpers.

use super::calls::counted;
use super::exprs::strip;
use super::signatures::{Param, Signature};
use super::value::{Value, all_known, error_expr, local, number, strip_cast};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::contexts::{HelperMemory, ProcessMemory};
use crate::diag::codes::maps::MapWanted;
use crate::diag::codes::refused::{HelperOnStorage, Uncallable};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{Callee, Expr, MapId, Role};
use crate::source::Span;
use crate::tables::{CONTEXTS, HelperArg, HelperArgKind, HelperResult, HelperSpec};
use crate::types::{Space, Ty};

/// The object that stands for a socket.
const SOCKET: &str = "bpf_sock";

impl Checker<'_, '_> {
    /// Checks a call of a helper by its record. A helper of a kind that is not compiled yet is an error.
    pub fn call_helper(&mut self, helper: &'static HelperSpec, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if let Some(what) = missing(helper) {
            self.check_open_args(args);
            let error = self.error(span, Uncallable { name: helper.name.to_owned(), why: what.to_owned() });
            if let Some(instead) = helper.instead {
                error.help(instead);
            }
            return None;
        }
        if args.len() == helper.args.len() {
            self.check_kernel(helper, span);
        }
        let params = helper.args.iter().map(|spec| self.helper_param(helper, spec)).collect();
        let mut signature = Signature { form: form(helper), open: true, ..Signature::new(helper.name, span, params) };
        let checked = self.arguments(&mut signature, args)?;
        let map = signature.map;
        for (at, spec) in helper.args.iter().enumerate() {
            let size = spec.size.and_then(|size| checked.get(size as usize));
            self.check_size(helper, (spec, &checked[at]), size);
        }
        let checked = all_known(checked)?;
        let ty = match (helper.result, map) {
            (HelperResult::Scalar, _) => self.table_type(helper.ty.unwrap_or("u64")),
            (HelperResult::Value, Some(map)) => {
                let (_, value) = self.entry_types(map);
                let percpu = self.env.program.map(map).kind.percpu;
                let space = if percpu { Space::Percpu } else { Space::MapValue };
                self.cx.types.ptr(value, space, helper.nullable)
            }
            (HelperResult::Object, _) => {
                helper.object.map_or(Ty::VOID, |object| self.object_result(object, helper.nullable, span))
            }
            (HelperResult::Memory, _) => {
                let size = helper.args.iter().position(|arg| arg.kind == HelperArgKind::Constant);
                self.memory_result(size.map(|size| &checked[size]))
            }
            (HelperResult::Void | HelperResult::Value, _) => Ty::VOID,
        };
        Some(Expr::operation(Callee::Helper(helper), checked, ty, span))
    }

    /// Memory that a helper reads or writes: of any type, or of what the map holds.
    pub(super) fn helper_memory(
        &mut self,
        helper: &'static HelperSpec,
        spec: &HelperArg,
        map: Option<MapId>,
        arg: &ast::Expr,
    ) -> Expr {
        let reads = spec.kind.only_reads();
        if reads && matches!(strip(arg).kind, ast::ExprKind::Str(_)) {
            return self.constant_text(helper.name, arg);
        }
        let (key, value) = map.map(|map| self.entry_types(map)).unzip();
        let wanted = if spec.kind == HelperArgKind::Key {
            key
        } else {
            value.filter(|_| matches!(spec.kind, HelperArgKind::Value | HelperArgKind::ValueOut))
        };
        let bytes = self.cx.types.ptr(wanted.unwrap_or(Ty::U8), Space::Any, spec.nullable);
        let value = self.value(arg, Some(bytes));
        if value.is_error() {
            return value.expr;
        }
        if spec.nullable && value.ty() == Ty::NULL {
            return self.null_memory(value);
        }
        let Some(pointer) = self.pointer(value.ty()) else { return self.no_pointer(&value, "a pointer to memory") };
        let in_packet = pointer.space == Space::Packet;
        let why = if in_packet && !reads {
            Some("it lies in the packet, to which the helper does not write")
        } else if in_packet && !helper.reads_packet {
            Some("it lies in the packet, from which the helper does not read")
        } else {
            no_memory(pointer.space)
        };
        if let Some(why) = why {
            let span = value.span();
            self.error(span, HelperMemory { helper: helper.name.to_owned(), why: why.to_owned() })
                .help("copy it to a variable, and give the address of that");
            return error_expr(span);
        }
        if wanted.is_some() {
            return self.coerce(value, bytes);
        }
        if spec.nullable { value.expr } else { self.not_null(value.expr) }
    }

    /// A pointer to whatever, or a number: the helper tests it.
    pub fn any_address(&mut self, arg: &ast::Expr) -> Expr {
        let value = self.value(arg, Some(Ty::U64));
        let pointer = self.pointer(value.ty());
        if pointer.is_some_and(|pointer| pointer.space == Space::Arena) {
            let (from, to) = ("an arena".to_owned(), "memory that helpers read".to_owned());
            self.error(value.span(), ProcessMemory { from, to }).help("BPF code follows it without a helper: `*p`");
            return error_expr(value.span());
        }
        if value.is_error() || pointer.is_some() {
            return value.expr;
        }
        // An array is a value, not the address of its first element.
        if self.cx.types.is_aggregate(value.ty()) {
            return self.no_pointer(&value, "an address");
        }
        self.coerce(value, Ty::U64)
    }

    /// Checks an argument that must be the context of the program, or null if `nullable`; or a socket if `socket`.
    pub fn context_of_program(&mut self, nullable: bool, socket: bool, arg: &ast::Expr) -> Expr {
        let value = self.value(arg, None);
        if value.is_error() {
            return value.expr;
        }
        if nullable && value.ty() == Ty::NULL {
            return self.null_memory(value);
        }
        let in_context = self.pointer(value.ty()).is_some_and(|pointer| pointer.space == Space::Ctx);
        if !in_context && self.is_object_of_member(value.ty()) {
            return self.not_null(value.expr);
        }
        if let Some(wanted) = self.object_with(SOCKET, value.ty(), false).filter(|_| socket) {
            return self.coerce(value, wanted);
        }
        if !in_context && !self.is_context_object(&value.expr) {
            return self.no_pointer(&value, "the program's context");
        }
        self.not_null(value.expr)
    }
}

impl State<'_, '_> {
    /// `&m`
    pub(super) fn map_argument(&mut self, helper: &HelperSpec, arg: &ast::Expr) -> Option<MapId> {
        let span = arg.span;
        let named = if let ast::ExprKind::Unary { op: ast::UnaryOp::AddressOf, operand } = &strip(arg).kind {
            self.map_named(operand)
        } else {
            None
        };
        let Some(map) = named else {
            let bare = self.map_named(arg).map(|_| format!("&{}", self.text(span)));
            let error = self.error(span, MapWanted { name: helper.name.to_owned() });
            match bare {
                Some(form) => error.help(format!("write `{form}`")).fix(span, form),
                None => error.help("it takes the address of a map: `&m`"),
            };
            return None;
        };
        if helper.needs.is_some_and(|needs| !self.can(map, needs, span)) {
            return None;
        }
        if self.env.program.map(map).kind.object.is_some() {
            self.error(span, HelperOnStorage { helper: helper.name.to_owned() })
                .help("such an entry is `m[object]`: it is read, written and deleted as those of other maps");
            return None;
        }
        Some(map)
    }

    fn null_memory(&mut self, value: Value) -> Expr {
        let ty = self.cx.types.ptr(Ty::U8, Space::Any, true);
        self.coerce(value, ty)
    }
}

impl Site<'_, '_> {
    fn check_kernel(&mut self, helper: &HelperSpec, span: Span) {
        // Else what programs call that may be left out is known later.
        let lacks = self.cx.options.lacks(helper.since).filter(|_| !self.env.program.may_leave_out());
        let Some(version) = lacks else { return };
        self.cx.needs_kernel(span, format!("the helper `{}`", helper.name), version);
    }

    fn helper_param(&mut self, helper: &'static HelperSpec, spec: &'static HelperArg) -> Param {
        if refused(helper, spec).is_some() {
            Param::Unknown
        } else if spec.kind == HelperArgKind::Scalar {
            Param::Of(self.table_type(spec.ty.unwrap_or("u64")))
        } else if spec.kind == HelperArgKind::Context {
            Param::Context { nullable: spec.nullable, socket: !spec.by_socket.is_empty() }
        } else if spec.kind == HelperArgKind::Map {
            Param::Map(helper)
        } else if spec.kind == HelperArgKind::Address {
            Param::Address
        } else if spec.kind == HelperArgKind::Constant {
            Param::Constant(self.table_type(spec.ty.unwrap_or("u64")))
        } else if spec.kind == HelperArgKind::Text {
            Param::Literal
        } else if spec.kind == HelperArgKind::Dynptr {
            Param::Dynptr
        } else if let Some(object) = spec.object.filter(|_| spec.kind == HelperArgKind::Object) {
            Param::Object(object, spec)
        } else {
            Param::HelperMemory(helper, spec)
        }
    }

    /// The parameter of a program whose context is a kernel object.
    fn is_context_object(&self, value: &Expr) -> bool {
        let func = self.env.program.func(self.func);
        let Role::Program(role) = &func.role else { return false };
        let of = role.spec.context().filter(|of| CONTEXTS.iter().any(|context| context.object && context.name == *of));
        of.is_some() && local(value).is_some_and(|value| func.params.first() == Some(&value))
    }

    fn no_pointer(&mut self, value: &Value, wanted: &str) -> Expr {
        let (span, found) = (value.span(), format!("`{}`", self.ty_name(value.ty())));
        let text = self.text(span).to_owned();
        let error = self.error(span, MismatchedTypes { wanted: wanted.to_owned(), found });
        if super::places::is_place(&value.expr) && matches!(wanted, "a pointer to memory" | "an address") {
            error.help(format!("write `&{text}`"));
        }
        error_expr(span)
    }

    /// A constant size must be one that the helper takes, and no larger than the variable whose address is given.
    fn check_size(&mut self, helper: &HelperSpec, (spec, memory): (&HelperArg, &Expr), size: Option<&Expr>) {
        let Some(bytes) = (match size {
            Some(size) => number(strip_cast(size)),
            None => spec.bytes.map(i128::from),
        }) else {
            return;
        };
        let at = size.map_or(memory.span, |size| size.span);
        let may_be_zero = spec.size.and_then(|size| helper.args.get(size as usize)).is_none_or(|size| size.zero);
        let room = self.room(memory).map(i128::from);
        let why = match room {
            _ if bytes < 0 || (bytes == 0 && !may_be_zero) => format!("its size is {bytes}"),
            Some(room) if bytes > room => {
                let text = self.text(memory.span);
                format!("`{text}` points to {}, and the size is {bytes}", counted(room as usize, "byte"))
            }
            Some(_) | None => return,
        };
        self.error(at, HelperMemory { helper: helper.name.to_owned(), why });
    }
}

/// Why a function of the kernel cannot have memory of a space that no packet has.
pub(super) fn no_memory(space: Space) -> Option<&'static str> {
    if space == Space::Ctx {
        Some("it is a context")
    } else if matches!(space, Space::BtfTrusted | Space::BtfRcu | Space::BtfUntrusted) {
        Some("it is an object of the kernel")
    } else if matches!(space, Space::User | Space::Map) {
        Some("BPF code cannot read it by itself")
    } else {
        (space == Space::Arena).then_some("it lies in an arena, of which the kernel's functions know nothing")
    }
}

/// Arguments that calls by a helper's name do not have.
const REFUSED: [(HelperArgKind, &str); 6] = [
    (HelperArgKind::Callback, "calls a function back"),
    (HelperArgKind::Frame, "calls a function back"),
    (HelperArgKind::SpinLock, "takes a lock"),
    (HelperArgKind::Timer, "takes a timer"),
    (HelperArgKind::Record, "takes a record of a ring buffer"),
    (HelperArgKind::Rest, "takes the values of a format"),
];

/// The reason why a call by the helper's name cannot have an argument.
fn refused(helper: &HelperSpec, arg: &HelperArg) -> Option<&'static str> {
    if arg.kind == HelperArgKind::Map {
        return helper.needs.is_none().then_some("takes a map in a form of its own");
    }
    if arg.kind == HelperArgKind::Object {
        return arg.object.is_none().then_some("takes an object of the kernel");
    }
    REFUSED.iter().find(|(kind, _)| *kind == arg.kind).map(|(_, why)| *why)
}

/// The reason why a helper cannot be called by its name.
fn missing(helper: &HelperSpec) -> Option<&'static str> {
    helper.args.iter().find_map(|arg| refused(helper, arg)).or(match helper.result {
        HelperResult::Scalar | HelperResult::Void | HelperResult::Value => None,
        HelperResult::Memory if helper.args.iter().any(|arg| arg.kind == HelperArgKind::Constant) => None,
        HelperResult::Memory => Some("yields memory of a size of its own"),
        HelperResult::Object if helper.object.is_some() => None,
        HelperResult::Object => Some("yields an object of the kernel"),
    })
}

/// The helper as messages show it.
fn form(helper: &HelperSpec) -> String {
    let args: Vec<&str> = helper.args.iter().map(|arg| arg.name).collect();
    format!("it is `{}({})`", helper.name, args.join(", "))
}

/// Whether a call of the helper by its name is compiled.
pub(super) fn is_callable(helper: &HelperSpec) -> bool {
    missing(helper).is_none()
}
