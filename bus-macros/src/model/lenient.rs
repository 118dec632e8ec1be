//! Parses unfinished code, which an editor passes to the derive while the user types.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, DeriveInput, Ident, Token, Variant, Visibility};

/// Parses the item under the derive. Variants that do not parse are left out.
///
/// The compiler never sees half an enum. An editor does at every key, and would lose all emit
/// helpers, and completion with them, until the line is finished.
pub(crate) fn parse(input: TokenStream) -> (Option<DeriveInput>, Option<syn::Error>) {
    match syn::parse2(input.clone()) {
        Ok(item) => (Some(item), None),
        Err(error) => (half_typed.parse2(input).ok(), Some(error)),
    }
}

fn half_typed(input: ParseStream<'_>) -> syn::Result<DeriveInput> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    let keyword: Token![enum] = input.parse()?;
    let ident: Ident = input.parse()?;
    let body: Group = input.parse()?;
    let _rest: TokenStream = input.parse()?;
    if body.delimiter() != Delimiter::Brace {
        return Err(syn::Error::new(body.span(), "expected `{`"));
    }
    let variants = split(body.stream()).into_iter().filter_map(|tokens| variant(&tokens));
    let mut item: DeriveInput = syn::parse2(quote::quote!(#vis #keyword #ident { #(#variants),* }))?;
    item.attrs = attrs;
    Ok(item)
}

/// Parses one variant; of an unfinished one, the fields that parse.
fn variant(tokens: &[TokenTree]) -> Option<TokenStream> {
    let whole: TokenStream = tokens.iter().cloned().collect();
    if syn::parse2::<Variant>(whole.clone()).is_ok() {
        return Some(whole);
    }
    let Some(TokenTree::Group(body)) = tokens.last() else { return None };
    let fields = split(body.stream()).into_iter().filter_map(|field| {
        let field: TokenStream = field.into_iter().collect();
        let braced = Group::new(Delimiter::Brace, field.clone());
        syn::parse2::<syn::FieldsNamed>(braced.into_token_stream()).is_ok().then_some(field)
    });
    let mut rebuilt: TokenStream = tokens[..tokens.len() - 1].iter().cloned().collect();
    rebuilt.extend(Group::new(Delimiter::Brace, quote::quote!(#(#fields),*)).into_token_stream());
    syn::parse2::<Variant>(rebuilt.clone()).is_ok().then_some(rebuilt)
}

/// Splits at commas outside of brackets and angle brackets.
fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_i32;
    for token in tokens {
        let punct = if let TokenTree::Punct(punct) = &token { punct.as_char() } else { ' ' };
        match punct {
            '<' => depth += 1,
            '>' => depth = (depth - 1).max(0),
            ',' if depth == 0 => {
                parts.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn variants(text: &str) -> Vec<String> {
        let (item, error) = parse(text.parse().unwrap());
        assert!(error.is_some(), "{text} is whole");
        match item.unwrap().data {
            syn::Data::Enum(data) => data.variants.iter().map(|v| v.ident.to_string()).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn keeps_the_parts_that_parse() {
        assert_eq!(variants("enum E { A { x: u8 }, B { y: }, C }"), ["A", "B", "C"]);
        assert_eq!(variants("enum E { A { x: HashMap<String, u8> }, B { y , }, C }"), ["A", "B", "C"]);
        assert_eq!(variants("pub enum E { A, #[event(] B, C }".replace("(]", "()] #").as_str()), ["A", "C"]);
        assert_eq!(variants("enum E { A B, C }"), ["C"]);
    }
}
