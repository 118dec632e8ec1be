//! Facts about a type from its tokens: a derive knows names, not types.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use super::field::Takes;
use crate::ctxt::Ctxt;

/// An event outlives its emitter, so its fields borrow nothing. This checks tokens, because the
/// syntax tree of a type has dozens of nodes, and in each of them a borrow is a `&` or a lifetime.
pub(super) fn check_owned(ctxt: &Ctxt, ty: &Type) -> bool {
    let tokens = flat(ty.to_token_stream());
    // `Self` means the enum here, but the struct in the payload and the emitter in the helper.
    if let Some(token) =
        tokens.iter().find(|token| matches!(token, TokenTree::Ident(ident) if ident == "Self"))
    {
        ctxt.error(token.span(), "`Self` is nothing that an event can hold: write the name of a type");
        return false;
    }
    let Some(at) =
        tokens.iter().position(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '&'))
    else {
        return true;
    };
    let behind = tokens[at + 1..].iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident != "static" && ident != "mut" => Some(ident.to_string()),
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some("[]".to_owned()),
        _ => None,
    });
    let fix = match behind.as_deref() {
        Some("str") => "use `String`",
        Some("[]") => "use a `Vec`",
        _ => "leave out the `&`",
    };
    ctxt.error(tokens[at].span(), format!("an event owns its fields, and this one borrows: {fix}"));
    false
}

/// Whether the type names a parameter of a generic definition (which was reported).
pub(super) fn mentions(ty: &Type, generics: &[String]) -> bool {
    !generics.is_empty()
        && flat(ty.to_token_stream()).iter().any(
            |token| matches!(token, TokenTree::Ident(ident) if generics.iter().any(|name| ident == name)),
        )
}

/// The tokens, including those inside of groups and the groups themselves.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut all = Vec::new();
    for token in tokens {
        let inside = if let TokenTree::Group(group) = &token { flat(group.stream()) } else { Vec::new() };
        all.push(token);
        all.extend(inside);
    }
    all
}

/// Removes the invisible group that a macro puts around a type.
fn peeled(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peeled(&group.elem),
        ty => ty,
    }
}

pub(super) fn option_inner(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peeled(ty) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// Decided by the name of the type, because a derive knows no more: text, JSON and ids are
/// converted.
pub(super) fn takes(ty: &Type) -> Takes {
    let Type::Path(path) = peeled(ty) else { return Takes::Exactly };
    let Some(last) = path.path.segments.last() else { return Takes::Exactly };
    let inside = flat(last.arguments.to_token_stream());
    let names =
        |name: &str| inside.iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == name));
    match last.ident.to_string().as_str() {
        "String" | "PathBuf" | "Value" => Takes::Into,
        "Box" | "Arc" | "Rc" | "Cow" if names("str") => Takes::Into,
        "Object" => Takes::Object,
        "Map" if names("Value") => Takes::Object,
        name if name.ends_with("Id") => Takes::Id,
        _ => Takes::Exactly,
    }
}

/// Whether bus-core has probably compiled the codec of a type. Decided by the name, so the
/// generated code must also work for another type of that name.
pub(super) fn is_known(ty: &Type) -> bool {
    const KNOWN: &[&str] = &[
        "String",
        "bool",
        "f32",
        "f64",
        "u8",
        "u16",
        "u32",
        "u64",
        "usize",
        "i8",
        "i16",
        "i32",
        "i64",
        "isize",
        "Option",
        "Vec",
        "Value",
        "Map",
        "Object",
        "BTreeMap",
        "HashMap",
        "std",
        "core",
        "alloc",
        "serde_json",
        "collections",
        "string",
        "vec",
        "option",
    ];
    flat(ty.to_token_stream()).iter().all(|token| match token {
        TokenTree::Ident(ident) => KNOWN.iter().any(|known| ident == known),
        TokenTree::Punct(_) => true,
        TokenTree::Group(group) => group.delimiter() == Delimiter::None,
        TokenTree::Literal(_) => false,
    })
}

/// Whether a type is a number, a `bool`, a `char` or `()`. Decided by the name: another type of the
/// same name counts as one that holds no memory.
pub(super) fn is_plain(ty: &Type) -> bool {
    const PLAIN: &[&str] = &[
        "bool", "char", "f32", "f64", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize",
    ];
    match peeled(ty) {
        Type::Path(path) => PLAIN.iter().any(|plain| path.path.is_ident(plain)),
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        _ => false,
    }
}

/// Whether a type is this single name, not the end of a path.
pub(super) fn names(ty: &Type, name: &str) -> bool {
    let tokens = flat(ty.to_token_stream());
    let follows_path =
        |at: usize| at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(punct) if punct.as_char() == ':');
    let mut places = tokens.iter().enumerate();
    places.any(|(at, token)| matches!(token, TokenTree::Ident(ident) if ident == name) && !follows_path(at))
}
