//! Small catalogues of types and names that are hard to write in Python.

use serde_json::{Value, json};

use super::render;
use crate::model::{Catalog, Event, Field};

/// The module of one event, `Started`, that has a field of each schema.
fn module(types: Value, fields: &[(&str, Value)]) -> String {
    let field = |(name, schema): &(&str, Value)| Field {
        name: (*name).to_owned(),
        required: schema.get("default").is_none(),
        default_value: schema.get("default").cloned(),
        schema: Some(schema.clone()),
        ..Field::default()
    };
    let event = Event {
        kind: "started".to_owned(),
        name: "Started".to_owned(),
        fields: fields.iter().map(field).collect(),
        ..Event::default()
    };
    of(vec![event], types)
}

fn of(events: Vec<Event>, types: Value) -> String {
    let types = serde_json::from_value(types).unwrap();
    render(&Catalog { format: Catalog::FORMAT, title: "Small".to_owned(), events, types })
}

/// Checks that the module has the lines, in this order.
fn in_order(module: &str, lines: &[&str]) {
    let mut rest = module.lines();
    for line in lines {
        assert!(rest.any(|found| found.trim() == *line), "no `{line}` in its place:\n{module}");
    }
}

#[test]
fn schemas_are_types() {
    let pairs = [
        (json!({ "type": ["integer", "null"] }), "int | None"),
        (json!({ "enum": ["a", 1, true, null] }), "t.Literal[\"a\", 1, True, None]"),
        (json!({ "const": 0.5 }), "t.Any"),
        (json!({ "type": "array", "prefixItems": [] }), "tuple[()]"),
        (json!({ "type": "object", "additionalProperties": { "type": "number" } }), "dict[str, float]"),
        (json!({ "$ref": "#/$defs/Gone" }), "t.Any"),
    ];
    for (schema, ty) in pairs {
        in_order(&module(json!({}), &[("a", schema)]), &[&format!("a: {ty}")]);
    }
}

/// `Level | None` is evaluated, and cannot be if `Level` is a string.
#[test]
fn an_alias_is_an_expression_after_everything_it_names() {
    let types = json!({
        "Choice": { "anyOf": [{ "$ref": "#/$defs/Level" }, { "$ref": "#/$defs/Point" }] },
        "Level": { "enum": ["low", "high"] },
        "Point": { "type": "object", "properties": { "next": { "$ref": "#/$defs/Choice" } } },
    });
    let maybe = json!({ "anyOf": [{ "$ref": "#/$defs/Level" }, { "type": "null" }] });
    in_order(
        &module(types, &[("level", maybe)]),
        &[
            "Level: t.TypeAlias = t.Literal[\"low\", \"high\"]",
            "class Point(_Model, frozen=True):",
            "next: Choice | None = None",
            "Choice: t.TypeAlias = Level | Point",
            "level: Level | None",
        ],
    );
}

#[test]
fn types_that_hold_themselves_are_named_types() {
    let types = json!({
        "Json": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "$ref": "#/$defs/Json" } }] },
        "Chain": { "anyOf": [{ "$ref": "#/$defs/Chain" }, { "type": "null" }] },
        "Left": { "anyOf": [{ "$ref": "#/$defs/Right" }, { "type": "integer" }] },
        "Right": { "anyOf": [{ "$ref": "#/$defs/Left" }, { "type": "string" }] },
        "Never": { "$ref": "#/$defs/Never" },
    });
    in_order(
        &module(types, &[]),
        &[
            "import typing_extensions as te",
            "Chain: t.TypeAlias = None",
            "Json = te.TypeAliasType(\"Json\", \"str | list[Json]\")",
            "Left: t.TypeAlias = int | str",
            "Never: t.TypeAlias = t.Any",
            "Right: t.TypeAlias = int | str",
        ],
    );
}

/// The types of a class are evaluated among its attributes.
#[test]
fn a_field_may_be_named_like_a_type() {
    let types = json!({ "Usage": { "type": "object", "properties": {} } });
    let usage = json!({ "anyOf": [{ "$ref": "#/$defs/Usage" }, { "type": "null" }], "default": null });
    in_order(
        &module(types, &[("Usage", usage.clone()), ("Other", usage)]),
        &[
            "Usage_: Usage | None = pydantic.Field(default=None, alias=\"Usage\")",
            "Other: Usage | None = None",
        ],
    );
}

#[test]
fn names_that_python_owns_are_given_others() {
    let types = json!({ "None": { "type": "string" }, "data": { "type": "string" }, "Größe": {} });
    in_order(
        &module(types, &[]),
        &["Größe: t.TypeAlias = t.Any", "None_: t.TypeAlias = str", "data_: t.TypeAlias = str"],
    );
}

#[test]
fn defaults_are_read_as_their_types() {
    let step = json!({ "type": "object", "properties": { "depth": { "type": "integer", "default": 3 } } });
    let pair = json!({
        "type": "array", "prefixItems": [{ "type": "integer" }, { "type": "string" }], "default": [1, "a"],
    });
    let fields = [
        ("pair", pair),
        (
            "steps",
            json!({ "type": "array", "items": { "$ref": "#/$defs/Step" }, "default": [{ "depth": 1 }] }),
        ),
        ("step", json!({ "$ref": "#/$defs/Step", "default": {} })),
        ("none", json!({ "type": "array", "items": { "type": "string" }, "default": [] })),
        ("quoted", json!({ "type": "array", "default": ["it's"] })),
    ];
    in_order(
        &module(json!({ "Step": step }), &fields),
        &[
            "import functools",
            "def _default(type_: t.Any, text: str) -> t.Any:",
            "depth: int = 3",
            "pair: tuple[int, str] = pydantic.Field(default_factory=lambda: _default(tuple[int, str], '[1,\"a\"]'))",
            "steps: list[Step] = pydantic.Field(default_factory=lambda: _default(list[Step], '[{\"depth\":1}]'))",
            "step: Step = pydantic.Field(default_factory=lambda: _default(Step, '{}'))",
            "none: list[str] = pydantic.Field(default_factory=lambda: [])",
            "quoted: list[t.Any] = pydantic.Field(default_factory=lambda: _default(list[t.Any], \"[\\\"it's\\\"]\"))",
        ],
    );
}

#[test]
fn the_union_of_one_event_or_none_is_no_union() {
    in_order(&module(json!({}), &[]), &["Event: t.TypeAlias = Started"]);
    in_order(
        &of(Vec::new(), json!({})),
        &["Event: t.TypeAlias = Undeclared", "Kind: t.TypeAlias = t.NoReturn"],
    );
}

#[test]
fn docs_cannot_end_their_string() {
    let event = |docs: &str| Event { docs: docs.to_owned(), name: "A".to_owned(), ..Event::default() };
    let pairs = [
        ("say \"hi\"", "\"\"\"say \"hi\" \"\"\""),
        ("a \"\"\" \\ b", "\"\"\"a ''' \\\\ b\"\"\""),
        ("\0", "\"\"\"\\0\"\"\""),
    ];
    for (docs, line) in pairs {
        in_order(&of(vec![event(docs)], json!({})), &["class A(Envelope, frozen=True):", line]);
    }
}
