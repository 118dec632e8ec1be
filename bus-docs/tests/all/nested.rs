//! Changes inside of a field's type: each is reported with its path, and with what it means for
//! readers and for emitters.

use std::collections::BTreeMap;

use bus_docs::{Catalog, Weight, compare};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use super::many::catalog;

/// The types of the release before, and of this one.
macro_rules! release {
    ($release:ident, $($item:item)*) => {
        #[allow(dead_code, reason = "only their schemas are used")]
        mod $release {
            use std::collections::BTreeMap;

            use schemars::JsonSchema;
            use serde::{Deserialize, Serialize};

            $(#[derive(Serialize, Deserialize, JsonSchema)] $item)*
        }
    };
}

release! { v1,
    pub(super) struct Usage { input_tokens: u32, output_tokens: u32, cached: Option<u32>, model: Model, }
    #[serde(rename_all = "snake_case")]
    pub(super) enum Model { Small, Large, Named { name: String, size: u8 }, Local(Path), }
    #[serde(tag = "kind")]
    pub(super) enum Shape { #[serde(rename = "circle")] Circle { radius: f64 }, #[serde(rename = "square")] Square { side: f64 } }
    pub(super) struct Path { folder: String, }
    pub(super) struct Tree { name: String, children: Vec<Tree>, next: Option<Box<Tree>>, }
    pub(super) struct Holder {
        option: Option<Usage>, list: Vec<Usage>, map: BTreeMap<String, Usage>, pair: (u8, Usage), deep: Vec<Option<BTreeMap<String, Path>>>,
    }
}

release! { v2,
    pub(super) struct Usage { input: u32, output_tokens: Option<u32>, cached: Option<u32>, model: Model, total: u64, #[serde(default)] note: String, }
    #[serde(rename_all = "snake_case")]
    pub(super) enum Model { Small, Huge, Named { name: String, size: u16 }, Local(Path), }
    #[serde(tag = "kind")]
    pub(super) enum Shape { #[serde(rename = "circle")] Circle { radius: f64, color: String }, #[serde(rename = "oval")] Oval { side: f64 } }
    pub(super) struct Path { folder: Vec<String>, }
    pub(super) struct Tree { name: String, children: Vec<Tree>, next: Option<Box<Tree>>, weight: u8, }
    pub(super) struct Holder {
        option: Option<Usage>, list: Vec<Usage>, map: BTreeMap<String, Usage>, pair: (u8, Usage), deep: Vec<Option<BTreeMap<String, Path>>>,
    }
}

/// A catalogue whose first event has a field `value` of this type.
fn with<T: JsonSchema>() -> Catalog {
    let mut generator = SchemaGenerator::default();
    let mut schema = generator.subschema_for::<T>().to_value();
    let mut types: BTreeMap<String, Value> = generator.take_definitions(true).into_iter().collect();
    std::iter::once(&mut schema).chain(types.values_mut()).for_each(plain);
    let mut catalog = catalog(1);
    let field = &mut catalog.events[0].fields[0];
    (field.name, field.ty, field.schema) = ("value".to_owned(), "T".to_owned(), Some(schema));
    catalog.types = types;
    catalog
}

/// Without the formats of schemars, as in a catalogue.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.remove("format");
            members.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

/// Each change as `+ text` if it breaks nothing, and `- text` if it does. The text ends where it
/// says who is affected.
fn changes<Old: JsonSchema, New: JsonSchema>() -> Vec<String> {
    let found = compare(&with::<Old>(), &with::<New>());
    let shown = found.iter().map(|change| {
        let sign = if change.weight == Weight::Compatible { '+' } else { '-' };
        assert!(change.what.contains("eaders ") && change.what.contains("emitters "), "{}", change.what);
        assert_eq!(change.remedy.is_some(), sign == '-');
        format!("{sign} {}", change.what.split(". ").next().unwrap_or_default())
    });
    shown.collect()
}

#[test]
fn the_members_of_a_struct() {
    assert_eq!(
        changes::<v1::Usage, v2::Usage>(),
        [
            "- `kind_0000.value.input_tokens` is gone",
            "- `kind_0000.value.model` lost `large`",
            "- `kind_0000.value.model<local>.folder` accepts fewer values: string became array",
            "- `kind_0000.value.input` is new and required",
            "- `kind_0000.value.total` is new and required",
            "+ `kind_0000.value.model` may be `huge` now",
            "+ `kind_0000.value.model<named>.size` accepts more values: integer from 0 to 255 became integer from 0 to 65535",
            "+ `kind_0000.value.output_tokens` is optional now",
            "+ `kind_0000.value.output_tokens` may be null now",
            "+ `kind_0000.value.note` is new, with a default",
        ]
    );
    assert!(changes::<v1::Usage, v1::Usage>().is_empty());
    let back = changes::<v2::Usage, v1::Usage>();
    for text in [
        "- `kind_0000.value.output_tokens` is required now",
        "- `kind_0000.value.output_tokens` cannot be null any more",
        "- `kind_0000.value.note` is gone",
        "- `kind_0000.value.model<named>.size` accepts fewer values: integer from 0 to 65535 became integer from 0 to 255",
    ] {
        assert!(back.iter().any(|change| change == text), "not reported: {text}: {back:#?}");
    }
}

#[test]
fn a_member_that_has_another_name_now() {
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Before {
        input_tokens: u32,
        rest: bool,
    }
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct After {
        input: u32,
        rest: bool,
    }
    assert_eq!(changes::<Before, After>(), ["- `kind_0000.value.input_tokens` is called `input` now"]);
}

#[test]
fn structs_in_options_lists_maps_and_tuples() {
    let found = changes::<v1::Holder, v2::Holder>();
    for path in ["option", "list[]", "map.*", "pair.1"] {
        let text = format!("- `kind_0000.value.{path}.input_tokens` is gone");
        assert!(found.contains(&text), "not reported: {text}: {found:#?}");
    }
    let text = "- `kind_0000.value.deep[].*.folder` accepts fewer values: string became array".to_owned();
    assert!(found.contains(&text), "{found:#?}");
}

#[test]
fn variants_with_a_tag() {
    assert_eq!(
        changes::<v1::Shape, v2::Shape>(),
        [
            "- `kind_0000.value` lost `square`",
            "- `kind_0000.value<circle>.color` is new and required",
            "+ `kind_0000.value` may be `oval` now",
        ]
    );
}

#[test]
fn a_recursive_type_is_compared_once() {
    assert_eq!(changes::<v1::Tree, v2::Tree>(), ["- `kind_0000.value.weight` is new and required"]);
    assert!(changes::<v2::Tree, v2::Tree>().is_empty());
}

#[test]
fn a_higher_version_announces_a_change_inside() {
    let (old, mut new) = (with::<v1::Tree>(), with::<v2::Tree>());
    new.events[0].version = 2;
    assert!(compare(&old, &new).iter().all(|change| change.weight != Weight::Breaking));
}
