//! The files that are built: generated definitions, the same structs by hand, and generated code
//! part by part.

use std::fmt::Write;
use std::path::Path;

use quote::ToTokens;
use syn::{Expr, Item, ItemImpl, Stmt, Type};

/// Names and types of fields. An event takes five of them, each event from another start.
const FIELDS: [(&str, &str); 8] = [
    ("name", "String"),
    ("count", "u64"),
    ("tags", "Vec<String>"),
    ("note", "Option<String>"),
    ("ratio", "f64"),
    ("ok", "bool"),
    ("size", "u32"),
    ("limit", "Option<u64>"),
];

fn fields(event: usize) -> impl Iterator<Item = (&'static str, &'static str)> {
    (0..5).map(move |field| FIELDS[(event + field * 3) % FIELDS.len()])
}

pub(super) fn manifest(name: &str, root: &Path) -> String {
    let core = root.join("bus-core").display().to_string();
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         bus-core = {{ package = \"agent-events-core\", path = {core:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n"
    )
}

/// The structs as a person writes them with no derive but serde's.
pub(super) fn by_hand(events: usize) -> String {
    let mut text = String::from("//! By hand.\nuse serde::{Deserialize, Serialize};\n");
    for event in 0..events {
        let _ = writeln!(
            text,
            "/// Event {event}.\n#[derive(Clone, Debug, Serialize, Deserialize)]\npub struct Event{event} {{"
        );
        for (name, ty) in fields(event) {
            let default = if name == "tags" { "#[serde(default)] " } else { "" };
            let _ = writeln!(text, "    /// Its {name}.\n    {default}pub {name}: {ty},");
        }
        text.push_str("}\n");
    }
    text
}

/// A definition file.
pub(super) fn definition(events: usize) -> String {
    format!("//! Generated.\n#[derive(bus_core::AgentEvent)]\n{}", definition_enum(events))
}

pub(super) fn definition_enum(events: usize) -> String {
    let mut text = String::from("/// Generated.\npub enum Events {\n");
    for event in 0..events {
        let _ = writeln!(text, "    /// Event {event}.\n    #[event(requires(node))]\n    Event{event} {{");
        for (name, ty) in fields(event) {
            let default = if name == "tags" { "#[event(default)] " } else { "" };
            let _ = writeln!(text, "        /// Its {name}.\n        {default}{name}: {ty},");
        }
        text.push_str("    },\n");
    }
    text.push_str("}\n");
    text
}

/// A part of the generated code; each part needs those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Payloads,
    Codec,
    Registry,
    Helpers,
}

impl Layer {
    pub(super) const ALL: [Self; 4] = [Self::Payloads, Self::Codec, Self::Registry, Self::Helpers];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Payloads => "payload structs with setters",
            Self::Codec => "codec and descriptors",
            Self::Registry => "view and registry",
            Self::Helpers => "emit helpers",
        }
    }

    pub(super) fn package(self) -> String {
        let word = match self {
            Self::Payloads => "payloads",
            Self::Codec => "codec",
            Self::Registry => "registry",
            Self::Helpers => "helpers",
        };
        format!("up-to-{word}")
    }

    /// The layer that an item belongs to.
    fn of(item: &Item) -> Self {
        match item {
            Item::Trait(_) => Self::Helpers,
            Item::Struct(item) if item.ident.to_string().starts_with("Emit") => Self::Helpers,
            Item::Enum(_) | Item::Macro(_) => Self::Registry,
            Item::Impl(item) => Self::of_impl(item),
            Item::Static(_) => Self::Codec,
            _ => Self::Payloads,
        }
    }

    fn of_impl(item: &ItemImpl) -> Self {
        let name = item.self_ty.to_token_stream().to_string();
        let of_trait = item.trait_.as_ref().map(|(path, _)| path.to_token_stream().to_string());
        match of_trait.as_deref() {
            _ if name.starts_with("Emit") || is_generic(&item.self_ty) => Self::Helpers,
            Some(name) if name.ends_with("AgentEvent") || name.ends_with("EventSet") => Self::Registry,
            Some(_) => Self::Codec,
            None => Self::Payloads,
        }
    }
}

fn is_generic(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("T"))
}

/// For each layer, a package with the generated code up to that layer.
pub(super) fn layers(expanded: &str, events: usize) -> syn::Result<Vec<(String, String)>> {
    let file = syn::parse_file(expanded)?;
    let plain =
        definition_enum(events).replace("#[event(requires(node))]", "").replace("#[event(default)] ", "");
    // Lints ignore code that a macro generates. Here it stands in a file, where two thousand
    // warnings would take seconds of their own.
    let lints = "#![allow(missing_docs, dead_code, unused_imports)]";
    let text = |layer| format!("//! Generated.\n{lints}\n{plain}{}", upto(&file, layer));
    Ok(Layer::ALL.iter().map(|layer| (layer.package(), text(*layer))).collect())
}

fn upto(file: &syn::File, layer: Layer) -> String {
    let mut text = String::new();
    for item in &file.items {
        match item {
            Item::Const(constant) => {
                if let Expr::Block(block) = &*constant.expr {
                    let inner =
                        block.block.stmts.iter().filter_map(as_item).filter(|item| Layer::of(item) <= layer);
                    let inner: String = inner.map(|item| item.to_token_stream().to_string()).collect();
                    let _ = writeln!(text, "const _: () = {{ {inner} }};");
                }
            }
            item if Layer::of(item) <= layer => {
                let _ = writeln!(text, "{}", item.to_token_stream());
            }
            _ => {}
        }
    }
    text
}

fn as_item(statement: &Stmt) -> Option<Item> {
    match statement {
        Stmt::Item(item) => Some(item.clone()),
        Stmt::Macro(statement) => syn::parse2(statement.to_token_stream()).ok(),
        _ => None,
    }
}
