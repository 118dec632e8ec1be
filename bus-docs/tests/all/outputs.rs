//! Each output of three events, as a person checked it: `UPDATE=1 cargo test -p agent-events-docs`
//! writes them anew.

use std::fs;
use std::path::Path;

use bus_core::AgentEvent as _;
use bus_docs::{Catalog, Format};

use super::define::catalog;

/// Compares the text with the file of that name, or writes the file.
pub(crate) fn expect(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, made).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "{name} differs: read what is new, then `UPDATE=1 cargo test -p agent-events-docs`\n{made}"
    );
}

fn output(format: &str, path: &str) -> String {
    Format::named(format).unwrap().render(&catalog())[path].clone()
}

#[test]
fn markdown() {
    expect("expected/events.md", &output("markdown", "events.md"));
}

#[test]
fn typescript() {
    expect("expected/events.ts", &output("typescript", "events.ts"));
}

#[test]
fn python() {
    expect("expected/events.py", &output("python", "events.py"));
}

#[test]
fn asyncapi() {
    expect("expected/asyncapi.json", &output("asyncapi", "asyncapi.json"));
}

#[test]
fn schema() {
    expect("expected/build_started.schema.json", &output("schema", "schema/build_started.schema.json"));
}

#[test]
fn html() {
    expect("expected/build_started.html", &output("html", "html/build_started.html"));
}

#[test]
fn catalog_json() {
    expect("expected/catalog.json", &output("catalog", "catalog.json"));
    assert_eq!(Catalog::from_json(&output("catalog", "catalog.json")).unwrap(), catalog());
}

#[test]
fn a_newer_format_is_refused() {
    let text = catalog().to_json().replacen("\"format\": 1", "\"format\": 2", 1);
    let error = Catalog::from_json(&text).unwrap_err();
    assert_eq!(error, "has format 2, and this bus-docs knows 1: update bus-docs");
}

/// Found by fuzzing: all lookups are by name, so the second of two with one name was never
/// compared.
#[test]
fn duplicates_are_refused() {
    let mut twice = catalog();
    twice.events.push(twice.events[0].clone());
    let kind = twice.events[0].kind.clone();
    let error = Catalog::from_json(&twice.to_json()).unwrap_err();
    assert_eq!(error, format!("has kind `{kind}` twice: delete one"));
    let mut twice = catalog();
    let event = twice.events.iter_mut().find(|event| !event.fields.is_empty()).unwrap();
    event.fields.push(event.fields[0].clone());
    let (kind, field) = (event.kind.clone(), event.fields[0].name.clone());
    let error = Catalog::from_json(&twice.to_json()).unwrap_err();
    assert_eq!(error, format!("has field `{field}` of `{kind}` twice: delete one"));
}

/// Found by fuzzing: an invalid schema was reported as changed although it was the same.
#[test]
fn a_catalogue_differs_from_itself_in_nothing() {
    let mut odd = catalog();
    let field = odd.events.iter_mut().find_map(|event| event.fields.first_mut()).unwrap();
    field.schema = Some(serde_json::json!({ "enum": "string" }));
    assert!(bus_docs::compare(&odd, &odd).is_empty());
}

/// The useful inputs of fuzzing, again in each test run.
#[test]
fn the_inputs_of_fuzzing_hold() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/catalogue.jsonl");
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let text: String = serde_json::from_str(line).unwrap();
        if let Ok(catalogue) = Catalog::from_json(&text) {
            let again = Catalog::from_json(&catalogue.to_json()).unwrap();
            assert_eq!(again.to_json(), catalogue.to_json());
            assert!(bus_docs::compare(&catalogue, &again).is_empty());
        }
    }
}

/// The same definitions make the same bytes, in whatever order they were linked.
#[test]
fn order_does_not_matter() {
    let forward = bus_agent::AgentEvents::EVENTS;
    let backward: Vec<_> = forward.iter().rev().collect();
    let (one, two) = (Catalog::of("A", forward), Catalog::of("A", backward));
    for format in Format::ALL {
        assert_eq!(format.render(&one), format.render(&two), "{}", format.name);
    }
}

/// Redacted content is hidden in every output.
#[test]
fn secrets_do_not_get_out() {
    for format in Format::ALL {
        for (path, text) in format.render(&catalog()) {
            assert!(
                !text.contains("\"token\":\"token\"") && !text.contains("\"token\": \"token\""),
                "{path}"
            );
        }
    }
}
