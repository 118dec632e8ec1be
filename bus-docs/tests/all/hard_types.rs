//! The catalogue of types that are hard to describe.

use bus_docs::{Catalog, Event, Field, Format};
use serde_json::json;

use crate::hard;

fn catalog() -> Catalog {
    Catalog::of("Hard types", &hard::events())
}

fn event<'a>(catalog: &'a Catalog, kind: &str) -> &'a Event {
    catalog.event(&format!("{}{kind}", hard::PREFIX)).unwrap()
}

fn field<'a>(catalog: &'a Catalog, kind: &str, name: &str) -> &'a Field {
    event(catalog, kind).fields.iter().find(|field| field.name == name).unwrap()
}

/// It grew by a factor of four with each of eight levels.
#[test]
fn a_redacted_type_that_holds_itself_is_as_large_as_an_open_one() {
    let catalog = catalog();
    let schema = field(&catalog, "hidden", "secret").schema.as_ref().unwrap();
    assert_eq!(schema["$ref"], "#/$defs/SecretHidden");
    let hidden = catalog.types["SecretHidden"].to_string();
    assert_eq!(hidden.matches("#/$defs/SecretHidden").count(), 4, "{hidden}");
    assert!(catalog.to_json().len() < 200_000);
}

/// The bounds of the width replaced those of the type.
#[test]
fn a_narrower_range_is_kept() {
    let catalog = catalog();
    let schema = |name| field(&catalog, "non_zero", name).schema.clone().unwrap();
    assert_eq!(schema("number")["minimum"], 1);
    assert_eq!(schema("number")["maximum"], u32::MAX);
    assert_eq!(schema("long")["minimum"], 1);
    let share = &catalog.types["Share"]["properties"];
    assert_eq!((&share["percent"]["minimum"], &share["percent"]["maximum"]), (&json!(1), &json!(100)));
    assert_eq!((&share["offset"]["minimum"], &share["offset"]["maximum"]), (&json!(-5), &json!(i64::MAX)));
}

/// Serde refuses an object with another key, and the schemas of schemars do not.
#[test]
fn types_of_the_standard_library_have_no_other_key() {
    let types = catalog().types;
    let closed = |schema: &serde_json::Value| schema["additionalProperties"] == false;
    assert!(closed(&types["Range_of_uint32"]) && closed(&types["Duration"]));
    assert!(types["Result_of_uint8_or_string"]["oneOf"].as_array().unwrap().iter().all(closed));
    assert!(!closed(&types["Step"]), "serde ignores the other keys of a struct");
}

/// The bus writes it so, and as a float of 64 bits it was above the bound.
#[test]
fn the_largest_float_of_32_bits_is_in_its_range() {
    let schema = field(&catalog(), "floats", "single").schema.clone().unwrap();
    let written: f64 = serde_json::to_string(&f32::MAX).unwrap().parse().unwrap();
    assert!(
        schema["maximum"].as_f64().unwrap() >= written && schema["minimum"].as_f64().unwrap() <= -written
    );
}

/// It allowed no key at all.
#[test]
fn a_redacted_map_keeps_its_keys() {
    let schema = field(&catalog(), "hidden", "by_number").schema.clone().unwrap();
    let patterns = schema["patternProperties"].as_object().unwrap();
    assert_eq!(patterns.values().collect::<Vec<_>>(), [&json!({ "type": "string" })]);
    assert!(patterns.keys().all(|pattern| !pattern.contains("\\d")), "{patterns:?}");
}

/// The example and all defaults were missing.
#[test]
fn a_field_without_a_known_value_takes_nothing_else_away() {
    let catalog = catalog();
    let event = event(&catalog, "unsampled");
    assert_eq!(event.example_lacks, ["even"]);
    let example: serde_json::Value = serde_json::from_str(event.example.as_ref().unwrap()).unwrap();
    assert_eq!(example["data"], json!({ "name": "name", "tries": 1, "words": ["word"] }));
    assert_eq!(field(&catalog, "unsampled", "tries").default_value, Some(json!(3)));
    assert_eq!(field(&catalog, "unsampled", "words").default_value, Some(json!(["a"])));
    let without: Vec<&str> =
        catalog.events.iter().filter(|e| !e.example_lacks.is_empty()).map(|e| e.name.as_str()).collect();
    assert_eq!(without, ["Unknown", "Unsampled"], "every other event has a whole example");
    assert!(catalog.events.iter().all(|event| event.example.is_some()));
}

