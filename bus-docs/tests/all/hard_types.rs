//! The catalogue of types that are hard to describe.

use bus_docs::{Catalog, Event, Field};

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
