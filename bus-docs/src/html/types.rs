//! The page of what events have in common: the keys around their data, and the types of fields.

use std::fmt::Write as _;

use serde_json::Value;

use super::shell;
use crate::envelope::{ATTRIBUTES, INTRO, KEYS, Key};
use crate::model::{Catalog, description};
use crate::prose::{self, escaped};
use crate::types::{Member, Type};
use crate::words::{Words, documented};

pub(super) const PAGE: &str = "types.html";

pub(super) fn render(catalog: &Catalog) -> String {
    let mut body = "<article>\n<h1>Envelope and types</h1>\n".to_owned();
    body.push_str("<section aria-labelledby=\"envelope\">\n<h2 id=\"envelope\">Envelope</h2>\n");
    let _ = writeln!(body, "<p>{INTRO}</p>\n<dl class=\"fields\">");
    for Key { name, form, docs } in KEYS {
        let _ = writeln!(
            body,
            "<div><dt><code class=\"name\">{name}</code> <code class=\"type\">{}</code></dt><dd>{docs}</dd></div>",
            form.words()
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
    body.push_str(&prose::html(description(schema), catalog));
    match Type::of(schema) {
        Type::Literals(values) => values_of(body, catalog, schema, &values),
        Type::Record(all) if !all.is_empty() => members(body, catalog, &all),
        Type::Either(choices) => {
            body.push_str("<p>One of:</p>\n<ul class=\"choices\">\n");
            for choice in &choices {
                let _ = writeln!(body, "<li><code class=\"type\">{}</code></li>", shown(&Words::of(choice)));
            }
            body.push_str("</ul>\n");
        }
        other => drop(writeln!(body, "<p><code class=\"type\">{}</code></p>", shown(&Words::of(&other)))),
    }
    body.push_str("</section>\n");
}

/// The values of an enum, each with its doc comment.
fn values_of(body: &mut String, catalog: &Catalog, schema: &Value, values: &[Value]) {
    body.push_str("<dl class=\"fields\">\n");
    for (value, docs) in documented(schema, values) {
        let (text, docs) = (escaped(&value), prose::html(docs, catalog));
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
            shown(&Words::of(&member.ty)),
            prose::html(&member.docs, catalog)
        );
    }
    body.push_str("</dl>\n");
}

/// A type with links to those that have a place on the page.
pub(super) fn shown(words: &Words) -> String {
    words.show(escaped, link)
}

/// A link to a type of the page.
fn link(name: &str) -> String {
    let name = escaped(name);
    format!("<a href=\"{PAGE}#type-{name}\">{name}</a>")
}
