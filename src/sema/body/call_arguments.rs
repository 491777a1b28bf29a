//! The arguments of a system call by the names that the format of its event has: the record has them as words without names.

use super::State;
use super::exprs::strip;
use crate::ast::{self, ExprKind as Ast, Ident, IntLit, Memory, Path, Type, TypeKind};
use crate::sema::predefined::is_record;
use crate::sema::tree::Role;
use crate::source::Span;
use crate::tracefs;
use crate::types::TyKind;

/// The member of the record that has the words, and the size of one.
const WORDS: (&str, u64) = ("args", 8);
/// The types of C whose values are not words, as the language has them; every other one is 64 bits.
const NUMBERS: [(&str, &str); 5] =
    [("int", "i32"), ("unsigned int", "u32"), ("long", "i64"), ("loff_t", "i64"), ("off_t", "i64")];

impl State<'_, '_> {
    /// `ctx.filename` as `ctx.args[1] as *user char`. None if it is something else.
    pub fn call_argument(&mut self, base: &ast::Expr, name: &Ident, arrow: bool, span: Span) -> Option<ast::Expr> {
        let Ast::Name(path) = &strip(base).kind else { return None };
        let [context] = path.segments.as_slice() else { return None };
        let local = self.vars.local_of(&context.name)?;
        let Role::Program(role) = &self.env.program.func(self.func).role else { return None };
        let (category, event) = role.target.as_deref()?.split_once('/')?;
        let TyKind::Ptr { to, .. } = self.cx.types.kind(self.vars[local].ty) else { return None };
        if !is_record(&self.cx.types, to) || !self.cx.options.asks_running_kernel() {
            return None;
        }
        let record = self.ty_name(to);
        let layout = self.cx.kernel_types.layout(&record).unwrap_or_default();
        let (_, start) = layout.iter().find(|(member, _)| member == WORDS.0)?;
        if layout.iter().any(|(member, _)| *member == name.name) {
            return None;
        }
        let fields = tracefs::fields(category, event)?;
        let field = fields.iter().find(|field| field.name == name.name)?;
        let place = field.offset.checked_sub(*start)? / WORDS.1;
        Some(argument(base, (name, arrow), place, &field.ty, span))
    }
}

/// `base.args[place] as T`
fn argument(base: &ast::Expr, (name, arrow): (&Ident, bool), place: u64, of_c: &str, span: Span) -> ast::Expr {
    let expr = |kind| Box::new(ast::Expr { kind, span });
    let words = Ident { name: WORDS.0.to_owned(), span: name.span };
    let words = expr(Ast::Field { base: Box::new(base.clone()), name: words, arrow });
    let place = expr(Ast::Int(IntLit { value: place, negative: false, text: place.to_string() }));
    let word = expr(Ast::Index { base: words, index: place });
    let named = |name: &str| {
        let segments = vec![Ident { name: name.to_owned(), span }];
        Type { kind: TypeKind::Named(Path { segments, span }), span }
    };
    let of_c = of_c.trim_start_matches("const ");
    let ty = match NUMBERS.iter().find(|(c, _)| *c == of_c) {
        Some((_, number)) => named(number),
        None if of_c == "char *" => Type {
            kind: TypeKind::Pointer { memory: Memory::User, to: Box::new(named("char")), nullable: false },
            span,
        },
        None => return *word,
    };
    ast::Expr { kind: Ast::Cast { operand: word, ty }, span }
}
