//! The page of what events have in common: the keys around their data, and the types of fields.

use std::fmt::Write as _;

use serde_json::Value;

use super::shell;
use crate::envelope::{ATTRIBUTES, KEYS};
use crate::model::Catalog;
use crate::prose::{self, escaped};
use crate::types::{Member, Type};

pub(super) const PAGE: &str = "types.html";

pub(super) fn render(catalog: &Catalog) -> String {
    let mut body = "<article>\n<h1>Envelope and types</h1>\n".to_owned();
    body.push_str("<section aria-labelledby=\"envelope\">\n<h2 id=\"envelope\">Envelope</h2>\n<p>Every event is one JSON object on one line, with these keys in this order.</p>\n<dl class=\"fields\">\n");
    for (name, ty, what) in KEYS {
        let _ = writeln!(
            body,
            "<div><dt><code class=\"name\">{name}</code> <code class=\"type\">{ty}</code></dt><dd>{what}</dd></div>"
        );
    }
    let _ = writeln!(body, "</dl>\n{}</section>", prose::html(ATTRIBUTES, catalog));
    for (name, schema) in &catalog.types {
        named(&mut body, catalog, name, schema);
    }
    body.push_str("</article>\n");
    shell(&format!("Envelope and types · {}", catalog.title), &catalog.title, &body)
}

fn named(body: &mut String, catalog: &Catalog, name: &str, schema: &Value) {
    let name = escaped(name);
    let _ = writeln!(
        body,
        "<section aria-labelledby=\"type-{name}\">\n<h2 id=\"type-{name}\"><code>{name}</code></h2>"
    );
    let docs = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    body.push_str(&prose::html(docs, catalog));
    match Type::of(schema) {
        Type::Literals(values) => values_of(body, catalog, schema, &values),
        Type::Record(all) if !all.is_empty() => members(body, catalog, &all),
        Type::Either(choices) => {
            body.push_str("<p>One of:</p>\n<ul class=\"choices\">\n");
            for choice in &choices {
                let _ = writeln!(body, "<li><code class=\"type\">{}</code></li>", shape(choice));
            }
            body.push_str("</ul>\n");
        }
        other => drop(writeln!(body, "<p><code class=\"type\">{}</code></p>", shape(&other))),
    }
    body.push_str("</section>\n");
}

/// The values of an enum, each with its doc comment.
fn values_of(body: &mut String, catalog: &Catalog, schema: &Value, values: &[Value]) {
    let choices = || ["oneOf", "anyOf"].iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
    let docs = |value: &Value| {
        let found = choices().find(|choice| choice.get("const") == Some(value))?;
        found.get("description")?.as_str()
    };
    body.push_str("<dl class=\"fields\">\n");
    for value in values {
        let text = escaped(&value.to_string());
        let docs = prose::html(docs(value).unwrap_or_default(), catalog);
        let _ = writeln!(body, "<div><dt><code class=\"name\">{text}</code></dt><dd>{docs}</dd></div>");
    }
    body.push_str("</dl>\n");
}

fn members(body: &mut String, catalog: &Catalog, members: &[Member]) {
    body.push_str("<dl class=\"fields\">\n");
    for member in members {
        let needed = match (&member.default, member.required) {
            (_, true) => "<span class=\"must\">required</span>".to_owned(),
            (Some(default), _) => {
                format!("<span class=\"may\">default <code>{}</code></span>", escaped(&default.to_string()))
            }
            (None, _) => "<span class=\"may\">optional</span>".to_owned(),
        };
        let _ = writeln!(
            body,
            "<div><dt><code class=\"name\">{}</code> <code class=\"type\">{}</code> {needed}</dt><dd>{}</dd></div>",
            escaped(&member.name),
            shape(&member.ty),
            prose::html(&member.docs, catalog)
        );
    }
    body.push_str("</dl>\n");
}

/// A type in JSON's terms, with a link for each type that has a name.
pub(super) fn shape(ty: &Type) -> String {
    let list = |all: &[Type], between: &str| all.iter().map(shape).collect::<Vec<_>>().join(between);
    match ty {
        Type::Any => "any value".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer | Type::LongInteger => "integer".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Text => "string".to_owned(),
        Type::Literals(values) => {
            values.iter().map(|value| escaped(&value.to_string())).collect::<Vec<_>>().join(" | ")
        }
        Type::List(item) => format!("list of {}", shape(item)),
        Type::Tuple(places) => format!("[{}]", list(places, ", ")),
        Type::Map(value) => format!("map to {}", shape(value)),
        Type::Record(members) => {
            let member = |member: &Member| {
                let mark = if member.required { "" } else { "?" };
                format!("{}{mark}: {}", escaped(&member.name), shape(&member.ty))
            };
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Type::Named(name) => link(&escaped(name)),
        Type::Either(choices) => list(choices, " or "),
        Type::Both(parts) => list(parts, " and "),
    }
}

/// A link to a type of the page.
pub(super) fn link(name: &str) -> String {
    format!("<a href=\"{PAGE}#type-{name}\">{name}</a>")
}
