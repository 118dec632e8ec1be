//! One Markdown page of all events, for a code host.

use std::fmt::Write as _;

use crate::model::{Catalog, Event, Field};
use crate::output::GENERATED;
use crate::pretty::pretty;
use crate::prose::summary;
use crate::snippet;

pub(crate) fn render(catalog: &Catalog) -> String {
    let groups = catalog.by_definition();
    let mut out = format!("# {}\n\n<!-- {GENERATED} -->\n\n", catalog.title);
    let _ = writeln!(
        out,
        "{} events, sorted by kind. Each needs a stream, and the rest of its scope as listed.\n",
        catalog.events.len()
    );
    for (definition, events) in &groups {
        if groups.len() > 1 {
            let _ = writeln!(out, "## Contents: {definition}\n");
        } else {
            out.push_str("## Contents\n\n");
        }
        out.push_str("| kind | event | scope | policy |\n|---|---|---|---|\n");
        for event in events {
            let _ = writeln!(
                out,
                "| [`{}`](#{}) | {} | {} | {} |",
                event.kind,
                anchor(&event.kind),
                cell(&summary(&event.docs)),
                event.scope.words(),
                policy(event).join(", ")
            );
        }
        out.push('\n');
    }
    out.push_str("## Events\n");
    for event in &catalog.events {
        section(&mut out, catalog, event);
    }
    references(&mut out, catalog);
    out
}

/// The targets of event names in doc comments: rustdoc's links, defined for the page.
fn references(out: &mut String, catalog: &Catalog) {
    let docs: String = catalog.events.iter().map(|event| event.docs.as_str()).collect();
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
    fields(out, event);
    let _ = writeln!(out, "```rust\n{}```", snippet::emit(event));
    if let Some(example) = &event.example {
        let _ = writeln!(out, "\n```json\n{}\n```", pretty(example));
    }
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
    for end in &event.ends_with {
        let by = if end.by.is_empty() { String::new() } else { format!(", by `{}`", end.by.join("`, `")) };
        facts.push(format!("Ends with [`{0}`](#{1}){by}", end.kind, anchor(&end.kind)));
    }
    for (begin, _) in catalog.ended_by(&event.kind) {
        facts.push(format!("Ends the pair that [`{0}`](#{1}) begins", begin.kind, anchor(&begin.kind)));
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

fn fields(out: &mut String, event: &Event) {
    if event.fields.is_empty() {
        out.push_str("It carries no data.\n\n");
        return;
    }
    out.push_str("| field | type | default | description |\n|---|---|---|---|\n");
    for field in &event.fields {
        let mut docs = field.docs.clone();
        if field.redacted {
            docs.push_str(" *Redacted: its content never leaves the process.*");
        }
        if field.flattened {
            docs.push_str(" *Its keys are keys of `data`.*");
        }
        let (ty, default) = (code(&field.ty), default(field));
        let _ = writeln!(out, "| `{}` | {ty} | {default} | {} |", field.name, cell(docs.trim()));
    }
    out.push('\n');
}

fn default(field: &Field) -> String {
    if field.required {
        return "required".to_owned();
    }
    field.shown_default().map_or_else(String::new, |default| code(&default))
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// Text in a cell of a table: one line, no bars.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The anchor of a heading, as code hosts make it.
fn anchor(kind: &str) -> String {
    kind.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '_' || *c == '-').collect()
}
