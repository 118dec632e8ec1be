//! The walk over one source file.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Lit, Meta, Token};

use super::{Coverage, Known};

pub(super) struct Visitor<'a, 'k> {
    pub(super) known: &'a Known<'k>,
    pub(super) found: &'a mut Coverage,
}

impl Visitor<'_, '_> {
    fn emits(&mut self, kind: Option<&&str>) {
        self.found.emitted.extend(kind.map(|kind| (*kind).to_owned()));
    }

    fn subscribes(&mut self, kind: Option<&&str>) {
        self.found.subscribed.extend(kind.map(|kind| (*kind).to_owned()));
    }

    /// Every kind that is a string in an expression.
    fn texts(&mut self, expression: &Expr, found: fn(&mut Self, Option<&&str>)) {
        struct Texts(Vec<String>);
        impl<'ast> Visit<'ast> for Texts {
            fn visit_lit(&mut self, literal: &'ast Lit) {
                if let Lit::Str(text) = literal {
                    self.0.push(text.value());
                }
            }
        }
        let mut texts = Texts(Vec::new());
        texts.visit_expr(expression);
        for text in &texts.0 {
            found(self, self.known.kinds.get(text.as_str()));
        }
    }

    /// The tokens of a macro that are not a list of expressions: only names can be found there.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    self.emits(self.known.helpers.get(name.as_str()));
                    let payload = self.known.payloads.get(name.as_str());
                    let calls_new =
                        matches!(tokens.get(at + 3), Some(TokenTree::Ident(next)) if next == "new");
                    if calls_new { self.emits(payload) } else { self.subscribes(payload) }
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_, '_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[Attribute] = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        self.emits(self.known.helpers.get(name.as_str()));
        match (name.as_str(), call.args.first()) {
            ("emit_dynamic", Some(kind)) => self.texts(kind, Self::emits),
            ("kinds" | "kind", Some(kinds)) => self.texts(kinds, Self::subscribes),
            _ => {}
        }
        visit::visit_expr_method_call(self, call);
    }

    /// `TargetStarted::new(…)`, and `Emit::emit_target_started(…)` without a dot.
    fn visit_expr_path(&mut self, expression: &'ast syn::ExprPath) {
        let names: Vec<String> = expression.path.segments.iter().map(|part| part.ident.to_string()).collect();
        if let [.., payload, new] = &names[..]
            && new == "new"
        {
            self.emits(self.known.payloads.get(payload.as_str()));
        }
        if let Some(last) = names.last() {
            self.emits(self.known.helpers.get(last.as_str()));
        }
        visit::visit_expr_path(self, expression);
    }

    /// `TargetStarted { … }`
    fn visit_expr_struct(&mut self, expression: &'ast syn::ExprStruct) {
        let name = expression.path.segments.last().map(|part| part.ident.to_string()).unwrap_or_default();
        self.emits(self.known.payloads.get(name.as_str()));
        visit::visit_expr_struct(self, expression);
    }

    /// `subscribe::<TargetStarted>()`, `Event<TargetStarted>`: code that names the type waits for
    /// the event.
    fn visit_type_path(&mut self, ty: &'ast syn::TypePath) {
        let name = ty.path.segments.last().map(|part| part.ident.to_string()).unwrap_or_default();
        self.subscribes(self.known.payloads.get(name.as_str()));
        visit::visit_type_path(self, ty);
    }

    /// `BuildEventsRef::TargetStarted(event)` in a match over a view.
    fn visit_pat_tuple_struct(&mut self, pattern: &'ast syn::PatTupleStruct) {
        let names: Vec<String> = pattern.path.segments.iter().map(|part| part.ident.to_string()).collect();
        if let [.., view, payload] = &names[..]
            && view.ends_with("Ref")
        {
            self.subscribes(self.known.payloads.get(payload.as_str()));
        }
        visit::visit_pat_tuple_struct(self, pattern);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let list = Punctuated::<Expr, Token![,]>::parse_terminated;
        match list.parse2(call.tokens.clone()) {
            Ok(expressions) => {
                for expression in &expressions {
                    Visitor { known: self.known, found: &mut *self.found }.visit_expr(expression);
                }
            }
            Err(_) => self.tokens(call.tokens.clone()),
        }
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`
fn is_for_tests(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last().map(|part| part.ident.to_string()).unwrap_or_default();
    match (last.as_str(), &attribute.meta) {
        ("test", _) => true,
        ("cfg", Meta::List(condition)) => condition.tokens.to_string() == "test",
        _ => false,
    }
}
