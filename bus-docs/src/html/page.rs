//! The page of one kind.

use std::fmt::Write as _;

use super::code::{Language, block};
use super::{badges, breakable, diagram, href, marks, shell, types};
use crate::model::{Catalog, Event, Field};
use crate::pretty::pretty;
use crate::prose::{self, escaped};
use crate::snippet;
use crate::words::{Words, listed};

/// `beside` are the events before and after it.
pub(super) fn render(catalog: &Catalog, event: &Event, beside: [Option<&Event>; 2]) -> String {
    let mut body = format!("<article>\n<p class=\"eyebrow\">{}</p>\n", escaped(&event.definition));
    let _ = writeln!(body, "<h1 class=\"kind\">{}</h1>", breakable(&event.kind));
    let badges = badges(event);
    if !badges.is_empty() {
        let _ = writeln!(body, "<p class=\"badges\">{badges}</p>");
    }
    if let Some(note) = &event.deprecated {
        let _ = writeln!(body, "<p class=\"note\"><strong>Deprecated.</strong> {}</p>", escaped(note));
    }
    let _ = writeln!(body, "<div class=\"docs\">{}</div>", prose::html(&event.docs, catalog));
    facts(&mut body, event);
    fields(&mut body, catalog, event);
    pairs(&mut body, catalog, event);
    if let Some(example) = &event.example {
        let lacks: Vec<String> =
            event.example_lacks.iter().map(|name| format!("<code>{}</code>", escaped(name))).collect();
        let without = match &lacks[..] {
            [] => String::new(),
            names => format!(" It lacks {}, of whose type no value is known.", names.join(", ")),
        };
        let intro = format!(
            "As the bus writes it, here over several lines. The keys around <code>data</code> are those of every <a href=\"{}#envelope\">envelope</a>.{without}",
            types::PAGE
        );
        section(&mut body, "example", "On the wire", Some(&intro), &block(Language::Json, &pretty(example)));
    }
    let scope = format!(
        "With the trait <code>{}Emit</code> in scope. <code>.send()</code> instead of <code>.await</code> does not wait.",
        escaped(&event.definition)
    );
    section(&mut body, "emit", "Emit", Some(&scope), &block(Language::Rust, &snippet::emit(event)));
    section(&mut body, "subscribe", "Subscribe", None, &block(Language::Rust, &snippet::subscribe(event)));
    let (typescript, python) = (snippet::typescript(event), snippet::python(event));
    let read = format!(
        "<h3>TypeScript</h3>\n{}\n<h3>Python</h3>\n{}",
        block(Language::TypeScript, &typescript),
        block(Language::Python, &python)
    );
    let files = "With <a href=\"../events.ts\">events.ts</a> and <a href=\"../events.py\">events.py</a>.";
    section(&mut body, "read", "Read elsewhere", Some(files), &read);
    pager(&mut body, beside);
    body.push_str("</article>\n");
    shell(&format!("{} · {}", event.kind, catalog.title), &catalog.title, &body)
}

/// Links to the events before and after.
fn pager(body: &mut String, beside: [Option<&Event>; 2]) {
    body.push_str("<nav class=\"pager\" aria-label=\"Events beside this one\">\n");
    for (event, rel, word) in [(beside[0], "prev", "Previous"), (beside[1], "next", "Next")] {
        let _ = match event {
            Some(event) => writeln!(
                body,
                "<a rel=\"{rel}\" href=\"{}\"><span>{word}</span> <code>{}</code></a>",
                href(&event.kind),
                breakable(&event.kind)
            ),
            None => writeln!(body, "<span></span>"),
        };
    }
    body.push_str("</nav>\n");
}