/// The names of definitions become the names of types in other languages.
#[test]
fn definitions_have_names_that_are_identifiers() {
    let catalog = catalog();
    let bundle = Format::named("schema").unwrap().render(&catalog)["schema/events.schema.json"].clone();
    let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    let names = bundle["$defs"].as_object().unwrap();
    for name in ["Parts", "PartsData", "Error", "Event", "Timestamp", "EventId", "shop_v1_Order_Line_1"] {
        assert!(names.contains_key(name), "{name}");
    }
    let letters = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    assert!(names.keys().all(|name| letters(name)), "{:?}", names.keys());
}

/// In some languages such a class has the digits of every script, in others only those of ASCII.
#[test]
fn patterns_mean_the_same_in_every_language() {
    fn check(at: &str, value: &serde_json::Value) {
        let plain = |text: &str| assert!(!text.contains(r"\d") && !text.contains(r"\w"), "{at}: {text}");
        match value {
            serde_json::Value::Object(map) => {
                map.get("pattern").and_then(|pattern| pattern.as_str()).into_iter().for_each(plain);
                let keys = map.get("patternProperties").and_then(|keys| keys.as_object());
                keys.into_iter().flat_map(|keys| keys.keys()).for_each(|key| plain(key));
                map.iter().for_each(|(key, inside)| check(&format!("{at}/{key}"), inside));
            }
            serde_json::Value::Array(list) => list.iter().for_each(|inside| check(at, inside)),
            _ => {}
        }
    }
    for format in ["schema", "asyncapi"] {
        let files = Format::named(format).unwrap().render(&catalog());
        assert!(files.values().any(|text| text.contains(r#""patternProperties""#)), "{format}");
        for (path, text) in files {
            check(&path, &serde_json::from_str(&text).unwrap());
        }
    }
}

/// Code generators refuse a null default and a boolean schema, and make any value of a constant
/// without a type.
#[test]
fn schemas_are_in_the_form_that_generators_read() {
    fn check(at: &str, schema: &serde_json::Value) {
        let Some(schema) = schema.as_object() else { panic!("{at}: {schema} is no object") };
        assert_ne!(schema.get("default"), Some(&serde_json::Value::Null), "{at}");
        let constant = ["const", "enum"].iter().any(|key| schema.contains_key(*key));
        assert!(!constant || schema.contains_key("type"), "{at}: a constant without a type");
        for key in ["properties", "patternProperties", "$defs"] {
            for (name, inside) in schema.get(key).and_then(|map| map.as_object()).into_iter().flatten() {
                check(&format!("{at}/{key}/{name}"), inside);
            }
        }
        for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
            for inside in schema.get(key).and_then(|list| list.as_array()).into_iter().flatten() {
                check(&format!("{at}/{key}"), inside);
            }
        }
        for key in ["items", "not", "if", "then"] {
            schema.get(key).into_iter().for_each(|inside| check(&format!("{at}/{key}"), inside));
        }
    }
    for (path, text) in Format::named("schema").unwrap().render(&catalog()) {
        check(&path, &serde_json::from_str(&text).unwrap());
    }
}

/// Such a type hid the one of TypeScript, and a map of itself was an error.
#[test]
fn typescript_keeps_its_own_names() {
    let text = Format::named("typescript").unwrap().render(&catalog())["events.ts"].clone();
    for line in [
        "export interface Record_ {",
        "export interface Partial_ {",
        "export interface Event_ {",
        "export type Folder = { [key: string]: Folder };",
        "    by_id: { [key: string]: string };",
        "    h: LongInteger;",
        "    f: number;",
        "    \"last-name\": string;",
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "missing: {line}\n{text}");
    }
}
