//! One field of an event.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, GenericArgument, Ident, Path, PathArguments, Type};

use crate::attr;
use crate::attr::field::{FieldAttrs, FieldDefault};
use crate::attr::serde::{RenameRule, SerdeField};
use crate::ctxt::Ctxt;

/// Methods that every event has: no setter can be called so.
pub(crate) const RESERVED: &[&str] = &["new", "send", "into_future"];

/// A field, ready to expand.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// What is inside of the `Option`, where the type is one.
    pub(crate) inner: Option<Type>,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) doc_text: String,
    /// The name on the wire.
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) otherwise: Otherwise,
    pub(crate) takes: Takes,
    pub(crate) redact: bool,
    pub(crate) serde: SerdeField,
}

/// What a field is when nobody gives it.
pub(crate) enum Otherwise {
    /// There is no event without it.
    Missing,
    /// `None`
    None,
    /// The `Default` of its type.
    OfType,
    /// An expression.
    Is(Expr),
    /// What a function gives: serde's `default = "path"`.
    Call(Path),
}

/// What an emit helper takes for a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Exactly the type: a literal `1` must know what it is.
    Exactly,
    /// Everything that is `Into` the type: strings, ids, JSON values.
    Into,
    /// What becomes a JSON object.
    Object,
    /// Anything, since the field is wrong and was reported: its callers are not to blame.
    Anything,
}

impl Field {
    pub(crate) fn read(
        ctxt: &Ctxt,
        field: &syn::Field,
        rule: Option<RenameRule>,
        generics: &[String],
    ) -> Option<Self> {
        let ident = field.ident.clone()?;
        let attrs = FieldAttrs::read(ctxt, &field.attrs);
        let serde = SerdeField::read(ctxt, &field.attrs);
        let plain = ident.unraw().to_string();
        let name = match (&serde.rename, rule) {
            (Some(name), _) => name.value(),
            (None, Some(rule)) => rule.apply(&plain),
            (None, None) => plain,
        };
        let owned = !mentions(&field.ty, generics) && check_owned(ctxt, &field.ty);
        let inner = option_inner(&field.ty).cloned();
        let takes = if owned { takes(inner.as_ref().unwrap_or(&field.ty)) } else { Takes::Anything };
        Some(Self {
            otherwise: otherwise(ctxt, attrs.default, &serde, inner.is_some()),
            ty: if owned { field.ty.clone() } else { syn::parse_quote!(()) },
            inner: if owned { inner } else { None },
            docs: field.attrs.iter().filter(|attr| attr.path().is_ident("doc")).cloned().collect(),
            doc_text: attr::docs(&field.attrs),
            aliases: serde.aliases.iter().map(syn::LitStr::value).collect(),
            redact: attrs.redact.is_some(),
            ident,
            name,
            takes,
            serde,
        })
    }

    /// Whether the helper has it as an argument; else it is a setter.
    pub(crate) fn is_required(&self) -> bool {
        matches!(self.otherwise, Otherwise::Missing)
    }

    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }

    pub(crate) fn type_span(&self) -> Span {
        self.ty.span()
    }

    /// Its type was reported and another put in its place.
    pub(crate) fn is_broken(&self) -> bool {
        self.takes == Takes::Anything
    }

    /// Whether bus-core may have compiled the codec of its type already: told by names, so it has to be asked for in a way
    /// that another type of the name survives.
    pub(crate) fn has_known_type(&self) -> bool {
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
        flat(self.ty.to_token_stream()).iter().all(|token| match token {
            TokenTree::Ident(ident) => KNOWN.iter().any(|known| ident == known),
            TokenTree::Punct(_) => true,
            TokenTree::Group(group) => group.delimiter() == Delimiter::None,
            TokenTree::Literal(_) => false,
        })
    }

    /// The names of its setters.
    pub(crate) fn setters(&self) -> Vec<String> {
        let name = self.ident.unraw().to_string();
        match (self.is_required(), &self.inner) {
            (true, _) => Vec::new(),
            (false, None) => vec![name],
            (false, Some(_)) => vec![format!("maybe_{name}"), name],
        }
    }
}

fn otherwise(ctxt: &Ctxt, default: Option<FieldDefault>, serde: &SerdeField, optional: bool) -> Otherwise {
    match (default, &serde.default) {
        (Some(default), Some((span, _))) => {
            ctxt.error(*span, "the default is there twice: keep the one in `#[event(..)]`");
            otherwise(ctxt, Some(default), &SerdeField::default(), optional)
        }
        (Some(FieldDefault::Is(expr)), None) => Otherwise::Is(expr),
        (None, Some((_, Some(path)))) => Otherwise::Call(path.clone()),
        _ if optional => Otherwise::None,
        (Some(FieldDefault::OfType), None) | (None, Some((_, None))) => Otherwise::OfType,
        (None, None) => Otherwise::Missing,
    }
}

/// An event lives longer than who emits it: its fields borrow nothing. Looks at the tokens, since the tree of a type has
/// dozens of kinds of nodes and a borrow is a `&` or a lifetime in any of them.
fn check_owned(ctxt: &Ctxt, ty: &Type) -> bool {
    let tokens = flat(ty.to_token_stream());
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
fn mentions(ty: &Type, generics: &[String]) -> bool {
    !generics.is_empty()
        && flat(ty.to_token_stream()).iter().any(
            |token| matches!(token, TokenTree::Ident(ident) if generics.iter().any(|name| ident == name)),
        )
}

/// The tokens with those inside of groups; the groups too.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut all = Vec::new();
    for token in tokens {
        let inside = if let TokenTree::Group(group) = &token { flat(group.stream()) } else { Vec::new() };
        all.push(token);
        all.extend(inside);
    }
    all
}

/// Without the invisible brackets that a macro of the user's puts round a type.
fn peeled(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peeled(&group.elem),
        ty => ty,
    }
}

fn option_inner(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peeled(ty) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// Told by the name of the type, since a derive knows no more: text, JSON and what is called an id are converted.
fn takes(ty: &Type) -> Takes {
    let Type::Path(path) = peeled(ty) else { return Takes::Exactly };
    let Some(last) = path.path.segments.last() else { return Takes::Exactly };
    let inside = flat(last.arguments.to_token_stream());
    let names =
        |word: &str| inside.iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == word));
    match last.ident.to_string().as_str() {
        "String" | "PathBuf" | "Value" => Takes::Into,
        "Box" | "Arc" | "Rc" | "Cow" if names("str") => Takes::Into,
        "Object" => Takes::Object,
        "Map" if names("Value") => Takes::Object,
        name if name.ends_with("Id") => Takes::Into,
        _ => Takes::Exactly,
    }
}