fn section(body: &mut String, id: &str, title: &str, intro: Option<&str>, inside: &str) {
    let _ = writeln!(body, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>");
    if let Some(intro) = intro {
        let _ = writeln!(body, "<p>{intro}</p>");
    }
    let _ = writeln!(body, "{inside}\n</section>");
}

fn facts(body: &mut String, event: &Event) {
    body.push_str("<dl class=\"facts\">\n");
    let mut fact = |name: &str, text: &str| {
        let _ = writeln!(body, "<div><dt>{name}</dt><dd>{text}</dd></div>");
    };
    fact("Scope", &scope(event));
    for (word, meaning) in marks(event).iter().filter(|(word, _)| *word != "deprecated") {
        fact(&capital(word), &escaped(meaning));
    }
    if let Some(life) = event.life_words() {
        fact("Life", &escaped(&life));
    }
    let aliases: Vec<String> =
        event.aliases.iter().map(|alias| format!("<code>{}</code>", escaped(alias))).collect();
    if !aliases.is_empty() {
        fact("Read also as", &aliases.join(", "));
    }
    if let Some(reply) = &event.reply {
        fact("Answered with", &format!("<code>{}</code>", escaped(reply)));
    }
    let upcast = if event.upcast { "; older data is converted when it is read" } else { "" };
    fact("Version", &format!("{}{upcast}", event.version));
    fact(
        "Payload",
        &format!("<code>{}</code> in <code>{}</code>", escaped(&event.name), escaped(&event.module)),
    );
    fact("Schema", &format!("<a href=\"../{0}\">{0}</a>", crate::json_schema::path(&event.kind)));
    body.push_str("</dl>\n");
}

fn scope(event: &Event) -> String {
    let mut parts = vec!["stream"];
    parts.extend(event.scope.execution.then_some("execution"));
    parts.extend(event.scope.node.then_some("node"));
    let parts: Vec<String> =
        parts.iter().map(|part| format!("<span class=\"scope\">{part}</span>")).collect();
    format!("needs {}", parts.join(" "))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn fields(body: &mut String, catalog: &Catalog, event: &Event) {
    if event.fields.is_empty() {
        section(body, "fields", "Fields", None, "<p>It carries no data.</p>");
        return;
    }
    let mut list = "<dl class=\"fields\">\n".to_owned();
    for field in &event.fields {
        let _ = writeln!(
            list,
            "<div><dt id=\"field-{0}\"><code class=\"name\">{1}</code> <code class=\"type\">{2}</code>{3}</dt><dd>{4}</dd></div>",
            escaped(&crate::output::file_name(&field.name)),
            breakable(&field.name),
            types::shown(&Words::in_rust(catalog, field)),
            notes(catalog, field),
            prose::html(&field.docs, catalog),
        );
    }
    list.push_str("</dl>");
    section(body, "fields", "Fields", None, &list);
}

/// The properties of a field after its type.
fn notes(catalog: &Catalog, field: &Field) -> String {
    let mut out = String::new();
    match (field.required, field.flattened, field.shown_default()) {
        (true, ..) => out.push_str(" <span class=\"must\">required</span>"),
        (_, true, _) => {
            out.push_str(" <span class=\"may\">its keys are keys of <code>data</code></span>");
        }
        (_, _, Some(default)) => {
            let _ = write!(out, " <span class=\"may\">default <code>{}</code></span>", escaped(&default));
        }
        (_, _, None) => out.push_str(" <span class=\"may\">optional</span>"),
    }
    let code = |value: &String| format!("<code>{}</code>", escaped(value));
    let values: Vec<String> = listed(catalog, field).iter().map(code).collect();
    if !values.is_empty() {
        let _ = write!(out, " <span class=\"may\">one of {}</span>", values.join(", "));
    }
    if field.redacted {
        out.push_str(" <span class=\"badge redacted\">redacted</span>");
    }
    if !field.aliases.is_empty() {
        let _ = write!(
            out,
            " <span class=\"may\">read also as <code>{}</code></span>",
            escaped(&field.aliases.join(", "))
        );
    }
    if field.schema.is_none() && field.on_wire() {
        out.push_str(" <span class=\"may\">of a type without a schema</span>");
    }
    out
}

fn pairs(body: &mut String, catalog: &Catalog, event: &Event) {
    let mut rows: Vec<diagram::Row<'_>> = diagram::Row::of(event).into_iter().collect();
    rows.extend(catalog.ended_by(&event.kind).filter_map(|(begin, _)| diagram::Row::of(begin)));
    if rows.is_empty() {
        return;
    }
    let mut words = Vec::new();
    let link = |kind: &str| format!("<a href=\"{}\"><code>{}</code></a>", href(kind), breakable(kind));
    for end in &event.ends_with {
        let by: Vec<String> =
            end.by.iter().map(|field| format!(" and the same <code>{}</code>", escaped(field))).collect();
        words.push(format!("Ends with {}, in the same scope{}.", link(&end.kind), by.concat()));
    }
    for (begin, _) in catalog.ended_by(&event.kind) {
        words.push(format!("Ends the pair that {} begins.", link(&begin.kind)));
    }
    let figure = format!("<p>{}</p>\n{}", words.join(" "), diagram::draw(&rows, Some(&event.kind)));
    section(body, "pairs", "Begin and end", None, &figure);
}
