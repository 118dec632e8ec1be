//! Many kinds: each is in all outputs, and one more changes only its own parts.

use bus_docs::{Catalog, Event, Field, Files, Format, Scope};

/// A catalogue of `count` kinds with four fields each.
pub(crate) fn catalog(count: usize) -> Catalog {
    let field = |name: &str, required: bool| Field {
        name: name.to_owned(),
        ty: "String".to_owned(),
        docs: format!("The {name}."),
        required,
        default_value: (!required).then(|| "x".into()),
        schema: Some(serde_json::json!({ "type": "string" })),
        ..Field::default()
    };
    let event = |at: usize| Event {
        kind: format!("kind_{at:04}"),
        name: format!("Kind{at:04}"),
        helper: format!("emit_kind_{at:04}"),
        docs: "Something happened.\n\nIt matters.".to_owned(),
        definition: format!("Group{}", at / 50),
        version: 1,
        scope: Scope { node: at.is_multiple_of(2), execution: at.is_multiple_of(3) },
        fields: vec![field("name", true), field("cause", true), field("note", false), field("place", false)],
        example: Some(format!("{{\"type\":\"kind_{at:04}\",\"data\":{{\"name\":\"n\"}}}}")),
        ..Event::default()
    };
    Catalog {
        format: Catalog::FORMAT,
        title: "Many".to_owned(),
        events: (0..count).map(event).collect(),
        types: std::collections::BTreeMap::new(),
    }
}

fn all(catalog: &Catalog) -> Files {
    Format::ALL.iter().flat_map(|format| format.render(catalog)).collect()
}

#[test]
fn four_hundred_kinds_are_all_there() {
    let files = all(&catalog(400));
    assert_eq!(files.len(), 400 + 4 + 401 + 5, "a page and a schema each, and what there is once");
    for at in 0..400 {
        let kind = format!("kind_{at:04}");
        for path in [
            "events.md",
            "events.ts",
            "events.py",
            "asyncapi.json",
            "catalog.json",
            "html/index.html",
            "schema/events.schema.json",
        ] {
            assert!(files[path].contains(&kind), "{path} lacks {kind}");
        }
    }
    let bytes: usize = files.values().map(String::len).sum();
    assert!(bytes < 400 * 20_000, "{bytes} bytes: more than 20 kB a kind");
}

#[test]
fn one_more_kind_changes_its_own_parts() {
    let (before, after) = (all(&catalog(40)), all(&catalog(41)));
    let changed: Vec<&str> = after
        .iter()
        .filter(|(path, text)| before.get(*path) != Some(text))
        .map(|(path, _)| path.as_str())
        .collect();
    let expected = [
        "asyncapi.json",
        "catalog.json",
        "events.md",
        "events.py",
        "events.ts",
        "html/index.html",
        "html/kind_0039.html", // links to the next
        "html/kind_0040.html",
        "schema/events.schema.json",
        "schema/kind_0040.schema.json",
    ];
    assert_eq!(changed, expected);
    for path in ["catalog.json", "schema/events.schema.json", "asyncapi.json"] {
        let now: std::collections::HashSet<&str> =
            after[path].lines().map(|line| line.trim_end_matches(',')).collect();
        let gone = before[path].lines().filter(|line| !now.contains(line.trim_end_matches(','))).count();
        assert_eq!(gone, 0, "{path}: lines of other kinds changed");
    }
}
