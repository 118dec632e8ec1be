//! The value of a default from its expression in Rust, for an event without a payload.

use serde_json::{Value, json};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprCall, ExprLit, Lit, Token, UnOp};

/// The value of an expression of literals; `None` for every other one.
pub(super) fn value(expression: &str) -> Option<Value> {
    read(&syn::parse_str(expression).ok()?)
}

fn read(expression: &Expr) -> Option<Value> {
    match expression {
        Expr::Lit(ExprLit { lit, .. }) => literal(lit),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match read(&unary.expr)? {
            Value::Number(number) => format!("-{number}").parse().ok(),
            _ => None,
        },
        Expr::MethodCall(call)
            if ["to_owned", "to_string", "into"].iter().any(|name| call.method == name) =>
        {
            read(&call.receiver).filter(Value::is_string)
        }
        Expr::Array(array) => list(&array.elems),
        Expr::Tuple(tuple) => list(&tuple.elems),
        Expr::Macro(call) if call.mac.path.is_ident("vec") => {
            list(&call.mac.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated).ok()?)
        }
        Expr::Call(ExprCall { func, args, .. }) if named(func, "Some") => read(args.first()?),
        path if named(path, "None") => Some(Value::Null),
        _ => None,
    }
}

fn list(items: &Punctuated<Expr, Token![,]>) -> Option<Value> {
    items.iter().map(read).collect()
}

fn named(expression: &Expr, name: &str) -> bool {
    matches!(expression, Expr::Path(path) if path.path.is_ident(name))
}

fn literal(literal: &Lit) -> Option<Value> {
    Some(match literal {
        Lit::Str(text) => json!(text.value()),
        Lit::Bool(flag) => json!(flag.value),
        Lit::Char(letter) => json!(letter.value()),
        Lit::Int(number) => number.base10_digits().parse().ok()?,
        Lit::Float(number) => json!(number.base10_parse::<f64>().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_values_and_calls_are_not() {
        let cases = [
            ("3", Some(json!(3))),
            ("- 0.5", Some(json!(-0.5))),
            ("\"a\".to_owned()", Some(json!("a"))),
            ("Some((1, 'x'))", Some(json!([1, "x"]))),
            ("vec! [\"a\".into(), \"b\".into()]", Some(json!(["a", "b"]))),
            ("None", Some(Value::Null)),
            ("seven()", None),
            ("Default::default()", None),
        ];
        for (expression, expected) in cases {
            assert_eq!(value(expression), expected, "{expression}");
        }
    }
}
