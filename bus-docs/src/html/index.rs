//! The index: every kind with search and filters, and the diagram of pairs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{badges, breakable, diagram, href, marks, shell};
use crate::model::{Catalog, Event};
use crate::prose::{escaped, summary};

pub(super) fn render(catalog: &Catalog) -> String {
    let groups = catalog.by_definition();
    let mut body = format!("<h1>{}</h1>\n", escaped(&catalog.title));
    let _ = writeln!(body, "<p class=\"lead\">{}</p>", lead(catalog, groups.len()));
    search(&mut body, &groups);
    for (definition, events) in &groups {
        group(&mut body, definition, events);
    }
    body.push_str(
        "<p id=\"none\" hidden>No event fits. <button type=\"button\" id=\"reset\">Show all</button></p>\n",
    );
    let rows: Vec<diagram::Row<'_>> = catalog.events.iter().filter_map(diagram::Row::of).collect();
    if !rows.is_empty() {
        body.push_str(
            "<section class=\"pairs\" aria-labelledby=\"pairs\">\n<h2 id=\"pairs\">Begin and end</h2>\n",
        );
        body.push_str(&diagram::draw(&rows, None));
        body.push_str("</section>\n");
    }
    body.push_str(DOWNLOADS);
    shell(&catalog.title, &catalog.title, &body)
}

const DOWNLOADS: &str = "<nav class=\"downloads\" aria-label=\"Other forms\">
<h2>For programs</h2>
<ul>
<li><a href=\"types.html\">Envelope and types</a></li>
<li><a href=\"../schema/events.schema.json\">JSON Schema</a></li>
<li><a href=\"../asyncapi.json\">AsyncAPI</a></li>
<li><a href=\"../events.ts\">TypeScript</a></li>
<li><a href=\"../events.py\">Python</a></li>
<li><a href=\"../catalog.json\">catalog.json</a></li>
<li><a href=\"../events.md\">Markdown</a></li>
</ul>
</nav>
";

fn lead(catalog: &Catalog, groups: usize) -> String {
    let count = catalog.events.len();
    let events = if count == 1 { "event" } else { "events" };
    match (groups, catalog.events.first()) {
        (1, Some(event)) => {
            format!("{count} {events}, declared in <code>{}</code>.", escaped(&event.definition))
        }
        _ => format!("{count} {events} in {groups} definitions."),
    }
}

/// Hidden until the script runs that makes it work.
fn search(body: &mut String, groups: &BTreeMap<&str, Vec<&Event>>) {
    body.push_str("<form id=\"filters\" role=\"search\" hidden>\n");
    body.push_str("<label class=\"wide\">Search <input type=\"search\" id=\"q\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"kind, word, field\"></label>\n");
    if groups.len() > 1 {
        let options = groups.keys().map(|group| (*group, *group)).collect::<Vec<_>>();
        select(body, "group", "Definition", &options);
    }
    select(
        body,
        "scope",
        "Needs",
        &[("stream", "a stream only"), ("node", "a node"), ("execution", "an execution")],
    );
    let all = ["critical", "transient", "sticky", "coalesce", "redacted", "deprecated"];
    let has = |word: &&str| {
        groups.values().flatten().any(|event| marks(event).iter().any(|(mark, _)| mark == word))
    };
    let policies: Vec<(&str, &str)> =
        all.iter().filter(|word| has(word)).map(|word| (*word, *word)).collect();
    if !policies.is_empty() {
        select(body, "policy", "Policy", &policies);
    }
    body.push_str("<output id=\"count\" for=\"q\" aria-live=\"polite\"></output>\n</form>\n");
}

fn select(body: &mut String, name: &str, label: &str, options: &[(&str, &str)]) {
    let _ =
        write!(body, "<label>{label} <select id=\"{name}\" name=\"{name}\"><option value=\"\">any</option>");
    for (value, text) in options {
        let _ = write!(body, "<option value=\"{}\">{}</option>", escaped(value), escaped(text));
    }
    body.push_str("</select></label>\n");
}

fn group(body: &mut String, definition: &str, events: &[&Event]) {
    let id = format!("group-{}", crate::output::file_name(&definition.to_lowercase()));
    let _ = writeln!(
        body,
        "<section class=\"group\" aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{}</h2>\n<ul class=\"events\">",
        escaped(definition)
    );
    for event in events {
        let mut scope = vec![];
        scope.extend(event.scope.node.then_some("node"));
        scope.extend(event.scope.execution.then_some("execution"));
        let scope = if scope.is_empty() { "stream".to_owned() } else { scope.join(" ") };
        let policy: Vec<&str> = marks(event).iter().map(|(word, _)| *word).collect();
        let _ = writeln!(
            body,
            "<li data-group=\"{}\" data-scope=\"{scope}\" data-policy=\"{}\" data-words=\"{}\"><a href=\"{}\"><code>{}</code><span class=\"what\">{}</span></a><span class=\"badges\">{}</span></li>",
            escaped(definition),
            policy.join(" "),
            escaped(&words(event)),
            href(&event.kind),
            breakable(&event.kind),
            escaped(&summary(&event.docs)),
            badges(event),
        );
    }
    body.push_str("</ul>\n</section>\n");
}

/// The text that search uses beside the visible text.
fn words(event: &Event) -> String {
    let mut words = vec![event.name.as_str(), event.helper.as_str()];
    words.extend(event.aliases.iter().map(String::as_str));
    words.extend(event.fields.iter().map(|field| field.name.as_str()));
    words.join(" ").to_lowercase()
}
