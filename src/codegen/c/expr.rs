//! Expressions of C, as text that knows where it needs parentheses.

/// How tightly an expression holds together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A name, a number, a call, a part of something.
    Primary,
    /// A cast, an address, what a pointer points to.
    Unary,
    Binary,
}

/// An expression of C, with its precedence as far as parentheses need it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expr {
    text: String,
    form: Form,
    /// For `*p` the expression `p`, with which its address and members are written.
    pointer: Option<Box<Expr>>,
}

impl Expr {
    /// An expression that is never put in parentheses: a name, a constant, a call, a member.
    pub fn primary(text: impl Into<String>) -> Expr {
        Expr { text: text.into(), form: Form::Primary, pointer: None }
    }

    /// An expression with a prefix operator or a cast.
    pub fn unary(text: impl Into<String>) -> Expr {
        Expr { text: text.into(), form: Form::Unary, pointer: None }
    }

    /// `left op right`
    pub fn binary(left: &Expr, op: &str, right: &Expr) -> Expr {
        Expr { text: format!("{} {op} {}", left.operand(), right.operand()), form: Form::Binary, pointer: None }
    }

    /// `condition ? then : otherwise`
    pub fn choice(condition: &Expr, then: &Expr, otherwise: &Expr) -> Expr {
        let text = format!("{} ? {} : {}", condition.operand(), then.operand(), otherwise.operand());
        Expr { text, form: Form::Binary, pointer: None }
    }

    /// A call of a function by its name.
    pub fn call(function: &str, args: &[Expr]) -> Expr {
        let args: Vec<&str> = args.iter().map(Expr::text).collect();
        Expr::primary(format!("{function}({})", args.join(", ")))
    }

    /// A cast, with parentheses around the value where C needs them.
    pub fn cast(ty: &str, value: &Expr) -> Expr {
        Expr::unary(format!("({ty}){}", value.operand()))
    }

    /// `!value`
    pub fn not(value: &Expr) -> Expr {
        Expr::unary(format!("!{}", value.operand()))
    }

    /// What a pointer points to.
    pub fn deref(pointer: Expr) -> Expr {
        Expr { text: format!("*{}", pointer.operand()), form: Form::Unary, pointer: Some(Box::new(pointer)) }
    }

    /// The address of a place.
    pub fn address(place: &Expr) -> Expr {
        match &place.pointer {
            Some(pointer) => (**pointer).clone(),
            None => Expr::unary(format!("&{}", place.operand())),
        }
    }

    /// A member of a struct: `base.name`, or `p->name` where `base` is `*p`.
    pub fn member(base: &Expr, name: &str) -> Expr {
        match &base.pointer {
            Some(pointer) => Expr::primary(format!("{}->{name}", pointer.whole())),
            None => Expr::primary(format!("{}.{name}", base.whole())),
        }
    }

    /// An element of an array.
    pub fn element(base: &Expr, index: &Expr) -> Expr {
        Expr::primary(format!("{}[{}]", base.whole(), index.text))
    }

    /// Alone, or between commas.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As an operand of an operator.
    pub fn operand(&self) -> String {
        if self.form == Form::Binary { format!("({})", self.text) } else { self.text.clone() }
    }

    /// Before `.`, `[` and `(`.
    fn whole(&self) -> String {
        if self.form == Form::Primary { self.text.clone() } else { format!("({})", self.text) }
    }
}
