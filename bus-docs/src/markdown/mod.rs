//! One Markdown page of all events, for a code host.

mod types;

use std::fmt::Write as _;

use crate::model::{Catalog, Event, Field};
use crate::output::GENERATED;
use crate::pretty::pretty;
use crate::prose::summary;
use crate::snippet;
use crate::words::{Words, listed};

pub(crate) fn render(catalog: &Catalog) -> String {
    let groups = catalog.by_definition();
    let mut out = format!("# {}\n\n<!-- {GENERATED} -->\n\n", catalog.title);
    let _ = writeln!(
        out,
        "{} events, sorted by kind. Each needs a stream, and the rest of its scope as listed.\n",
        catalog.events.len()
    );
    out.push_str("## Contents\n\n");
    for (definition, events) in &groups {
        if groups.len() > 1 {
            let _ = writeln!(out, "### {definition}\n");
        }
        out.push_str("| kind | event | scope | policy |\n|---|---|---|---|\n");
        for event in events {
            let what = summary(&event.docs);
            row(&mut out, &[&link(&event.kind), &what, event.scope.words(), &policy(event).join(", ")]);
        }
        out.push('\n');
    }
    out.push_str("[Envelope](#envelope)");
    out.push_str(if catalog.types.is_empty() { "\n" } else { " · [Types](#types)\n" });
    types::envelope(&mut out);
    out.push_str("\n## Events\n");
    for (at, event) in catalog.events.iter().enumerate() {
        section(&mut out, catalog, event);
        pager(&mut out, catalog.beside(at));
    }
    types::types(&mut out, catalog);
    references(&mut out, catalog);
    out
}

/// The targets of event names in doc comments: rustdoc's links, defined for the page.
fn references(out: &mut String, catalog: &Catalog) {
    let fields = catalog.events.iter().flat_map(|event| &event.fields);
    let docs = catalog.events.iter().map(|event| &event.docs).chain(fields.map(|field| &field.docs));
    let mut docs: String = docs.map(String::as_str).collect();
    docs.extend(catalog.types.values().map(ToString::to_string));
    let mentioned = |event: &&Event| docs.contains(&format!("[`{}`]", event.name));
    let mut mentioned = catalog.events.iter().filter(mentioned).peekable();
    if mentioned.peek().is_some() {
        out.push('\n');
    }
    for event in mentioned {
        let _ = writeln!(out, "[`{}`]: #{}", event.name, anchor(&event.kind));
    }
}

fn section(out: &mut String, catalog: &Catalog, event: &Event) {
    let _ = writeln!(out, "\n### `{}`\n", event.kind);
    if let Some(note) = &event.deprecated {
        let _ = writeln!(out, "**Deprecated.** {note}\n");
    }
    if !event.docs.is_empty() {
        let _ = writeln!(out, "{}\n", event.docs);
    }
    for fact in facts(catalog, event) {
        let _ = writeln!(out, "* {fact}");
    }
    out.push('\n');
    fields(out, catalog, event);
    block(out, "rust", &snippet::emit(event));
    if let Some(example) = &event.example {
        block(out, "json", &pretty(example));
    }
    out.push_str("<details><summary>Receive it in Rust, TypeScript and Python</summary>\n\n");
    block(out, "rust", &snippet::subscribe(event));
    block(out, "typescript", &snippet::typescript(event));
    block(out, "python", &snippet::python(event));
    out.push_str("</details>\n");
}

fn block(out: &mut String, language: &str, text: &str) {
    let _ = writeln!(out, "```{language}\n{}\n```\n", text.trim_end());
}

/// Links to the events before and after.
fn pager(out: &mut String, beside: [Option<&Event>; 2]) {
    let words = ["Previous", "Next"].into_iter().zip(beside);
    let links = words.filter_map(|(word, event)| Some(format!("{word}: {}", link(&event?.kind))));
    let links: Vec<String> = links.chain(["[Contents](#contents)".to_owned()]).collect();
    let _ = writeln!(out, "\n{}", links.join(" · "));
}

fn facts(catalog: &Catalog, event: &Event) -> Vec<String> {
    let mut facts = vec![format!("`{}` of `{}`, version {}", event.name, event.definition, event.version)];
    facts.push(format!("Scope: {}", event.scope.words()));
    let policy = policy(event);
    if !policy.is_empty() {
        facts.push(format!("Policy: {}", policy.join(", ")));
    }
    if !event.aliases.is_empty() {
        let aliases: Vec<String> = event.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        facts.push(format!("Read also as {}", aliases.join(", ")));
    }
    if let Some(reply) = &event.reply {
        facts.push(format!("Answered with {}", code(reply)));
    }
    if let Some(life) = event.life_words() {
        facts.push(format!("Life: {life}"));
    }
    for end in &event.ends_with {
        let by = if end.by.is_empty() { String::new() } else { format!(", by `{}`", end.by.join("`, `")) };
        facts.push(format!("Ends with {}{by}", link(&end.kind)));
    }
    for (begin, _) in catalog.ended_by(&event.kind) {
        facts.push(format!("Ends the pair that {} begins", link(&begin.kind)));
    }
    facts
}

fn policy(event: &Event) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(event.policy.critical.then(|| "critical".to_owned()));
    words.extend(event.policy.transient.then(|| "transient".to_owned()));
    words.extend(event.policy.sticky.then(|| "sticky".to_owned()));
    if let Some(fields) = &event.policy.coalesce {
        let by = if fields.is_empty() { String::new() } else { format!(" by `{}`", fields.join("`, `")) };
        words.push(format!("coalesce{by}"));
    }
    words
}

fn fields(out: &mut String, catalog: &Catalog, event: &Event) {
    if event.fields.is_empty() {
        out.push_str("It carries no data.\n\n");
        return;
    }
    out.push_str("| field | type | default | description |\n|---|---|---|---|\n");
    for field in &event.fields {
        let ty = shown(&Words::in_rust(catalog, field));
        row(out, &[&code(&field.name), &ty, &default(field), &description(catalog, field)]);
    }
    out.push('\n');
}

/// The doc comment of a field, and its properties in words.
fn description(catalog: &Catalog, field: &Field) -> String {
    let mut words = vec![field.docs.clone()];
    let codes = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    let values = listed(catalog, field);
    words.extend((!values.is_empty()).then(|| format!("One of {}.", codes(&values))));
    words.extend((!field.aliases.is_empty()).then(|| format!("Read also as {}.", codes(&field.aliases))));
    words.extend(field.redacted.then(|| "*Redacted: its content never leaves the process.*".to_owned()));
    words.extend(field.flattened.then(|| "*Its keys are keys of `data`.*".to_owned()));
    words.join(" ")
}

fn default(field: &Field) -> String {
    if field.required {
        return "required".to_owned();
    }
    field.shown_default().map_or_else(String::new, |default| code(&default))
}

/// A type with links to those that have a place on the page.
fn shown(words: &Words) -> String {
    words.show(code, types::link)
}

fn code(text: &str) -> String {
    // A quote of the markup's own needs a longer one around it.
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn row(out: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// Text in a cell of a table: one line, no bars.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A link to the section of a kind.
fn link(kind: &str) -> String {
    format!("[`{kind}`](#{})", anchor(kind))
}

/// The anchor of a heading, as code hosts make it.
fn anchor(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '_' || *c == '-').collect()
}
