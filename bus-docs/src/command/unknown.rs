//! Names the fields without a schema, which are `unknown` to readers in other languages, and those
//! that an example lacks.

use crate::model::{Catalog, Event, Field};

/// Types of other crates that have a schema with a feature of schemars.
const FEATURES: &[(&str, &str, &[&str])] = &[
    ("uuid", "uuid1", &["Uuid"]),
    ("chrono", "chrono04", &["DateTime", "NaiveDate", "NaiveDateTime", "NaiveTime", "TimeDelta", "Weekday"]),
    ("jiff", "jiff02", &["Timestamp", "Zoned", "SignedDuration", "Span", "Date", "Time"]),
    ("bytes", "bytes1", &["Bytes", "BytesMut"]),
    ("url", "url2", &["Url"]),
    ("rust_decimal", "rust_decimal1", &["Decimal"]),
    ("bigdecimal", "bigdecimal04", &["BigDecimal"]),
    ("semver", "semver1", &["Version"]),
    ("indexmap", "indexmap2", &["IndexMap", "IndexSet"]),
    ("smallvec", "smallvec1", &["SmallVec"]),
    ("smol_str", "smol_str03", &["SmolStr"]),
    ("arrayvec", "arrayvec07", &["ArrayVec", "ArrayString"]),
    ("either", "either1", &["Either"]),
];

/// A line for each field of which readers know no type, with the way to give it one.
pub(super) fn lines(catalog: &Catalog) -> Vec<String> {
    let line = |kind: &str, field: &Field| {
        format!(
            "unknown: `{}` of `{kind}` has no type for other languages: {}",
            field.name,
            remedy(&field.ty)
        )
    };
    let fields = |field: &&Field| field.on_wire() && !field.flattened && field.schema.is_none();
    let of =
        |kind, all: &[Field]| all.iter().filter(fields).map(|field| line(kind, field)).collect::<Vec<_>>();
    let lacks = |event: &Event| {
        let line = |name: &String| {
            format!(
                "example: that of `{}` lacks `{name}`, no value of its type is known: give the type `#[schemars(example = …)]`",
                event.kind
            )
        };
        // A field without a schema has a line already, and needs nothing but the schema.
        let is_new = |name: &&String| !event.fields.iter().filter(fields).any(|field| field.name == **name);
        event.example_lacks.iter().filter(is_new).map(line).collect::<Vec<_>>()
    };
    catalog.events.iter().flat_map(|event| [of(&event.kind, &event.fields), lacks(event)].concat()).collect()
}

fn remedy(ty: &str) -> String {
    let words = || ty.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    // A path says which crate it is; a name alone may be that of several.
    let of_crate = FEATURES.iter().find(|(name, ..)| words().any(|word| word == *name));
    let known =
        of_crate.or_else(|| FEATURES.iter().find(|(.., types)| words().any(|word| types.contains(&word))));
    match known {
        Some((name, feature, _)) => {
            format!("add the feature `{feature}` to schemars in Cargo.toml, for `{ty}` of the crate {name}")
        }
        None => format!(
            "derive `schemars::JsonSchema` for `{ty}`; a field with `#[serde(with = …)]` has none either way"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_named_with_its_remedy() {
        let field = |name: &str, ty: &str, schema| Field {
            name: name.to_owned(),
            ty: ty.to_owned(),
            schema,
            ..Field::default()
        };
        let fields = vec![
            field("id", "Option<Uuid>", None),
            field("at", "jiff::civil::DateTime", None),
            field("size", "Size", None),
            field("name", "String", Some(serde_json::json!({ "type": "string" }))),
        ];
        let example_lacks = vec!["size".to_owned(), "name".to_owned()];
        let event = Event { kind: "built".to_owned(), fields, example_lacks, ..Event::default() };
        let catalog = Catalog {
            format: 1,
            title: String::new(),
            events: vec![event],
            types: std::collections::BTreeMap::new(),
        };
        let unknown = |name: &str, remedy: &str| {
            format!("unknown: `{name}` of `built` has no type for other languages: {remedy}")
        };
        let expected = [
            unknown(
                "id",
                "add the feature `uuid1` to schemars in Cargo.toml, for `Option<Uuid>` of the crate uuid",
            ),
            unknown(
                "at",
                "add the feature `jiff02` to schemars in Cargo.toml, for `jiff::civil::DateTime` of the crate jiff",
            ),
            unknown(
                "size",
                "derive `schemars::JsonSchema` for `Size`; a field with `#[serde(with = …)]` has none either way",
            ),
            "example: that of `built` lacks `name`, no value of its type is known: give the type `#[schemars(example = …)]`"
                .to_owned(),
        ];
        assert_eq!(lines(&catalog), expected);
    }
}
