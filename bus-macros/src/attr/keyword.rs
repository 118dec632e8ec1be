//! One keyword of an attribute: `transient`, `version = 2`, `by(target)`.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Meta, Path, Token, Type};

use crate::ctxt::Ctxt;

/// A keyword with its value.
pub(crate) struct Keyword {
    pub(crate) name: String,
    /// The span of the keyword itself, not of its value.
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// The tokens after a keyword.
pub(crate) enum Value {
    Nothing,
    /// `= expression`
    Is(Expr),
    /// `= Type`, of a keyword that takes one
    Type(Box<Type>),
    /// `( … )`
    List(Span, TokenStream),
}

impl Parse for Keyword {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(
                "expected an attribute, as in `#[event(transient)]`; the docs of the derive list them",
            ));
        }
        let name = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() {
                return Err(syn::Error::new(name.span(), format!("expected a value: `{name} = ..`")));
            }
            if name == super::event::REPLY && !input.peek(Lit) {
                Value::Type(input.parse()?)
            } else {
                Value::Is(bare(input.parse()?))
            }
        } else if input.peek(syn::token::Paren) {
            let content;
            let parens = syn::parenthesized!(content in input);
            Value::List(parens.span.join(), content.parse()?)
        } else {
            Value::Nothing
        };
        if input.peek(Token![:]) {
            return Err(input.error(format!("expected `=`: write `{name} = ..`")));
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error(format!("expected `,` after `{name}`")));
        }
        Ok(Self { name: Ident::to_string(&name), span: name.span(), value })
    }
}

/// Removes the invisible group that a macro puts around its arguments.
pub(super) fn bare(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => bare(*group.expr),
        expr => expr,
    }
}

/// The keywords of one attribute. One that cannot be parsed is reported and skipped, up to the next
/// comma.
pub(super) fn keywords(ctxt: &Ctxt, attr: &Attribute) -> Vec<Keyword> {
    let list = match &attr.meta {
        Meta::List(list) => list,
        other => {
            let name = other.path().get_ident().map(Ident::to_string).unwrap_or_default();
            ctxt.error(syn::spanned::Spanned::span(other.path()), format!("write `#[{name}(..)]`"));
            return Vec::new();
        }
    };
    tolerant(ctxt, list.tokens.clone())
}

/// Parses keywords separated by commas.
pub(super) fn tolerant(ctxt: &Ctxt, tokens: TokenStream) -> Vec<Keyword> {
    let mut found = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match input.parse::<Keyword>() {
                Ok(keyword) => found.push(keyword),
                Err(error) => {
                    ctxt.push(error);
                    skip_to_comma(input)?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    ctxt.ok(parser.parse2(tokens));
    found
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

impl Keyword {
    /// A keyword without a value.
    pub(crate) fn flag(&self, ctxt: &Ctxt) -> bool {
        match &self.value {
            Value::Nothing => {}
            Value::Is(value) => self.alone(ctxt, syn::spanned::Spanned::span(value)),
            Value::Type(ty) => self.alone(ctxt, syn::spanned::Spanned::span(ty)),
            Value::List(span, _) => self.alone(ctxt, *span),
        }
        true
    }

    fn alone(&self, ctxt: &Ctxt, span: Span) {
        ctxt.error(span, format!("`{}` takes no value: leave this out", self.name));
    }

    /// `keyword = Type`
    pub(crate) fn ty(&self, ctxt: &Ctxt) -> Option<Type> {
        match &self.value {
            Value::Type(ty) => Some((**ty).clone()),
            _ => self.wrong(ctxt, &format!("`{} = Type`", self.name)),
        }
    }

    /// `keyword = "text"`
    pub(crate) fn text(&self, ctxt: &Ctxt) -> Option<LitStr> {
        match self.literal() {
            Some(Lit::Str(text)) => Some(text.clone()),
            _ => self.wrong(ctxt, &format!("`{} = \"..\"`", self.name)),
        }
    }

    /// `keyword = 2`, from 1.
    pub(crate) fn number(&self, ctxt: &Ctxt) -> Option<u32> {
        let number = match self.literal() {
            Some(Lit::Int(number)) => LitInt::base10_parse::<u32>(number).ok(),
            _ => None,
        };
        match number {
            Some(number) if number > 0 => Some(number),
            _ => self.wrong(ctxt, &format!("a whole number from 1: `{} = 2`", self.name)),
        }
    }

    /// `keyword = path`
    pub(crate) fn path(&self, ctxt: &Ctxt) -> Option<Path> {
        match &self.value {
            Value::Is(Expr::Path(path)) if path.qself.is_none() => Some(path.path.clone()),
            _ => self.wrong(ctxt, &format!("a path: `{} = some::path`", self.name)),
        }
    }

    /// `keyword("a", "b")`
    pub(crate) fn list<T: Parse>(&self, ctxt: &Ctxt, example: &str) -> Option<Vec<T>> {
        match &self.value {
            Value::List(_, tokens) => {
                match Punctuated::<T, Token![,]>::parse_terminated.parse2(tokens.clone()) {
                    Ok(list) if !list.is_empty() => Some(list.into_iter().collect()),
                    Ok(_) => self.wrong(ctxt, &format!("`{example}`")),
                    Err(error) => {
                        let message = format!("expected `{example}`: {error}");
                        ctxt.error(if tokens.is_empty() { self.span } else { error.span() }, message);
                        None
                    }
                }
            }
            _ => self.wrong(ctxt, &format!("`{example}`")),
        }
    }

    pub(super) fn literal(&self) -> Option<&Lit> {
        match &self.value {
            Value::Is(Expr::Lit(ExprLit { lit, .. })) => Some(lit),
            _ => None,
        }
    }

    /// Reports at the value if there is one, else at the keyword.
    pub(crate) fn wrong<T>(&self, ctxt: &Ctxt, expected: &str) -> Option<T> {
        let span = match &self.value {
            Value::Nothing => self.span,
            Value::Is(value) => syn::spanned::Spanned::span(value),
            Value::Type(ty) => syn::spanned::Spanned::span(ty),
            Value::List(span, _) => *span,
        };
        ctxt.error(span, format!("expected {expected}"));
        None
    }
}
