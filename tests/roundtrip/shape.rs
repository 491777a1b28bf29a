//! How tightly what binds: an expression against the same one with all its parentheses.

use ksc::ast::{Expr, ExprKind, ItemKind, StmtKind};

/// Every operator with its operands in parentheses, those of the source left out.
fn shape(expr: &Expr) -> String {
    if let ExprKind::Paren(inner) = &expr.kind {
        shape(inner)
    } else if let ExprKind::Unary { op, operand } = &expr.kind {
        format!("({}{})", op.text(), shape(operand))
    } else if let ExprKind::Binary { op, left, right, .. } = &expr.kind {
        format!("({} {} {})", shape(left), op.text(), shape(right))
    } else if let ExprKind::Ternary { condition, then, otherwise } = &expr.kind {
        format!("({} ? {} : {})", shape(condition), shape(then), shape(otherwise))
    } else if let ExprKind::Cast { operand, ty } = &expr.kind {
        format!("({} as {})", shape(operand), ksc::ast::print::ty(ty))
    } else if let ExprKind::Index { base, index } = &expr.kind {
        format!("({}[{}])", shape(base), shape(index))
    } else if let ExprKind::Field { base, name, .. } = &expr.kind {
        format!("({}.{})", shape(base), name.name)
    } else {
        ksc::ast::print::expr(expr)
    }
}

fn shape_of(text: &str) -> String {
    let (file, cx) = crate::parse(&format!("fn f() {{ {text} }}"));
    assert!(!cx.diags.has_errors(), "{text}");
    let Some(ItemKind::Fn(decl)) = file.items.first().map(|item| &item.kind) else { panic!("{text}") };
    let [stmt] = &decl.body.as_ref().expect("the function has a body").stmts[..] else { panic!("{text}") };
    let StmtKind::Expr(expr) = &stmt.kind else { panic!("{text}") };
    shape(expr)
}

#[test]
fn precedence() {
    let cases = [
        // From the loosest to the tightest.
        ("a ? b : c || d", "(a ? b : (c || d))"),
        ("a || b && c", "(a || (b && c))"),
        ("a && b | c", "(a && (b | c))"),
        ("a | b ^ c", "(a | (b ^ c))"),
        ("a ^ b & c", "(a ^ (b & c))"),
        ("a & b == c", "(a & (b == c))"),
        ("a == b < c", "(a == (b < c))"),
        ("a < b << c", "(a < (b << c))"),
        ("a << b + c", "(a << (b + c))"),
        ("a + b * c", "(a + (b * c))"),
        ("a * b as u32", "(a * (b as u32))"),
        ("-a as u32", "((-a) as u32)"),
        ("-a.b[c]", "(-((a.b)[c]))"),
        ("*p.q as u8 + 1", "(((*(p.q)) as u8) + 1)"),
        // All infix operators associate to the left, `?:` to the right.
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c % d", "(((a / b) * c) % d)"),
        ("a << b >> c", "((a << b) >> c)"),
        ("a < b >= c", "((a < b) >= c)"),
        ("a == b != c", "((a == b) != c)"),
        ("a || b || c", "((a || b) || c)"),
        ("a as u8 as u16", "((a as u8) as u16)"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a ? b ? c : d : e", "(a ? (b ? c : d) : e)"),
        ("a == b && c != d || e", "(((a == b) && (c != d)) || e)"),
        ("a + b < c - d == e > f", "(((a + b) < (c - d)) == (e > f))"),
        // A minus in prefix position belongs to the integer.
        ("-1 as u8", "(-1 as u8)"),
        ("2 - 1", "(2 - 1)"),
        ("2 - -1", "(2 - -1)"),
        ("- -1", "(--1)"),
        ("!-1", "(!-1)"),
        // What looks like a type after `as` ends where its name does.
        ("a as u32 < b", "((a as u32) < b)"),
        ("a as *T ? b : c", "((a as *T) ? b : c)"),
        ("a as *T * b", "((a as *T) * b)"),
    ];
    for (text, wanted) in cases {
        assert_eq!(shape_of(text), wanted, "{text}");
        assert_eq!(shape_of(wanted), wanted, "{wanted}");
    }
}
